/* segment_internal: what a family of shared memory does for segment.c, and what it gets from there
 */
#ifndef SEGMENT_INTERNAL_H
#define SEGMENT_INTERNAL_H

#include "memory/segment.h"

/* The functions of segment.h, each for one family; NULL where it cannot. */
struct segment_family {
    int (*open)(struct segment *segment, const struct segment_get *how);
    int (*get)(struct segment *segment, int64_t offset, int64_t length, int to);
    /* copies the range into the file COPY, and gives back the lock */
    int (*copy)(struct segment *segment, int64_t offset, int64_t length, int copy);
    int (*take)(struct segment *segment);
    int (*next)(struct segment *segment, const struct segment_get *how);
    int (*put)(struct segment *segment, const struct segment_put *how, int from);
    /* removes what put created, where the name still is its own */
    void (*discard)(struct segment *segment);
    int (*map)(struct segment *segment, const struct segment_map *how, void **memory);
    bool (*is_removed)(struct segment *segment);
    int (*stat)(struct segment *segment, struct segment_status *status);
    int (*remove)(struct segment *segment);
    const char *folder; /* of the names; NULL where they are in none */
};

extern const struct segment_family segment_posix, segment_sysv, segment_file;

/* Note what was tried, and in the second form what to say of it, as printf does. Keep errno. Return
 * -1. */
int segment_fail(struct segment *segment, const char *what);
int segment_explain(struct segment *segment, const char *what, const char *hint, ...)
    __attribute__((format(printf, 3, 4)));

/* For a put that has opened and locked what it needs and is about to read FROM: leaves the process
 * only what it still needs, to name or remove an object too where CHANGES_NAMES; starts the meter.
 */
void segment_begin_input(const struct segment *segment, const struct segment_put *how,
                         bool changes_names, int from);

/* Says that the segment ends before the bytes that HOW means. */
int segment_refuse_range(struct segment *segment, const struct segment_map *how);

/* Maps the bytes that HOW means of the file in segment->id, which has segment->size bytes. */
int segment_map_file(struct segment *segment, const struct segment_map *how, void **memory);

#endif
