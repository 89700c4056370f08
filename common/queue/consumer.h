/* consumer: a message that a COMMAND works off: tried again, moved to another queue, or put back
 *
 * The message is COMMAND's stdin; MQ_NAME and MQ_PRIORITY or MQ_TYPE are in its environment. */
#ifndef CONSUMER_H
#define CONSUMER_H

#include "cli/parse.h"
#include "queue/in_flight.h"

#include <stdint.h>

struct consumer {
    char **command;
    int64_t retries;    /* how often a COMMAND that fails is run again */
    struct queue *dead; /* where a message goes that failed to the end; NULL: it goes back */
    int64_t timeout;    /* nanoseconds that its room is waited for */
};

/* N: 0 or more. VALUE is an int64_t. */
parse_function consumer_parse_retries;

/* Runs COMMAND for the one message in CUSTODY. After a signal, and where COMMAND cannot be run or
 * was not found, the message always goes back. Returns 0 where COMMAND succeeded or the message is
 * in the dead queue; else the status to end with, the message being back or lost. What became of it
 * is said. */
int consumer_run(const struct consumer *job, struct in_flight *in_flight);

#endif
