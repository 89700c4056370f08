/* server: a Unix domain socket that clients come to
 *
 * Its path belongs to whoever bound it: it appears with its final mode, and goes with its server.
 * A path that a killed server left is replaced; nothing else ever is. */
#ifndef SERVER_H
#define SERVER_H

#include "socket/access_rule.h"
#include "socket/address.h"

#include <poll.h>
#include <sys/types.h>

struct server {
    struct socket_address address;
    int type; /* SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET */
    int fd;   /* -1 once it is closed; never blocks where it listens */
    /* private */
    const struct access_rules *admission;
    bool is_crowded, has_told_crowd;
    /* the file that bind made */
    dev_t device;
    ino_t inode;
};

/* Serves ADDRESS for those whom ADMISSION names; without a rule in it for all who may use the path,
 * and at an abstract name for its own user. *TYPE 0 is stream, or what an inherited socket is. A
 * path gets exactly MODE, whatever the umask; DEADLINE bounds the wait for others
 * who replace the same dead socket. Datagrams come with who sent them (SO_PASSCRED). Returns 0; -1
 * with errno: EADDRINUSE it is served, ENOTSOCK the path is no socket, or the kernel's. */
int server_open(struct server *server, const struct socket_address *address, int type, mode_t mode,
                const struct access_rules *admission, const struct deadline *deadline);

/* What is to say about an ERRNUM of server_open, ` (in parentheses)`, or "". */
const char *server_hint(int errnum);

/* Takes one client that waits, and who it was when it connected. One that the server does not admit
 * is turned away. Returns its descriptor, which blocks; -1 with errno, EAGAIN where there is none
 * (left). */
int server_accept(struct server *server, struct ucred *peer);

/* The same, waiting for a client until DEADLINE. */
int server_wait(struct server *server, struct ucred *peer, const struct deadline *deadline);

/* Whether PEER may use the server; FD is its connection, or -1. Says so of one that may not. */
bool server_admits(const struct server *server, const struct ucred *peer, int fd);

/* How to wait for a client: not at all while the server is crowded, or closed. */
struct pollfd server_watch(const struct server *server);

/* server_accept found no descriptor for another client: the next wait until server_resume says
 * that one has left. Says so, once. */
void server_pause(struct server *server);
void server_resume(struct server *server);

/* For who is about to pass bytes or records between SERVER's clients, or the one it has with a
 * server (NULL), and stdin and stdout: the process can do nothing else from there on (sandbox.h).
 */
void server_sandbox(const struct server *server);

/* Removes the path, where it still is the socket that server_open bound, and closes. */
void server_close(struct server *server);

#endif
