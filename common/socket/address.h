/* address: Unix domain sockets: their addresses and types, and how a client comes to one */
#ifndef ADDRESS_H
#define ADDRESS_H

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

/* TYPE: stream, dgram or seqpacket. VALUE is an int, as socket(2) has it. */
parse_function address_parse_type;

/* The word for TYPE. */
const char *address_type_name(int type);

/* Takes the inherited socket of ADDRESS over, close-on-exec: one that LISTENS (of dgram: is bound),
 * or that is connected. *TYPE 0 is set. Returns the descriptor; -1 with errno: EBADF, ENOTSOCK,
 * EAFNOSUPPORT no Unix socket, EPROTOTYPE another type, EINVAL it does not listen, ENOTCONN. */
int address_inherit(const struct socket_address *address, int *type, bool listens);

/* Connects to ADDRESS, or takes over what it inherits. *TYPE 0 is found by trying and set. A dgram
 * socket is bound to a name of the kernel's choice, so that it can be answered. Returns the
 * descriptor, which blocks; -1 with errno: ENOENT or ECONNREFUSED nobody serves it, ENOTSOCK the
 * path is no socket, EPROTOTYPE a socket of another type, EAGAIN or ETIMEDOUT too many clients wait
 * already, or the kernel's. */
int address_connect(const struct socket_address *address, int *type,
                    const struct deadline *deadline);

/* The same, and tries again until RETRY where nobody serves it yet. TIMEOUT is for each try, in
 * nanoseconds. */
int address_connect_retry(const struct socket_address *address, int *type, int64_t timeout,
                          const struct deadline *retry);

/* What to do about an ERRNUM of address_connect, ` (in parentheses)`, or "". */
const char *address_hint(int errnum);

#endif
