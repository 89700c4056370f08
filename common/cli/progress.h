/* progress: the meter of -P on stderr: bytes and rate, and percent and time left if the total is
 * known
 *
 * One meter a process. On a terminal it is redrawn in place, elsewhere it is a line a second.
 * progress_add draws it, as often as the clock allows. So nothing is drawn while nothing moves, and
 * the rate after a pause is the average over the pause. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

/* Begins to count. TOTAL is in bytes, -1 if it is not known. To be called when everything is opened
 * and locked, so that the time of those waits does not count. Keeps errno. */
void progress_start(int64_t total);

/* BYTES more have moved. Does nothing unless progress_start was called. Keeps errno. */
void progress_add(int64_t bytes);

/* Draws the last line: all the bytes, the time, the rate. Does nothing unless progress_start was
 * called. */
void progress_end(void);

#endif
