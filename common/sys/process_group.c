#include "sys/process_group.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

static bool has_ended(const struct process *process)
{
    struct deadline now = deadline_after(0);
    return process_wait(process, &now) == 0;
}

/* What was true of the PID before it was opened need not be of the process that was opened. */
int process_group_next(DIR *proc, pid_t group, struct process *member)
{
    for (struct dirent *entry; (entry = readdir(proc));) {
        uint64_t pid;
        const char *end = parse_digits(entry->d_name, 10, INT_MAX, &pid);
        if (!end || end == entry->d_name || *end || getpgid((pid_t)pid) != group)
            continue;
        if (process_open(member, (pid_t)pid) < 0)
            continue;
        if (getpgid(member->pid) == group && !has_ended(member))
            return 1;
        process_close(member);
    }
    return 0;
}

bool process_group_exists(pid_t group)
{
    struct process member;
    DIR *proc = opendir("/proc");
    bool exists = proc && process_group_next(proc, group, &member);
    if (exists)
        process_close(&member);
    if (proc)
        closedir(proc);
    return exists;
}

/* As kill(2) does: done where one of them could be signalled. This process comes last: the signal
 * may be its end. */
int process_group_send(pid_t group, int signal, const int *value)
{
    struct process member, own = {.fd = -1};
    int error = ESRCH;
    bool is_sent = false;
    DIR *proc = opendir("/proc");
    if (!proc)
        return -1;
    while (process_group_next(proc, group, &member)) {
        if (member.pid == getpid()) {
            own = member;
            continue;
        }
        if (process_send(&member, signal, value) == 0)
            is_sent = true;
        else if (errno != ESRCH)
            error = errno;
        process_close(&member);
    }
    closedir(proc);
    if (own.fd >= 0 && process_send(&own, signal, value) == 0)
        is_sent = true;
    process_close(&own);
    return is_sent ? 0 : (errno = error, -1);
}

/* A member may fork while the others are looked at, and its child have a lower number: only what is
 * empty twice is empty. */
int process_group_wait(pid_t group, const struct deadline *deadline)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return -1;
    int result = 0;
    for (int empty = 0; result == 0 && empty < 2;) {
        struct process member;
        rewinddir(proc);
        if (!process_group_next(proc, group, &member)) {
            empty++;
            continue;
        }
        empty = 0;
        result = process_wait(&member, deadline);
        process_close(&member);
    }
    int saved = errno;
    closedir(proc);
    errno = saved;
    return result;
}
