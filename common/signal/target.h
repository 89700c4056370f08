/* target: the processes that a command line, pidfiles or standard input name */
#ifndef TARGET_H
#define TARGET_H

#include "cli/failure.h"
#include "sys/process.h"

#include <stdbool.h>

struct target {
    struct process process;
    const char *text; /* as it was written */
    int error;        /* errno if its pidfile could not be read, or the process not be opened */
    bool is_done;     /* for the caller: nothing more is to be done with it */
};

struct targets {
    enum process_scope scope; /* of all that are added */
    struct target *all;
    int count;
    /* private: where the first few are, and how many ALL has room for */
    struct target few[4];
    int room;
    char why[128];
};

/* Adds what WORD, which has to last, names: PID, PID:INODE or pidfile:PATH. Returns NULL, or what
 * is wrong with it. */
const char *target_add(struct targets *targets, const char *word);

/* Adds those that standard input names, with blanks or newlines between. Returns NULL, or what is
 * wrong, good until the next call. */
const char *target_read(struct targets *targets);

/* Notes in FAILURE why the pidfile of TARGET could not be read. Returns -1. */
int target_set_failure(const struct target *target, struct failure *failure);

/* Opens targets from FIRST on until all are open or no descriptor is left, with the soft limit of
 * descriptors raised as far as that needs. Returns how many it went through, one at least; those
 * that it could not open have an error. */
int target_open(struct targets *targets, int first);

#endif
