/* splice: moves long ranges between memory or a file and a pipe faster than read(2) and write(2)
 * can
 *
 * A write into a pipe, and a splice(2) from a pipe into a file, copy while they hold the pipe's
 * lock, so that the two sides of a pipe take turns instead of working at once. Here nothing is
 * copied under the lock. To a pipe go pages of our own: they are filled before, and neither we nor
 * anybody else can change them after. From a pipe, pages first move into a pipe of our own, without
 * a copy. */
#ifndef SPLICE_H
#define SPLICE_H

#include <stdbool.h>
#include <stdint.h>

enum { SPLICE_WORTH = 1 << 20 }; /* bytes from which on this is faster */

struct splice_source {
    const char *memory; /* NULL: FILE */
    int file;
};

/* Writes LENGTH bytes of SOURCE from OFFSET on to PIPE; *MOVED counts them, also where it fails.
 * Returns 0; -1 with errno, EFAULT where the file ends before. */
int splice_gift(const struct splice_source *source, int64_t offset, int64_t length, int pipe,
                int64_t *moved);

/* Moves what FROM, a pipe or anything else, gives next to FILE at OFFSET, at most SIZE bytes.
 * Returns the bytes, 0 at the end of FROM; -1 with errno, and *IS_FILE_ERROR tells which of the two
 * is to blame. The first call opens the pipe of our own, for as long as the process lives. */
int64_t splice_in(int from, int file, int64_t offset, int64_t size, bool *is_file_error);

#endif
