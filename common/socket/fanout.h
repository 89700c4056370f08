/* fanout: standard input to any number of receivers, each record whole or not at all
 *
 * All receivers share one queue, and each has its own place in it: so a thousand receivers need no
 * more memory than one. (The buffers of the sockets, which the kernel keeps, come before it: a
 * receiver is behind only after its own is full.)
 *
 *         start     place     place          end
 *           v         v         v             v
 *      got  |  queued, at most 128 KiB        |  not yet read from stdin
 *      by all
 *
 *   - A receiver that joins begins with the next record.
 *   - What every receiver has got leaves the queue. When the queue is full, a receiver is more than
 *     half of it behind, and the policy decides: stdin waits (block), or the receiver is overtaken.
 *   - An overtaken receiver is turned away (close), or it misses all whole records up to the end of
 *     the queue (drop). A record that it has got in part is finished: a copy of the rest waits with
 *     the receiver, up to 6 KiB. A receiver that stopped within a longer record is turned away.
 *   - No record has to fit into the queue. A longer one streams to all receivers that keep up.
 *
 * Messages (dgram, seqpacket) have a queue of one message; places are counted in messages. */
#ifndef FANOUT_H
#define FANOUT_H

#include "cli/failure.h"
#include "socket/datagram.h"
#include "stream/record.h"
#include "sys/fdpass.h"

enum fanout_slow {
    FANOUT_BLOCK, /* a receiver that does not read holds up stdin */
    FANOUT_DROP,  /* it misses records */
    FANOUT_CLOSE, /* it is turned away */
};

/* POLICY: block, drop or close. VALUE is an enum fanout_slow. */
parse_function fanout_parse_slow;

struct fanout {
    bool is_stream;
    enum fanout_slow slow;
    const struct fdpass *rights; /* go with the first that each receiver gets; NULL: none */
    bool is_ended;               /* stdin */
    uint64_t end;                /* bytes, or messages, taken from stdin so far */
    /* private */
    uint64_t start, fresh; /* places: where the queue begins, and what was taken last */
    char *queue;           /* of a stream: the bytes from start to end */
    uint64_t boundary;     /* of a stream: the first place in the queue where a record begins */
    struct record_scanner scanner; /* of a stream: stands at end */
    struct record_reader reader;   /* of messages */
    const char *message;
    size_t message_size;
};

struct receiver {
    int fd;
    bool send_closed; /* it gets nothing more */
    uint64_t missed;  /* records */
    /* private */
    uint64_t place; /* what it gets next, after the partial record */
    bool has_rights;
    char *partial_record; /* the rest of a record that it has got in part, or NULL */
    size_t partial_size;
};

/* Sets FANOUT up for standard input in FORM, of which IS_STREAM, SLOW and RIGHTS are set. */
void fanout_start(struct fanout *fanout, enum record_form form);

/* Begins to send to FD, with the next record. */
void fanout_join(const struct fanout *fanout, struct receiver *receiver, int fd);

/* Sends nothing more to RECEIVER. */
void fanout_close(struct receiver *receiver);

/* Takes what every receiver has got, all before PLACE, out of the queue. */
void fanout_release(struct fanout *fanout, uint64_t place);

/* Whether nothing can be taken in before a receiver that is too far behind has been served or
 * overtaken. */
bool fanout_is_full(const struct fanout *fanout);
bool fanout_is_behind(const struct fanout *fanout, const struct receiver *receiver);

/* Lets RECEIVER, which is too far behind, miss what the queue holds. Returns 0; -1 with errno if it
 * has to be turned away: EAGAIN by policy, EMSGSIZE it stopped within a record that is too long to
 * keep. */
int fanout_overtake(const struct fanout *fanout, struct receiver *receiver);

/* Takes the next bytes or the next message of stdin into the queue, which is not full. Reads at
 * most once, and only if MAY_READ says that poll(2) has found something to read. Returns 1, or 0 at
 * the end; -1 with errno, EAGAIN if there is nothing yet, and FAILURE. */
int fanout_take(struct fanout *fanout, bool may_read, struct failure *failure);

/* Gives RECEIVER its place after fanout_take. Returns whether there is something to send that
 * nothing older holds up. */
bool fanout_offer(const struct fanout *fanout, struct receiver *receiver);

/* Whether RECEIVER has not got all that is there for it. */
bool fanout_has_pending(const struct fanout *fanout, const struct receiver *receiver);

/* Sends what is pending and finds room; a message to TO unless that is NULL. Returns 0; -1 with
 * errno: EMSGSIZE the socket takes no message that long, else the receiver is gone. */
int fanout_send(const struct fanout *fanout, struct receiver *receiver,
                const struct datagram_name *to);

/* Lets RECEIVER miss the message that is pending. */
void fanout_skip(const struct fanout *fanout, struct receiver *receiver);

/* After the end of stdin: sends descriptors that found nothing to go along with. Returns 0, or -1
 * with errno. */
int fanout_end(const struct fanout *fanout, struct receiver *receiver);

#endif
