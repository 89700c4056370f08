/* server_run: how a server begins: it is opened and announced, and may wait for its one client */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include "socket/server.h"
#include "sys/readiness.h"

#include <stdint.h>

struct server_options {
    int type; /* 0: stream, or the type of an inherited socket */
    mode_t mode;
    struct access_rules rules;
    struct readiness ready; /* where to write the PID once clients may come */
    int64_t timeout;        /* nanoseconds for each wait */
};

/* The type that a server at ADDRESS will have. */
int server_run_type(const struct socket_address *address, const struct server_options *options);

/* Opens the file of the ready mark, then SERVER; writes the mark, and notifies NOTIFY_SOCKET.
 * Returns 0; -1 with errno and SERVER's failure. The server is to be closed in either case. */
int server_run_open(struct server *server, const struct socket_address *address,
                    struct server_options *options);

/* Waits for a client, then closes SERVER, since one client is all. Returns the client's descriptor;
 * -1 with errno and SERVER's failure. */
int server_run_accept_one(struct server *server, struct ucred *client, int64_t timeout);

#endif
