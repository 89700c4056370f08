#include "signal/ladder.h"

#include "signal/signal_name.h"

#include <errno.h>
#include <string.h>

const char *ladder_parse_step(const char *text, void *value)
{
    struct ladder *ladder = value;
    char time[64];
    size_t length = strcspn(text, ":");
    if (text[length] == '\0' || length >= sizeof time)
        return "not TIME:SIG, such as 5s:KILL";
    if (ladder->count > LADDER_STEPS_MAX)
        return "one step too many (16 at most)";

    memcpy(time, text, length);
    time[length] = '\0';
    int step = ladder->count++;
    const char *why = parse_time(time, &ladder->steps[step].after);
    return why ? why : signal_name_parse(text + length + 1, &ladder->steps[step].signal);
}

static void report(const struct ladder *ladder, const struct target *target,
                   enum ladder_event event, int signal)
{
    ladder->report(&(struct ladder_report){.event = event, .target = target, .signal = signal},
                   ladder->context);
}

static void leave(struct target *target)
{
    process_close(&target->process);
    target->is_done = true;
}

static void leave_failed(const struct ladder *ladder, struct target *target,
                         const struct failure *failure)
{
    ladder->report(&(struct ladder_report){LADDER_HAS_FAILED, target, 0, failure}, ladder->context);
    leave(target);
}

/* STEP is the last one whose signal TARGET got; -1: none. */
static void leave_ended(const struct ladder *ladder, struct target *target, int step)
{
    if (step < 0)
        report(ladder, target, LADDER_WAS_GONE, 0);
    else
        report(ladder, target, LADDER_ENDED, ladder->steps[step].signal);
    leave(target);
}

static void send_signal(const struct ladder *ladder, struct target *target, int step)
{
    struct failure failure;
    int signal = ladder->steps[step].signal;
    if (target->error == 0 && process_send(&target->process, signal, ladder->value) < 0)
        target->error = errno;

    if (target->error == 0) {
        report(ladder, target, LADDER_SENT, signal);
    } else if (target->error == ESRCH && ladder->waits) {
        leave_ended(ladder, target, step - 1);
    } else {
        target_fail(target, &failure, "send %s", signal_name(signal));
        leave_failed(ladder, target, &failure);
    }
}

/* Returns whether TARGET is still there when DEADLINE has passed, and has time after it. */
static bool outlasts(const struct ladder *ladder, struct target *target, int step,
                     const struct deadline *deadline)
{
    struct failure failure;
    if (process_wait(&target->process, deadline) == 0) {
        leave_ended(ladder, target, step);
        return false;
    }
    if (errno == ETIMEDOUT && deadline->end < ladder->deadline.end)
        return true;
    target->error = errno;
    target_fail(target, &failure, "wait for its end");
    leave_failed(ladder, target, &failure);
    return false;
}

/* When the time of STEP is over. */
static struct deadline end_of(const struct ladder *ladder, int step)
{
    if (step + 1 == ladder->count)
        return ladder->deadline;
    struct deadline end = deadline_after(ladder->steps[step + 1].after);
    return end.end < ladder->deadline.end ? end : ladder->deadline;
}

void ladder_climb(const struct ladder *ladder, struct target *targets, int count)
{
    bool goes_on = true;
    for (int step = 0; goes_on && step < ladder->count; step++) {
        for (int i = 0; i < count; i++)
            if (!targets[i].is_done)
                send_signal(ladder, &targets[i], step);

        /* Waiting for one after the other takes as long as waiting for all at once. */
        struct deadline end = end_of(ladder, step);
        goes_on = false;
        for (int i = 0; i < count && ladder->waits; i++)
            if (!targets[i].is_done && outlasts(ladder, &targets[i], step, &end))
                goes_on = true;
    }
    for (int i = 0; i < count; i++)
        process_close(&targets[i].process);
}
