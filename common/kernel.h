/* kernel: the limits of the running kernel, by the names of sysctl(8) */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

/* The number that NAME (`fs.mqueue.msg_max`) holds; FALLBACK where /proc does not tell. */
int64_t kernel_limit(const char *name, int64_t fallback);

#endif
