#include "memory/splice.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

enum { PIECE = 1 << 20, BUFFER = 1 << 17 };

static int set_read_failure(struct failure *failure)
{
    return failure_set_object(failure, "stdin", "read");
}

/* Moves all of the SIZE bytes that our own pipe holds. */
static int empty_pipe(int own, int file, int64_t offset, size_t size)
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

static int64_t move_from_pipe(int pipe, int file, int64_t offset, size_t size, const char *what,
                              struct failure *failure)
{
    static int own[2] = {-1, -1};
    if (own[0] < 0) {
        if (pipe2(own, O_CLOEXEC) < 0)
            return set_read_failure(failure);
        fcntl(own[1], F_SETPIPE_SZ, PIECE);
        io_enlarge_pipe(pipe);
    }

    ssize_t got;
    do
        got = splice(pipe, NULL, own[1], NULL, size < PIECE ? size : PIECE, SPLICE_F_MOVE);
    while (got < 0 && io_should_retry(pipe, POLLIN));
    if (got < 0)
        return set_read_failure(failure);
    return empty_pipe(own[0], file, offset, (size_t)got) < 0 ? failure_set(failure, "%s", what)
                                                             : got;
}

static int64_t move_by_copy(int from, int file, int64_t offset, size_t size, const char *what,
                            struct failure *failure)
{
    static char buffer[BUFFER];
    ssize_t got = io_read(from, buffer, size < BUFFER ? size : BUFFER);
    if (got < 0)
        return set_read_failure(failure);
    return io_write_at(file, buffer, (size_t)got, offset) < 0 ? failure_set(failure, "%s", what)
                                                              : got;
}

int64_t splice_in(int from, int file, int64_t offset, int64_t size, const char *what,
                  struct failure *failure)
{
    return io_is_pipe(from) ? move_from_pipe(from, file, offset, (size_t)size, what, failure)
                            : move_by_copy(from, file, offset, (size_t)size, what, failure);
}
