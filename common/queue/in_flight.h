/* in_flight: messages that were taken from their queue and are not delivered yet
 *
 * They exist only here. Each is delivered in the end (in_flight_done), moved to another queue
 * (in_flight_forward), or put back behind the others of its priority or type (in_flight_requeue).
 * The caller has called interrupt_catch, so that INT, TERM, HUP, QUIT and ALRM do not end the
 * process before that. */
#ifndef IN_FLIGHT_H
#define IN_FLIGHT_H

#include "queue/byte_buffer.h"
#include "queue/queue.h"

#include <stddef.h>
#include <stdint.h>

enum { IN_FLIGHT_MAX = 16 }; /* messages at a time */

struct in_flight_message {
    size_t begin, size; /* in the bytes of in_flight */
    long tag;
};

struct in_flight {
    struct queue *queue;
    struct in_flight_message messages[IN_FLIGHT_MAX];
    int count;
    /* private */
    struct byte_buffer bodies;
    bool has_reported_wait; /* for room */
    bool has_given_up;      /* a second signal ended that wait */
};

/* Takes one more message; there must be room for one. Returns and fails as queue_receive does, also
 * with ENOMEM, after it has put the message back. */
ssize_t in_flight_take(struct in_flight *in_flight, const struct queue_selector *selector,
                       const struct deadline *deadline);

/* Whether the present messages should be delivered before another is taken. */
bool in_flight_is_full(const struct in_flight *in_flight);

/* The bytes of the message NUMBER, from 0. */
const char *in_flight_body(const struct in_flight *in_flight, int number);

/* Forgets the first COUNT messages: they were delivered. */
void in_flight_done(struct in_flight *in_flight, int count);

/* Moves the first message to QUEUE. If that is full it waits for room, at most TIMEOUT, and reports
 * this once. Returns 0; -1 with the failure of QUEUE, and the message is still here. */
int in_flight_forward(struct in_flight *in_flight, struct queue *queue, int64_t timeout);

/* Puts all messages back. While the queue is full it waits for room, and reports this once. The
 * first signal, which may be the reason for putting back, does not end this wait; the second does,
 * and what finds no room then is lost. Reports each message that is lost with its size and tag.
 * Returns how many are lost. */
int in_flight_requeue(struct in_flight *in_flight);

#endif
