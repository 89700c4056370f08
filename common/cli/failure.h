/* failure: what went wrong, noted where it happens and reported in one place
 *
 * A function that fails returns -1 and fills the struct failure of its object, or the one that it
 * was given. The tool hands it to diag_fail, which prints `TOOL: OBJECT: what: why (hint)` and
 * returns the exit status. The functions here return -1 and keep errno. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

struct failure {
    int errnum;         /* of errno(3) */
    bool is_error;      /* the exit status is 3 even if ERRNUM usually means "no" */
    const char *object; /* what failed; NULL: the object that the tool names */
    char what[64];      /* what was tried: "open queue" */
    char why[320];      /* the reason, or "" for the text of ERRNUM */
    char detail[224];   /* follows the reason: " (-c creates it)", "; 5 bytes are lost"; or "" */
};

/* Begins a new failure: what was tried failed with errno. */
int failure_set(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Notes that WHAT failed with errno on OBJECT and not on the object that the tool names: "stdin",
 * "read". That is never a mere "no". */
int failure_set_object(struct failure *failure, const char *object, const char *what);

/* Sets a better reason than the text of errno. */
int failure_set_why(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a hint, in parentheses: what to do about it, or which limit was met. An empty hint adds
 * nothing. */
int failure_add_hint(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a consequence, after a semicolon: what is lost, or where the data are now. */
int failure_add_consequence(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
