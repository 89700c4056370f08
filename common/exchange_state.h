/* exchange_state: what the parts of exchange share; private to them */
#ifndef EXCHANGE_STATE_H
#define EXCHANGE_STATE_H

#include "exchange.h"
#include "peer.h"

#include <poll.h>

enum { EXCHANGE_LISTENER, EXCHANGE_INPUT, EXCHANGE_OUTPUT, EXCHANGE_PEERS }; /* places in POLLS */

struct exchange_state {
    struct exchange *exchange;
    struct server *server;
    bool is_stream, is_dgram;
    bool is_for_many; /* peers come and go, and one that goes is no loss */
    struct feed feed;
    struct outlet outlet;
    struct peer *peers;
    struct pollfd *polls;
    size_t count, capacity; /* of peers */
    size_t next;            /* the peer whose turn comes first */
    int holder;             /* the descriptor of the peer that has stdout to itself, or -1 */
    int64_t accepted, received;
    struct deadline idle;
    struct datagram_name answer_to; /* dgram server: the last sender that has a name */
    bool is_crowded;                /* no descriptor is left for another client */
    bool is_retrying;
    bool has_told_crowd, has_told_descriptors;
    int lost; /* errno of the first thing that a peer did not get, or 0 */
};

/* exchange.c */

/* Notes what failed first. Return -1, with errno as it was. */
int exchange_fail(struct exchange_state *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int exchange_fail_at(struct exchange_state *s, const char *what);

/* PEER gets nothing more. */
void exchange_deafen(struct peer *peer);

/* The same, because it is gone (errno) and did not get all that was sent: unless it is one of many
 * the exchange has failed, and goes on only with what still comes. */
void exchange_lose(struct exchange_state *s, struct peer *peer);

/* Whether all the messages were received that are wanted. */
bool exchange_has_enough(const struct exchange_state *s);

/* exchange_send.c: stdin to the peers */

/* Whether stdin may be read: somebody hears, and everybody has the last piece. */
bool exchange_wants_input(const struct exchange_state *s);

/* Reads stdin, once and only where MAY_READ, and sends what it brings. Returns 0, or -1. */
int exchange_move_input(struct exchange_state *s, bool may_read);

/* Sends what PEER is owed of the piece in hand, as far as there is room. Returns 0, or -1. */
int exchange_send(struct exchange_state *s, struct peer *peer);

/* exchange_receive.c: the peers to stdout */

bool exchange_may_receive(const struct exchange_state *s, const struct peer *peer);

/* Takes in what PEER has sent, up to its turn's end. Returns 0, or -1. */
int exchange_receive(struct exchange_state *s, struct peer *peer);

#endif
