#include "stream/fifo_records.h"

#include "cli/progress.h"
#include "stream/fifo.h"
#include "stream/record.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Notes what failed with errno, and what the pipe takes with it. */
static int fail_write(struct fifo_records *records)
{
    int saved = errno, unread = fifo_unread(records->fd);
    errno = saved;
    int used = snprintf(records->why, sizeof records->why, "write record %llu: %m",
                        (unsigned long long)records->count);
    if (saved == EPIPE && unread > 0)
        snprintf(records->why + used, sizeof records->why - (size_t)used, "; %d bytes are lost",
                 unread);
    errno = saved;
    return -1;
}

static int fail_read(struct fifo_records *records, struct record_reader *reader)
{
    int saved = errno;
    const char *hint = saved == EMSGSIZE ? " (it must go in whole, by one write)" : "";
    if (saved == ETIMEDOUT)
        snprintf(records->why, sizeof records->why, "wait for data: %m");
    else
        snprintf(records->why, sizeof records->why, "%s%s", record_error(reader), hint);
    records->is_input_error = true;
    errno = saved;
    return -1;
}

/* The next record. Returns 1, 0 at the end, or where the reader has gone; -1 with errno. */
static int next_record(const struct fifo_records *records, struct record_reader *reader,
                       const char **data, size_t *size)
{
    struct deadline deadline = deadline_after(records->idle);
    int got = record_take(reader, false, data, size);
    while (got < 0 && errno == EAGAIN) {
        struct pollfd polls[] = {{STDIN_FILENO, POLLIN, 0}, {.fd = records->fd}};
        if (deadline_poll(polls, 2, &deadline) < 0)
            return -1;
        if (!polls[0].revents)
            return 0;
        got = record_take(reader, true, data, size);
    }
    return got;
}

/* Writes one record with what stands before and after it. */
static int put_record(struct fifo_records *records, const char *data, size_t size)
{
    char text[PIPE_BUF];
    size_t end = record_head(records->form, size, text);
    memcpy(text + end, data, size);
    end += size;
    end += record_tail(records->form, text + end);

    struct deadline deadline = deadline_after(records->drops ? 0 : records->idle);
    records->count++;
    if (fifo_put(records->fd, text, end, &deadline) == 0) {
        progress_add((int64_t)end);
        return 0;
    }
    if (!records->drops || errno != ETIMEDOUT)
        return fail_write(records);
    records->dropped++;
    return 0;
}

/* A reader that has gone and left something has lost it. */
static int check_reader(struct fifo_records *records)
{
    struct pollfd reader = {.fd = records->fd};
    if (poll(&reader, 1, 0) <= 0 || fifo_unread(records->fd) <= 0)
        return 0;
    errno = EPIPE;
    return fail_write(records);
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
            return errno = EINTR, -1;
    }
    return got < 0 ? fail_read(records, &reader) : check_reader(records);
}

const char *fifo_records_error(const struct fifo_records *records)
{
    return records->why;
}
