#include "job.h"

#include "diag.h"
#include "exits.h"
#include "stop.h"
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void set_environment(const struct custody *message)
{
    bool is_sysv = message->queue->is_sysv;
    char text[24];
    snprintf(text, sizeof text, "%ld", message->tag);
    setenv("MQ_NAME", message->queue->name.text, 1);
    setenv(is_sysv ? "MQ_TYPE" : "MQ_PRIORITY", text, 1);
    unsetenv(is_sysv ? "MQ_PRIORITY" : "MQ_TYPE"); /* of a mqrecv that this one is a COMMAND of */
}

/* Moves the message to the dead queue. */
static int bury(const struct job *job, const struct custody *message)
{
    if (custody_send(message, job->dead, job->timeout) == 0)
        return 0;
    const char *hint = queue_hint(job->dead, errno, NULL);
    diag_warn("%s: send: %m%s", job->dead->name.text, hint);
    return -1;
}

int job_run(const struct job *job, struct custody *message)
{
    const char *command = job->command[0];
    int status = -1;
    errno = EINTR;
    if (!stop_signal()) { /* else it came too late to leave the message where it was */
        set_environment(message);
        status = worker_run(job->command, message->data, message->size, job->retries);
    }
    if (status == 0)
        return 0;
    int errnum = errno;

    bool may_bury = job->dead && status > 0 && !worker_is_missing(status) && !stop_signal();
    if (may_bury && bury(job, message) == 0) {
        diag_warn("%s: ended with status %d; the message went to %s", command, status,
                  job->dead->name.text);
        return 0;
    }
    enum custody_end end = custody_return(message);
    errno = errnum;
    if (status > 0)
        diag_warn("%s: ended with status %d; the message %s", command, status, message->fate);
    else if (errnum != EINTR || end != CUSTODY_BACK)
        diag_warn("%s: run: %m; the message %s", command, message->fate);
    return end != CUSTODY_LOST && status > 0 ? status : EXIT_TOOL_FAILED;
}
