#include "stream/tee.h"

#include "sys/io.h"
#include "sys/trusted_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { PIECE_SIZE = 16384 };

int tee_open(const char *path, struct failure *failure)
{
    int fd = trusted_open(path, O_WRONLY | O_APPEND | O_TRUNC | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? failure_set(failure, "open log") : fd;
}

/* *IS_INSIDE: the log's last line of this direction has not ended yet. */
static int write_piece(int log, char mark, const char *data, size_t size, bool *is_inside)
{
    static char text[4 * PIECE_SIZE]; /* a newline becomes three bytes */
    size_t end = 0;
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(data + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - data) - at : size - at;
        text[end++] = mark;
        text[end++] = *is_inside ? '+' : ' ';
        memcpy(text + end, data + at, length);
        end += length;
        text[end++] = '\n';
        at += length + (newline != NULL);
        *is_inside = !newline;
    }
    return io_write(log, text, end);
}

int tee_run(int from, int to, int log, char mark, struct failure *failure)
{
    static char piece[PIECE_SIZE];
    bool is_inside = false, has_log_failed = false;
    ssize_t got;

    while ((got = io_read(from, piece, sizeof piece)) > 0) {
        if (!has_log_failed && write_piece(log, mark, piece, (size_t)got, &is_inside) < 0) {
            failure_set(failure, "write log");
            has_log_failed = true;
        }
        if (io_write(to, piece, (size_t)got) == 0)
            continue;
        if (errno == EPIPE)
            break;
        return failure_set(failure, "pass data on");
    }
    if (got < 0)
        return failure_set(failure, "read data");
    return has_log_failed ? (errno = failure->errnum, -1) : 0;
}
