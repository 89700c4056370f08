/* segment: a POSIX shared memory object, a System V shared memory segment or, to map, a file; the
 * only place that knows which
 *
 * A POSIX object is a file below /dev/shm. Its bytes are locked with file_lock_range as a whole:
 * exclusive to write, shared to read. What gives its name to another object, or to none, first
 * locks the last byte that a file can have. A System V segment has a fixed size and no lock. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "cli/object_name.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct segment {
    struct object_name name;
    const struct segment_family *family; /* private: how it is done */
    bool is_sysv;
    bool is_created; /* by segment_put or segment_map */
    int id;          /* descriptor or shmid, -1 before it is open */
    char *memory;    /* System V: where it is attached */
    int64_t size;    /* bytes */
    /* private, POSIX: what segment_wait_next waits with */
    int watch,
        watched; /* the descriptor of inotify_open, -1 where there is none, and the object's */
    /* out, where a function returned -1 */
    const char *what; /* was tried: "open segment", "read stdin" */
    char hint[128];   /* ` (what to do about it)`, or "" */
};

struct segment_get {
    bool waits;   /* until the object exists */
    bool takes;   /* segment_take follows */
    bool follows; /* segment_wait_next follows */
    bool is_copied;
    int64_t timeout;
    int64_t offset, length; /* length -1: all that follow */
};

struct segment_put {
    bool creates, is_exclusive, is_atomic, resizes;
    mode_t mode;
    bool has_mode;  /* it was asked for; else what is replaced keeps its own */
    int64_t offset; /* -1: the input replaces the whole content */
    int64_t size;   /* of the segment that is created; -1: as long as the input */
    int64_t timeout;
    bool is_metered; /* progress_start when all is opened and locked */
};

struct segment_map {
    bool creates, is_exclusive, writes;
    mode_t mode;
    int64_t offset, length; /* of the bytes to map */
    int64_t size;           /* of the segment that is created; -1: up to the end of these */
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
 * belongs to something that is no shared memory, or its family cannot do this. */

/* Opens the segment to read it, locked; where HOW says so it waits, within the same timeout, until
 * it exists. The process is good for nothing else from there on (sandbox.h). */
int segment_open(struct segment *segment, const struct object_name *name,
                 const struct segment_get *how);

/* How many bytes HOW means. ENODATA: past the end. */
int segment_measure(struct segment *segment, const struct segment_get *how, int64_t *length);

/* Writes them to TO; is_copied copies them first, and gives back the lock before the first byte
 * goes out. EFAULT: another program cut the object meanwhile. */
int segment_get(struct segment *segment, const struct segment_get *how, int to);

/* Removes the object that was opened so that it takes. POSIX only. */
int segment_take(struct segment *segment);

/* Gives back the lock and waits until a writer has finished since the object was opened, or another
 * object got the name; opens that, locked. POSIX only. */
int segment_wait_next(struct segment *segment, const struct segment_get *how);

/* Puts all that FROM has into the segment, as HOW says. What was created is removed again where
 * that fails. Before it reads, the process becomes good for nothing else (sandbox.h). EFBIG: it
 * does not fit. EINVAL: a System V segment has another size. */
int segment_put(struct segment *segment, const struct object_name *name,
                const struct segment_put *how, int from);

/* Maps the bytes that HOW means, for as long as the process lives; *MEMORY is where the first lies.
 * Takes no lock. The memory is there: writing to it cannot find the file system full. ENODATA: the
 * segment ends before. */
int segment_map(struct segment *segment, const struct object_name *name,
                const struct segment_map *how, void **memory);

/* Whether the name of what was mapped is gone, or another object's. */
bool segment_is_removed(struct segment *segment);

/* Needs no permission on a System V segment but to read; takes no lock. */
int segment_stat(struct segment *segment, const struct object_name *name,
                 struct segment_status *status);
int segment_remove(struct segment *segment, const struct object_name *name);

#endif
