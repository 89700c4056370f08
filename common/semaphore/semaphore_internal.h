/* semaphore_internal: what a family of semaphores does for semaphore.c */
#ifndef SEMAPHORE_INTERNAL_H
#define SEMAPHORE_INTERNAL_H

#include "semaphore/semaphore.h"

/* The functions of semaphore.h, each for one family. They return -1 with errno. A failure that they
 * have not filled is filled by EXPLAIN. */
struct semaphore_family {
    int max; /* the largest value */
    int (*open)(struct semaphore *semaphore, const struct semaphore_how *how);
    int (*operate)(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                   const struct deadline *deadline);
    int (*set)(struct semaphore *semaphore, int value);
    int (*value)(struct semaphore *semaphore);
    int (*status)(struct semaphore *semaphore, struct semaphore_status *status);
    int (*remove)(struct semaphore *semaphore);
    /* Adds to FAILURE what its errno means for this family. */
    void (*explain)(const struct semaphore *semaphore, struct failure *failure);
};

extern const struct semaphore_family semaphore_posix, semaphore_sysv;

enum { SEMAPHORE_NAME_MAX = 251 }; /* POSIX, sem_overview(7): NAME_MAX less `sem.` */

#endif
