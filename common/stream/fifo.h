/* fifo: a named pipe */
#ifndef FIFO_H
#define FIFO_H

#include "sys/deadline.h"

#include <stdbool.h>
#include <sys/types.h>

/* Creates the FIFO at PATH with exactly MODE. Returns 0, or -1 with errno; EEXIST for anything
 * that is there, a dangling symbolic link included. */
int fifo_create(const char *path, mode_t mode);

/* Open one end of the FIFO at PATH and wait until DEADLINE for somebody at the other. Return a
 * descriptor that does not block; -1 with errno: ENOTSUP where PATH is no FIFO, ETIMEDOUT where
 * nobody came, and for a deadline that is now ENXIO without a reader, EAGAIN without data. */
int fifo_open_reader(const char *path, const struct deadline *deadline);
int fifo_open_writer(const char *path, const struct deadline *deadline);

/* Opens the reading end and does not wait; poll(2) tells when a writer has come. */
int fifo_open_listener(const char *path);

/* Opens both ends, so that the pipe and what is in it stay while others come and go (fifo(7):
 * Linux lets O_RDWR succeed at once). */
int fifo_open_keeper(const char *path);

/* Writes the SIZE bytes at DATA, at most PIPE_BUF, in one piece that nobody's bytes get into, and
 * waits until DEADLINE for room. Returns 0, or -1 with errno: ETIMEDOUT, EPIPE nobody reads. */
int fifo_put(int fd, const void *data, size_t size, const struct deadline *deadline);

/* Bytes in the pipe that nobody has read yet; -1 with errno. */
int fifo_unread(int fd);

/* Waits for readers to take all that is in the pipe, and gives up when none took anything for IDLE
 * nanoseconds (DEADLINE_NEVER: no limit). Returns 0, or -1 with errno, ETIMEDOUT. */
int fifo_drain(int fd, int64_t idle);

#endif
