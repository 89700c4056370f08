#include "sys/notify.h"

#include "socket/address.h"
#include "sys/io.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int readiness_notify(void)
{
    static const char ready[] = "READY=1";
    struct socket_address address;
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || !*name)
        return 0;
    unsetenv("NOTIFY_SOCKET"); /* NAME stays good: the text is that of the process's start */
    if (address_parse(name, &address))
        return errno = EINVAL, -1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (sendto(fd, ready, sizeof ready - 1, MSG_NOSIGNAL, (const struct sockaddr *)&address.name,
               address.length) < 0)
        return close_keep_errno(fd);
    close(fd);
    return 0;
}
