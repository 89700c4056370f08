/* map_file: a file whose bytes are used in place: a regular file, shared memory below /dev/shm, or
 * a block device */
#ifndef MAP_FILE_H
#define MAP_FILE_H

#include "cli/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct map_file {
    const char *path; /* the caller's */
    int fd;
    int64_t size; /* bytes, when it was last measured */
    bool is_device, is_created;
    struct failure failure;
};

struct map_file_open {
    bool writes, creates, is_exclusive;
    mode_t mode;
    int64_t size; /* of a file that is created; its blocks are allocated */
};

/* All functions here return 0, or -1 with errno and the file's failure. */

/* Opens PATH. A file that is created has its size and mode before its name, if the file system
 * knows O_TMPFILE. ELOOP: PATH is a symbolic link to nothing, which stays so. ENOTSUP: it is
 * something that cannot be mapped. */
int map_file_open(struct map_file *file, const char *path, const struct map_file_open *how);

/* Reads the size again. */
int map_file_measure(struct map_file *file);

/* Allocates the blocks of the range, so that no write into it finds the disk full, and lengthens
 * the file up to the end of the range. A device has its blocks; a file system that cannot allocate
 * only gets the length. */
int map_file_allocate(struct map_file *file, int64_t offset, int64_t length);

/* Waits until all is on disk; if the file was created, its name too. */
int map_file_sync(struct map_file *file);

/* Removes a file that map_file_open created, if the name is still that file's. Keeps errno. */
void map_file_discard(const struct map_file *file);

#endif
