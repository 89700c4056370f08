/* map_file: a file whose bytes are used in place: a regular file, shared memory below /dev/shm, or
 * a block device */
#ifndef MAP_FILE_H
#define MAP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct map_file {
    const char *path; /* the caller's */
    int fd;
    int64_t size; /* bytes, when it was last looked at */
    bool is_device, is_created;
    /* out, where a function returned -1 */
    const char *what; /* was tried: "open" */
    const char *kind; /* errno ENOTSUP: what it is instead, "a directory" */
};

struct map_file_open {
    bool writes, creates, is_exclusive;
    mode_t mode;
    int64_t size; /* of a file that is created; its blocks are reserved */
};

/* All functions here return 0, or -1 with errno and what. */

/* Opens PATH. What it creates has its size and its mode before it gets its name, where the file
 * system knows O_TMPFILE. ELOOP: a symbolic link to nothing, which stays so. */
int map_file_open(struct map_file *file, const char *path, const struct map_file_open *how);

/* Asks for the size again. */
int map_file_measure(struct map_file *file);

/* Takes the blocks of the range, so that no write into it finds the disk full, and makes the file
 * that long where it is shorter. A device has its blocks; a file system that cannot take any is
 * only made to show the length. */
int map_file_allocate(struct map_file *file, int64_t offset, int64_t length);

/* Waits until all is on disk; of a file that was created, its name too. */
int map_file_sync(struct map_file *file);

/* Removes a file that map_file_open created, where the name still is that file's. Keeps errno. */
void map_file_discard(struct map_file *file);

/* For who has opened the file and is about to read: the process can do nothing else from there on
 * (sandbox.h) but discard what it created. */
void map_file_sandbox(const struct map_file *file);

#endif
