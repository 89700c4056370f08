#include "stream/fifo.h"

#include "sys/deadline.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MIN = 100000, PAUSE_MAX = 10000000 }; /* nanoseconds */

/* mkfifo(2) follows no symbolic link. Whether what exists is a FIFO shows when it is opened. */
static int create(const char *path, const struct fifo_access *access, struct failure *failure)
{
    if (!access->creates)
        return 0;
    mode_t old = umask(0);
    int result = mkfifo(path, access->mode);
    umask(old);
    if (result == 0 || (errno == EEXIST && !access->is_exclusive))
        return 0;
    failure_set(failure, "create FIFO");
    failure->object = path;
    return -1;
}

/* Opening a device may have side effects, so the type is checked before; and again after, for
 * another process may have replaced the file between the two. */
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

/* Only a blocking open waits for the other side; all later waits are poll's. */
static int open_and_wait(const char *path, int flags, const struct deadline *deadline)
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

static int open_reader_with_data(const char *path)
{
    struct pollfd data = {.fd = open_at_once(path, O_RDONLY), .events = POLLIN};
    if (data.fd < 0 || poll(&data, 1, 0) > 0)
        return data.fd;
    close(data.fd);
    return errno = EAGAIN, -1;
}

/* WAIT is what was tried if the other side did not come. */
static int fail_to_open(const char *path, const char *wait, const struct fifo_access *access,
                        struct failure *failure)
{
    bool is_wait = errno == ETIMEDOUT || errno == EAGAIN || errno == ENXIO;
    failure_set(failure, "%s", is_wait ? wait : "open FIFO");
    failure->object = path;

    switch (errno) {
    case EAGAIN:
    case ENXIO: /* open(2): nobody has it open for reading */
        return failure_set_why(failure, "there is none");
    case ENOTSUP:
        return failure_set_why(failure, "not a FIFO");
    case ENOENT:
        return failure_add_hint(failure,
                                access->creates ? "-c follows no symbolic link" : "-c creates it");
    case EACCES:
        return failure_add_hint(failure, access->keeps ? "-k opens it to read and to write" : "");
    default:
        return -1;
    }
}

/* fifo(7): Linux lets O_RDWR succeed at once. */
static int open_reader(const char *path, const struct fifo_access *access, struct failure *failure)
{
    struct deadline deadline = deadline_after(access->timeout);
    int fd = access->keeps                ? open_at_once(path, O_RDWR)
             : deadline_is_now(&deadline) ? open_reader_with_data(path)
                                          : open_and_wait(path, O_RDONLY, &deadline);
    if (fd >= 0)
        return fd;
    const char *wait = errno == EAGAIN ? "wait for data" : "wait for a writer";
    return fail_to_open(path, wait, access, failure);
}

static int open_writer(const char *path, const struct fifo_access *access, struct failure *failure)
{
    struct deadline deadline = deadline_after(access->timeout);
    int fd = access->keeps                ? open_at_once(path, O_RDWR)
             : deadline_is_now(&deadline) ? open_at_once(path, O_WRONLY)
                                          : open_and_wait(path, O_WRONLY, &deadline);
    return fd >= 0 ? fd : fail_to_open(path, "wait for a reader", access, failure);
}

int fifo_open_reader(const char *path, const struct fifo_access *access, struct failure *failure)
{
    return create(path, access, failure) < 0 ? -1 : open_reader(path, access, failure);
}

int fifo_open_writer(const char *path, const struct fifo_access *access, struct failure *failure)
{
    return create(path, access, failure) < 0 ? -1 : open_writer(path, access, failure);
}

int fifo_open_both(const char *in, const char *out, const struct fifo_access *access, int fds[2],
                   struct failure *failure)
{
    if (create(in, access, failure) < 0)
        return -1;
    if (create(out, access, failure) < 0) {
        if (access->is_exclusive)
            unlink(in);
        return errno = failure->errnum, -1;
    }

    fds[0] = open_at_once(in, O_RDONLY);
    if (fds[0] < 0)
        return fail_to_open(in, "open FIFO", access, failure);
    fds[1] = open_writer(out, access, failure);
    return fds[1] < 0 ? -1 : 0;
}

static int fail_to_drain(int fd, struct failure *failure)
{
    failure_set(failure, "wait for a reader of the rest");
    int unread = io_unread(fd);
    errno = failure->errnum;
    return unread > 0 ? failure_add_hint(failure, "%d bytes are unread", unread) : -1;
}

/* The kernel wakes nobody when a pipe becomes empty, so this looks again, ever more seldom. */
int fifo_drain(int fd, int64_t idle, struct failure *failure)
{
    struct deadline deadline = deadline_after(idle);
    struct timespec pause = {.tv_nsec = PAUSE_MIN};
    for (int before = 0;;) {
        int unread = io_unread(fd);
        if (unread == 0)
            return 0;
        if (unread < 0)
            return fail_to_drain(fd, failure);
        if (unread != before)
            deadline = deadline_after(idle);
        else if (deadline_remaining(&deadline) == 0)
            return errno = ETIMEDOUT, fail_to_drain(fd, failure);
        before = unread;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX)
            pause.tv_nsec *= 2;
    }
}
