#include "queue/consumer.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "stream/run_filter.h"
#include "sys/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *consumer_parse_retries(const char *text, void *value)
{
    if (strcmp(text, "0") != 0)
        return parse_count(text, value) ? "not a number of retries (0 or more)" : NULL;
    *(int64_t *)value = 0;
    return NULL;
}

static void set_environment(const struct in_flight *in_flight)
{
    bool is_sysv = in_flight->queue->is_sysv;
    char text[24];
    snprintf(text, sizeof text, "%ld", in_flight->messages[0].tag);
    setenv("MQ_NAME", in_flight->queue->name.text, 1);
    setenv(is_sysv ? "MQ_TYPE" : "MQ_PRIORITY", text, 1);
    unsetenv(is_sysv ? "MQ_PRIORITY" : "MQ_TYPE"); /* of a mqrecv that this one is a COMMAND of */
}

/* Moves the message to the dead queue. */
static int bury(const struct consumer *job, struct in_flight *in_flight)
{
    if (in_flight_forward(in_flight, 0, job->dead, job->timeout) == 0) {
        in_flight->count = 0;
        return 0;
    }
    const char *hint = queue_hint(job->dead, errno, NULL);
    diag_warn("%s: send: %m%s", job->dead->name.text, hint);
    return -1;
}

int consumer_run(const struct consumer *job, struct in_flight *in_flight)
{
    const char *command = job->command[0];
    int status = -1;
    errno = EINTR;
    if (!interrupt_signal()) { /* else it came too late to leave the message where it was */
        set_environment(in_flight);
        status = run_filter(job->command, in_flight_body(in_flight, 0), in_flight->messages[0].size,
                            job->retries);
    }
    int errnum = errno;
    if (status == 0) {
        in_flight->count = 0;
        return 0;
    }

    bool may_bury =
        job->dead && status > 0 && !run_filter_is_missing(status) && !interrupt_signal();
    if (may_bury && bury(job, in_flight) == 0) {
        diag_warn("%s: ended with status %d; the message went to %s", command, status,
                  job->dead->name.text);
        return 0;
    }
    int back = in_flight_requeue(in_flight, 0, "");
    const char *semicolon = back < 0 ? "" : "; ";
    errno = errnum;
    if (status > 0)
        diag_warn("%s: ended with status %d%s%s", command, status, semicolon, in_flight->fate);
    else if (errnum != EINTR || back != 0)
        diag_warn("%s: run: %m%s%s", command, semicolon, in_flight->fate);
    return back >= 0 && status > 0 ? status : EXIT_TOOL_FAILED;
}
