/* splice: moves input into a file, faster than read(2) and write(2) if the input is a pipe
 *
 * A splice(2) from a pipe into a file copies while it holds the pipe's lock, so that the two sides
 * of the pipe take turns instead of working at once. Here the pages first move, without a copy,
 * into a pipe of our own, and are copied from there. */
#ifndef SPLICE_H
#define SPLICE_H

#include "cli/failure.h"

#include <stdint.h>

/* Moves the next input of FROM, standard input of any kind, to FILE at OFFSET, at most SIZE bytes.
 * Returns the bytes, 0 at the end of FROM; -1 with errno and the failure, which for FILE is that
 * WHAT failed. The first call with a pipe opens the pipe of our own, for as long as the process
 * lives. */
int64_t splice_in(int from, int file, int64_t offset, int64_t size, const char *what,
                  struct failure *failure);

#endif
