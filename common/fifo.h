/* fifo: a named pipe */
#ifndef FIFO_H
#define FIFO_H

#include "deadline.h"

#include <stdbool.h>
#include <sys/types.h>

/* Creates the FIFO at PATH with exactly MODE. Returns 0, or -1 with errno; EEXIST for anything
 * that is there, a dangling symbolic link included. */
int fifo_create(const char *path, mode_t mode);

/* Open one end of the FIFO at PATH and wait until DEADLINE for somebody at the other. Return a
 * blocking descriptor; -1 with errno: ENOTSUP where PATH is no FIFO, ETIMEDOUT, ENXIO or EAGAIN
 * where nobody came. */
int fifo_open_reader(const char *path, const struct deadline *deadline);
int fifo_open_writer(const char *path, const struct deadline *deadline);

/* Opens the reading end and does not wait; poll(2) tells when a writer has come. */
int fifo_open_listener(const char *path);

/* Opens both ends, so that the pipe and what is in it stay while others come and go (fifo(7):
 * Linux lets O_RDWR succeed at once). */
int fifo_open_keeper(const char *path);

/* Waits until DEADLINE for a reader to take all that is in the pipe. Returns 0, or -1. */
int fifo_drain(int fd, const struct deadline *deadline);

#endif
