/* flow: moves bytes from one descriptor to another, step by step
 *
 * Nothing is set on a descriptor that others share. Pages move without a copy only out of pipes,
 * whose pages nobody else can change. */
#ifndef FLOW_H
#define FLOW_H

#include "sys/deadline.h"
#include "sys/fdpass.h"

#include <stddef.h>
#include <sys/types.h>

enum flow_step {
    FLOW_MOVED,       /* bytes were read or written */
    FLOW_WOULD_BLOCK, /* nothing could be */
    FLOW_ENDED,       /* FROM is at its end, and all it had is in TO */
    FLOW_NO_READER,   /* nobody reads TO any more; the bytes are still in FROM */
    FLOW_FAILED,      /* errno; unless it is ETIMEDOUT or EINTR it is in ERROR too */
};

struct flow {
    int from, to;
    mode_t from_type, to_type; /* S_IFIFO, S_IFSOCK... */
    bool splices;              /* moves pages; otherwise bytes go through the buffer */
    bool had_descriptors;      /* some came with the bytes of a socket; they were closed */
    int error;                 /* the errno that ended the flow, or 0 */
    bool is_write_error;       /* it was TO that failed */
    int64_t moved;             /* bytes into TO */
    /* private */
    const struct fdpass *rights; /* go with the first bytes; with a NUL if there are none */
    bool has_ended;              /* FROM */
    bool may_block;              /* TO blocks: it is shared, so nothing may be set on it */
    char *buffer;
    size_t start, end; /* of the bytes that were read and not yet written */
};

/* RIGHTS (NULL: none) are descriptors to send along, to a socket. Returns 0; -1 with errno and
 * ERROR EBADF if a descriptor is not open in its direction. */
int flow_start(struct flow *flow, int from, int to, const struct fdpass *rights);

/* Moves what is available and finds room. A call that blocks nevertheless ends at DEADLINE. */
enum flow_step flow_step(struct flow *flow, const struct deadline *deadline);

/* Bytes that came out of FROM and are not in TO. */
size_t flow_held(const struct flow *flow);

void flow_end(struct flow *flow);

#endif
