/* map_copy: moves a range of a file through windows of mapped memory
 *
 * The kernel copies between the pages and the other descriptor, so a file that another program
 * cuts underneath is an error of the call (EFAULT) and no SIGBUS. */
#ifndef MAP_COPY_H
#define MAP_COPY_H

#include <stdbool.h>
#include <stdint.h>

struct map_range {
    int fd;
    int64_t offset, length; /* bytes; inside the file */
    /* out */
    int64_t moved;
    bool is_file_error; /* where -1 was returned: the file is to blame, not the other descriptor */
};

/* Writes the whole range to TO. Returns 0; -1 with errno, EFAULT where the file was cut at
 * offset + moved. */
int map_copy_out(struct map_range *range, int to);

/* Reads FROM into the range, which must have its blocks, until the range is full or FROM is at its
 * end. Returns 0; -1 with errno as above. */
int map_copy_in(struct map_range *range, int from);

#endif
