#include "stream/record.h"

#include "sys/io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 65536,
    LENGTH_DIGITS = 19, /* any number of that many digits fits a uint64_t */
};

static const char terminators[] = {
    [RECORD_LINE] = '\n', [RECORD_NUL] = '\0', [RECORD_NETSTRING] = ','};

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

void record_scan_start(struct record_scanner *scanner, enum record_form form, uint64_t limit)
{
    *scanner = (struct record_scanner){.form = form, .limit = limit};
}

/* Takes one byte of `5:`. Returns 0; -1 with errno if it does not belong there. */
static int scan_length(struct record_scanner *scanner, char c)
{
    scanner->is_inside = true;
    if (c == ':' && scanner->digits > 0) {
        scanner->is_body = true;
        scanner->left = scanner->size;
        return scanner->size > scanner->limit ? (errno = EMSGSIZE, -1) : 0;
    }
    bool has_leading_zero = scanner->digits == 1 && scanner->size == 0;
    if (c < '0' || c > '9' || has_leading_zero || scanner->digits == LENGTH_DIGITS)
        return errno = EBADMSG, -1;
    scanner->size = 10 * scanner->size + (uint64_t)(c - '0');
    scanner->digits++;
    return 0;
}

static ssize_t scan_netstring(struct record_scanner *scanner, const char *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        if (!scanner->is_body) {
            if (scan_length(scanner, data[at++]) < 0)
                return -1;
        } else if (scanner->left > 0) {
            size_t step = scanner->left < size - at ? (size_t)scanner->left : size - at;
            scanner->left -= step;
            at += step;
        } else {
            if (data[at++] != ',')
                return errno = EBADMSG, -1;
            scanner->is_inside = false;
            break;
        }
    }
    return (ssize_t)at;
}

ssize_t record_scan(struct record_scanner *scanner, const char *data, size_t size)
{
    if (!scanner->is_inside)
        record_scan_start(scanner, scanner->form, scanner->limit);
    if (scanner->form == RECORD_NETSTRING)
        return scan_netstring(scanner, data, size);
    if (size == 0)
        return 0;

    const char *end = NULL;
    if (scanner->form != RECORD_WHOLE)
        end = memchr(data, terminators[scanner->form], size);
    scanner->is_inside = !end;
    scanner->size += end ? (size_t)(end - data) : size;
    if (scanner->size > scanner->limit)
        return errno = EMSGSIZE, -1;
    return end ? end - data + 1 : (ssize_t)size;
}

size_t record_head(enum record_form form, size_t size, char head[RECORD_HEAD_SIZE])
{
    return form == RECORD_NETSTRING ? (size_t)snprintf(head, RECORD_HEAD_SIZE, "%zu:", size) : 0;
}

size_t record_tail(enum record_form form, char tail[RECORD_TAIL_SIZE])
{
    if (form == RECORD_WHOLE)
        return 0;
    tail[0] = terminators[form];
    return 1;
}

/* PIECES[COUNT] becomes the SIZE bytes at DATA, if there are any. Returns the new count. */
static int add_piece(struct iovec *pieces, int count, const void *data, size_t size)
{
    if (size > 0)
        pieces[count++] = (struct iovec){(void *)(uintptr_t)data, size};
    return count;
}

int record_pieces(struct iovec pieces[RECORD_PIECES], char head[RECORD_HEAD_SIZE],
                  enum record_form form, const char *lead, const void *data, size_t size)
{
    size_t lead_size = strlen(lead);
    int count = add_piece(pieces, 0, head, record_head(form, lead_size + size, head));
    count = add_piece(pieces, count, lead, lead_size);
    count = add_piece(pieces, count, data, size);
    return add_piece(pieces, count, &terminators[form], form != RECORD_WHOLE);
}

void record_start(struct record_reader *reader, int fd, enum record_form form, size_t limit)
{
    *reader = (struct record_reader){.fd = fd, .reads = -1};
    record_scan_start(&reader->scanner, form, limit);
}

/* Makes room after END: by moving what is left to the front, or by a larger buffer. */
static int make_room(struct record_reader *reader)
{
    if (reader->end < reader->capacity)
        return 0;
    if (reader->start > reader->capacity / 2) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->scanned -= reader->start;
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

/* Reads once more. Returns the bytes, 0 at the end; -1 with errno. */
static ssize_t read_more(struct record_reader *reader)
{
    if (reader->is_ended)
        return 0;
    if (reader->reads == 0)
        return errno = EAGAIN, -1;
    if (reader->reads > 0)
        reader->reads--;
    if (reader->start == reader->end)
        reader->start = reader->scanned = reader->end = 0;
    if (make_room(reader) < 0)
        return -1;
    ssize_t got = io_read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
    if (got > 0)
        reader->end += (size_t)got;
    reader->is_ended = got == 0;
    return got;
}

/* Refuses the record that the scanner is at, for its errno. */
static int refuse(struct record_reader *reader)
{
    unsigned long long number = ++reader->number;
    failure_set(&reader->failure, "read");
    if (errno == EMSGSIZE)
        return failure_set_why(&reader->failure, "record %llu is longer than %llu bytes", number,
                               (unsigned long long)reader->scanner.limit);
    return failure_set_why(&reader->failure, "record %llu is not a netstring", number);
}

/* Returns the record at START, which has been scanned; SKIP bytes follow its content. */
static int return_record(struct record_reader *reader, size_t skip, const char **data, size_t *size)
{
    *size = (size_t)reader->scanner.size;
    *data = reader->buffer + reader->scanned - skip - *size;
    reader->taken += reader->scanned - reader->start;
    reader->start = reader->scanned;
    reader->number++;
    reader->scanner.is_inside = false;
    return 1;
}

/* At the end of the stream a line needs no newline, and a whole input may be empty. */
static int return_last(struct record_reader *reader, const char **data, size_t *size)
{
    if (reader->scanner.form == RECORD_WHOLE && reader->number == 0)
        return return_record(reader, 0, data, size);
    if (!reader->scanner.is_inside)
        return 0;
    if (reader->scanner.form == RECORD_NETSTRING)
        return errno = EBADMSG, refuse(reader);
    return return_record(reader, 0, data, size);
}

int record_next(struct record_reader *reader, const char **data, size_t *size)
{
    struct record_scanner *scanner = &reader->scanner;
    for (;;) {
        size_t unscanned = reader->end - reader->scanned;
        ssize_t step = 0;
        if (unscanned > 0) /* before the first bytes there is no buffer to point into */
            step = record_scan(scanner, reader->buffer + reader->scanned, unscanned);
        if (step < 0)
            return refuse(reader);
        reader->scanned += (size_t)step;
        if (step > 0 && !scanner->is_inside)
            return return_record(reader, 1, data, size);

        ssize_t got = read_more(reader);
        if (got < 0)
            return failure_set(&reader->failure, "read");
        if (got == 0)
            return return_last(reader, data, size);
    }
}

int record_take(struct record_reader *reader, bool may_read, const char **data, size_t *size)
{
    reader->reads = may_read;
    int result = record_next(reader, data, size);
    reader->reads = -1;
    return result;
}
