/* dev_shm: the directory in which POSIX shared memory and POSIX semaphores are files */
#ifndef DEV_SHM_H
#define DEV_SHM_H

#include <stdbool.h>

#define DEV_SHM_DIRECTORY "/dev/shm"

/* After a call on a file in it failed: whether errno is ENOENT because the directory itself is
 * missing, so that no name can be created. Keeps errno. */
bool dev_shm_is_missing(void);

#endif
