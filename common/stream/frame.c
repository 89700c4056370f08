#include "stream/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LENGTH_DIGITS = 18 }; /* that fit an int64_t, whatever they are */

static const char terminators[] = {
    [RECORD_LINE] = '\n', [RECORD_NUL] = '\0', [RECORD_NETSTRING] = ','};

void frame_start(struct frame *frame, enum record_form form)
{
    *frame = (struct frame){.form = form};
}

/* One byte of `5:`. Returns 0, or -1 where it does not belong there. */
static int walk_length(struct frame *frame, char c)
{
    frame->is_inside = true;
    if (c == ':' && frame->digits > 0) {
        frame->is_body = true;
        return 0;
    }
    bool has_leading_zero = frame->digits == 1 && frame->left == 0;
    if (c < '0' || c > '9' || has_leading_zero || frame->digits == LENGTH_DIGITS)
        return errno = EBADMSG, -1;
    frame->left = 10 * frame->left + (uint64_t)(c - '0');
    frame->digits++;
    return 0;
}

static ssize_t next_netstring(struct frame *frame, const char *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        if (frame->is_body && frame->left > 0) {
            size_t step = frame->left < size - at ? (size_t)frame->left : size - at;
            frame->left -= step;
            at += step;
        } else if (frame->is_body) {
            if (data[at++] != ',')
                return errno = EBADMSG, -1;
            frame_start(frame, RECORD_NETSTRING);
            break;
        } else if (walk_length(frame, data[at++]) < 0) {
            return -1;
        }
    }
    return (ssize_t)at;
}

ssize_t frame_next(struct frame *frame, const char *data, size_t size)
{
    if (frame->form == RECORD_NETSTRING)
        return next_netstring(frame, data, size);
    const char *end =
        frame->form == RECORD_WHOLE ? NULL : memchr(data, terminators[frame->form], size);
    frame->is_inside = size > 0 ? !end : frame->is_inside;
    return end ? end - data + 1 : (ssize_t)size;
}

size_t frame_head(enum record_form form, size_t size, char head[FRAME_HEAD_SIZE])
{
    return form == RECORD_NETSTRING ? (size_t)snprintf(head, FRAME_HEAD_SIZE, "%zu:", size) : 0;
}

size_t frame_tail(enum record_form form, char tail[FRAME_TAIL_SIZE])
{
    if (form == RECORD_WHOLE)
        return 0;
    tail[0] = terminators[form];
    return 1;
}
