/* file_lock: advisory locks on byte ranges of a file, owned by the open file description
 *
 * These are the locks of F_OFD_SETLK, fcntl(2): a lock lives as long as the description, threads
 * and forked processes share it, and closing another descriptor of the same file does not drop it.
 */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include "sys/deadline.h"

#include <stdint.h>

enum file_lock_kind { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE };

/* Locks LENGTH bytes of FD from START on, 0 for all that follow. Waits until DEADLINE if another
 * description holds a part of it. Returns 0; -1 with errno, EAGAIN or ETIMEDOUT if it is still
 * held.
 */
int file_lock_range(int fd, enum file_lock_kind kind, int64_t start, int64_t length,
                    const struct deadline *deadline);

/* Releases the range. */
void file_lock_release(int fd, int64_t start, int64_t length);

#endif
