#include "sys/io.h"

#include "sys/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool io_is_open_for(int fd, int mode)
{
    int flags = fcntl(fd, F_GETFL);
    int access = flags & O_ACCMODE;
    bool is_open = flags >= 0 && !(flags & O_PATH) && (access == mode || access == O_RDWR);
    if (flags >= 0 && !is_open)
        errno = EBADF;
    return is_open;
}

bool io_has_descriptor(void)
{
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    return fd >= 0 && close(fd) == 0;
}

bool io_is_file(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return false;
    return S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && !isatty(fd));
}

bool io_is_same_file(const struct stat *file, const struct stat *other)
{
    return file->st_ino == other->st_ino && file->st_dev == other->st_dev;
}

bool io_has_reader(int fd)
{
    struct pollfd end = {.fd = fd};
    return poll(&end, 1, 0) <= 0 || !(end.revents & (POLLERR | POLLHUP));
}

bool io_should_retry(int fd, short events)
{
    if (errno == EINTR)
        return !interrupt_signal();
    if (errno != EAGAIN)
        return false;
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, -1) >= 0 || (errno == EINTR && !interrupt_signal());
}

ssize_t io_read(int fd, void *data, size_t size)
{
    ssize_t got;
    do
        got = read(fd, data, size);
    while (got < 0 && io_should_retry(fd, POLLIN));
    return got;
}

int io_read_counted(int fd, void *data, size_t size, size_t *done)
{
    for (*done = 0; *done < size;) {
        ssize_t got = io_read(fd, (char *)data + *done, size - *done);
        if (got <= 0)
            return (int)got;
        *done += (size_t)got;
    }
    return 0;
}

ssize_t io_read_full(int fd, void *data, size_t size)
{
    size_t done;
    return io_read_counted(fd, data, size, &done) < 0 ? -1 : (ssize_t)done;
}

ssize_t io_read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = io_read_full(fd, text, size - 1);
    if (got < 0)
        return close_keep_errno(fd);
    close(fd);
    text[got] = '\0';
    return got;
}

int io_read_one(int fd)
{
    char byte;
    return (int)io_read(fd, &byte, 1);
}

int io_write_counted(int fd, const void *data, size_t size, size_t *done)
{
    for (*done = 0; *done < size;) {
        ssize_t put = write(fd, (const char *)data + *done, size - *done);
        if (put >= 0)
            *done += (size_t)put;
        else if (!io_should_retry(fd, POLLOUT))
            return -1;
    }
    return 0;
}

int io_write(int fd, const void *data, size_t size)
{
    size_t done;
    return io_write_counted(fd, data, size, &done);
}

int io_write_at(int fd, const void *data, size_t size, int64_t offset)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(fd, (const char *)data + done, size - done, offset + (int64_t)done);
        if (put >= 0)
            done += (size_t)put;
        else if (!io_should_retry(fd, POLLOUT))
            return -1;
    }
    return 0;
}

int io_writev(int fd, struct iovec *pieces, int count)
{
    while (count > 0) {
        ssize_t put = writev(fd, pieces, count);
        if (put < 0) {
            if (!io_should_retry(fd, POLLOUT))
                return -1;
            continue;
        }
        for (; count > 0 && (size_t)put >= pieces->iov_len; count--)
            put -= (ssize_t)pieces++->iov_len;
        if (count > 0) {
            pieces->iov_base = (char *)pieces->iov_base + put;
            pieces->iov_len -= (size_t)put;
        }
    }
    return 0;
}

int io_allocate(int fd, int64_t offset, int64_t length)
{
    int result = 0;
    if (length > 0)
        do
            result = fallocate(fd, 0, offset, length);
        while (result < 0 && errno == EINTR && !interrupt_signal());
    return result;
}

/* RWF_NOWAIT for pipes came with Linux 6.4. On older kernels a pipe that poll(2) finds ready takes
 * PIPE_BUF bytes (pipe(7)), and a terminal mostly does. */
ssize_t io_write_ready(int fd, const void *data, size_t size)
{
    enum { NOWAIT = 8 }; /* RWF_NOWAIT of linux/fs.h */
    struct iovec piece = {(void *)(uintptr_t)data, size};
    ssize_t put = syscall(SYS_pwritev2, fd, &piece, 1, -1L, -1L, NOWAIT);
    if (put >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
        return put;
    struct pollfd room = {fd, POLLOUT, 0};
    if (poll(&room, 1, 0) <= 0)
        return errno = EAGAIN, -1;
    return write(fd, data, size < PIPE_BUF ? size : PIPE_BUF);
}

int close_keep_errno(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

void io_close_range(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    unsigned limit = (unsigned)sysconf(_SC_OPEN_MAX); /* before Linux 5.9 */
    for (unsigned fd = first; fd <= last && fd < limit; fd++)
        close((int)fd);
}

int64_t io_bytes_left(int fd)
{
    struct stat status;
    /* files below /proc have a size of 0 and some bytes */
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return -1;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0)
        return -1;
    return status.st_size > at ? status.st_size - at : 0;
}

int io_unread(int fd)
{
    int count;
    return ioctl(fd, FIONREAD, &count) < 0 ? -1 : count;
}

bool io_is_pipe(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

void io_enlarge_pipe(int fd)
{
    fcntl(fd, F_SETPIPE_SZ, 1 << 20);
}
