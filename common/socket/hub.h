/* hub: records between stdin, stdout and the peers of a socket, any number of them at once
 *
 * What stdin brings goes to every peer (fanout); what the peers send goes to stdout, each record
 * whole (fanin). There is one loop and no thread. It never waits for one peer alone, nor for
 * stdout. */
#ifndef HUB_H
#define HUB_H

#include "socket/peer.h"

#include <poll.h>
#include <stdint.h>

struct hub {
    struct peer_shared shared; /* with the server and the failure */
    int fd;                    /* the only peer, if there is no server */
    enum record_form form;
    int64_t clients;     /* close the server after so many, end when they have left; 0: never */
    int64_t idle;        /* nanoseconds in which nothing happens, then ETIMEDOUT */
    bool is_input_meter; /* only stdin counts for the progress meter */

    /* private */
    struct peer *peers;
    struct pollfd *polls; /* of the listener, stdin and stdout, then of the peers */
    size_t count, capacity;
    size_t next; /* the peer whose turn comes first */
    int64_t accepted;
    struct deadline deadline; /* of IDLE */
};

/* Runs until all peers have ended, or, for a dgram client, until stdin has. Returns 0; -1 with
 * errno and the failure: ETIMEDOUT, EINTR after a signal that interrupt_catch noted, or another. */
int hub_run(struct hub *hub);

#endif
