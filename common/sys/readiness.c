#include "sys/readiness.h"

#include "sys/io.h"
#include "sys/trusted_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *readiness_parse(const char *text, void *value)
{
    struct readiness *ready = value;
    uint64_t fd = 0;
    bool is_descriptor = strncmp(text, "fd:", 3) == 0;
    if (is_descriptor) {
        const char *end = parse_digits(text + 3, 10, INT_MAX, &fd);
        if (!end || end == text + 3 || *end)
            return "a descriptor is fd: and a number";
    }
    if (*text == '\0')
        return "not a path";
    *ready = (struct readiness){.text = text, .fd = is_descriptor ? (int)fd : -1};
    return NULL;
}

/* All but a FIFO without a reader is an error: the file was named to be written. */
static int fail(struct readiness *ready, const char *what)
{
    failure_set(&ready->failure, "%s", what);
    ready->failure.object = ready->text;
    ready->failure.is_error = errno != ETIMEDOUT;
    return -1;
}

/* What exists is opened without O_CREAT: in a directory like /tmp the kernel would refuse O_CREAT
 * on the FIFO of another user (fs.protected_fifos), and nothing is created through a symbolic link.
 */
static int open_path(const char *path)
{
    int fd = trusted_open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd;
}

int readiness_open(struct readiness *ready, const struct deadline *deadline)
{
    static const char what[] = "open for the ready mark";
    if (ready->fd >= 0)
        return io_is_open_for(ready->fd, O_WRONLY) ? 0 : fail(ready, what);
    deadline_arm(deadline);
    do
        ready->fd = open_path(ready->text);
    while (ready->fd < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    return ready->fd < 0 ? fail(ready, what) : 0;
}

int readiness_mark(struct readiness *ready, const char *line)
{
    if (io_write(ready->fd, line, strlen(line)) < 0 ||
        (ready->fd > STDERR_FILENO && close(ready->fd) < 0))
        return fail(ready, "write the ready mark");
    return 0;
}

/* sd_notify(3): the name is a path, or `@` and an abstract name. */
int readiness_notify(void)
{
    static const char ready[] = "READY=1";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || !*name)
        return 0;
    size_t size = strlen(name);
    bool is_too_long = size >= sizeof address.sun_path;
    if (!is_too_long)
        memcpy(address.sun_path, name, size);
    unsetenv("NOTIFY_SOCKET");
    if (is_too_long)
        return errno = ENAMETOOLONG, -1;
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0';

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (sendto(fd, ready, sizeof ready - 1, MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0)
        return close_keep_errno(fd);
    close(fd);
    return 0;
}
