#include "socket/exec_server.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "sys/exec.h"
#include "sys/fdpass.h"
#include "sys/interrupt.h"
#include "sys/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct shift {
    const struct exec_server *crew;
    struct process *processes; /* that run now */
    struct pollfd *polls;      /* the server's first, then one a process */
    size_t count, capacity;
    int64_t accepted;
};

_Noreturn void exec_server_exec_received(const char *name, int fd, int64_t idle, char **command)
{
    struct fdpass rights;
    struct deadline deadline = deadline_after(idle);
    if (fdpass_receive(fd, &rights, &deadline) < 0) {
        if (errno == ENOMSG || errno == EPIPE)
            diag_die(EXIT_ERROR, "%s: receive descriptors: none came", name);
        diag_die(exit_status_of(errno), "%s: receive descriptors: %m", name);
    }
    if (fdpass_export_listen_fds(&rights) < 0)
        diag_die(EXIT_ERROR, "%s: pass descriptors on: %m", name);
    exec_command(command);
}

_Noreturn void exec_server_exec(const struct exec_server *crew, int fd, const struct ucred *client)
{
    interrupt_release();
    exec_setenv_number("USOCK_PEER_PID", client->pid);
    exec_setenv_number("USOCK_PEER_UID", client->uid);
    exec_setenv_number("USOCK_PEER_GID", client->gid);
    setenv("USOCK_PATH", crew->server->address.text, 1);
    exec_set_descriptor(crew->command, fd, STDIN_FILENO);
    exec_set_descriptor(crew->command, fd, STDOUT_FILENO);
    if (crew->receives)
        exec_server_exec_received(crew->server->address.text, STDIN_FILENO, crew->idle,
                                  crew->command);
    exec_command(crew->command);
}

static int make_room(struct shift *shift)
{
    if (shift->count < shift->capacity)
        return 0;
    size_t capacity = shift->capacity ? 2 * shift->capacity : 4;
    struct process *processes = realloc(shift->processes, capacity * sizeof *processes);
    if (processes)
        shift->processes = processes;
    struct pollfd *polls = realloc(shift->polls, (1 + capacity) * sizeof *polls);
    if (polls)
        shift->polls = polls;
    if (!processes || !polls)
        return -1;
    shift->capacity = capacity;
    return 0;
}

/* The client's descriptor is closed first, so one is free for the pidfd. */
static int start(struct shift *shift, int fd, const struct ucred *client)
{
    pid_t pid = fork();
    if (pid == 0)
        exec_server_exec(shift->crew, fd, client);
    int errnum = errno;
    close(fd);
    if (pid < 0) {
        errno = errnum;
        diag_warn("%s: client, pid %d: turned away: fork: %m", shift->crew->server->address.text,
                  client->pid);
        return 0;
    }
    if (process_open(&shift->processes[shift->count], pid) == 0)
        shift->count++;
    else /* no descriptor to wait with: served, but nobody beside it */
        waitpid(pid, NULL, 0);
    return 0;
}

/* Takes the status of what has ended; waitpid(2) finds it at once. */
static void reap(struct shift *shift)
{
    for (size_t i = shift->count; i-- > 0;) {
        if (!shift->polls[1 + i].revents)
            continue;
        waitpid(shift->processes[i].pid, NULL, 0);
        process_close(&shift->processes[i]);
        shift->processes[i] = shift->processes[--shift->count];
        server_resume(shift->crew->server);
    }
}

static int admit(struct shift *shift)
{
    struct server *server = shift->crew->server;
    struct ucred client;
    int fd = server_accept(server, &client);
    if (fd >= 0) {
        if (++shift->accepted == shift->crew->clients)
            server_close(server);
        return start(shift, fd, &client);
    }
    if (errno == EAGAIN)
        return 0;
    if (shift->count == 0)
        return -1;
    server_pause(server);
    return 0;
}

/* Returns 1 where it goes on. */
static int turn(struct shift *shift)
{
    const struct exec_server *crew = shift->crew;
    if (crew->server->fd < 0 && shift->count == 0)
        return 0;
    if (make_room(shift) < 0)
        return -1;

    shift->polls[0] = server_watch(crew->server);
    if ((int64_t)shift->count >= crew->most)
        shift->polls[0].fd = -1;
    for (size_t i = 0; i < shift->count; i++)
        shift->polls[1 + i] = (struct pollfd){shift->processes[i].fd, POLLIN, 0};
    struct deadline deadline = deadline_after(shift->count > 0 ? DEADLINE_NEVER : crew->idle);
    if (deadline_poll(shift->polls, 1 + shift->count, &deadline) < 0)
        return -1;
    reap(shift);
    return shift->polls[0].revents && admit(shift) < 0 ? -1 : 1;
}

int exec_server_run(const struct exec_server *crew)
{
    struct shift shift = {.crew = crew};
    int result;
    child_status_enable(); /* a COMMAND that ends at once leaves a PID to open, too */
    do
        result = turn(&shift);
    while (result > 0);
    int saved = errno;
    free(shift.processes);
    free(shift.polls);
    errno = saved;
    return result;
}
