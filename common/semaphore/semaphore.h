/* semaphore: a POSIX semaphore, or one of a System V set; the only place that knows which
 *
 * Every C library has a memory layout of its own for POSIX semaphores, so a tool that includes this
 * links with the system's. */
#ifndef SEMAPHORE_H
#define SEMAPHORE_H

#include "cli/object_name.h"
#include "sys/deadline.h"

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct semaphore {
    struct object_name name;
    bool is_sysv;
    int id;    /* System V: of the set */
    int index; /* System V: of the semaphore in the set, from 0; 0 for POSIX */
    /* private: of a POSIX semaphore the mapping and its file, and the text of semaphore_why */
    const struct semaphore_family *family;
    sem_t *posix;
    char path[288];
    dev_t device;
    ino_t inode;
    char why[384];
};

enum semaphore_access { SEMAPHORE_USE, SEMAPHORE_READ, SEMAPHORE_REMOVE };

struct semaphore_creation {
    bool is_exclusive; /* fail with EEXIST where the semaphore is there */
    mode_t mode;
    int value;     /* the first one, 0 to semaphore_max */
    int64_t count; /* System V: semaphores of the set, each begins with VALUE; 1 for POSIX */
};

/* What is done to one semaphore. */
struct semaphore_op {
    int index;      /* in the set; 0 for POSIX */
    int delta;      /* above 0 is given, below 0 taken; 0 waits until the value is 0 */
    bool is_nowait; /* fail with EAGAIN where it would wait */
    bool is_undone; /* when this process, or what it becomes by exec, has ended, however it ends */
};

/* A struct object_name. Returns NULL, or what is wrong with TEXT as the name of a semaphore. */
parse_function semaphore_parse_name;

/* INDEX:DELTA[:nowait][:undo]: a struct semaphore_op. */
parse_function semaphore_parse_op;

/* The largest value of a semaphore of that family. */
int semaphore_max(const struct object_name *name);

/* Opens the semaphore, the one at INDEX of a set, or creates it where CREATION is not NULL; nobody
 * can use it before it has its first value. Returns 0; -1 with errno, EBADMSG where the name is not
 * that of a semaphore, EINVAL where a set is or would be too small or too large. */
int semaphore_open(struct semaphore *semaphore, const struct object_name *name, int index,
                   enum semaphore_access access, const struct semaphore_creation *creation);

/* What ERRNUM of the functions here means; good until the next call. */
const char *semaphore_why(struct semaphore *semaphore, int errnum);

/* Does all STEPS at once, or none of them, waiting until DEADLINE. For POSIX it is one step, by
 * one. Returns 0; -1 with errno: EAGAIN or ETIMEDOUT where it cannot be done, EIDRM where the
 * semaphore was removed, EOVERFLOW or ERANGE over semaphore_max, EFBIG without such an index,
 * E2BIG too many steps; EOWNERDEAD and EUSERS of guardian_start. */
int semaphore_operate(struct semaphore *semaphore, const struct semaphore_op *steps, size_t count,
                      const struct deadline *deadline);

/* Makes the value VALUE. Not atomic for POSIX, which knows only giving and taking. Returns 0, or -1
 * with errno. */
int semaphore_set(struct semaphore *semaphore, int value);

/* The present value; -1 with errno. */
int semaphore_value(struct semaphore *semaphore);

/* Describes it on stdout, in JSON or as report.h has it. Returns 0, or -1 with errno before
 * anything is written. */
int semaphore_describe(struct semaphore *semaphore, bool json);

/* Returns 0, or -1 with errno. */
int semaphore_remove(struct semaphore *semaphore);

#endif
