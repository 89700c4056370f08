/* custody: a message that was taken from its queue and lies nowhere else
 *
 * It is written, or goes back behind the others of its priority or type. INT, TERM, HUP and QUIT,
 * which stop_catch has to note, wait for that. Where the queue is full a process of its own keeps
 * the message until there is room. */
#ifndef CUSTODY_H
#define CUSTODY_H

#include "queue.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct custody {
    struct queue *queue;
    const char *data;
    size_t size;
    long tag;
    char fate[512]; /* what custody_return says of the message: `went back to the end of ...` */
};

enum custody_end {
    CUSTODY_BACK,
    CUSTODY_WAITS, /* a process waits for room to put it back */
    CUSTODY_LOST,
};

/* A tenth of a second in nanoseconds: the patience with a reader that may not be reading yet. */
static const int64_t custody_grace = 100000000;

/* Sends the message to QUEUE, which may be another than its own, waiting at most TIMEOUT. Returns
 * as queue_send does. */
int custody_send(const struct custody *message, struct queue *queue, int64_t timeout);

/* Puts the message back, or leaves it to a process that will when there is room, and which ends
 * where the queue is removed. */
enum custody_end custody_return(struct custody *message);

/* Writes PIECES, the record of the message, to stdout. Where that is a pipe, its reader has
 * PATIENCE to read it (0: what is written counts as read), after a signal custody_grace; what a
 * reader that is gone has not read goes back too. A record that is half written when a signal comes
 * gets its end, unless a second signal comes. Returns 1, or 0 where the reader is there and has not
 * read it yet; -1 where the message was put back or lost, which has been said unless a signal is
 * the cause: then stop_obey ends the process. */
int custody_write(struct custody *message, struct iovec *pieces, int count, int64_t patience);

#endif
