/* segment: a POSIX shared memory object, a System V shared memory segment or, only to map it, a
 * file; the only module that knows which
 *
 * A POSIX object is a file below /dev/shm, and its locks are those of shm_file.h. A System V
 * segment has a fixed size and no lock.
 *
 * To get or put, the tool first opens the segment, which opens and locks all that is needed. Then
 * it may enter a sandbox, and then the data moves. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "cli/failure.h"
#include "cli/object_name.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct segment {
    struct object_name name;
    bool is_sysv;
    int id;             /* descriptor or shmid, -1 before it is open */
    int64_t size;       /* bytes */
    const char *folder; /* in which the data's way through creates or removes names; NULL: none */
    struct failure failure;
    /* private */
    const struct segment_family *family;
    bool is_created;    /* by this process */
    char *memory;       /* System V: the address at which it is attached */
    int64_t input;      /* System V: bytes of the input, -1 if unknown */
    int held;           /* System V: the file that holds such input, -1 if none */
    int watch, watched; /* POSIX: the descriptor of inotify_open and the object's watch, or -1 */
};

struct segment_get {
    bool waits;      /* until the object exists */
    bool takes;      /* segment_take follows */
    bool follows;    /* segment_wait_next follows */
    bool is_copied;  /* first, and the lock is released before the first byte goes out */
    int64_t timeout; /* nanoseconds, DEADLINE_NEVER: none; for the lock too */
    int64_t offset;  /* of the bytes to get */
    int64_t length;  /* of these; -1: all that follow */
};

struct segment_put {
    bool creates, is_exclusive, is_atomic, resizes;
    mode_t mode;     /* of a segment that is created */
    bool has_mode;   /* MODE was asked for; else a segment that is replaced keeps its own */
    int64_t offset;  /* -1: the input replaces the whole content */
    int64_t size;    /* of the segment that is created; -1: as long as the input */
    int64_t timeout; /* nanoseconds, DEADLINE_NEVER: none; for the lock */
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
    pid_t creator, last_user; /* 0 if unknown */
    time_t attach_time, detach_time, changed;
};

/* All functions here return 0, or -1 with errno and the segment's failure. The errno is EAGAIN or
 * ETIMEDOUT if a lock was not free until the timeout; ENOTSUP if the name belongs to something
 * other than shared memory. */

/* Opens the segment to read it, locked. */
int segment_open_to_get(struct segment *segment, const struct object_name *name,
                        const struct segment_get *how);

/* Computes how many bytes HOW means. ENODATA: the segment ends before. */
int segment_measure(struct segment *segment, const struct segment_get *how, int64_t *length);

/* Writes these bytes to TO. EFAULT: another program truncated the object. */
int segment_get(struct segment *segment, const struct segment_get *how, int to);

/* Removes the object. POSIX only, opened with TAKES. */
int segment_take(struct segment *segment);

/* Releases the lock and waits until a writer has finished since the object was opened, or another
 * object got the name; opens that, locked. POSIX only, opened with FOLLOWS. */
int segment_wait_next(struct segment *segment, const struct segment_get *how);

/* Opens or creates the segment, locked, and checks it against what is known of FROM, before a byte
 * of that is read. */
int segment_open_to_put(struct segment *segment, const struct object_name *name,
                        const struct segment_put *how, int from);

/* Puts all input of FROM into the segment. A segment that was created is removed if that fails.
 * EFBIG: the input does not fit. EINVAL: a System V segment has another size. */
int segment_put(struct segment *segment, const struct segment_put *how, int from);

/* Maps the bytes that HOW means, for as long as the process lives, at *MEMORY. Takes no lock. Their
 * memory is allocated: writing to it does not meet a full file system. ENODATA: the segment ends
 * before. */
int segment_map(struct segment *segment, const struct object_name *name,
                const struct segment_map *how, void **memory);

/* Whether the name of the mapped segment was removed, or is now another object's. */
bool segment_is_removed(struct segment *segment);

/* Needs only the permission to read; takes no lock. */
int segment_stat(struct segment *segment, const struct object_name *name,
                 struct segment_status *status);

int segment_remove(struct segment *segment, const struct object_name *name);

#endif
