/* map_copy: moves a range of a file through windows of mapped memory
 *
 * The kernel copies between the pages and the other descriptor. So if another program truncates the
 * file, a call fails with EFAULT and no SIGBUS comes. */
#ifndef MAP_COPY_H
#define MAP_COPY_H

#include "cli/failure.h"

#include <stdint.h>

struct map_range {
    int fd;
    int64_t offset, length; /* bytes; inside the file */
    int64_t moved;          /* so far */
    struct failure failure;
};

/* Writes the whole range to TO, which is standard output. Returns 0; -1 with errno and the range's
 * failure. EFAULT: the file was truncated at offset + moved. */
int map_copy_out(struct map_range *range, int to);

/* Reads FROM, which is standard input, into the range, which must have its blocks, until the range
 * is full or FROM is at its end. Returns as above. */
int map_copy_in(struct map_range *range, int from);

/* Fails with EFAULT: another program truncated the file, which now ends at byte AT. */
int map_copy_refuse_cut(struct failure *failure, int64_t at);

#endif
