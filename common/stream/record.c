#include "stream/record.h"

#include "sys/io.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 65536,
    LENGTH_DIGITS = 20, /* of the largest size_t */
};

const char *record_parse_form(const char *name, void *value)
{
    enum record_form *form = value;
    enum record_form wanted = *name == 'w'                     ? RECORD_WHOLE
                              : strcmp(name, "netstring") == 0 ? RECORD_NETSTRING
                                                               : RECORD_NUL;
    if (*form != RECORD_LINE && *form != wanted)
        return "only one of -0, -W and -N";
    *form = wanted;
    return NULL;
}

void record_start(struct record_reader *reader, int fd, enum record_form form, size_t limit)
{
    *reader = (struct record_reader){.fd = fd, .form = form, .limit = limit, .reads = -1};
}

/* Makes room behind END: first by moving what is left to the front, then by a larger buffer. */
static int make_room(struct record_reader *reader)
{
    if (reader->end < reader->capacity)
        return 0;
    if (reader->start > reader->capacity / 2) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
        return 0;
    }
    size_t capacity = reader->capacity ? 2 * reader->capacity : FIRST_CAPACITY;
    char *buffer = realloc(reader->buffer, capacity);
    if (!buffer)
        return -1;
    reader->buffer = buffer;
    reader->capacity = capacity;
    return 0;
}

/* Reads once more. Returns the bytes, 0 at the end, -1. */
static ssize_t read_more(struct record_reader *reader)
{
    if (reader->is_ended)
        return 0;
    if (reader->reads == 0)
        return errno = EAGAIN, -1;
    if (reader->reads > 0)
        reader->reads--;
    if (reader->start == reader->end)
        reader->start = reader->end = 0;
    if (make_room(reader) < 0)
        return -1;
    ssize_t got = io_read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
    if (got > 0)
        reader->end += (size_t)got;
    if (got == 0)
        reader->is_ended = 1;
    return got;
}

static int too_long(struct record_reader *reader)
{
    reader->number++;
    errno = EMSGSIZE;
    return -1;
}

static int not_a_netstring(struct record_reader *reader)
{
    reader->number++;
    errno = EBADMSG;
    return -1;
}

/* Returns what lies at START: SIZE bytes of record and SKIP bytes of terminator. */
static int give(struct record_reader *reader, size_t size, size_t skip, const char **data,
                size_t *given)
{
    *data = reader->buffer + reader->start;
    *given = size;
    reader->start += size + skip;
    reader->taken += size + skip;
    reader->number++;
    return 1;
}

static int next_terminated(struct record_reader *reader, char terminator, const char **data,
                           size_t *size)
{
    size_t searched = 0;
    for (;;) {
        size_t have = reader->end - reader->start;
        const char *unseen = NULL, *found = NULL;
        if (have > searched) { /* before the first bytes there is no buffer to point into */
            unseen = reader->buffer + reader->start + searched;
            found = memchr(unseen, terminator, have - searched);
        }
        size_t length = found ? searched + (size_t)(found - unseen) : have;
        if (length > reader->limit)
            return too_long(reader);
        if (found)
            return give(reader, length, 1, data, size);

        searched = have;
        ssize_t got = read_more(reader);
        if (got < 0)
            return -1;
        if (got == 0)
            return have > 0 ? give(reader, have, 0, data, size) : 0;
    }
}

static int next_whole(struct record_reader *reader, const char **data, size_t *size)
{
    if (reader->number > 0)
        return 0;
    ssize_t got;
    do {
        if (reader->end - reader->start > reader->limit)
            return too_long(reader);
        got = read_more(reader);
    } while (got > 0);
    return got < 0 ? -1 : give(reader, reader->end - reader->start, 0, data, size);
}

/* Makes SIZE bytes stand at START. Returns 1, 0 where the stream ends before, -1. */
static int need(struct record_reader *reader, size_t size)
{
    while (reader->end - reader->start < size) {
        ssize_t got = read_more(reader);
        if (got <= 0)
            return (int)got;
    }
    return 1;
}

static int next_netstring(struct record_reader *reader, const char **data, size_t *size)
{
    size_t length = 0, digits = 0;
    for (;; digits++) {
        int there = need(reader, digits + 1);
        if (there < 0)
            return -1;
        if (there == 0)
            return digits == 0 ? 0 : not_a_netstring(reader);
        char c = reader->buffer[reader->start + digits];
        if (c == ':' && digits > 0)
            break;
        bool has_leading_zero = digits == 1 && length == 0;
        if (c < '0' || c > '9' || has_leading_zero || digits == LENGTH_DIGITS - 1)
            return not_a_netstring(reader);
        length = 10 * length + (size_t)(c - '0');
    }
    if (length > reader->limit)
        return too_long(reader);

    int there = need(reader, digits + 1 + length + 1);
    if (there < 0)
        return -1;
    if (there == 0 || reader->buffer[reader->start + digits + 1 + length] != ',')
        return not_a_netstring(reader);
    reader->start += digits + 1;
    reader->taken += digits + 1;
    return give(reader, length, 1, data, size);
}

int record_next(struct record_reader *reader, const char **data, size_t *size)
{
    switch (reader->form) {
    case RECORD_NUL:
        return next_terminated(reader, '\0', data, size);
    case RECORD_WHOLE:
        return next_whole(reader, data, size);
    case RECORD_NETSTRING:
        return next_netstring(reader, data, size);
    default:
        return next_terminated(reader, '\n', data, size);
    }
}

int record_take(struct record_reader *reader, bool may_read, const char **data, size_t *size)
{
    reader->reads = may_read;
    int result = record_next(reader, data, size);
    reader->reads = -1;
    return result;
}

const char *record_error(struct record_reader *reader)
{
    unsigned long long number = reader->number;
    if (errno == EMSGSIZE)
        snprintf(reader->why, sizeof reader->why, "record %llu is longer than %zu bytes", number,
                 reader->limit);
    else if (errno == EBADMSG)
        snprintf(reader->why, sizeof reader->why, "record %llu is not a netstring", number);
    else
        snprintf(reader->why, sizeof reader->why, "read: %m");
    return reader->why;
}

/* PIECES[COUNT] becomes the SIZE bytes at DATA, if there are any. */
static int add(struct iovec *pieces, int count, const void *data, size_t size)
{
    if (size > 0)
        pieces[count++] = (struct iovec){(void *)(uintptr_t)data, size};
    return count;
}

int record_pieces(struct iovec pieces[RECORD_PIECES], char head[RECORD_HEAD], enum record_form form,
                  const char *lead, const void *data, size_t size)
{
    static const char terminators[] = {[RECORD_LINE] = '\n', [RECORD_NETSTRING] = ','};
    size_t lead_size = strlen(lead), head_size = 0;
    if (form == RECORD_NETSTRING)
        head_size = (size_t)snprintf(head, RECORD_HEAD, "%zu:", lead_size + size);

    int count = add(pieces, 0, head, head_size);
    count = add(pieces, count, lead, lead_size);
    count = add(pieces, count, data, size);
    return add(pieces, count, &terminators[form], form != RECORD_WHOLE);
}
