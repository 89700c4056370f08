/* sysvshm: the System V half of segment; the functions are those of segment.h */
#ifndef SYSVSHM_H
#define SYSVSHM_H

#include "segment.h"

int sysvshm_open(struct segment *segment);
int sysvshm_get(struct segment *segment, int64_t offset, int64_t length, int to);
int sysvshm_put(struct segment *segment, const struct segment_put *how, int from);
int sysvshm_stat(struct segment *segment, struct segment_status *status);
int sysvshm_remove(struct segment *segment);

/* Removes a segment that sysvshm_put created. */
void sysvshm_discard(struct segment *segment);

#endif
