/* hub: records between stdin and stdout and the peers of a socket, any number at once
 *
 * What stdin brings goes to every peer (fanout), what the peers send goes to stdout, each record
 * whole (fanin). One loop, no threads; neither a peer nor stdout is ever waited for alone. */
#ifndef HUB_H
#define HUB_H

#include "socket/peer.h"

#include <stdint.h>

struct hub {
    const char *name;      /* of the socket, for messages */
    int type;              /* SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM */
    struct server *server; /* whose clients are the peers; NULL: FD is the only one */
    int fd;
    enum record_form form;
    enum fanout_slow slow;       /* what becomes of a client that does not read */
    const struct fdpass *rights; /* descriptors that each peer is sent; NULL: none */
    int64_t clients;         /* close the server after so many, end when they have left; 0: never */
    int64_t messages;        /* end after so many were received; 0: never */
    int64_t idle;            /* nanoseconds in which nothing happens, then ETIMEDOUT */
    bool meters_input;       /* for the progress meter only stdin counts */
    struct peer_group group; /* private */
};

/* Runs until the peers have ended, for a dgram client until stdin has. Returns 0; -1 with errno:
 * ETIMEDOUT, EINTR after a signal that interrupt_catch noted, or what hub_report explains. */
int hub_run(struct hub *hub);

/* Says what hub_run failed with (errno): `/run/x: send message 3: Broken pipe`; nothing of a
 * signal. Returns the exit status. */
int hub_report(const struct hub *hub);

#endif
