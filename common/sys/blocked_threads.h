/* blocked_threads: the threads that sleep in a system call on some object, by
 * /proc/PID/task/TID/syscall (proc(5)) */
#ifndef BLOCKED_THREADS_H
#define BLOCKED_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How many threads sleep in the system call NUMBER with a first argument that IS_WANTED accepts;
 * CONTEXT is passed to it. Threads of processes that this one may not trace cannot be seen and are
 * not counted. Returns -1 if /proc does not even show this process. */
int64_t blocked_threads_count(long number,
                              bool (*is_wanted)(pid_t pid, uint64_t argument, const void *context),
                              const void *context);

#endif
