/* process_group: the members of a process group, one by one
 *
 * No kernel call lists them, or holds a group whose leader is gone. */
#ifndef PROCESS_GROUP_H
#define PROCESS_GROUP_H

#include "sys/process.h"

#include <dirent.h>

/* Opens the next member of GROUP that has not ended, in the order of PROC, which is /proc. Returns
 * 1, the MEMBER is the caller's to close; 0 where there is none left. */
int process_group_next(DIR *proc, pid_t group, struct process *member);

/* Whether there is one. */
bool process_group_exists(pid_t group);

/* process_send and process_wait for a group, member by member. */
int process_group_send(pid_t group, int signal, const int *value);
int process_group_wait(pid_t group, const struct deadline *deadline);

#endif
