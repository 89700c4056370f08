/* in_flight: messages that were taken from their queue and lie nowhere else
 *
 * They are written, or go back behind the others of their priority or type. INT, TERM, HUP and
 * QUIT, which interrupt_catch has to note, wait for that. Where the queue is full a process of its
 * own keeps them until there is room. */
#ifndef IN_FLIGHT_H
#define IN_FLIGHT_H

#include "queue/message_format.h"
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
    char fate[256]; /* `the message went back to the end of its priority in /jobs`, or "" */
    /* private: all the messages, and all their records */
    struct in_flight_bytes {
        char *data;
        size_t size, capacity;
    } bodies, records;
};

/* The patience, in nanoseconds, with a reader that has to read before this process ends; and with
 * one that may wait for that end. */
static const int64_t ack_grace = 100000000, ack_limit = 5000000000;

/* Takes one message more, of which there is room for one at least. Returns as queue_receive does.
 */
ssize_t in_flight_take(struct in_flight *in_flight, const struct queue_selector *choice,
                       const struct deadline *deadline);

/* Whether another message should wait until those in hand are written. */
bool in_flight_is_full(const struct in_flight *in_flight);

/* Where the message NUMBER, from 0, lies. */
const char *in_flight_body(const struct in_flight *in_flight, int number);

/* Sends the message NUMBER to QUEUE, waiting at most TIMEOUT. Returns as queue_send does. */
int in_flight_forward(const struct in_flight *in_flight, int number, struct queue *queue,
                      int64_t timeout);

/* Puts the messages from FIRST on back, or leaves them to a process that will when there is room,
 * and which ends where the queue is removed. Says which are lost, and writes the fate of the
 * others: of the message, with DETAIL behind. Returns 0; 1 where a process waits; -1 where one is
 * lost. */
int in_flight_requeue(struct in_flight *in_flight, int first, const char *detail);

/* Writes the records of the messages to stdout. Where that is a pipe, its reader has PATIENCE to
 * read them (0: what is written counts as read), after a signal ack_grace; what a reader that
 * is gone has not read goes back too. A record that is half written when a signal comes gets its
 * end, unless a second signal comes. Returns 1, or 0 where the reader is there and has not read it
 * yet; -1 where messages were put back or lost, which has been said unless a signal is the cause:
 * then interrupt_reraise_pending ends the process. */
int in_flight_deliver(struct in_flight *in_flight, const struct message_format *layout,
                      int64_t patience);

#endif
