#include "semaphore/semaphore_report.h"

#include "cli/report.h"

#include <stdlib.h>

static void report_sysv(const struct semaphore *semaphore, const struct semaphore_status *status)
{
    report_number("id", semaphore->id);
    report_number("index", semaphore->index);
    report_values("values", status->values, (size_t)status->count);
    report_number("waiting", status->waiting);
    report_number("waiting_for_zero", status->waiting_for_zero);
    report_number("last_pid", status->last_pid);
    report_time("operated", status->operated);
    report_time("changed", status->changed);
}

int semaphore_report(struct semaphore *semaphore, bool json)
{
    struct semaphore_status status;
    if (semaphore_status(semaphore, &status) < 0)
        return -1;
    report_object(json, semaphore->name.text, semaphore->is_sysv);
    report_number("value", status.value);
    if (semaphore->is_sysv)
        report_sysv(semaphore, &status);
    report_owner(status.mode, status.uid, status.gid);
    report_end();
    free(status.values);
    return 0;
}
