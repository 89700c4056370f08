/* failure: what went wrong, noted where it happens and told in one place
 *
 * A function that fails returns -1 and fills the struct failure of its object, or the one that it
 * was given. The tool hands that to diag_fail, which prints `TOOL: OBJECT: what: why (hint)` and
 * gives the exit status. The functions here return -1 and leave errno as it was. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

struct failure {
    int errnum;         /* of errno(3) */
    bool is_error;      /* no mere "no", whatever ERRNUM says: the exit status is 3 */
    const char *object; /* what it concerns; NULL: the object that the tool names */
    char what[64];      /* was tried: "open queue" */
    char why[128];      /* the reason, or "" for the text of ERRNUM */
    char detail[224];   /* follows the reason: " (-c creates it)", "; 5 bytes are lost"; or "" */
};

/* Notes that what FORMAT says failed with errno. */
int failure_set(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Notes that WHAT failed with errno on OBJECT and not on the object that the tool names: "stdin",
 * "read". That is never a mere "no". */
int failure_set_object(struct failure *failure, const char *object, const char *what);

/* Notes a better reason than the text of errno. */
int failure_set_why(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a hint, in parentheses: what to do about it, or which limit was met. An empty one is none.
 */
int failure_add_hint(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a consequence, after a semicolon: what is lost, or what became of the data. */
int failure_add_consequence(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
