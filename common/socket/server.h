/* server: a Unix domain socket that clients connect to
 *
 * Its path belongs to the process that bound it: it appears with its final mode, and disappears
 * with its server. A path that a killed server left is replaced; nothing else ever is. */
#ifndef SERVER_H
#define SERVER_H

#include "cli/failure.h"
#include "socket/access_rule.h"
#include "socket/address.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>

struct server {
    struct socket_address address;
    int type; /* SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET */
    int fd;   /* -1 once it is closed; never blocks if it listens */
    struct failure failure;

    /* private */
    const struct access_rules *rules;
    bool is_paused, has_warned;
    bool has_file;
    struct stat file; /* that bind made */
};

/* Serves ADDRESS for the users that RULES name. Without a rule a path serves all who may use it,
 * and an abstract name its own user. TYPE 0 is stream, or the type of an inherited socket. A path
 * gets exactly MODE, whatever the umask; DEADLINE bounds the wait for others that replace the same
 * dead socket. Datagrams come with their sender (SO_PASSCRED). Returns 0; -1 with errno and the
 * failure: EADDRINUSE another process serves it, ENOTSOCK the path is no socket, or the kernel's.
 */
int server_open(struct server *server, const struct socket_address *address, int type, mode_t mode,
                const struct access_rules *rules, const struct deadline *deadline);

/* Accepts one client that waits; PEER becomes what it was when it connected. A client that the
 * rules do not name is turned away. Returns the descriptor, which blocks; -1 with errno, EAGAIN if
 * there is no client (left). */
int server_accept(struct server *server, struct ucred *peer);

/* The same, but waits for a client until DEADLINE. -1 with errno and the failure. */
int server_wait(struct server *server, struct ucred *peer, const struct deadline *deadline);

/* Notes that waiting for a client failed with errno. Returns -1. */
int server_fail_to_wait(struct server *server);

/* Whether PEER may use the server; FD is its connection, or -1. Warns if it may not. */
bool server_admits(const struct server *server, const struct ucred *peer, int fd);

/* What to poll for the next client: nothing while the server is paused, or closed. */
struct pollfd server_poll(const struct server *server);

/* server_accept found no descriptor for another client: clients have to wait until server_resume,
 * after one of the others has left. Warns, once. */
void server_pause(struct server *server);
void server_resume(struct server *server);

/* The directory from which server_close will remove the path, which a sandbox has to allow. Returns
 * DIRECTORY, or NULL if there is no path. */
const char *server_folder(const struct server *server, char directory[static PATH_MAX]);

/* Removes the path, if it still is the socket that server_open bound, and closes. */
void server_close(struct server *server);

#endif
