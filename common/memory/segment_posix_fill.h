/* segment_posix_fill: puts input into an open POSIX object, for both ways of putting */
#ifndef SEGMENT_POSIX_FILL_H
#define SEGMENT_POSIX_FILL_H

#include "memory/segment_internal.h"

/* Fills the open object as HOW says; IS_NEW: it has never had content. Returns 0; -1 with errno and
 * the segment's failure. In that case an object that is not new keeps what was written, and has its
 * old length unless the written bytes need more. */
int segment_posix_fill(struct segment *segment, const struct segment_put *how, bool is_new,
                       int from);

#endif
