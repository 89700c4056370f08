/* segment_posix_put: writes into a POSIX object in place, as "put in place" of shm_file.h */
#ifndef SEGMENT_POSIX_PUT_H
#define SEGMENT_POSIX_PUT_H

#include "memory/segment_internal.h"

/* Opens the object, or creates it, locked to write. Returns 0; -1 with errno and the segment's
 * failure. */
int segment_posix_open_in_place(struct segment *segment, const struct segment_put *how);

/* Fills it from FROM. Returns as above. */
int segment_posix_put_in_place(struct segment *segment, const struct segment_put *how, int from);

#endif
