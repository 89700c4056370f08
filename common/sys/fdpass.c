#include "sys/fdpass.h"

#include "sys/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 3 }; /* SD_LISTEN_FDS_START */

#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* Linux 6.5; older C libraries do not name it */
#endif

/* With SO_PASSCRED or SO_PASSPIDFD, the sender stands beside the descriptors. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * FDPASS_MAX) + CMSG_SPACE(sizeof(struct ucred)) +
               CMSG_SPACE(sizeof(int))];
};

const char *fdpass_parse(const char *text, void *value)
{
    struct fdpass *rights = value;
    uint64_t number;
    const char *end = parse_digits(text, 10, INT_MAX, &number);
    if (!end || end == text || *end)
        return "not the number of a descriptor";
    if (fcntl((int)number, F_GETFD) < 0)
        return "is not open";
    if (rights->count == FDPASS_MAX)
        return "one descriptor too many (253)";
    rights->fds[rights->count++] = (int)number;
    return NULL;
}

ssize_t fdpass_send(int fd, struct msghdr *message, const struct fdpass *rights)
{
    union control control = {0};
    if (rights && rights->count > 0) {
        size_t size = sizeof *rights->fds * (size_t)rights->count;
        message->msg_control = control.bytes;
        message->msg_controllen = (socklen_t)CMSG_SPACE(size);
        struct cmsghdr *head = CMSG_FIRSTHDR(message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = (socklen_t)CMSG_LEN(size);
        memcpy(CMSG_DATA(head), rights->fds, size);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* Finds the descriptors in the SIZE bytes of CONTROL, and closes a pidfd of their sender.
 * (CMSG_NXTHDR of musl does not pass our warnings.) */
static void collect_rights(const union control *control, size_t size, struct fdpass *rights)
{
    struct cmsghdr head;
    int pidfd = -1;
    for (size_t at = 0; at + sizeof head <= size; at += CMSG_SPACE(head.cmsg_len - CMSG_LEN(0))) {
        memcpy(&head, control->bytes + at, sizeof head);
        const char *data = control->bytes + at + CMSG_LEN(0);
        size_t length = head.cmsg_len - CMSG_LEN(0);
        if (head.cmsg_level != SOL_SOCKET)
            continue;
        if (head.cmsg_type == SCM_PIDFD && length == sizeof pidfd)
            memcpy(&pidfd, data, length);
        if (head.cmsg_type != SCM_RIGHTS)
            continue;
        memcpy(rights->fds, data, length);
        rights->count = (int)(length / sizeof *rights->fds);
    }
    if (pidfd >= 0) /* it is an error below 0 */
        close(pidfd);
}

static void close_rights(struct fdpass *rights)
{
    for (int i = 0; i < rights->count; i++)
        close(rights->fds[i]);
    rights->count = 0;
}

/* Peeks: so the bytes stay, and yet the kernel opens the descriptors here. Those that are left in
 * the socket close with the bytes. */
static int receive(int fd, struct fdpass *rights, const struct deadline *deadline)
{
    union control control;
    char bytes[2] = {1};
    struct iovec piece = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    rights->count = 0;
    if (deadline_poll(&wait, 1, deadline) < 0)
        return -1;
    ssize_t got;
    do
        got = recvmsg(fd, &message, MSG_PEEK | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    collect_rights(&control, message.msg_controllen, rights);
    if (message.msg_flags & MSG_CTRUNC) {
        close_rights(rights);
        return errno = EMFILE, -1;
    }
    if (rights->count == 0)
        return errno = got == 0 ? EPIPE : ENOMSG, -1;
    if (got == 0 || (got == 1 && bytes[0] == '\0'))
        recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return 0;
}

int fdpass_receive(int fd, struct fdpass *rights, const struct deadline *deadline,
                   struct failure *failure)
{
    if (receive(fd, rights, deadline) == 0)
        return 0;
    failure_set(failure, "receive descriptors");
    failure->is_error = errno == ENOMSG;
    if (errno == ENOMSG || errno == EPIPE)
        failure_set_why(failure, "none came");
    return -1;
}

/* Moves all of them out of the way first, then each to its place: one may stand where another
 * belongs. */
static int renumber(const struct fdpass *rights)
{
    int aside[FDPASS_MAX];
    for (int i = 0; i < rights->count; i++)
        if ((aside[i] = fcntl(rights->fds[i], F_DUPFD_CLOEXEC, FIRST + rights->count)) < 0)
            return -1;
    for (int i = 0; i < rights->count; i++)
        if (dup2(aside[i], FIRST + i) < 0)
            return -1;
    return 0;
}

int fdpass_export_listen_fds(const struct fdpass *rights, struct failure *failure)
{
    static const char name[] = ":received";
    char names[FDPASS_MAX * sizeof name] = "";
    if (renumber(rights) < 0)
        return failure_set(failure, "pass descriptors on");
    for (int i = 0; i < rights->count; i++)
        memcpy(names + (size_t)i * (sizeof name - 1), name, sizeof name);
    exec_setenv_number("LISTEN_PID", getpid());
    exec_setenv_number("LISTEN_FDS", rights->count);
    setenv("LISTEN_FDNAMES", names + 1, 1); /* without the first colon */
    return 0;
}
