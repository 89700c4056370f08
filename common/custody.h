/* custody: a message that was taken from its queue and lies nowhere else
 *
 * It is written, or goes back behind the others of its priority or type. To that end INT, TERM, HUP
 * and QUIT, which stop_catch has to note, wait: for room in a full queue, and for the rest of a
 * record that is half written. A second signal ends that wait. What becomes of the message is said
 * on stderr. */
#ifndef CUSTODY_H
#define CUSTODY_H

#include "queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct custody {
    struct queue *queue;
    const char *data;
    size_t size;
    long tag;
};

/* A tenth of a second in nanoseconds: the patience with a reader that may not be reading yet. */
static const int64_t custody_grace = 100000000;

/* Sends the message to QUEUE, which may be another than its own, waiting at most TIMEOUT. Returns
 * as queue_send does. */
int custody_send(const struct custody *message, struct queue *queue, int64_t timeout);

/* Puts the message back, however long that takes. Returns whether it is back; if not, it is lost.
 */
bool custody_return(const struct custody *message);

/* Writes PIECES, the record of the message, to stdout. Where that is a pipe, its reader has
 * PATIENCE to read it (0: what is written counts as read), after a signal custody_grace; what a
 * reader that is gone has not read goes back too. Returns 1, or 0 where the reader is there and has
 * not read it yet; -1 where the message was put back or lost. A signal may have been noted in any
 * case: stop_obey. */
int custody_write(const struct custody *message, struct iovec *pieces, int count, int64_t patience);

#endif
