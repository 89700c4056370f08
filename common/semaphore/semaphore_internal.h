/* semaphore_internal: what a family of semaphores does for semaphore.c */
#ifndef SEMAPHORE_INTERNAL_H
#define SEMAPHORE_INTERNAL_H

#include "semaphore/semaphore.h"

#include <time.h>

struct semaphore_status {
    int value;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    /* System V: */
    int count;                     /* semaphores of the set */
    unsigned short *values;        /* of all of them, at one moment; the caller's to free */
    int waiting, waiting_for_zero; /* processes */
    pid_t last_pid;                /* that changed it last; 0 if none did */
    time_t operated, changed;      /* of the set; 0 if never */
};

/* The functions of semaphores.h, each for one family. */
struct semaphore_family {
    int max; /* the largest value */
    int (*open)(struct semaphore *semaphore, enum semaphore_access access,
                const struct semaphore_creation *creation);
    /* sets the why of FAILURE if its errno needs more words than strerror(3) has */
    void (*explain)(const struct semaphore *semaphore, struct failure *failure);
    int (*operate)(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                   const struct deadline *deadline);
    int (*set)(struct semaphore *semaphore, int value);
    int (*value)(struct semaphore *semaphore);
    int (*status)(struct semaphore *semaphore, struct semaphore_status *status);
    int (*remove)(struct semaphore *semaphore);
};

extern const struct semaphore_family semaphore_posix, semaphore_sysv;

enum { SEMAPHORE_NAME_MAX = 251 }; /* POSIX, sem_overview(7): NAME_MAX less `sem.` */

#endif
