/* address: the addresses of Unix domain sockets, their types, and how a client connects
 *
 * What is special about this family of addresses stays in this module, as far as possible. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct socket_address {
    const char *text; /* as it was written; the caller's */
    bool is_abstract; /* @name: in no directory, so without permissions */
    int fd;           /* fd:N, a socket that was inherited; else -1 */
    struct sockaddr_un name;
    socklen_t length;
};

/* ADDRESS: a path, @NAME, or fd:N with N from 3 up. VALUE is a struct socket_address. */
parse_function address_parse;

/* TYPE: stream, dgram or seqpacket. VALUE is an int, as in socket(2). */
parse_function address_parse_type;

/* Makes a socket of TYPE, close-on-exec. FLAGS are further flags of socket(2). Returns the
 * descriptor, or -1 with errno. */
int address_socket(int type, int flags);

/* bind(2) and connect(2) with the name of ADDRESS. */
int address_bind(const struct socket_address *address, int fd);
int address_connect_socket(const struct socket_address *address, int fd);

/* Whether FD is bound to an abstract name. */
bool address_is_bound_abstract(int fd);

/* The type of the inherited socket of ADDRESS; 0 if it inherits none. */
int address_inherited_type(const struct socket_address *address);

/* Takes over the inherited socket of ADDRESS, close-on-exec: one that LISTENS (of dgram: is bound),
 * or that is connected. If *TYPE is 0 it is set. Returns the descriptor; -1 with errno and FAILURE:
 * EBADF, ENOTSOCK, EAFNOSUPPORT not a Unix socket, EPROTOTYPE another type, EINVAL it does not
 * listen, ENOTCONN. */
int address_inherit(const struct socket_address *address, int *type, bool listens,
                    struct failure *failure);

/* Connects to ADDRESS, or takes over what it inherits. If *TYPE is 0, the type is found by trying
 * and is set. A dgram socket is bound to a name of the kernel's choice, so that it can be answered.
 * As long as no server is there it tries again until RETRY; each try takes up to TIMEOUT
 * nanoseconds. Returns the descriptor, which blocks; -1 with errno and FAILURE: ENOENT or
 * ECONNREFUSED no server is there, ENOTSOCK the path is no socket, EPROTOTYPE a socket of another
 * type, EAGAIN or ETIMEDOUT too many clients wait already, or the kernel's. */
int address_connect(const struct socket_address *address, int *type, int64_t timeout,
                    const struct deadline *retry, struct failure *failure);

#endif
