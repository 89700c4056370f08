/* semaphore: a POSIX semaphore, or one of a System V set; the only module that knows which
 *
 * Every C library has its own memory layout for POSIX semaphores, so a tool that includes this
 * links with the system's.
 *
 * The functions that return -1 keep errno and fill the failure of their semaphore. */
#ifndef SEMAPHORE_H
#define SEMAPHORE_H

#include "cli/failure.h"
#include "cli/object_name.h"
#include "sys/deadline.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

struct semaphore {
    struct object_name name;
    bool is_sysv;
    int id;    /* System V: of the set */
    int index; /* System V: of the semaphore in the set, from 0; 0 for POSIX */
    struct failure failure;
    /* private */
    const struct semaphore_family *family;
    const char *what; /* the what of failures */
    sem_t *posix;     /* POSIX: the mapped file, its path and its status */
    char path[288];
    struct stat file;
};

enum semaphore_access { SEMAPHORE_USE, SEMAPHORE_READ, SEMAPHORE_REMOVE };

struct semaphore_how {
    const char *what; /* is done with the semaphore, for failures: "wait" */
    enum semaphore_access access;
    int index;         /* System V: of the semaphore in its set */
    bool creates;      /* the semaphore, if there is none */
    bool is_exclusive; /* fails with EEXIST if there is one */
    mode_t mode;       /* of what is created */
    int value;         /* the first one, from 0 to semaphore_max */
    int64_t count;     /* System V: semaphores of the set, which all begin with VALUE */
};

/* What is done to one semaphore. */
struct semaphore_op {
    int index;      /* in the set; 0 for POSIX */
    int delta;      /* above 0 is given, below 0 taken; 0 waits until the value is 0 */
    bool is_nowait; /* fails with EAGAIN if it had to wait */
    bool is_undone; /* when this process, or what it becomes by exec, has ended in any way */
};

struct semaphore_status {
    int value;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    /* System V: */
    int count;                     /* semaphores of the set */
    unsigned short *values;        /* of all of them, at one moment; the caller's to free */
    int waiting, waiting_for_zero; /* processes */
    pid_t last_pid;                /* the process that changed it last; 0 if the kernel has none */
    time_t operated, changed;      /* of the set; 0: never */
};

/* A struct object_name. Returns NULL, or what is wrong with TEXT as the name of a semaphore. */
parse_function semaphore_parse_name;

/* INDEX:DELTA[:nowait][:undo]: a struct semaphore_op. */
parse_function semaphore_parse_op;

/* The largest value of a semaphore of that family. */
int semaphore_max(const struct object_name *name);

/* Opens or creates the semaphore; nobody can use it before it has its first value. Returns 0; -1
 * with errno, EBADMSG if the name is not that of a semaphore, EINVAL if the set is or would be too
 * small or too large. */
int semaphore_open(struct semaphore *semaphore, const struct object_name *name,
                   const struct semaphore_how *how);

/* Does all OPS at once, or none of them; waits until DEADLINE. For POSIX it is one op, by one.
 * Returns 0; -1 with errno: EAGAIN or ETIMEDOUT if it cannot be done now or in time, EIDRM the
 * semaphore was removed, EOVERFLOW or ERANGE over semaphore_max, EFBIG no such index, E2BIG too
 * many ops, or that of guardian_start. */
int semaphore_operate(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                      const struct deadline *deadline);

/* Makes the value VALUE. Not atomic for POSIX, which can only give and take. Returns 0, or -1. */
int semaphore_set(struct semaphore *semaphore, int value);

/* The present value, or -1. */
int semaphore_value(struct semaphore *semaphore);

/* Returns 0, or -1; then there are no values to free. */
int semaphore_status(struct semaphore *semaphore, struct semaphore_status *status);

/* Returns 0, or -1. */
int semaphore_remove(struct semaphore *semaphore);

#endif
