/* exec_server: a process of COMMAND for each client of a socket, so many at once and no more
 *
 * The client's socket is the process's stdin and stdout; who the client is stands in
 * USOCK_PEER_PID, USOCK_PEER_UID and USOCK_PEER_GID, and the server's name in USOCK_PATH. */
#ifndef EXEC_SERVER_H
#define EXEC_SERVER_H

#include "socket/server.h"

#include <stdint.h>

struct exec_server {
    struct server *server;
    char **command;
    int64_t most;    /* at once; further clients wait */
    int64_t clients; /* serve so many, 0 for no end */
    int64_t idle;    /* nanoseconds without any client, then ETIMEDOUT */
    bool receives;   /* COMMAND gets the descriptors that its client sends, from 3 up */
};

/* Takes descriptors from FD, which is called NAME in messages, and becomes COMMAND with them: from
 * 3 up, as sd_listen_fds(3) finds them. Waits for them IDLE nanoseconds. */
_Noreturn void exec_server_exec_received(const char *name, int fd, int64_t idle, char **command);

/* Becomes the COMMAND for the client at FD. */
_Noreturn void exec_server_exec(const struct exec_server *crew, int fd, const struct ucred *client);

/* Serves until all CLIENTS have been and their COMMANDs have ended. Returns 0; -1 with errno:
 * ETIMEDOUT, EINTR after a signal that interrupt_catch noted, or accept(2)'s. */
int exec_server_run(const struct exec_server *crew);

#endif
