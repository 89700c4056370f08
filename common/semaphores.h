/* semaphores: a POSIX or System V semaphore; the only place that knows which
 *
 * Of a System V set it is the first semaphore, number 0. Every C library has a memory layout of its
 * own for POSIX semaphores, so a tool that includes this links with the system's. */
#ifndef SEMAPHORES_H
#define SEMAPHORES_H

#include "deadline.h"
#include "objname.h"

#include <semaphore.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct semaphore {
    struct objname name;
    bool is_sysv;
    int id; /* System V */
    /* private: of a POSIX semaphore the mapping and its file, and the text of semaphores_why */
    const struct semaphores_family *family;
    sem_t *posix;
    char path[288];
    dev_t device;
    ino_t inode;
    char why[384];
};

enum semaphores_access { SEMAPHORES_USE, SEMAPHORES_READ, SEMAPHORES_REMOVE };

struct semaphores_creation {
    bool is_exclusive; /* fail with EEXIST where the semaphore is there */
    mode_t mode;
    int value; /* the first one, 0 to semaphores_max */
};

struct semaphores_status {
    int value;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    int waiting, waiting_for_zero; /* System V: processes */
    pid_t last_pid;                /* System V: who changed it last, 0 where the kernel has none */
    time_t operated, changed;      /* System V; 0 where there was none */
};

/* A struct objname. Returns NULL, or what is wrong with TEXT as the name of a semaphore. */
parse_function semaphores_parse_name;

/* The largest value of a semaphore of that family. */
int semaphores_max(const struct objname *name);

/* Opens the semaphore, or creates it where CREATION is not NULL; nobody can use it before it has
 * its first value. Returns 0; -1 with errno, EBADMSG where the name is not that of a semaphore. */
int semaphores_open(struct semaphore *semaphore, const struct objname *name,
                    enum semaphores_access access, const struct semaphores_creation *creation);

/* What ERRNUM of the functions here means; good until the next call. */
const char *semaphores_why(struct semaphore *semaphore, int errnum);

/* Takes one, waiting for it until DEADLINE. Returns 0; -1 with errno: EAGAIN or ETIMEDOUT where it
 * is not to be had, EIDRM where the semaphore was removed. */
int semaphores_take(struct semaphore *semaphore, const struct deadline *deadline);

/* The same, and gives it back when this process, or what it becomes by exec, has ended, however it
 * ends. More of errno: EOWNERDEAD and EUSERS of guardian_start. */
int semaphores_hold(struct semaphore *semaphore, const struct deadline *deadline);

/* Gives one. Returns 0; -1 with errno: EOVERFLOW or ERANGE over semaphores_max. */
int semaphores_post(struct semaphore *semaphore);

/* Makes the value VALUE. Not atomic for POSIX, which knows only giving and taking. Returns 0, or -1
 * with errno. */
int semaphores_set(struct semaphore *semaphore, int value);

/* The present value; -1 with errno. */
int semaphores_value(struct semaphore *semaphore);

/* Return 0, or -1 with errno. */
int semaphores_status(struct semaphore *semaphore, struct semaphores_status *status);
int semaphores_remove(struct semaphore *semaphore);

#endif
