#include "socket/exec_server.h"

#include "cli/diag.h"
#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW = 4 }; /* processes to have room for at first */

void exec_server_set_client(const char *address, char **command, int fd, const struct ucred *client)
{
    exec_setenv_number("USOCK_PEER_PID", client->pid);
    exec_setenv_number("USOCK_PEER_UID", client->uid);
    exec_setenv_number("USOCK_PEER_GID", client->gid);
    setenv("USOCK_PATH", address, 1);
    exec_set_descriptor(command, fd, STDIN_FILENO);
    exec_set_descriptor(command, fd, STDOUT_FILENO);
}

/* Makes room for one more process. */
static int reserve_process(struct exec_server *exec)
{
    if (exec->count < exec->capacity)
        return 0;
    size_t capacity = exec->capacity ? 2 * exec->capacity : FEW;
    struct process *processes = realloc(exec->processes, capacity * sizeof *processes);
    if (processes)
        exec->processes = processes;
    struct pollfd *polls = realloc(exec->polls, (1 + capacity) * sizeof *polls);
    if (polls)
        exec->polls = polls;
    if (!processes || !polls)
        return -1;
    exec->capacity = capacity;
    return 0;
}

/* The client's descriptor is closed first, so that one is free for the pidfd. */
static void start_process(struct exec_server *exec, int fd, const struct ucred *client)
{
    pid_t pid = fork();
    if (pid == 0) {
        interrupt_release();
        exec->start(exec->context, fd, client);
        abort(); /* it does not return */
    }
    close_keep_errno(fd);
    if (pid < 0) {
        diag_warn("%s: client, pid %d: turned away: fork: %m", exec->server->address.text,
                  client->pid);
        return;
    }
    if (process_open(&exec->processes[exec->count], pid) == 0)
        exec->count++;
    else /* no descriptor to wait with: the client is served, but nobody else meanwhile */
        waitpid(pid, NULL, 0);
}

/* Takes the status of the processes that have ended; waitpid(2) finds it at once. */
static void reap_ended(struct exec_server *exec)
{
    for (size_t i = exec->count; i-- > 0;) {
        if (!exec->polls[1 + i].revents)
            continue;
        waitpid(exec->processes[i].pid, NULL, 0);
        process_close(&exec->processes[i]);
        exec->processes[i] = exec->processes[--exec->count];
        server_resume(exec->server);
    }
}

static int accept_client(struct exec_server *exec)
{
    struct server *server = exec->server;
    struct ucred client;
    int fd = server_accept(server, &client);
    if (fd >= 0) {
        if (++exec->accepted == exec->clients)
            server_close(server);
        start_process(exec, fd, &client);
        return 0;
    }
    if (errno == EAGAIN)
        return 0;
    if (exec->count == 0)
        return -1;
    server_pause(server);
    return 0;
}

/* Waits for a client, or for the end of a process. */
static int wait_for_event(struct exec_server *exec)
{
    struct deadline deadline = deadline_after(exec->count > 0 ? DEADLINE_NEVER : exec->idle);
    exec->polls[0] = server_poll(exec->server);
    if ((int64_t)exec->count >= exec->max)
        exec->polls[0].fd = -1;
    for (size_t i = 0; i < exec->count; i++)
        exec->polls[1 + i] = (struct pollfd){exec->processes[i].fd, POLLIN, 0};
    return deadline_poll(exec->polls, 1 + exec->count, &deadline) < 0 ? -1 : 0;
}

static int run_loop(struct exec_server *exec)
{
    while (exec->server->fd >= 0 || exec->count > 0) {
        if (reserve_process(exec) < 0 || wait_for_event(exec) < 0)
            return -1;
        reap_ended(exec);
        if (exec->polls[0].revents && accept_client(exec) < 0)
            return -1;
    }
    return 0;
}

int exec_server_run(struct exec_server *exec)
{
    child_status_enable(); /* a process that ends at once must leave a PID to open, too */
    int result = run_loop(exec) < 0 ? server_fail_to_wait(exec->server) : 0;
    free(exec->processes);
    free(exec->polls);
    return result;
}
