#include "sys/inotify.h"

#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* inotify_init1(2) reports EMFILE for two limits: of descriptors, and of its own. */
static int set_failure(struct failure *failure)
{
    const char *limit = NULL;
    failure_set(failure, "watch");
    if (errno == EMFILE && io_has_descriptor())
        limit = "fs.inotify.max_user_instances";
    else if (errno == ENOSPC)
        limit = "fs.inotify.max_user_watches";

    long long value = limit ? (long long)limits_read(limit, -1) : 0;
    errno = failure->errnum;
    return limit ? failure_add_hint(failure, "%s is %lld", limit, value) : -1;
}

int inotify_open(struct failure *failure)
{
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return watch < 0 ? set_failure(failure) : watch;
}

int inotify_add(int watch, const char *path, uint32_t mask, struct failure *failure)
{
    int added = inotify_add_watch(watch, path, mask);
    return added < 0 ? set_failure(failure) : added;
}

void inotify_remove(int watch, int added)
{
    inotify_rm_watch(watch, added);
}

/* IN_IGNORED reports the end of a watch, with its file or by inotify_remove: that is no change. */
static bool is_wanted(const struct inotify_event *event, const char *name)
{
    if (event->mask & IN_IGNORED)
        return false;
    return event->mask & IN_Q_OVERFLOW || event->len == 0 || strcmp(event->name, name) == 0;
}

/* Reads the events that have come. Returns 1 if one of them is for NAME, else 0; -1 with errno,
 * EAGAIN if there are none. */
static int read_events(int watch, const char *name)
{
    char events[4 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got = read(watch, events, sizeof events);
    bool is_found = false;
    for (char *at = events; got > 0 && at < events + got;) {
        const struct inotify_event *event = (const struct inotify_event *)(void *)at;
        is_found = is_found || is_wanted(event, name);
        at += sizeof *event + event->len;
    }
    return got < 0 ? -1 : is_found;
}

int inotify_wait(int watch, const char *name, const struct deadline *deadline)
{
    struct pollfd ready = {.fd = watch, .events = POLLIN};
    for (;;) {
        int found = read_events(watch, name);
        if (found > 0)
            return 0;
        if (found < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        if (found < 0 && deadline_poll(&ready, 1, deadline) < 0)
            return -1;
    }
}

void inotify_drain(int watch)
{
    while (read_events(watch, "") >= 0)
        continue;
}
