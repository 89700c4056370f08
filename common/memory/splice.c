#include "memory/splice.h"

#include "cli/progress.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* A huge page is one page for the kernel: it takes one fault, and one reference for what the pipe
 * holds of it. Where there are none, small ones do. */
enum { HUGE_PAGE = 2 << 20, PIECE = 1 << 20 };

/* Lays new memory over the old at PLACE. The old pages live on where a pipe still holds them. */
static int renew(char *place)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap(place, HUGE_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
        return -1;
    madvise(place, HUGE_PAGE, MADV_HUGEPAGE);
    return 0;
}

/* Returns the bytes, fewer where the file ends before. */
static ssize_t fill(char *place, const struct splice_source *source, int64_t offset, size_t size)
{
    if (source->memory) {
        memcpy(place, source->memory + offset, size);
        return (ssize_t)size;
    }
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(source->file, place + done, size - done, offset + (int64_t)done);
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (!io_should_retry(source->file, POLLIN))
            return -1;
    }
    return (ssize_t)done;
}

static int give(int pipe, const char *place, size_t size, int64_t *moved)
{
    struct iovec piece = {(void *)(uintptr_t)place, size};
    while (piece.iov_len > 0) {
        ssize_t put = vmsplice(pipe, &piece, 1, SPLICE_F_GIFT);
        if (put < 0) {
            if (!io_should_retry(pipe, POLLOUT))
                return -1;
            continue;
        }
        piece.iov_base = (char *)piece.iov_base + put;
        piece.iov_len -= (size_t)put;
        *moved += put;
        progress_add(put);
    }
    return 0;
}

/* Fills the next SIZE bytes at PLACE, and gives what there is. */
static int pass(const struct splice_source *source, int64_t offset, size_t size, char *place,
                int pipe, int64_t *moved)
{
    ssize_t got = fill(place, source, offset, size);
    if (got < 0 || give(pipe, place, (size_t)got, moved) < 0)
        return -1;
    return (size_t)got == size ? 0 : (errno = EFAULT, -1);
}

int splice_gift(const struct splice_source *source, int64_t offset, int64_t length, int pipe,
                int64_t *moved)
{
    *moved = 0;
    char *area = mmap(NULL, 2 * HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return -1;
    char *place = area + (-(uintptr_t)area & (HUGE_PAGE - 1));
    io_enlarge_pipe(pipe);

    int result = 0;
    for (size_t used = 0; result == 0 && *moved < length; used = (used + PIECE) % HUGE_PAGE) {
        int64_t left = length - *moved;
        if (used == 0)
            result = renew(place);
        if (result == 0)
            result = pass(source, offset + *moved, left < PIECE ? (size_t)left : PIECE,
                          place + used, pipe, moved);
    }
    int saved = errno;
    munmap(area, 2 * HUGE_PAGE);
    errno = saved;
    return result;
}

/* Until FILE has all of SIZE bytes that lie in our own pipe. */
static int empty(int own, int file, int64_t offset, size_t size)
{
    loff_t at = offset;
    while (size > 0) {
        ssize_t put = splice(own, NULL, file, &at, size, SPLICE_F_MOVE);
        if (put > 0)
            size -= (size_t)put;
        else if (put == 0)
            return errno = EIO, -1;
        else if (!io_should_retry(file, POLLOUT))
            return -1;
    }
    return 0;
}

static ssize_t take_from_pipe(int pipe, int file, int64_t offset, size_t size, bool *is_file_error)
{
    static int own[2] = {-1, -1};
    if (own[0] < 0) {
        if (pipe2(own, O_CLOEXEC) < 0)
            return -1;
        fcntl(own[1], F_SETPIPE_SZ, PIECE);
        io_enlarge_pipe(pipe);
    }
    ssize_t got;
    do
        got = splice(pipe, NULL, own[1], NULL, size < PIECE ? size : PIECE, SPLICE_F_MOVE);
    while (got < 0 && io_should_retry(pipe, POLLIN));
    if (got <= 0)
        return got;
    *is_file_error = empty(own[0], file, offset, (size_t)got) < 0;
    return *is_file_error ? -1 : got;
}

static ssize_t take_by_copy(int from, int file, int64_t offset, size_t size, bool *is_file_error)
{
    static char buffer[1 << 17];
    ssize_t got = io_read(from, buffer, size < sizeof buffer ? size : sizeof buffer);
    if (got <= 0)
        return got;
    *is_file_error = io_write_at(file, buffer, (size_t)got, offset) < 0;
    return *is_file_error ? -1 : got;
}

int64_t splice_in(int from, int file, int64_t offset, int64_t size, bool *is_file_error)
{
    *is_file_error = false;
    return io_is_pipe(from) ? take_from_pipe(from, file, offset, (size_t)size, is_file_error)
                            : take_by_copy(from, file, offset, (size_t)size, is_file_error);
}
