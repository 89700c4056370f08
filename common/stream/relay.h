/* relay: moves byte streams between descriptors, one way or both ways at once
 *
 * Neither way holds up the other. Bytes that came out of a source and cannot go into its sink are
 * counted, and the failure reports them as lost. */
#ifndef RELAY_H
#define RELAY_H

#include "cli/failure.h"
#include "sys/fdpass.h"

#include <stdbool.h>
#include <stdint.h>

struct relay_flow {
    int from, to;
    const char *from_name, *to_name; /* in messages */
    /* TO is the tool's own and leads to a peer. At the end of FROM its sending side is shut down (a
     * socket) or it is closed (a FIFO); and the flow ends when the peer has left and nothing
     * remains to send. In two flows at once TO must be non-blocking then. */
    bool shuts_down;
    const struct fdpass *rights; /* descriptors to send along, to a socket; NULL: none */
    bool is_unmetered;           /* its bytes do not count for the progress meter */
};

/* Moves COUNT (1 or 2) flows until each has come to its end. When a peer takes no more (EPIPE),
 * what still comes from it is moved first. Returns 0; -1 with errno and FAILURE, which names the
 * descriptor: the error of a flow, ETIMEDOUT when nothing moved for IDLE nanoseconds
 * (DEADLINE_NEVER: no limit), or EINTR after a signal that interrupt_catch noted. */
int relay_run(const struct relay_flow *flows, int count, int64_t idle, struct failure *failure);

#endif
