/* process: a process, a thread or a process group, held by a pidfd
 *
 * A PID is used again some time after its process is gone. A pidfd never means another process than
 * the one that had the PID when it was opened: pidfd_open(2). Its inode is the name of that process
 * alone, now and later; Linux 6.9 began with it. */
#ifndef PROCESS_H
#define PROCESS_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <sys/types.h>

enum process_scope { PROCESS_WHOLE, PROCESS_THREAD, PROCESS_GROUP };

struct process {
    pid_t pid;
    uint64_t inode; /* 0: whoever has the PID when it is opened */
    enum process_scope scope;
    int fd; /* the pidfd; -1 where it is not open, and of a group whose leader is gone */
};

/* PID or PID:INODE, of positive integers. 0 and negative ones, process groups to kill(2), are
 * refused. VALUE is a struct process, of which pid and inode are set. */
parse_function process_parse;

/* The same from the first word of the file at PATH. Returns 0; -1 with errno, EBADMSG where there
 * is no such word. */
int process_read(struct process *process, const char *path);

/* Opens the process that PID is now, or what pid, inode and scope of PROCESS say. Return 0; -1 with
 * errno: ESRCH it is gone, or the PID is another's now; EINVAL a thread that is not a process;
 * EMFILE no descriptor left; EOPNOTSUPP an inode is asked for and this kernel has none. */
int process_open(struct process *process, pid_t pid);
int process_open_named(struct process *process);
void process_close(struct process *process);

/* The inode of one that is open. Returns 0; -1 with errno EOPNOTSUPP. */
int process_identify(const struct process *process, uint64_t *inode);

/* Sends SIGNAL, 0 for a test: with *VALUE as sigqueue(3) does, or where VALUE is NULL as kill(2).
 * Returns 0; -1 with errno: ESRCH it is gone, EPERM, EAGAIN its queue of signals is full. */
int process_send(const struct process *process, int signal, const int *value);

/* Waits until DEADLINE for the process to end, or all of the group; whether its parent has noticed
 * does not matter. Returns 0; -1 with errno ETIMEDOUT, or EINTR after a signal that interrupt_catch
 * noted. */
int process_wait(const struct process *process, const struct deadline *deadline);

/* Whether it has ended already. */
bool process_has_ended(const struct process *process);

/* Adds to FAILURE, of one of the functions here, a hint if one is known. */
void process_add_hint(const struct process *process, struct failure *failure);

#endif
