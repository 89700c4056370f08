/* record: messages, datagrams and lines as records of a byte stream
 *
 * A scanner finds where records end in a stream that comes in pieces. A reader collects whole
 * records with it. record_head and record_tail are what stands around a record in the output. */
#ifndef RECORD_H
#define RECORD_H

#include "cli/failure.h"
#include "cli/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum record_form {
    RECORD_LINE,      /* ends in newline; the last one need not */
    RECORD_NUL,       /* ends in NUL; the last one need not */
    RECORD_WHOLE,     /* everything up to the end */
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

struct record_scanner {
    enum record_form form;
    bool is_inside; /* a record has begun and not ended */
    uint64_t size;  /* bytes of its content so far; of a netstring, as announced */
    uint64_t limit; /* bytes of the largest record */
    /* private: of a netstring */
    unsigned digits;
    bool is_body;
    uint64_t left; /* bytes of the body that have not come yet */
};

/* LIMIT: bytes of the largest record, UINT64_MAX for no limit. */
void record_scan_start(struct record_scanner *scanner, enum record_form form, uint64_t limit);

/* Scans DATA, SIZE bytes, up to the end of the record. Returns the bytes scanned, SIZE if the
 * record goes on (is_inside); -1 with errno EBADMSG if this is not a netstring, EMSGSIZE if the
 * record is over the limit, a netstring as soon as its length is known. */
ssize_t record_scan(struct record_scanner *scanner, const char *data, size_t size);

enum { RECORD_HEAD_SIZE = 24, RECORD_TAIL_SIZE = 1 };

/* What stands before and after a record of SIZE bytes. Return the number of bytes. */
size_t record_head(enum record_form form, size_t size, char head[RECORD_HEAD_SIZE]);
size_t record_tail(enum record_form form, char tail[RECORD_TAIL_SIZE]);

enum { RECORD_PIECES = 4 };

/* The pieces of one record for io_writev: LEAD and DATA, which make the record, and what FORM puts
 * around them. HEAD is room for that, and must live until they are written. Returns how many. */
int record_pieces(struct iovec pieces[RECORD_PIECES], char head[RECORD_HEAD_SIZE],
                  enum record_form form, const char *lead, const void *data, size_t size);

struct record_reader {
    int fd;
    uint64_t number; /* of the record last returned or refused, from 1 */
    uint64_t taken;  /* bytes of the stream that the records returned took, terminators too */
    struct failure failure; /* out; its object is the caller's to name */
    /* private: buffer[start..end) is read and not yet returned, up to scanned it is scanned */
    struct record_scanner scanner;
    char *buffer;
    size_t capacity, start, scanned, end;
    bool is_ended;
    int reads; /* that record_take has left, -1 for no limit */
};

/* Reads records of at most LIMIT bytes from FD. Memory stays below 64 KiB or four times the longest
 * record. */
void record_start(struct record_reader *reader, int fd, enum record_form form, size_t limit);

/* The next record, without its terminator; *DATA is valid until the next call. Returns 1, or 0 at
 * the end; -1 with errno and FAILURE: EMSGSIZE over the limit, EBADMSG not a netstring, or that of
 * the read. */
int record_next(struct record_reader *reader, const char **data, size_t *size);

/* The same without waiting: reads at most once, and only if MAY_READ: poll(2) has found something
 * to read. -1 with errno EAGAIN if the record is not whole yet. */
int record_take(struct record_reader *reader, bool may_read, const char **data, size_t *size);

#endif
