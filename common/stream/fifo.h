/* fifo: opens a named pipe, and waits until it is empty */
#ifndef FIFO_H
#define FIFO_H

#include "cli/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fifo_access {
    bool creates;      /* the FIFO, if nothing is at the path */
    bool is_exclusive; /* with CREATES: fails with EEXIST if something is */
    mode_t mode;       /* of what is created, exactly */
    /* Opens both ends, so that the pipe and its contents stay while others come and go; does not
     * wait for the other side then. */
    bool keeps;
    int64_t timeout; /* nanoseconds of the wait for the other side; DEADLINE_NEVER: no limit */
};

/* Open the FIFO at PATH to read or to write, and wait for somebody at the other side. Return a
 * descriptor that does not block; -1 with errno and FAILURE: ENOTSUP if PATH is not a FIFO,
 * ETIMEDOUT if nobody came. With a TIMEOUT of 0 the reader fails with EAGAIN if there are no data,
 * the writer with ENXIO if there is no reader. */
int fifo_open_reader(const char *path, const struct fifo_access *access, struct failure *failure);
int fifo_open_writer(const char *path, const struct fifo_access *access, struct failure *failure);

/* Opens two FIFOs: IN to read as fds[0], OUT to write as fds[1]. Waits for a reader of OUT alone,
 * so that two processes that face each other never both wait for the other's writer. If
 * IS_EXCLUSIVE, creates both or none. Returns 0, or -1 as above. */
int fifo_open_both(const char *in, const char *out, const struct fifo_access *access, int fds[2],
                   struct failure *failure);

/* Waits for readers to take everything out of the pipe. Returns 0; -1 with errno and FAILURE,
 * ETIMEDOUT if nobody took anything for IDLE nanoseconds (DEADLINE_NEVER: no limit). */
int fifo_drain(int fd, int64_t idle, struct failure *failure);

#endif
