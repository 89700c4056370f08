/* template: --format, a text with fields in it that are filled in record by record
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
    const char *letters; /* of the fields there are, the caller's; at most 8 */
    bool is_given;       /* whether template_parse was called */
    /* private: a piece with data is a text as it stands, one without the field of its size */
    struct iovec pieces[TEMPLATE_PIECES];
    int count;
    char *end; /* of the texts */
    char why[64];
};

/* FMT. VALUE is a struct template, of which the letters are set. */
parse_function template_parse;

/* The pieces of one record for io_writev: FIELDS are the values, in the order of the letters. They
 * and FORMAT have to be kept until the pieces are written. Returns how many there are. */
int template_fill(const struct template *format, const struct iovec *fields,
                  struct iovec pieces[TEMPLATE_PIECES]);

#endif
