/* message_format: how a message is written as a record: its terminator, its tag in front, or
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
    struct template template;
};

/* The letters of its template: body, size, priority or type. */
#define MESSAGE_FORMAT_LETTERS "bsp"

struct message_record {
    struct iovec pieces[TEMPLATE_PIECES];
    int count;
    char tag[24], size[24], head[RECORD_HEAD_SIZE]; /* private: some of the pieces point here */
};

/* Makes RECORD the pieces for io_writev of a message with TAG. They point into DATA. */
void message_format_fill(const struct message_format *format, struct message_record *record,
                         long tag, const void *data, size_t size);

#endif
