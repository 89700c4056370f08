/* segment_posix_replace: fills a new POSIX object and then gives it the name, as "atomic put" of
 * shm_file.h */
#ifndef SEGMENT_POSIX_REPLACE_H
#define SEGMENT_POSIX_REPLACE_H

#include "memory/segment_internal.h"

/* Opens a new object without a name, after it has checked whether the name can be had. Returns 0;
 * -1 with errno and the segment's failure. */
int segment_posix_open_beside(struct segment *segment, const struct segment_put *how);

/* Fills it from FROM and gives it the name. Returns as above. */
int segment_posix_put_beside(struct segment *segment, const struct segment_put *how, int from);

#endif
