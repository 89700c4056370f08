/* fanout: standard input to all the peers of a socket: messages, or bytes of a stream
 *
 * There is one piece in hand, which every receiver is offered before the next is read. Nothing is
 * read that is not there: a piece is what has come. A receiver that joins in the middle of a record
 * begins with the next, and one that is too slow loses whole records, where that is the policy. */
#ifndef FANOUT_H
#define FANOUT_H

#include "socket/datagram.h"
#include "stream/record.h"
#include "sys/fdpass.h"

enum fanout_slow {
    FANOUT_UNSAID, /* as FANOUT_BLOCK */
    FANOUT_BLOCK,  /* a receiver without room holds up stdin */
    FANOUT_DROP,   /* it misses the records that it has no room for */
    FANOUT_CLOSE,  /* it is given up */
};

/* POLICY: block, drop or close. VALUE is an enum fanout_slow. */
parse_function fanout_parse_slow;

struct fanout {
    enum fanout_slow slow;
    const struct fdpass *rights; /* go with the first that each receiver gets; NULL: none */
    uint64_t number;             /* of the piece in hand, from 1: of messages the message's */
    bool is_ended;
    /* private: the piece in hand */
    const char *data;
    size_t size;
    size_t joint; /* of a stream: where in it a receiver that joined late begins; SIZE: not here */
    bool is_stream;
    struct record_reader reader;
    struct record_scanner scanner;
    char *bytes;
    char why[160];
};

struct receiver {
    int fd;
    bool is_deaf;    /* gets nothing more */
    bool is_owed;    /* some of the piece in hand */
    uint64_t missed; /* records, by FANOUT_DROP */
    /* private */
    bool is_late; /* gets nothing of the record that is under way */
    bool has_rights;
    bool is_rest_open; /* the record of REST goes on */
    size_t sent;       /* bytes of the piece in hand */
    char *rest;        /* of a record that began to go and found no room */
    size_t rest_size;
};

void fanout_start(struct fanout *fanout, bool is_stream, enum record_form form);

/* Takes the next piece; reads, once, only where MAY_READ says that there is something. Returns 1, 0
 * at the end; -1 with errno, EAGAIN where there is none yet. */
int fanout_take(struct fanout *fanout, bool may_read);

/* What fanout_take failed with: `record 3 is longer than 4194304 bytes (...)`. */
const char *fanout_error(struct fanout *fanout);

void fanout_join(const struct fanout *fanout, struct receiver *receiver, int fd);

/* The piece in hand is for RECEIVER too. Returns 0; -1 with errno EMSGSIZE, where it stands within
 * a record that is too long to be kept for it. */
int fanout_offer(const struct fanout *fanout, struct receiver *receiver);

/* Sends what RECEIVER is owed and finds room for; a message to TO where that is not NULL. Returns
 * 0; -1 with errno: EAGAIN the policy gives it up, EMSGSIZE a message too long for the socket, or a
 * record too long to be kept; else it is gone. */
int fanout_send(const struct fanout *fanout, struct receiver *receiver,
                const struct datagram_name *to);

/* Whether RECEIVER is waited for: to make room. */
bool fanout_waits_for(const struct receiver *receiver);

/* After the end of stdin: sends the rights that found nothing to go along with. Returns 0 or -1. */
int fanout_end(const struct fanout *fanout, struct receiver *receiver);

void fanout_leave(struct receiver *receiver);

#endif
