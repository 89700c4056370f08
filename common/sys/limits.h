/* limits: the limits of the running kernel, under their names of sysctl(8), and of this process */
#ifndef LIMITS_H
#define LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* The value of NAME (`fs.mqueue.msg_max`); FALLBACK if /proc does not have it. */
int64_t limits_read(const char *name, int64_t fallback);

/* Writes into HINT the limit that ERRNUM stands for in any system call, and its value:
 * ` (ulimit -n is 256)`; "" if it stands for none. The function of diag_hint. */
void limits_hint(int errnum, char *hint, size_t size);

#endif
