/* process: one process, held by a pidfd
 *
 * A PID is used again some time after its process is gone. A pidfd never means another process than
 * the one that had the PID when it was opened: pidfd_open(2). */
#ifndef PROCESS_H
#define PROCESS_H

#include "deadline.h"
#include "parse.h"

#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int fd; /* the pidfd, -1 where it is not open */
};

/* PID: a positive integer. 0 and negative ones, process groups to kill(2), are refused. VALUE is a
 * pid_t. */
parse_function process_parse;

/* Opens the process that PID is now. Returns 0; -1 with errno: ESRCH it is gone, EINVAL a thread
 * that is not a process, EMFILE no descriptor left. */
int process_open(struct process *process, pid_t pid);
void process_close(struct process *process);

/* Sends SIGNAL, 0 for a test: with *VALUE as sigqueue(3) does, or where VALUE is NULL as kill(2).
 * Returns 0; -1 with errno: ESRCH it is gone, EPERM, EAGAIN its queue of signals is full. */
int process_send(const struct process *process, int signal, const int *value);

/* Waits until DEADLINE for the process to end; whether its parent has noticed does not matter.
 * Returns 0; -1 with errno ETIMEDOUT, or EINTR after a signal that stop_catch noted. */
int process_wait(const struct process *process, const struct deadline *deadline);

/* What is to know about an ERRNUM of the functions here, ` (in parentheses)`, written to HINT of
 * SIZE bytes and returned; "" when nothing is. */
const char *process_hint(const struct process *process, int errnum, char *hint, size_t size);

#endif
