#include "queue/consumer.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "stream/run_filter.h"
#include "sys/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *job_parse_retries(const char *text, void *value)
{
    if (strcmp(text, "0") != 0)
        return parse_count(text, value) ? "not a number of retries (0 or more)" : NULL;
    *(int64_t *)value = 0;
    return NULL;
}

static void set_environment(const struct custody *custody)
{
    bool is_sysv = custody->queue->is_sysv;
    char text[24];
    snprintf(text, sizeof text, "%ld", custody->messages[0].tag);
    setenv("MQ_NAME", custody->queue->name.text, 1);
    setenv(is_sysv ? "MQ_TYPE" : "MQ_PRIORITY", text, 1);
    unsetenv(is_sysv ? "MQ_PRIORITY" : "MQ_TYPE"); /* of a mqrecv that this one is a COMMAND of */
}

/* Moves the message to the dead queue. */
static int bury(const struct job *job, struct custody *custody)
{
    if (custody_send(custody, 0, job->dead, job->timeout) == 0) {
        custody->count = 0;
        return 0;
    }
    const char *hint = queue_hint(job->dead, errno, NULL);
    diag_warn("%s: send: %m%s", job->dead->name.text, hint);
    return -1;
}

int job_run(const struct job *job, struct custody *custody)
{
    const char *command = job->command[0];
    int status = -1;
    errno = EINTR;
    if (!stop_signal()) { /* else it came too late to leave the message where it was */
        set_environment(custody);
        status = worker_run(job->command, custody_body(custody, 0), custody->messages[0].size,
                            job->retries);
    }
    int errnum = errno;
    if (status == 0) {
        custody->count = 0;
        return 0;
    }

    bool may_bury = job->dead && status > 0 && !worker_is_missing(status) && !stop_signal();
    if (may_bury && bury(job, custody) == 0) {
        diag_warn("%s: ended with status %d; the message went to %s", command, status,
                  job->dead->name.text);
        return 0;
    }
    int back = custody_return(custody, 0, "");
    const char *semicolon = back < 0 ? "" : "; ";
    errno = errnum;
    if (status > 0)
        diag_warn("%s: ended with status %d%s%s", command, status, semicolon, custody->fate);
    else if (errnum != EINTR || back != 0)
        diag_warn("%s: run: %m%s%s", command, semicolon, custody->fate);
    return back >= 0 && status > 0 ? status : EXIT_TOOL_FAILED;
}
