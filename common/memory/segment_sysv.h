/* segment_sysv: System V segments; for segment_sysv*.c
 *
 * All of these set what and hint of the segment where they return -1. */
#ifndef SEGMENT_SYSV_H
#define SEGMENT_SYSV_H

#include "memory/segment_internal.h"

#include <sys/shm.h>

/* The key that the name means. */
int segment_sysv_key(struct segment *segment, key_t *key);

/* The identifier of what exists. */
int segment_sysv_find(struct segment *segment);

/* shmctl(2); a segment that is gone, or an identifier that is none, is ENOENT. */
int segment_sysv_control(struct segment *segment, const char *what, int command,
                         struct shmid_ds *status);

int segment_sysv_measure(struct segment *segment);

/* FLAGS of shmat(2). */
int segment_sysv_attach(struct segment *segment, int flags);

/* Attaches what exists to write. Returns 1, or 0 where there is nothing and it may be created. */
int segment_sysv_open_existing(struct segment *segment, const struct segment_put *how);

/* The same where that was not called before, and creates; makes anew what has another size where
 * HOW says so. Returns 0. */
int segment_sysv_open_or_create(struct segment *segment, const struct segment_put *how,
                                int64_t size);

int segment_sysv_put(struct segment *segment, const struct segment_put *how, int from);

#endif
