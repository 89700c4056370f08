/* segment_posix: POSIX objects as the files below /dev/shm that they are; for segment_posix*.c
 *
 * All of these set what and hint of the segment where they return -1. */
#ifndef SEGMENT_POSIX_H
#define SEGMENT_POSIX_H

#include "memory/segment_internal.h"
#include "sys/file_lock.h"

#include <limits.h>

#define SHM_DIRECTORY "/dev/shm" /* shm_overview(7) */

/* What of a file is locked: its bytes, or the right to its name, which is the last byte that
 * fcntl(2) can lock. A program that locks "all" (l_len 0) has both. */
enum shm_lock_part { SHM_LOCK_CONTENT, SHM_LOCK_NAME, SHM_LOCK_ALL };

void shm_file_path(const struct segment *segment, char path[static PATH_MAX]);

/* segment_fail, but where the directory itself is missing errno becomes ENOSYS: neither will
 * somebody create the object, nor does -c. */
int shm_file_fail(struct segment *segment, const char *what);

/* Whether the name is still that of what FD has open: 1 or 0; -1 with errno where nobody knows. */
int shm_file_is_named(const struct segment *segment, int fd);

/* Locks PART of what FD has open. Returns 0; -1 with errno of file_lock_range, and sets no what. */
int shm_file_lock(int fd, enum file_lock_kind kind, enum shm_lock_part part,
                  const struct deadline *deadline);

/* Gives back the lock of SHM_LOCK_NAME alone. */
void shm_file_unlock_name(int fd);

/* Opens the object, ACCESS is O_RDONLY, O_RDWR or O_PATH. Returns the descriptor. */
int shm_file_open(struct segment *segment, int access);

/* The same, and locks PART: to write where ACCESS is O_RDWR. The segment's id and size are its own
 * then. Returns 0. */
int shm_file_open_locked(struct segment *segment, int access, enum shm_lock_part part,
                         const struct deadline *deadline);

/* Opens a new object without a name, to which only the owner has access yet. Returns the
 * descriptor. */
int shm_file_create_unnamed(struct segment *segment);

/* Gives what FD has open the name. Returns 0; errno is EEXIST where that is taken. */
int shm_file_publish(struct segment *segment, int fd, const char *path);

/* Makes the object SIZE bytes at least, with every page of it there: a full file system shows here
 * and not when a page is touched. Returns 0. */
int shm_file_allocate(struct segment *segment, int64_t size);

/* Removes the name of what is shared memory. Returns 0. */
int shm_file_remove(struct segment *segment);

/* Puts FROM into the segment: in place, or into a new object that then gets the name. Return 0. */
int segment_posix_put(struct segment *segment, const struct segment_put *how, int from);
int segment_posix_replace(struct segment *segment, const struct segment_put *how, int from);

/* Fills the open object; IS_NEW says that it has never had content. Returns 0. Where it fails, an
 * object that is not new keeps what was written, and is as long as it was or as that needs. */
int segment_posix_fill(struct segment *segment, const struct segment_put *how, bool is_new,
                       int from);

/* Removes what segment_posix_put created. */
void segment_posix_discard(struct segment *segment);

/* Removes the name that an atomic put which died left beside the object that FD has open to write;
 * that of one which lives stays. */
void shm_file_remove_stale(const struct segment *segment, int fd);

#endif
