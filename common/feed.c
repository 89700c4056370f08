#include "feed.h"

#include "io.h"
#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PIECE_SIZE = 65536,
    MESSAGE_MAX =
        4 << 20, /* the kernel needs a message in one piece of memory, and has no larger */
};

void feed_start(struct feed *feed, bool is_stream, enum record_form form)
{
    *feed = (struct feed){.is_stream = is_stream};
    record_start(&feed->reader, STDIN_FILENO, form, MESSAGE_MAX);
    frame_start(&feed->frame, form);
}

bool feed_is_inside(const struct feed *feed)
{
    return feed->frame.is_inside;
}

/* Walks over the piece in hand, so that FRAME stands at its end. */
static int find_joint(struct feed *feed)
{
    size_t at = 0;
    bool is_found = !feed->frame.is_inside;
    feed->joint = 0;
    while (at < feed->size) {
        ssize_t step = frame_next(&feed->frame, feed->data + at, feed->size - at);
        if (step < 0)
            return -1;
        at += (size_t)step;
        if (!is_found)
            feed->joint = at;
        is_found = true;
    }
    return 0;
}

static int take_bytes(struct feed *feed, bool may_read)
{
    if (!may_read)
        return errno = EAGAIN, -1;
    if (!feed->bytes && !(feed->bytes = malloc(PIECE_SIZE)))
        return -1;
    ssize_t got = io_read(STDIN_FILENO, feed->bytes, PIECE_SIZE);
    if (got <= 0)
        return (int)got;
    feed->data = feed->bytes;
    feed->size = (size_t)got;
    return find_joint(feed) < 0 ? -1 : 1;
}

int feed_take(struct feed *feed, bool may_read)
{
    int got = feed->is_stream ? take_bytes(feed, may_read)
                              : record_take(&feed->reader, may_read, &feed->data, &feed->size);
    feed->is_ended = got == 0;
    feed->number += got > 0;
    return got;
}

const char *feed_error(struct feed *feed)
{
    if (!feed->is_stream && errno == EMSGSIZE)
        snprintf(feed->why, sizeof feed->why, "%s (net.core.wmem_max is %lld)",
                 record_error(&feed->reader), (long long)kernel_limit("net.core.wmem_max", -1));
    else if (!feed->is_stream)
        snprintf(feed->why, sizeof feed->why, "%s", record_error(&feed->reader));
    else if (errno == EBADMSG)
        snprintf(feed->why, sizeof feed->why, "not netstrings");
    else
        snprintf(feed->why, sizeof feed->why, "read: %m");
    return feed->why;
}
