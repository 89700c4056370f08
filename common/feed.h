/* feed: standard input as pieces that every peer of a socket gets: messages, or bytes of a stream
 *
 * Nothing is read that is not there: a piece is what has come, and a peer that joins in the middle
 * of a record begins with the next. */
#ifndef FEED_H
#define FEED_H

#include "frame.h"

struct feed {
    const char *data; /* the piece in hand */
    size_t size;
    size_t joint;    /* of a stream: where in it a peer that joined late begins; SIZE: not here */
    uint64_t number; /* of the message in hand, from 1 */
    bool is_ended;
    /* private */
    bool is_stream;
    struct record_reader reader;
    struct frame frame;
    char *bytes;
    char why[160];
};

void feed_start(struct feed *feed, bool is_stream, enum record_form form);

/* Whether who joins now would get the rest of a record. */
bool feed_is_inside(const struct feed *feed);

/* Takes the next piece; reads, once, only where MAY_READ says that there is something. Returns 1, 0
 * at the end; -1 with errno, EAGAIN where there is none yet. */
int feed_take(struct feed *feed, bool may_read);

/* What feed_take failed with: `record 3 is longer than 4194304 bytes (...)`. */
const char *feed_error(struct feed *feed);

#endif
