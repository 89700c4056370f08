/* progress: the meter of -P on stderr: bytes, rate, and where the total is known percent and time
 * left
 *
 * One a process. It is drawn by a thread of its own, so that it goes on while the tool waits: in
 * place on a terminal, elsewhere a line a second. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

/* Begins to count and to draw. TOTAL is in bytes, -1 where it is not known. To be called when all
 * is opened and locked, after interrupt_catch and sandbox_enter: the thread takes no signals, and
 * has the rights of who starts it. Keeps errno. */
void progress_start(int64_t total);

/* BYTES more have moved. Does nothing where progress_start was not called. */
void progress_add(int64_t bytes);

/* Draws the last line: all the bytes, the time, the rate. Does nothing without progress_start. */
void progress_end(void);

#endif
