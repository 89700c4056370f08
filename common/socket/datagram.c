#include "socket/datagram.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

int datagram_prepare(int fd)
{
    static const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

ssize_t datagram_size(int fd)
{
    ssize_t size;
    do
        size = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    return size;
}

/* With SO_PASSCRED every message has credentials, but the end of a connection has none: so the end
 * differs from an empty message. The control buffer has room for nothing else. So the kernel closes
 * descriptors that nobody asked for, before they are ever ours, and sets MSG_CTRUNC. */
int datagram_receive(int fd, void *data, size_t size, struct datagram_origin *origin)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec piece = {data, size};
    struct msghdr message = {
        .msg_name = &origin->from.name,
        .msg_namelen = sizeof origin->from.name,
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t got;
    do
        got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    if (message.msg_flags & MSG_TRUNC)
        return errno = EMSGSIZE, -1;

    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS)
        return 0;
    memcpy(&origin->sender, CMSG_DATA(head), sizeof origin->sender);
    origin->had_descriptors = message.msg_flags & MSG_CTRUNC;
    /* an unnamed sender gives the family alone, or nothing */
    bool has_name = message.msg_namelen > sizeof(sa_family_t);
    origin->from.length = has_name ? message.msg_namelen : 0;
    return 1;
}

/* A message must fit into the buffer, with room to spare for the kernel, which doubles the size
 * that is set (socket(7)). Only root gets beyond net.core.wmem_max. */
static int enlarge_buffer(int fd, size_t size)
{
    int now = 0, wanted = (int)(size / 2) + 1024;
    socklen_t length = sizeof now;
    if (size > INT_MAX / 2 || getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &now, &length) < 0 ||
        now / 2 >= wanted)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) == 0)
        return 0;
    return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

static ssize_t send_once(int fd, const void *data, size_t size, const struct datagram_name *to,
                         const struct fdpass *rights)
{
    struct datagram_name name = to ? *to : (struct datagram_name){0};
    struct iovec piece = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_name = to ? &name.name : NULL,
                             .msg_namelen = name.length,
                             .msg_iov = &piece,
                             .msg_iovlen = 1};
    return fdpass_send(fd, &message, rights);
}

int datagram_send(int fd, const void *data, size_t size, const struct datagram_name *to,
                  const struct fdpass *rights)
{
    ssize_t sent = send_once(fd, data, size, to, rights);
    if (sent < 0 && errno == EMSGSIZE) {
        sent = enlarge_buffer(fd, size) == 0 ? send_once(fd, data, size, to, rights) : -1;
        if (sent < 0 && (errno == ENOBUFS || errno == EPERM))
            errno = EMSGSIZE;
    }
    return sent < 0 ? -1 : 0;
}
