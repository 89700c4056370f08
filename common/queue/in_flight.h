/* in_flight: messages that were taken from their queue and lie nowhere else
 *
 * They are written, or go back behind the others of their priority or type. INT, TERM, HUP and
 * QUIT, which stop_catch has to note, wait for that. Where the queue is full a process of its own
 * keeps them until there is room. */
#ifndef IN_FLIGHT_H
#define IN_FLIGHT_H

#include "queue/message_format.h"
#include "queue/queue.h"

#include <stddef.h>
#include <stdint.h>

enum { CUSTODY_MOST = 16 }; /* messages at a time */

struct custody_message {
    size_t begin, size; /* in the bytes of custody */
    long tag;
};

struct custody {
    struct queue *queue;
    struct custody_message messages[CUSTODY_MOST];
    int count;
    char fate[256]; /* `the message went back to the end of its priority in /jobs`, or "" */
    /* private: all the messages, and all their records */
    struct custody_bytes {
        char *data;
        size_t size, capacity;
    } bodies, records;
};

/* The patience, in nanoseconds, with a reader that has to read before this process ends; and with
 * one that may wait for that end. */
static const int64_t custody_grace = 100000000, custody_doubt = 5000000000;

/* Takes one message more, of which there is room for one at least. Returns as queue_receive does.
 */
ssize_t custody_receive(struct custody *custody, const struct queue_choice *choice,
                        const struct deadline *deadline);

/* Whether another message should wait until those in hand are written. */
bool custody_is_full(const struct custody *custody);

/* Where the message NUMBER, from 0, lies. */
const char *custody_body(const struct custody *custody, int number);

/* Sends the message NUMBER to QUEUE, waiting at most TIMEOUT. Returns as queue_send does. */
int custody_send(const struct custody *custody, int number, struct queue *queue, int64_t timeout);

/* Puts the messages from FIRST on back, or leaves them to a process that will when there is room,
 * and which ends where the queue is removed. Says which are lost, and writes the fate of the
 * others: of the message, with DETAIL behind. Returns 0; 1 where a process waits; -1 where one is
 * lost. */
int custody_return(struct custody *custody, int first, const char *detail);

/* Writes the records of the messages to stdout. Where that is a pipe, its reader has PATIENCE to
 * read them (0: what is written counts as read), after a signal custody_grace; what a reader that
 * is gone has not read goes back too. A record that is half written when a signal comes gets its
 * end, unless a second signal comes. Returns 1, or 0 where the reader is there and has not read it
 * yet; -1 where messages were put back or lost, which has been said unless a signal is the cause:
 * then stop_obey ends the process. */
int custody_write(struct custody *custody, const struct layout *layout, int64_t patience);

#endif
