#include "signal/ladder.h"

#include "signal/signal_name.h"
#include "sys/process.h"

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

    struct ladder_step *step = &ladder->steps[ladder->count++];
    const char *why = parse_time(time, &step->after);
    return why ? why : signal_name_parse(text + length + 1, &step->signal);
}

static void finish(const struct ladder *ladder, struct target *target, enum ladder_event event,
                   int step, const struct failure *failure)
{
    ladder->report(ladder->context, target, event, step, failure);
    process_close(&target->process);
    target->is_done = true;
}

static void finish_failed(const struct ladder *ladder, struct target *target, int step,
                          struct failure *failure)
{
    process_add_hint(&target->process, failure);
    finish(ladder, target, LADDER_FAILED, step, failure);
}

static void send_signal(const struct ladder *ladder, struct target *target, int step)
{
    struct failure failure;
    int signal = ladder->steps[step].signal, error = target->error;
    if (error == 0 && process_send(&target->process, signal, ladder->value) < 0)
        error = errno;
    if (error == 0) {
        ladder->report(ladder->context, target, LADDER_SENT, step, NULL);
        return;
    }
    if (error == ESRCH && ladder->waits) {
        finish(ladder, target, LADDER_ENDED, step - 1, NULL);
        return;
    }

    errno = error;
    if (target->process.pid > 0)
        failure_set(&failure, "send %s", signal_name(signal));
    else
        target_set_failure(target, &failure);
    failure.is_error = error == EAGAIN; /* the queue of signals is full: a limit, not a "no" */
    finish_failed(ladder, target, step, &failure);
}

/* Returns whether the process is still there and has time after DEADLINE. */
static bool wait_for_end(const struct ladder *ladder, struct target *target, int step,
                         const struct deadline *deadline)
{
    struct failure failure;
    if (process_wait(&target->process, deadline) == 0) {
        finish(ladder, target, LADDER_ENDED, step, NULL);
        return false;
    }
    if (errno == ETIMEDOUT && deadline->end < ladder->deadline.end)
        return true;
    failure_set(&failure, "wait for its end");
    finish_failed(ladder, target, step, &failure);
    return false;
}

void ladder_run(const struct ladder *ladder, struct target *targets, int count)
{
    bool goes_on = true;
    for (int step = 0; goes_on && step < ladder->count; step++) {
        for (int i = 0; i < count; i++)
            if (!targets[i].is_done)
                send_signal(ladder, &targets[i], step);

        struct deadline end = ladder->deadline;
        if (step + 1 < ladder->count)
            end = deadline_after(ladder->steps[step + 1].after);
        if (end.end > ladder->deadline.end)
            end = ladder->deadline;

        /* Waiting for one after the other takes as long as waiting for all at once. */
        goes_on = false;
        for (int i = 0; i < count && ladder->waits; i++)
            if (!targets[i].is_done && wait_for_end(ladder, &targets[i], step, &end))
                goes_on = true;
    }
    for (int i = 0; i < count; i++)
        process_close(&targets[i].process);
}
