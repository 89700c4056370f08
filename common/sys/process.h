/* process: a process, a thread or a process group, held by a pidfd
 *
 * A PID is used again some time after its process has ended. A pidfd always means the process that
 * had the PID when it was opened: pidfd_open(2). Its inode is a name that no other process ever
 * gets; Linux 6.9 began with it. */
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
    uint64_t inode; /* 0: any process that has the PID when it is opened */
    enum process_scope scope;
    int fd; /* the pidfd; -1 if it is not open, and of a group whose leader has ended */
};

/* PID or PID:INODE, of positive integers. 0 and negative numbers, which mean process groups to
 * kill(2), are refused. VALUE is a struct process; its pid and inode are set. */
parse_function process_parse;

/* The same from the first word of the file at PATH. Returns 0; -1 with errno, EBADMSG if the word
 * is something else. */
int process_read(struct process *process, const char *path);

/* Opens the process that PID is now, or the one that pid, inode and scope of PROCESS mean. Return
 * 0; -1 with errno: ESRCH it has ended, or the PID is another process now; EINVAL it is a thread
 * and no process; EMFILE no descriptor left; EOPNOTSUPP this kernel knows no inodes. */
int process_open(struct process *process, pid_t pid);
int process_open_named(struct process *process);
void process_close(struct process *process);

/* The inode of a process that is open. Returns 0; -1 with errno EOPNOTSUPP. */
int process_identify(const struct process *process, uint64_t *inode);

/* Sends SIGNAL (0 only tests): with *VALUE as sigqueue(3) does, or as kill(2) does if VALUE is
 * NULL. Returns 0; -1 with errno: ESRCH it has ended, EPERM, EAGAIN its queue of signals is full.
 */
int process_send(const struct process *process, int signal, const int *value);

/* Waits until DEADLINE for the process, or for all of the group, to end; a zombie has ended.
 * Returns 0; -1 with errno ETIMEDOUT, or EINTR after a signal that interrupt_catch noted. */
int process_wait(const struct process *process, const struct deadline *deadline);

/* Whether it has ended already. */
bool process_has_ended(const struct process *process);

/* Adds to FAILURE of the functions here the hint that its errno stands for. */
void process_add_hint(const struct process *process, struct failure *failure);

#endif
