/* peer: one of those a socket exchanges records with, and what all of them share: the group */
#ifndef PEER_H
#define PEER_H

#include "socket/fanin.h"
#include "socket/fanout.h"
#include "socket/server.h"

#include <stdint.h>

struct peer_group {
    const char *name;      /* of the socket, for messages */
    struct server *server; /* whose clients the peers are; NULL: none */
    bool is_stream, is_dgram;
    bool is_for_many; /* peers come and go, and one that goes is no loss */
    struct fanout fanout;
    struct fanin fanin;
    int64_t wanted, received;       /* messages; wanted 0: no end */
    struct datagram_name answer_to; /* dgram server: the last sender that has a name */
    bool is_retrying;               /* poll(2) cannot tell when there is room */
    bool has_told_descriptors;
    int lost;      /* errno of the first thing that a peer did not get, or 0 */
    char why[256]; /* what failed first, or "" */
};

struct peer {
    int fd;
    pid_t pid;
    struct receiver receiver;
    struct sender sender;
};

/* Note what failed: with its own words; at the socket; at stdout, whose bytes are lost by it.
 * Return -1, with errno as it was. */
int peer_group_fail(struct peer_group *group, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int peer_group_fail_at(struct peer_group *group, const char *what);
int peer_group_fail_output(struct peer_group *group);

/* Whether all the messages were received that are wanted. */
bool peer_group_has_enough(const struct peer_group *group);

/* Returns 0, or -1 as peer_group_fail does. */
int peer_join(struct peer_group *group, struct peer *peer, int fd, pid_t pid);
void peer_leave(struct peer_group *group, struct peer *peer);

/* Whether PEER neither gets nor sends anything more. */
bool peer_is_done(const struct peer *peer);

/* The next piece of stdin, or its end, is there for PEER too. Returns 0, or -1. */
int peer_offer(struct peer_group *group, struct peer *peer);

/* Sends what PEER is owed, as far as there is room. Returns 0, or -1. */
int peer_send(struct peer_group *group, struct peer *peer);

/* Takes in what PEER has sent, up to its turn's end. Returns 0, or -1. */
int peer_receive(struct peer_group *group, struct peer *peer);

/* PEER, which sends no more, has hung up too. */
void peer_hang_up(struct peer_group *group, struct peer *peer);

#endif
