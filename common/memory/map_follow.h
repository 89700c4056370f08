/* map_follow: which range of a file is meant, its lock, and a reader that goes on as the file grows
 */
#ifndef MAP_FOLLOW_H
#define MAP_FOLLOW_H

#include "memory/map_copy.h"
#include "memory/map_file.h"

#include <stdbool.h>
#include <stdint.h>

struct map_follow {
    int64_t offset;  /* negative: from the end */
    int64_t length;  /* -1: all that follow */
    int64_t timeout; /* nanoseconds, DEADLINE_NEVER: none; of each wait for a lock, or for more */
    bool follows;    /* go on as the file grows, until LENGTH bytes are read */
    int watch;       /* private: the descriptor of inotify_open */
};

/* All functions here return 0, or -1 with errno and the file's failure. */

/* Chooses the range of LENGTH bytes, -1 for all that follow, in the file when it has SIZE bytes.
 * ENODATA: the file ends before. */
int map_follow_choose(struct map_file *file, const struct map_follow *how, int64_t length,
                      int64_t size, struct map_range *range);

/* Locks the range, exclusive if WRITES. */
int map_follow_lock(struct map_file *file, const struct map_follow *how,
                    const struct map_range *range, bool writes);

/* Chooses and locks what is there of the range to read. */
int map_follow_open(struct map_file *file, struct map_follow *how, struct map_range *range);

/* Writes the range to TO, standard output, releases its lock and, if HOW says so, follows the file.
 */
int map_follow_read(struct map_file *file, const struct map_follow *how, struct map_range *range,
                    int to);

#endif
