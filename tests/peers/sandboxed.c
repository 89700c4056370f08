/* sandboxed: enters the sandbox of common/ and prints what can still be done there, for
 * sandbox.bats
 *
 * sandboxed [folder=PATH] [sockets] [signals] VERB:ARGUMENT...
 * Prints a line for each VERB: `write done`, or `write Permission denied`. */

#include "sys/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int close_opened(int fd)
{
    return fd < 0 ? -1 : close(fd);
}

static int run(const char *path)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, (char *)NULL);
        _exit(errno);
    }
    if (waitpid(pid, &status, 0) < 0)
        return -1;
    errno = WEXITSTATUS(status);
    return errno == 0 ? 0 : -1;
}

/* Nobody listens at port 1 of this machine: if the kernel permits the call, it is refused there. */
static int reach_tcp(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int reach_abstract(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name, length);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}

/* Reads one byte of another process's memory. There is none at 0, so EFAULT means that the process
 * may be looked at. */
static int peek_into(pid_t pid)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {NULL, 1};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
}

static int beside(const char *path, int (*move)(const char *, const char *))
{
    char other[4096];
    snprintf(other, sizeof other, "%s.2", path);
    return move(path, other);
}

static int attempt(const char *verb, const char *argument)
{
    pid_t pid = atoi(argument);
    if (strcmp(verb, "read") == 0)
        return close_opened(open(argument, O_RDONLY));
    if (strcmp(verb, "write") == 0)
        return close_opened(open(argument, O_WRONLY));
    if (strcmp(verb, "cut") == 0)
        return truncate(argument, 0);
    if (strcmp(verb, "create") == 0)
        return close_opened(open(argument, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (strcmp(verb, "fifo") == 0)
        return mkfifo(argument, 0600);
    if (strcmp(verb, "link") == 0)
        return beside(argument, link);
    if (strcmp(verb, "rename") == 0)
        return beside(argument, rename);
    if (strcmp(verb, "remove") == 0)
        return unlink(argument);
    if (strcmp(verb, "run") == 0)
        return run(argument);
    if (strcmp(verb, "tcp") == 0)
        return reach_tcp();
    if (strcmp(verb, "abstract") == 0)
        return reach_abstract(argument);
    if (strcmp(verb, "signal") == 0)
        return kill(pid, 0);
    return strcmp(verb, "peek") == 0 ? peek_into(pid) : (errno = EINVAL, -1);
}

int main(int argc, char **argv)
{
    struct sandbox keeps = {0};
    int i = 1;
    for (; i < argc && !strchr(argv[i], ':'); i++) {
        if (strncmp(argv[i], "folder=", 7) == 0)
            keeps.folder = argv[i] + 7;
        keeps.sockets = keeps.sockets || strcmp(argv[i], "sockets") == 0;
        keeps.signals = keeps.signals || strcmp(argv[i], "signals") == 0;
    }
    sandbox_enter(&keeps);
    for (; i < argc; i++) {
        const char *verb = strtok(argv[i], ":"), *argument = strtok(NULL, "");
        int result = attempt(verb, argument ? argument : "");
        printf("%s %s\n", verb, result == 0 ? "done" : strerror(errno));
    }
    return 0;
}
