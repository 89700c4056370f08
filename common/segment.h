/* segment: a POSIX shared memory object or a System V shared memory segment; the only place that
 * knows which
 *
 * A POSIX object is a file below /dev/shm. It is locked with lock_range, as a whole: exclusive to
 * write, shared to read. A System V segment has a fixed size and no lock. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "objname.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct segment {
    struct objname name;
    const struct segment_family *family; /* private: how it is done */
    bool is_sysv;
    bool is_created; /* by segment_put */
    int id;          /* descriptor or shmid, -1 before it is open */
    char *memory;    /* System V: where it is attached */
    int64_t size;    /* bytes */
    /* out, where a function returned -1 */
    const char *what; /* was tried: "open segment", "read stdin" */
    char hint[128];   /* ` (what to do about it)`, or "" */
};

struct segment_put {
    bool creates, is_exclusive;
    mode_t mode;
    int64_t offset; /* -1: the input replaces the whole content */
    int64_t size;   /* of the segment that is created; -1: as long as the input */
    int64_t timeout;
};

struct segment_status {
    int64_t size;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    time_t modified;          /* POSIX */
    key_t key;                /* System V, from here on */
    int64_t attached;         /* how many mappings */
    pid_t creator, last_user; /* 0 where unknown */
    time_t attach_time, detach_time, changed;
};

/* All functions here return 0, or -1 with errno, what and hint. A lock is waited for until the
 * timeout (nanoseconds, DEADLINE_NEVER); errno is EAGAIN or ETIMEDOUT then. ENOTSUP: the name
 * belongs to something that is no shared memory. */

/* Opens the segment to read it, locked. */
int segment_open(struct segment *segment, const struct objname *name, int64_t timeout);

/* Writes LENGTH bytes from OFFSET on to TO; LENGTH -1 is all that follow. ENODATA: past the end.
 * EFAULT: another program cut the object meanwhile. */
int segment_get(struct segment *segment, int64_t offset, int64_t length, int to);

/* Puts all that FROM has into the segment, as HOW says. What was created is removed again where
 * that fails. EFBIG: it does not fit. EINVAL: a System V segment has another size. */
int segment_put(struct segment *segment, const struct objname *name, const struct segment_put *how,
                int from);

/* Needs no permission on a System V segment but to read; takes no lock. */
int segment_stat(struct segment *segment, const struct objname *name,
                 struct segment_status *status);
int segment_remove(struct segment *segment, const struct objname *name);

#endif
