/* target: the processes that a command line, pidfiles or standard input name */
#ifndef TARGET_H
#define TARGET_H

#include "cli/failure.h"
#include "sys/process.h"

#include <stdbool.h>

struct target {
    struct process process;
    const char *text; /* as it was written */
    int error;        /* the errno that keeps it from being used: its pidfile cannot be read, ... */
    bool is_done;     /* nothing is to be done with it any more; the caller's to set */
};

struct targets {
    enum process_scope scope; /* of all that are added */
    struct target *all;
    int count;
    struct failure failure; /* of target_read */
    /* private: the first few, and how many ALL has room for */
    struct target few[4];
    int room;
};

/* Adds the target that WORD names: PID, PID:INODE or pidfile:PATH. WORD must last as long as the
 * target. Returns NULL, or what is wrong with WORD. */
const char *target_add(struct targets *targets, const char *word);

/* Adds the targets that standard input names, with blanks or newlines between. Returns 0, or -1
 * with a failure. */
int target_read(struct targets *targets);

/* Opens targets from FIRST on until all are open or no descriptor is left; raises the soft limit of
 * descriptors as far as that needs. Returns how many it went through, at least one. One that cannot
 * be opened has an error. */
int target_open(struct targets *targets, int first);

/* Fills FAILURE for a target with an error; FORMAT is what could not be done with it. */
void target_fail(const struct target *target, struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
