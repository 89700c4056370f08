/* pipe_receipt: tells a writer whether the reader of a pipe has read what was written
 *
 * One record goes through the pipe at a time, the next after the last was read. Meanwhile the pipe
 * holds a single page, so that poll(2) finds it full while any byte is unread. So the writer learns
 * how much was left unread when the reader exits. */
#ifndef PIPE_RECEIPT_H
#define PIPE_RECEIPT_H

#include "sys/deadline.h"

#include <stdint.h>

struct pipe_receipt {
    int fd;   /* -1 if nothing can be known */
    int size; /* private: the pipe's before */
};

/* Begins with the pipe at FD. If FD is no pipe, if this process could read from it as well, or if
 * it holds too much already, every record counts as read. */
void pipe_receipt_begin(struct pipe_receipt *receipt, int fd);

/* Waits until all is read or the reader has exited, at most until DEADLINE. Returns how many bytes
 * the reader left unread when it exited, 0 if all is read; -1 with errno ETIMEDOUT, or EINTR after
 * a signal that interrupt_catch noted. */
int64_t pipe_receipt_wait(const struct pipe_receipt *receipt, const struct deadline *deadline);

/* Gives the pipe its size back. */
void pipe_receipt_end(struct pipe_receipt *receipt);

#endif
