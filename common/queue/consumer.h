/* consumer: takes messages from a queue and delivers each: to a file, to the reader of a pipe, or
 * to a COMMAND
 *
 * A message that is not delivered goes back behind the others of its priority or type, or to the
 * dead-letter queue; otherwise it is lost, and that is reported (in_flight.h).
 *
 * File: those that are there at once are written at once.
 * Pipe, socket, terminal: one message at a time. With -a and -f the next is taken when the reader
 * has read the last; after -n only the last is waited for. A message that is unread when the reader
 * exits goes back.
 * COMMAND: run once for each message, which is its stdin; MQ_NAME and MQ_PRIORITY or MQ_TYPE are in
 * its environment. */
#ifndef CONSUMER_H
#define CONSUMER_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "queue/message_format.h"
#include "queue/queue.h"

#include <stdbool.h>
#include <stdint.h>

struct consumer {
    struct queue *queue;
    struct queue_selector selector;
    int64_t timeout; /* nanoseconds to wait for each message, and for room in DEAD */
    int64_t count;   /* messages to take; 0: one, or what the next two say */
    bool takes_all;  /* those that are there now, at least one */
    bool follows;    /* without end */
    struct message_format format;
    char **command;     /* NULL: messages are written to stdout */
    int64_t retries;    /* how often a COMMAND that fails is run again */
    struct queue *dead; /* takes a message whose COMMAND failed each time; NULL: it goes back */

    struct failure failure; /* of a function that returned -1 */
    bool has_lost;          /* a message was lost */
    /* private */
    int64_t taken;
    int64_t patience; /* nanoseconds that the reader of a pipe has to read a message */
};

/* --retries N: 0 or more. VALUE is an int64_t. */
parse_function consumer_parse_retries;

/* Plans how many messages to take. *BYTES becomes what they hold, -1 if that is not known. Returns
 * 0, or -1 with the failure. */
int consumer_plan(struct consumer *consumer, int64_t *bytes);

/* Takes and delivers the messages. The caller has called interrupt_catch, and dies of a signal that
 * was noted afterwards. Returns 0; the status of a COMMAND that failed, after reporting it; -1 with
 * the failure, errno EINTR after a signal. */
int consumer_run(struct consumer *consumer);

/* System V: writes the messages to stdout and leaves them in the queue. Returns 0, or -1 with the
 * failure. */
int consumer_peek(struct consumer *consumer);

#endif
