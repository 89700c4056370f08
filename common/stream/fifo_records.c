#include "stream/fifo_records.h"

#include "cli/progress.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Notes what failed with errno, and what is lost with the pipe. */
static int fail_to_write(struct fifo_records *records)
{
    struct failure *failure = &records->failure;
    failure_set(failure, "write record %llu", (unsigned long long)records->count);
    failure->is_error = errno != ETIMEDOUT;

    int unread = errno == EPIPE ? io_unread(records->fd) : 0;
    errno = failure->errnum;
    return unread > 0 ? failure_add_consequence(failure, "%d bytes are lost", unread) : -1;
}

/* FAILURE is of the wait for a record, or of its reading. */
static int fail_to_read(struct fifo_records *records, const struct failure *failure)
{
    records->failure = *failure;
    records->failure.object = "stdin";
    records->failure.is_error = errno != ETIMEDOUT;
    if (errno == EMSGSIZE)
        failure_add_hint(&records->failure, "it must go in whole, by one write");
    return -1;
}

/* The next record. Returns 1, or 0 at the end or if the reader has gone; -1 with errno. */
static int next_record(struct fifo_records *records, struct record_reader *reader,
                       const char **data, size_t *size)
{
    struct deadline deadline = deadline_after(records->idle);
    struct failure failure;
    int got = record_take(reader, false, data, size);
    while (got < 0 && errno == EAGAIN) {
        struct pollfd polls[] = {{STDIN_FILENO, POLLIN, 0}, {.fd = records->fd}};
        if (deadline_poll(polls, 2, &deadline) < 0)
            return failure_set(&failure, "wait for data"), fail_to_read(records, &failure);
        if (!polls[0].revents)
            return 0;
        got = record_take(reader, true, data, size);
    }
    return got < 0 ? fail_to_read(records, &reader->failure) : got;
}

/* pipe(7): a write of up to PIPE_BUF bytes goes in whole or, if it may not block, not at all. */
static int write_whole(int fd, const char *data, size_t size, const struct deadline *deadline)
{
    struct pollfd room = {fd, POLLOUT, 0};
    ssize_t put;
    do
        put = write(fd, data, size);
    while (put < 0 && (errno == EINTR || errno == EAGAIN) && deadline_poll(&room, 1, deadline) > 0);
    return put < 0 ? -1 : 0;
}

/* Writes one record with its head and tail, or drops it. */
static int put_record(struct fifo_records *records, const char *data, size_t size)
{
    char text[PIPE_BUF];
    size_t end = record_head(records->form, size, text);
    memcpy(text + end, data, size);
    end += size;
    end += record_tail(records->form, text + end);

    struct deadline deadline = deadline_after(records->drops ? 0 : records->idle);
    records->count++;
    if (write_whole(records->fd, text, end, &deadline) == 0) {
        progress_add((int64_t)end);
        return 0;
    }
    if (!records->drops || errno != ETIMEDOUT)
        return fail_to_write(records);
    records->dropped++;
    return 0;
}

/* If the reader has gone and left something in the pipe, that is lost. */
static int check_reader(struct fifo_records *records)
{
    if (io_has_reader(records->fd) || io_unread(records->fd) <= 0)
        return 0;
    errno = EPIPE;
    return fail_to_write(records);
}

int fifo_records_run(struct fifo_records *records)
{
    struct record_reader reader;
    char head[RECORD_HEAD_SIZE], tail[RECORD_TAIL_SIZE];
    size_t frame = record_head(records->form, PIPE_BUF, head) + record_tail(records->form, tail);
    record_start(&reader, STDIN_FILENO, records->form, PIPE_BUF - frame);

    const char *data;
    size_t size;
    int got;
    while ((got = next_record(records, &reader, &data, &size)) > 0) {
        if (put_record(records, data, size) < 0)
            return -1;
        if (interrupt_signal())
            return errno = EINTR, fail_to_write(records);
    }
    return got < 0 ? -1 : check_reader(records);
}
