/* semaphore: a POSIX semaphore, or one of a System V set; the only place that knows which
 *
 * Every C library has its own memory layout for POSIX semaphores, so a tool that includes this
 * links with the system's. */
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

struct semaphore {
    struct object_name name;
    bool is_sysv;
    int id;                 /* System V: of the set */
    int index;              /* System V: of the semaphore in the set, from 0; 0 for POSIX */
    struct failure failure; /* why a function returned -1 */
    /* private: what the caller does; of a POSIX semaphore the mapping and its file */
    const char *doing;
    const struct semaphore_family *family;
    sem_t *posix;
    char path[288];
    struct stat file;
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

/* The functions below return -1 with errno, and fill the failure. */

/* Opens the semaphore, the one at INDEX of a set, or creates it if CREATION is not NULL; nobody can
 * use it before it has its first value. DOING is the caller's word for what it does, which failures
 * name: "run". Returns 0; errno EBADMSG: the name is not that of a semaphore, EINVAL: a set is or
 * would be too small or too large. */
int semaphore_open(struct semaphore *semaphore, const struct object_name *name, int index,
                   enum semaphore_access access, const struct semaphore_creation *creation,
                   const char *doing);

/* Does all OPS at once, or none of them, waiting until DEADLINE. For POSIX it is one operation, by
 * one. Returns 0; errno EAGAIN or ETIMEDOUT: it cannot be done, EIDRM: the semaphore was removed,
 * EOVERFLOW or ERANGE: over semaphore_max, EFBIG: no such index, E2BIG: too many operations;
 * EOWNERDEAD and EUSERS of guardian_start. */
int semaphore_operate(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                      const struct deadline *deadline);

/* Sets the value. Not atomic for POSIX, which knows only giving and taking. Returns 0. */
int semaphore_set(struct semaphore *semaphore, int value);

/* The present value. */
int semaphore_value(struct semaphore *semaphore);

/* Describes it on stdout, in JSON or as report.h has it. Returns 0; -1 before anything is written.
 */
int semaphore_report(struct semaphore *semaphore, bool json);

/* Removes the semaphore. Returns 0. */
int semaphore_remove(struct semaphore *semaphore);

#endif
