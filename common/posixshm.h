/* posixshm: the POSIX half of segment; the functions are those of segment.h */
#ifndef POSIXSHM_H
#define POSIXSHM_H

#include "segment.h"

int posixshm_open(struct segment *segment, int64_t timeout);
int posixshm_get(struct segment *segment, int64_t offset, int64_t length, int to);
int posixshm_put(struct segment *segment, const struct segment_put *how, int from);
int posixshm_stat(struct segment *segment, struct segment_status *status);
int posixshm_remove(struct segment *segment);

/* Removes the name of a segment that posixshm_put created, where it still is that segment's. */
void posixshm_discard(struct segment *segment);

#endif
