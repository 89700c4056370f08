/* flow: the next step of one flow of bytes between two descriptors
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
    FLOW_MOVED,       /* bytes came or went */
    FLOW_WOULD_BLOCK, /* none did */
    FLOW_ENDED,       /* FROM has no more, and all it had is in TO */
    FLOW_DESERTED,    /* nobody reads TO any more; the bytes are still in FROM */
    FLOW_FAILED,      /* errno; it is in ERROR too where it is no matter of time or signals */
};

struct flow {
    int from, to;
    mode_t from_type, to_type; /* S_IFIFO, S_IFSOCK... */
    bool splices;              /* pages move; else by way of the buffer */
    bool had_descriptors;      /* came with the bytes of a socket: they are closed */
    bool is_write_error;       /* ERROR is TO's */
    int error;
    int64_t moved; /* bytes into TO */
    /* private */
    const struct fdpass *rights; /* go with the first bytes, or a NUL where there are none */
    bool has_ended;              /* FROM */
    bool may_block;              /* TO does: it is shared, and nothing may be set on it */
    char *buffer;
    size_t start, end; /* of what was read and not yet written */
};

/* RIGHTS (NULL: none) are to be sent along, to a socket. Returns 0; -1 with errno EBADF (ERROR
 * tells) where a descriptor is not open in its direction. */
int flow_start(struct flow *flow, int from, int to, const struct fdpass *rights);

/* Moves what is there and finds room. A call that blocks all the same ends at DEADLINE. */
enum flow_step flow_step(struct flow *flow, const struct deadline *deadline);

/* Bytes that came out of FROM and are not in TO. */
size_t flow_held(const struct flow *flow);

void flow_end(struct flow *flow);

#endif
