/* datagram: the messages of dgram and seqpacket sockets, whole or not at all */
#ifndef DATAGRAM_H
#define DATAGRAM_H

#include "sys/fdpass.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct datagram_name {
    struct sockaddr_storage name;
    socklen_t length; /* 0: none */
};

struct datagram_origin {
    struct datagram_name from; /* dgram: where an answer goes */
    struct ucred sender;
    bool had_descriptors; /* came with descriptors, which are closed */
};

/* Makes FD ready for datagram_receive. Returns 0, or -1 with errno. */
int datagram_prepare(int fd);

/* Bytes of the message that comes next, 0 also at the end; -1 with errno, EAGAIN if there is none.
 */
ssize_t datagram_size(int fd);

/* Receives a message of SIZE bytes, which datagram_size returned, into DATA; does not wait. Returns
 * 1, or 0 at the end of a seqpacket connection; -1 with errno. */
int datagram_receive(int fd, void *data, size_t size, struct datagram_origin *origin);

/* Sends a message, with RIGHTS unless that is NULL, to TO, or if that is NULL to the peer that FD
 * is connected to; does not wait. Enlarges the send buffer for a message that needs it. Returns 0;
 * -1 with errno: EAGAIN there is no room; EMSGSIZE the buffer cannot grow so far; EPIPE, ECONNRESET
 * or ECONNREFUSED the peer is gone. */
int datagram_send(int fd, const void *data, size_t size, const struct datagram_name *to,
                  const struct fdpass *rights);

#endif
