/* record: messages, datagrams and lines as records of a byte stream */
#ifndef RECORD_H
#define RECORD_H

#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum record_form {
    RECORD_LINE,      /* ends in newline; the last one need not */
    RECORD_NUL,       /* ends in NUL; the last one need not */
    RECORD_WHOLE,     /* all there is */
    RECORD_NETSTRING, /* `5:hello,` */
};

/* The options -0, -W and -N; TO is an enum record_form, RECORD_LINE to begin with. */
parse_function record_parse_form;
#define RECORD_OPTION_NULL(to)  '0', "null", NULL, record_parse_form, to, "records end in NUL"
#define RECORD_OPTION_WHOLE(to) 'W', "whole", NULL, record_parse_form, to, "stdin is one record"
#define RECORD_OPTION_NETSTRING(to) \
    'N', "netstring", NULL, record_parse_form, to, "records are netstrings (5:hello,)"
#define RECORD_OPTION_TAGGED(to) \
    0, "tagged", NULL, NULL, to, "a record begins with the priority or type and a tab"

struct record_reader {
    int fd;
    enum record_form form;
    size_t limit;    /* bytes of the largest record */
    uint64_t number; /* of the record last returned or refused, from 1 */
    uint64_t taken;  /* bytes of the stream that the records returned took, terminators too */
    /* private: buffer[start..end) is read and not yet returned */
    char *buffer;
    size_t capacity, start, end;
    int is_ended;
    int reads; /* that record_take has left, -1 for no limit */
    char why[96];
};

/* Reads records of at most LIMIT bytes from FD. Memory stays below 64 KiB or four times the longest
 * record. */
void record_start(struct record_reader *reader, int fd, enum record_form form, size_t limit);

/* The next record, without its terminator; *DATA is good until the next call. Returns 1, or 0 at
 * the end; -1 with errno: EMSGSIZE over the limit, EBADMSG not a netstring, or the read's. */
int record_next(struct record_reader *reader, const char **data, size_t *size);

/* The same without waiting: reads once at most, and only where poll(2) has found something to read
 * (MAY_READ). -1 with errno EAGAIN where the record is not whole yet. */
int record_take(struct record_reader *reader, bool may_read, const char **data, size_t *size);

/* What record_next failed with, naming the record: `record 3 is longer than 8192 bytes`. */
const char *record_error(struct record_reader *reader);

enum { RECORD_PIECES = 4, RECORD_HEAD = 24 };

/* The pieces of one record for io_writev: LEAD and DATA, which make the record, and what FORM puts
 * around them. HEAD is room for that, to be kept until they are written. Returns how many. */
int record_pieces(struct iovec pieces[RECORD_PIECES], char head[RECORD_HEAD], enum record_form form,
                  const char *lead, const void *data, size_t size);

#endif
