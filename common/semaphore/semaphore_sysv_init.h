/* semaphore_sysv_init: the first values of a System V set
 *
 * semget(2) creates a set whose values are 0, and a second call gives them values. A process that
 * opens the set in between waits until it is initialized. */
#ifndef SEMAPHORE_SYSV_INIT_H
#define SEMAPHORE_SYSV_INIT_H

#include <sys/sem.h>

union semctl_argument { /* semctl(2): the caller has to define it */
    int value;
    struct semid_ds *status;
    struct seminfo *limits;
    unsigned short *values;
};

/* Gives the creator of a new set time to initialize it, two seconds at most. Returns 1 if the set
 * has its values; 0 if its creator died before, or never meant to set them; -1 with errno. */
int semaphore_wait_initialized(int id);

/* Gives the COUNT semaphores of a set VALUE, unless another process has done so. Returns 0, or -1
 * with errno. */
int semaphore_set_initial_values(int id, int count, int value);

#endif
