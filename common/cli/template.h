/* template: --format, a text with fields that are filled in for each record
 *
 * `%` and a letter is a field, `%%` a percent sign; `\n`, `\t`, `\0` and `\\` are a newline, a tab,
 * a NUL and a backslash. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "cli/parse.h"

#include <stdbool.h>
#include <sys/uio.h>

enum { TEMPLATE_PIECES = 64 };

struct template
{
    const char *letters; /* of the fields, at most 8; the caller's */
    bool is_given;       /* template_parse was called */
    /* private: a piece with a base is a literal text; one without is the field number iov_len */
    struct iovec pieces[TEMPLATE_PIECES];
    int count;
    char *end; /* of the literal texts */
    char why[64];
};

/* FMT. VALUE is a struct template whose letters are set. */
parse_function template_parse;

/* The pieces of one record for io_writev: FIELDS are the values, in the order of the letters. They
 * and FORMAT must live until the pieces are written. Returns the number of pieces. */
int template_fill(const struct template *format, const struct iovec *fields,
                  struct iovec pieces[TEMPLATE_PIECES]);

#endif
