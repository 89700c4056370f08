/* sockpeer: the other side of a Unix socket, in plain C
 *
 *     echo TYPE PATH          serves one client (dgram: all), and sends everything back
 *     bound TYPE PATH         binds, never listens, and waits to be killed
 *     leave TYPE PATH         accepts a client, reads once, and leaves
 *     descriptors TYPE PATH   sends `with` and descriptors 0, 1 and 2, then `without`
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char message[1 << 20];

static int fail(const char *what)
{
    fprintf(stderr, "sockpeer: %s: %m\n", what);
    return 1;
}

static int echo_datagrams(int fd)
{
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    ssize_t got;
    while ((got = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &length)) >=
           0) {
        if (sendto(fd, message, (size_t)got, 0, (struct sockaddr *)&from, length) != got)
            return fail("sendto");
        length = sizeof from;
    }
    return fail("recvfrom");
}

/* With SO_PASSCRED an empty message has a control message and the end has none. */
static int echo_connection(int fd, int type)
{
    static const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    for (;;) {
        char control[256];
        struct iovec piece = {message, sizeof message};
        struct msghdr head = {.msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof control};
        ssize_t got = recvmsg(fd, &head, 0);
        if (got < 0)
            return fail("recvmsg");
        if (got == 0 && (type == SOCK_STREAM || head.msg_controllen == 0))
            return 0;
        if (send(fd, message, (size_t)got, MSG_NOSIGNAL) != got)
            return fail("send");
    }
}

static int send_descriptors(int fd)
{
    static const int fds[] = {0, 1, 2};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fds)];
    } control = {0};
    struct iovec piece = {memcpy(message, "with\n", 5), 5};
    struct msghdr head = {.msg_iov = &piece,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(rights), fds, sizeof fds);
    if (sendmsg(fd, &head, 0) < 0 || send(fd, "without\n", 8, 0) < 0)
        return fail("send");
    return 0;
}

static int type_of(const char *name)
{
    return strcmp(name, "stream") == 0  ? SOCK_STREAM
           : strcmp(name, "dgram") == 0 ? SOCK_DGRAM
                                        : SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (argc != 4 || strlen(argv[3]) >= sizeof name.sun_path)
        return 2;
    const char *verb = argv[1];
    int type = type_of(argv[2]);
    strcpy(name.sun_path, argv[3]);
    int fd = socket(AF_UNIX, type, 0);

    if (strcmp(verb, "descriptors") == 0)
        return connect(fd, (struct sockaddr *)&name, sizeof name) < 0 ? fail("connect")
                                                                      : send_descriptors(fd);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
        return fail("bind");
    if (strcmp(verb, "bound") == 0)
        pause();
    if (type == SOCK_DGRAM)
        return echo_datagrams(fd);

    if (listen(fd, 5) < 0 || (fd = accept(fd, NULL, NULL)) < 0)
        return fail("accept");
    if (strcmp(verb, "leave") == 0)
        return read(fd, message, sizeof message) < 0;
    return echo_connection(fd, type);
}
