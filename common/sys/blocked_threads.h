/* blocked_threads: who sleeps in a system call on some object, by /proc/PID/task/TID/syscall
 * (proc(5)) */
#ifndef BLOCKED_THREADS_H
#define BLOCKED_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How many threads sleep in the system call NUMBER with a first argument that IS_WANTED says yes
 * to; CONTEXT is for it. Who may not trace a process does not see what it does, so it is not
 * counted. -1 where /proc does not even tell of this process. */
int64_t blocked_threads_count(long number,
                              bool (*is_wanted)(pid_t pid, uint64_t argument, const void *context),
                              const void *context);

#endif
