#include "stream/fifo.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MIN = 100000, PAUSE_MAX = 10000000 }; /* nanoseconds */

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
    while (fd < 0 && deadline_should_retry(deadline));
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return close_keep_errno(fd);
    if (S_ISFIFO(status.st_mode))
        return fd;
    close(fd);
    return errno = ENOTSUP, -1;
}

/* Only a blocking open waits for the other side; what comes after it is poll's to wait for. */
static int open_patiently(const char *path, int flags, const struct deadline *deadline)
{
    deadline_arm(deadline);
    int fd = open_fifo(path, flags, deadline);
    deadline_disarm(deadline);
    return fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -1 : fd;
}

static int open_at_once(const char *path, int flags)
{
    struct deadline never = deadline_after(DEADLINE_NEVER);
    return open_fifo(path, flags | O_NONBLOCK, &never);
}

int fifo_open_reader(const char *path, const struct deadline *deadline)
{
    if (!deadline_is_now(deadline))
        return open_patiently(path, O_RDONLY, deadline);

    struct pollfd data = {.events = POLLIN};
    data.fd = open_at_once(path, O_RDONLY);
    if (data.fd < 0 || poll(&data, 1, 0) > 0)
        return data.fd;
    close(data.fd);
    return errno = EAGAIN, -1;
}

int fifo_open_writer(const char *path, const struct deadline *deadline)
{
    if (!deadline_is_now(deadline))
        return open_patiently(path, O_WRONLY, deadline);
    return open_at_once(path, O_WRONLY);
}

int fifo_open_listener(const char *path)
{
    return open_at_once(path, O_RDONLY);
}

int fifo_open_keeper(const char *path)
{
    return open_at_once(path, O_RDWR);
}

/* pipe(7): a write of up to PIPE_BUF bytes goes in whole or, where it may not block, not at all. */
int fifo_put(int fd, const void *data, size_t size, const struct deadline *deadline)
{
    struct pollfd room = {fd, POLLOUT, 0};
    ssize_t put;
    do
        put = write(fd, data, size);
    while (put < 0 && (errno == EINTR || errno == EAGAIN) && deadline_poll(&room, 1, deadline) > 0);
    return put < 0 ? -1 : 0;
}

int fifo_unread(int fd)
{
    int count;
    return ioctl(fd, FIONREAD, &count) < 0 ? -1 : count;
}

/* The kernel wakes nobody when a pipe runs empty, so this looks again, ever more seldom. */
int fifo_drain(int fd, int64_t idle)
{
    struct deadline deadline = deadline_after(idle);
    struct timespec pause = {.tv_nsec = PAUSE_MIN};
    for (int before = 0;;) {
        int unread = fifo_unread(fd);
        if (unread <= 0)
            return unread;
        if (unread != before)
            deadline = deadline_after(idle);
        else if (deadline_remaining(&deadline) == 0)
            return errno = ETIMEDOUT, -1;
        before = unread;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX)
            pause.tv_nsec *= 2;
    }
}
