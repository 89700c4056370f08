/* limits: the limits of the running kernel, by the names of sysctl(8), and of the process */
#ifndef LIMITS_H
#define LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* The number that NAME (`fs.mqueue.msg_max`) holds; FALLBACK where /proc does not tell. */
int64_t limits_read(const char *name, int64_t fallback);

/* Writes into HINT which limit it was that any call may meet with ERRNUM, and its value:
 * ` (ulimit -n is 256)`; "" where ERRNUM tells of none. */
void limits_hint(int errnum, char *hint, size_t size);

#endif
