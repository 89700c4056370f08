/* server: a Unix domain socket that clients come to
 *
 * Its path belongs to whoever bound it: it appears with its final mode, and goes with its server.
 * A path that a killed server left is replaced; nothing else ever is. */
#ifndef SERVER_H
#define SERVER_H

#include "sock.h"

#include <sys/types.h>

struct server {
    struct sock_address address;
    int type; /* SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET */
    int fd;   /* -1 once it is closed; never blocks where it listens */
    /* private: the file that bind made */
    dev_t device;
    ino_t inode;
};

/* Serves ADDRESS. A path gets exactly MODE, whatever the umask; DEADLINE bounds the wait for others
 * who replace the same dead socket. Datagrams come with who sent them (SO_PASSCRED). Returns 0; -1
 * with errno: EADDRINUSE it is served, ENOTSOCK the path is no socket, or the kernel's. */
int server_open(struct server *server, const struct sock_address *address, int type, mode_t mode,
                const struct deadline *deadline);

/* What is to say about an ERRNUM of server_open, ` (in parentheses)`, or "". */
const char *server_hint(int errnum);

/* Takes one client that waits, and who it was when it connected. One that the server does not admit
 * is turned away. Returns its descriptor, which blocks; -1 with errno, EAGAIN where there is none
 * (left). */
int server_accept(struct server *server, struct ucred *peer);

/* The same, waiting for a client until DEADLINE. */
int server_wait(struct server *server, struct ucred *peer, const struct deadline *deadline);

/* Whether PEER may use the server: an abstract name is for its own user alone. Says so of one that
 * may not. */
bool server_admits(const struct server *server, const struct ucred *peer);

/* Removes the path, where it still is the socket that server_open bound, and closes. */
void server_close(struct server *server);

#endif
