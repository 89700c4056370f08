/* ladder: sends a signal to targets, waits for their end and sends the next one to those that stay
 *
 * A step is for all targets at once: its signal goes to each that is still there, then all of them
 * have the time until the next step. A target goes up as far as it takes to end it. */
#ifndef LADDER_H
#define LADDER_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "signal/target.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>

enum { LADDER_STEPS_MAX = 16 };

enum ladder_event {
    LADDER_SENT,       /* SIGNAL was sent */
    LADDER_ENDED,      /* the target ended after SIGNAL */
    LADDER_WAS_GONE,   /* the target had ended before the first signal, and the ladder waits */
    LADDER_HAS_FAILED, /* nothing more is done with the target; FAILURE has the reason */
};

struct ladder_report {
    enum ladder_event event;
    const struct target *target;
    int signal;
    const struct failure *failure;
};

struct ladder {
    struct {
        int64_t after; /* nanoseconds that the step before has; 0 for the first */
        int signal;
    } steps[1 + LADDER_STEPS_MAX];
    int count;                /* of the steps */
    const int *value;         /* is sent along; NULL: none */
    bool waits;               /* for the end of every target */
    struct deadline deadline; /* of all waits together */
    void (*report)(const struct ladder_report *report, void *context);
    void *context; /* for report */
};

/* TIME:SIG. VALUE is a struct ladder, which gets one step more. */
parse_function ladder_parse_step;

/* Takes COUNT targets, which target_open has opened, up the ladder, reports what happens to each as
 * it happens, and closes them. */
void ladder_climb(const struct ladder *ladder, struct target *targets, int count);

#endif
