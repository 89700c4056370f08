/* relay: moves byte streams between descriptors, one way or both ways at once
 *
 * Neither way holds up the other. What came out of a flow's source and cannot go into its sink is
 * counted, and relay_tell says so. */
#ifndef RELAY_H
#define RELAY_H

#include "sys/fdpass.h"

#include <stdbool.h>
#include <stdint.h>

enum relay_wait { RELAY_NOTHING, RELAY_DATA, RELAY_ROOM };

struct relay_flow {
    int from, to;
    const char *from_name, *to_name; /* in what relay_tell says */
    /* TO is the tool's own and leads to a peer. At the end of FROM its sending side is shut down (a
     * socket) or it is closed (a FIFO); and the flow ends when the peer is gone with nothing left
     * to send. In two flows at once it must be non-blocking. */
    bool shuts_down;
    const struct fdpass *rights; /* descriptors to send along, to a socket; NULL: none */
    bool is_unmetered;           /* its bytes do not count for the progress meter */
    /* out */
    int error; /* errno of what failed in this flow, or 0 */
    bool is_write_error;
    enum relay_wait waits_for; /* data of FROM, room in TO; nothing: it has ended */
    int64_t lost;              /* bytes that came out of FROM, and nobody will read from TO */
};

/* Moves COUNT (1 or 2) flows until each has come to its end. Gives up when nothing moved for IDLE
 * nanoseconds (DEADLINE_NEVER: no limit). When a peer takes no more, EPIPE, what still comes from
 * it is moved first. Returns 0, or -1 with errno: a flow's error, or ETIMEDOUT, or EINTR after a
 * signal that interrupt_catch noted. */
int relay_run(struct relay_flow *flows, int count, int64_t idle);

/* Says what relay_run failed with (errno): `stdout: write: Broken pipe; 5 bytes are lost`; nothing
 * of a signal. Returns the exit status. */
int relay_tell(const struct relay_flow *flows, int count);

#endif
