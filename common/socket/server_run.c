#include "socket/server_run.h"

#include "cli/diag.h"

#include <stdio.h>
#include <unistd.h>

int server_run_type(const struct socket_address *address, const struct server_options *options)
{
    int inherited = address_inherited_type(address);
    return options->type ? options->type : inherited ? inherited : SOCK_STREAM;
}

/* A path that is not there is no error, but only a no. */
static int open_mark(struct server *server, struct readiness *ready,
                     const struct deadline *deadline)
{
    if (!ready->text || readiness_open(ready, deadline) == 0)
        return 0;
    server->failure = ready->failure;
    server->failure.is_error = false;
    return -1;
}

/* Reports that clients may come. */
static int announce(struct server *server, struct readiness *ready)
{
    char line[24];
    snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (ready->text && readiness_mark(ready, line) < 0) {
        server->failure = ready->failure;
        return -1;
    }
    if (readiness_notify() < 0)
        diag_warn("%s: notify NOTIFY_SOCKET: %m", server->address.text);
    return 0;
}

int server_run_open(struct server *server, const struct socket_address *address,
                    struct server_options *options)
{
    struct deadline deadline = deadline_after(options->timeout);
    *server = (struct server){.fd = -1};
    if (open_mark(server, &options->ready, &deadline) < 0)
        return -1;
    if (server_open(server, address, options->type, options->mode, &options->rules, &deadline) < 0)
        return -1;
    return announce(server, &options->ready);
}

int server_run_accept_one(struct server *server, struct ucred *client, int64_t timeout)
{
    struct deadline deadline = deadline_after(timeout);
    int fd = server_wait(server, client, &deadline);
    if (fd >= 0)
        server_close(server);
    return fd;
}
