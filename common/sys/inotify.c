#include "sys/inotify.h"

#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int inotify_open(void)
{
    return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int inotify_add(int watch, const char *path, uint32_t mask)
{
    return inotify_add_watch(watch, path, mask);
}

void inotify_remove(int watch, int added)
{
    inotify_rm_watch(watch, added);
}

/* inotify_init1(2) says EMFILE of both limits. */
void inotify_hint(char *hint, size_t size)
{
    int saved = errno;
    const char *limit = NULL;
    if (saved == EMFILE && io_has_descriptor())
        limit = "fs.inotify.max_user_instances";
    else if (saved == ENOSPC)
        limit = "fs.inotify.max_user_watches";

    *hint = '\0';
    if (limit)
        snprintf(hint, size, " (%s is %lld)", limit, (long long)limits_read(limit, -1));
    errno = saved;
}

/* IN_IGNORED says that a watch has ended, with its file or by inotify_remove; nothing changed by
 * it. */
static bool is_wanted(const struct inotify_event *event, const char *name)
{
    if (event->mask & IN_IGNORED)
        return false;
    return event->mask & IN_Q_OVERFLOW || event->len == 0 || strcmp(event->name, name) == 0;
}

/* Whether the events that there are hold one for NAME; -1 with errno EAGAIN where there are none.
 */
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
