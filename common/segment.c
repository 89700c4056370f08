#include "segment.h"

#include "posixshm.h"
#include "sysvshm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int segment_fail(struct segment *segment, const char *what, const char *hint, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, hint);
    vsnprintf(segment->hint, sizeof segment->hint, hint, arguments);
    va_end(arguments);
    segment->what = what;
    errno = saved;
    return -1;
}

static void start(struct segment *segment, const struct objname *name)
{
    *segment = (struct segment){.name = *name, .id = -1, .is_sysv = objname_is_sysv(name)};
}

int segment_open(struct segment *segment, const struct objname *name, int64_t timeout)
{
    start(segment, name);
    return segment->is_sysv ? sysvshm_open(segment) : posixshm_open(segment, timeout);
}

int segment_get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    int64_t rest = segment->size - offset;
    if (rest < 0 || length > rest) {
        errno = ENODATA;
        return segment_fail(segment, "read range", " (the segment has %lld bytes)",
                            (long long)segment->size);
    }
    if (length < 0)
        length = rest;
    return segment->is_sysv ? sysvshm_get(segment, offset, length, to)
                            : posixshm_get(segment, offset, length, to);
}

int segment_put(struct segment *segment, const struct objname *name, const struct segment_put *how,
                int from)
{
    start(segment, name);
    if ((segment->is_sysv ? sysvshm_put : posixshm_put)(segment, how, from) == 0)
        return 0;
    int saved = errno;
    if (segment->is_created)
        segment->is_sysv ? sysvshm_discard(segment) : posixshm_discard(segment);
    errno = saved;
    return -1;
}

int segment_stat(struct segment *segment, const struct objname *name, struct segment_status *status)
{
    start(segment, name);
    return segment->is_sysv ? sysvshm_stat(segment, status) : posixshm_stat(segment, status);
}

int segment_remove(struct segment *segment, const struct objname *name)
{
    start(segment, name);
    return segment->is_sysv ? sysvshm_remove(segment) : posixshm_remove(segment);
}
