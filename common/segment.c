#include "segment.h"

#include "segment_family.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int segment_fail(struct segment *segment, const char *what)
{
    segment->what = what;
    segment->hint[0] = '\0';
    return -1;
}

int segment_explain(struct segment *segment, const char *what, const char *hint, ...)
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
    bool is_sysv = objname_is_sysv(name);
    *segment = (struct segment){
        .name = *name,
        .id = -1,
        .is_sysv = is_sysv,
        .family = is_sysv ? &segment_sysv : &segment_posix,
    };
}

int segment_open(struct segment *segment, const struct objname *name, int64_t timeout)
{
    start(segment, name);
    return segment->family->open(segment, timeout);
}

int segment_get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    int64_t rest = segment->size - offset;
    if (rest < 0 || length > rest) {
        errno = ENODATA;
        return segment_explain(segment, "read range", " (the segment has %lld bytes)",
                               (long long)segment->size);
    }
    if (length < 0)
        length = rest;
    return segment->family->get(segment, offset, length, to);
}

int segment_put(struct segment *segment, const struct objname *name, const struct segment_put *how,
                int from)
{
    start(segment, name);
    if (segment->family->put(segment, how, from) == 0)
        return 0;
    int saved = errno;
    if (segment->is_created)
        segment->family->discard(segment);
    errno = saved;
    return -1;
}

int segment_stat(struct segment *segment, const struct objname *name, struct segment_status *status)
{
    start(segment, name);
    return segment->family->stat(segment, status);
}

int segment_remove(struct segment *segment, const struct objname *name)
{
    start(segment, name);
    return segment->family->remove(segment);
}
