/* pipe_receipt: a pipe through which one record goes at a time, the next when the last was read
 *
 * While it lasts the pipe holds a single page, so that it is full for poll(2) while anything in it
 * is unread. Who writes can tell then what nobody read when the reader left. */
#ifndef PIPE_RECEIPT_H
#define PIPE_RECEIPT_H

#include "sys/deadline.h"

#include <stdint.h>

struct pipe_receipt {
    int fd;   /* -1 where nothing can be told */
    int size; /* private: the pipe's before */
};

/* Begins with the pipe at FD. Where it is none, or this process could read it as well, or it holds
 * too much, every record counts as read. */
void pipe_receipt_begin(struct pipe_receipt *handover, int fd);

/* Waits until all is read or the reader is gone, at most until DEADLINE. Returns how many bytes the
 * reader left unread when it went, 0 where all is read; -1 with errno ETIMEDOUT, or EINTR after a
 * signal that interrupt_catch noted. */
int64_t pipe_receipt_wait(const struct pipe_receipt *handover, const struct deadline *deadline);

/* Gives the pipe its size back. */
void pipe_receipt_end(struct pipe_receipt *handover);

#endif
