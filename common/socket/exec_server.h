/* exec_server: a process of COMMAND for each client of a socket, a bounded number at once
 *
 * The client's socket is the standard input and output of its process. USOCK_PEER_PID,
 * USOCK_PEER_UID and USOCK_PEER_GID identify the client, and USOCK_PATH is the server's address. */
#ifndef EXEC_SERVER_H
#define EXEC_SERVER_H

#include "socket/server.h"

#include <stdint.h>

/* Turns the process into COMMAND for the client at FD. */
typedef void exec_server_start(const void *context, int fd, const struct ucred *client);

struct exec_server {
    struct server *server;    /* with the failure */
    exec_server_start *start; /* is called with CONTEXT in the client's process; does not return */
    const void *context;
    int64_t max;     /* processes at once; further clients wait */
    int64_t clients; /* serve so many, 0 for no end */
    int64_t idle;    /* nanoseconds without any client, then ETIMEDOUT */

    /* private */
    struct process *processes; /* that run now */
    struct pollfd *polls;      /* of the server, then of the processes */
    size_t count, capacity;
    int64_t accepted;
};

/* Gives this process, which is about to become COMMAND, the client at FD: as standard input and
 * output, and in the environment, with the server's ADDRESS as it was written. */
void exec_server_set_client(const char *address, char **command, int fd,
                            const struct ucred *client);

/* Serves until all CLIENTS have been served and their processes have ended. Returns 0; -1 with
 * errno and the failure: ETIMEDOUT, EINTR after a signal that interrupt_catch noted, or
 * accept(2)'s. */
int exec_server_run(struct exec_server *exec);

#endif
