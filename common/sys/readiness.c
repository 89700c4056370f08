#include "sys/readiness.h"

#include "sys/io.h"
#include "sys/trusted_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
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

/* What is there is opened without O_CREAT: in a directory like /tmp the kernel refuses to create
 * another's FIFO (fs.protected_fifos), and nothing is created through a symbolic link. */
static int open_path(const char *path)
{
    int fd = trusted_open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd;
}

int readiness_open(struct readiness *ready, const struct deadline *deadline)
{
    if (ready->fd >= 0)
        return io_is_open_for(ready->fd, O_WRONLY) ? 0 : -1;
    deadline_arm(deadline);
    do
        ready->fd = open_path(ready->text);
    while (ready->fd < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    return ready->fd < 0 ? -1 : 0;
}

int readiness_mark(struct readiness *ready, const char *line)
{
    if (io_write(ready->fd, line, strlen(line)) < 0)
        return -1;
    return ready->fd > STDERR_FILENO ? close(ready->fd) : 0;
}
