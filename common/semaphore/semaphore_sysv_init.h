/* semaphore_sysv_init: the first values of a System V set
 *
 * semget(2) creates a set whose values are 0; giving them values is another call. Until then nobody
 * uses the set, and whoever would waits. */
#ifndef SEMAPHORE_SYSV_INIT_H
#define SEMAPHORE_SYSV_INIT_H

#include <sys/sem.h>

union semctl_argument { /* semctl(2): the caller has to define it */
    int value;
    struct semid_ds *status;
    struct seminfo *limits;
    unsigned short *values;
};

/* Gives the creator of a new set the time for it, two seconds at most. Returns 1 where the set has
 * its values, 0 where its creator died or knows nothing of them; -1 with errno. */
int semaphore_wait_initialized(int id);

/* Gives the COUNT semaphores of a set VALUE, where nobody else has done so. Returns 0, or -1 with
 * errno. */
int semaphore_set_initial_values(int id, int count, int value);

#endif
