/* message_format: what the record of a message looks like: its terminator, its tag in front, or
 * --format */
#ifndef MESSAGE_FORMAT_H
#define MESSAGE_FORMAT_H

#include "cli/template.h"
#include "stream/record.h"

#include <stdbool.h>
#include <stddef.h>

struct message_format {
    enum record_form form;
    bool is_tagged; /* the record begins with the tag and a tab */
    struct template format;
};

#define MESSAGE_FORMAT_DEFAULT                       \
    {                                                \
        .form = RECORD_LINE, .format.letters = "bsp" \
    } /* body, size, priority */

struct message_record {
    struct iovec pieces[TEMPLATE_PIECES];
    int count;
    char tag[24], size[24], head[RECORD_HEAD_SIZE]; /* private: what some of the pieces point to */
};

/* Makes RECORD the pieces for io_writev of a message with TAG. DATA is to be kept meanwhile. */
void message_format_fill(const struct message_format *layout, struct message_record *record,
                         long tag, const void *data, size_t size);

#endif
