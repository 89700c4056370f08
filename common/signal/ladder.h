/* ladder: signals to several processes, one step after the other, until they have ended
 *
 * Each signal goes to the processes that are still there; then all of them have the same time until
 * the next step. A process counts as ended though its parent has not noticed yet. */
#ifndef LADDER_H
#define LADDER_H

#include "cli/failure.h"
#include "signal/target.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>

enum { LADDER_STEPS_MAX = 16 }; /* beside the first */

struct ladder_step {
    int64_t after; /* nanoseconds that the processes had after the step before */
    int signal;
};

enum ladder_event {
    LADDER_SENT,   /* the signal of STEP was sent */
    LADDER_ENDED,  /* the process ended after STEP; below 0: before the first */
    LADDER_FAILED, /* FAILURE says why; nothing more is done with the target */
};

struct ladder {
    struct ladder_step steps[1 + LADDER_STEPS_MAX];
    int count;        /* of the steps, at least 1 */
    const int *value; /* goes along with each signal, as with sigqueue(3); NULL: none */
    bool waits;       /* for the end of the processes: for one that has ended is then no failure */
    struct deadline deadline; /* of the wait after the last step */
    void (*report)(void *context, const struct target *target, enum ladder_event event, int step,
                   const struct failure *failure);
    void *context; /* of report */
};

/* TIME:SIG, one step more. VALUE is a struct ladder. */
parse_function ladder_parse_step;

/* Takes COUNT targets that target_open has opened up the ladder, each as far as it needs, reports
 * what happens to them, and closes them. */
void ladder_run(const struct ladder *ladder, struct target *targets, int count);

#endif
