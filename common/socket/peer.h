/* peer: one process at the other side of the socket, and what all peers share
 *
 * A peer that fails ends the tool, unless it is one of many: then it is turned away with a warning,
 * and the others go on. */
#ifndef PEER_H
#define PEER_H

#include "cli/failure.h"
#include "socket/fanin.h"
#include "socket/fanout.h"
#include "socket/server.h"

#include <stdint.h>

struct peer_shared {
    const char *name;      /* of the socket, for messages */
    int type;              /* SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM */
    struct server *server; /* whose clients the peers are; NULL: none */
    struct fanout fanout;  /* its policy and its descriptors are the caller's */
    int64_t wanted;        /* messages to receive; 0: no end */

    /* private */
    bool is_for_many; /* peers come and go, and one that leaves is no failure */
    struct fanin fanin;
    int64_t received;               /* messages */
    struct datagram_name answer_to; /* of a dgram server: the last sender that has a name */
    bool is_retrying;               /* poll(2) does not report when there is room */
    bool has_warned_of_descriptors;
    struct failure failure; /* the first thing that failed, also if the others go on */
};

struct peer {
    int fd;
    pid_t pid;
    struct receiver receiver;
    struct sender sender;
};

/* All functions that return an int return 0, or -1 with errno and the failure. */

/* Notes that WHAT failed at the socket, with errno, unless something failed before. Returns -1. */
int peer_fail(struct peer_shared *shared, const char *what);

/* Whether all the messages that are wanted were received. */
bool peer_has_enough(const struct peer_shared *shared);

int peer_join(struct peer_shared *shared, struct peer *peer, int fd, pid_t pid);

/* Releases PEER, and reports what it missed. */
void peer_leave(struct peer_shared *shared, struct peer *peer);

/* Whether PEER neither gets nor sends anything more. */
bool peer_is_done(const struct peer *peer);

/* Whether PEER has not got all that is there for it. */
bool peer_has_pending(const struct peer_shared *shared, const struct peer *peer);

/* The next part of stdin, or its end, is there for PEER too. */
int peer_offer(struct peer_shared *shared, struct peer *peer);

/* Sends what is pending for PEER, as far as there is room. */
int peer_send(struct peer_shared *shared, struct peer *peer);

/* Does to PEER, if it is too far behind, what the policy says. */
void peer_overtake(struct peer_shared *shared, struct peer *peer);

/* Receives what PEER has sent, up to the end of its turn. */
int peer_receive(struct peer_shared *shared, struct peer *peer);

/* PEER, which sends nothing more, has hung up too. */
void peer_hang_up(struct peer_shared *shared, struct peer *peer);

#endif
