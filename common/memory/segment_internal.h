/* segment_internal: what a family of shared memory does for segment.c, and what it gets from there
 */
#ifndef SEGMENT_INTERNAL_H
#define SEGMENT_INTERNAL_H

#include "memory/segment.h"

/* The functions of segment.h, each for one family; NULL if the family cannot do it. */
struct segment_family {
    int (*open_to_get)(struct segment *segment, const struct segment_get *how);
    int (*get)(struct segment *segment, int64_t offset, int64_t length, int to);
    /* copies the range into the file COPY and releases the lock */
    int (*copy)(struct segment *segment, int64_t offset, int64_t length, int copy);
    int (*take)(struct segment *segment);
    int (*wait_next)(struct segment *segment, const struct segment_get *how);
    int (*open_to_put)(struct segment *segment, const struct segment_put *how, int from);
    int (*put)(struct segment *segment, const struct segment_put *how, int from);
    /* removes what a put created, if the name is still its own */
    void (*discard)(struct segment *segment);
    int (*map)(struct segment *segment, const struct segment_map *how, void **memory);
    bool (*is_removed)(struct segment *segment);
    int (*stat)(struct segment *segment, struct segment_status *status);
    int (*remove)(struct segment *segment);
};

extern const struct segment_family segment_posix, segment_sysv, segment_file;

/* The size of a segment that is created to be mapped. */
int64_t segment_map_size(const struct segment_map *how);

/* Fails with ENODATA if the segment ends before the bytes that HOW means. */
int segment_check_range(struct segment *segment, const struct segment_map *how);

/* Maps the bytes that HOW means of the file in segment->id. */
int segment_map_file(struct segment *segment, const struct segment_map *how, void **memory);

#endif
