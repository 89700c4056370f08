#include "fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int fifo_create(const char *path, mode_t mode)
{
    mode_t old = umask(0);
    int result = mkfifo(path, mode);
    umask(old);
    return result;
}

/* Opening a device may do something, so its kind is looked at before; and after, for the name may
 * have changed hands between the two. */
static int open_fifo(const char *path, int flags, const struct deadline *deadline)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return -1;
    if (!S_ISFIFO(status.st_mode))
        return errno = ENOTSUP, -1;

    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && deadline_goes_on(deadline));
    if (fd < 0 || (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)))
        return fd;
    close(fd);
    return errno = ENOTSUP, -1;
}

static int open_patiently(const char *path, int flags, const struct deadline *deadline)
{
    deadline_begin(deadline);
    int fd = open_fifo(path, flags, deadline);
    deadline_end(deadline);
    return fd;
}

/* The descriptor is this process's own, so the flag may change. */
static int make_blocking(int fd)
{
    return fd < 0 || fcntl(fd, F_SETFL, 0) < 0 ? -1 : fd;
}

int fifo_open_reader(const char *path, const struct deadline *deadline)
{
    if (!deadline_is_now(deadline))
        return open_patiently(path, O_RDONLY, deadline);

    struct pollfd data = {.events = POLLIN};
    data.fd = fifo_open_listener(path);
    if (data.fd >= 0 && poll(&data, 1, 0) <= 0)
        return errno = EAGAIN, -1;
    return make_blocking(data.fd);
}

int fifo_open_writer(const char *path, const struct deadline *deadline)
{
    if (!deadline_is_now(deadline))
        return open_patiently(path, O_WRONLY, deadline);
    return make_blocking(open_fifo(path, O_WRONLY | O_NONBLOCK, deadline));
}

int fifo_open_listener(const char *path)
{
    struct deadline never = deadline_in(DEADLINE_NEVER);
    return open_fifo(path, O_RDONLY | O_NONBLOCK, &never);
}

int fifo_open_keeper(const char *path)
{
    struct deadline never = deadline_in(DEADLINE_NEVER);
    return open_fifo(path, O_RDWR, &never);
}

/* The kernel wakes nobody when a pipe runs empty, so this looks every 10 ms. */
int fifo_drain(int fd, const struct deadline *deadline)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (;;) {
        int left;
        if (ioctl(fd, FIONREAD, &left) < 0)
            return -1;
        if (left == 0)
            return 0;
        if (deadline_remaining(deadline) == 0)
            return errno = ETIMEDOUT, -1;
        nanosleep(&pause, NULL);
    }
}
