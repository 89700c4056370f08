/* sock: Unix domain sockets: their addresses and types, and how a client comes to one */
#ifndef SOCK_H
#define SOCK_H

#include "deadline.h"
#include "parse.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct sock_address {
    const char *text; /* as it was written; the caller's */
    bool is_abstract; /* @name: in no directory, so without permissions */
    struct sockaddr_un name;
    socklen_t length;
};

/* ADDRESS: a path, or @NAME. VALUE is a struct sock_address. */
parse_function sock_parse_address;

/* TYPE: stream, dgram or seqpacket. VALUE is an int, as socket(2) has it. */
parse_function sock_parse_type;

/* The word for TYPE. */
const char *sock_type_name(int type);

/* Connects to ADDRESS. *TYPE 0 is found by trying and set. A dgram socket is bound to a name of the
 * kernel's choice, so that it can be answered. Returns the descriptor, which blocks; -1 with errno:
 * ENOENT or ECONNREFUSED nobody serves it, ENOTSOCK the path is no socket, EPROTOTYPE a socket of
 * another type, EAGAIN or ETIMEDOUT too many clients wait already, or the kernel's. */
int sock_connect(const struct sock_address *address, int *type, const struct deadline *deadline);

/* What to do about an ERRNUM of sock_connect, ` (in parentheses)`, or "". */
const char *sock_hint(int errnum);

#endif
