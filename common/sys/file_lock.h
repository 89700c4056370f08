/* file_lock: advisory locks on byte ranges of a file, owned by the open file description
 *
 * F_OFD_SETLK of fcntl(2): a lock lives as long as the description, threads and forks share it,
 * and closing another descriptor of the same file does not drop it. */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include "sys/deadline.h"

#include <stdint.h>

enum file_lock_kind { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE };

/* Locks LENGTH bytes of FD from START on, 0 for all that follow. Waits until DEADLINE for those
 * who hold it. Returns 0; -1 with errno, EAGAIN or ETIMEDOUT where it is held. */
int file_lock_range(int fd, enum file_lock_kind kind, int64_t start, int64_t length,
                    const struct deadline *deadline);

/* Gives the range back. */
void file_lock_release(int fd, int64_t start, int64_t length);

#endif
