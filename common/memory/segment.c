#include "memory/segment.h"

#include "cli/progress.h"
#include "memory/map_copy.h"
#include "memory/segment_internal.h"
#include "sys/io.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

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

static void start(struct segment *segment, const struct object_name *name)
{
    *segment = (struct segment){
        .name = *name,
        .id = -1,
        .watch = -1,
        .watched = -1,
        .is_sysv = object_name_is_sysv(name),
    };
    segment->family = segment->is_sysv                 ? &segment_sysv
                      : name->kind == OBJECT_NAME_FILE ? &segment_file
                                                       : &segment_posix;
}

static void enter_sandbox(const struct segment *segment, bool changes_names)
{
    sandbox_enter(&(struct sandbox){.folder = changes_names ? segment->family->folder : NULL});
}

int segment_open(struct segment *segment, const struct object_name *name,
                 const struct segment_get *how)
{
    start(segment, name);
    if (segment->family->open(segment, how) < 0)
        return -1;
    enter_sandbox(segment, how->takes);
    return 0;
}

int segment_measure(struct segment *segment, const struct segment_get *how, int64_t *length)
{
    int64_t rest = segment->size - how->offset;
    *length = how->length < 0 ? rest : how->length;
    if (rest >= 0 && *length <= rest)
        return 0;
    errno = ENODATA;
    return segment_explain(segment, "read range", " (the segment has %lld bytes)",
                           (long long)segment->size);
}

/* The copy has no name, so it is nobody else's, and goes with the process. */
static int get_copy(struct segment *segment, int64_t offset, int64_t length, int to)
{
    int copy = memfd_create("ipcbox", MFD_CLOEXEC);
    if (copy < 0 || ftruncate(copy, length) < 0)
        return segment_fail(segment, "make room for the copy");
    if (segment->family->copy(segment, offset, length, copy) < 0)
        return -1;
    struct map_range range = {.fd = copy, .length = length};
    int result = map_copy_out(&range, to);
    int saved = errno;
    close(copy);
    errno = saved;
    return result < 0 ? segment_fail(segment, "write to stdout") : 0;
}

int segment_get(struct segment *segment, const struct segment_get *how, int to)
{
    int64_t length;
    if (segment_measure(segment, how, &length) < 0)
        return -1;
    return how->is_copied ? get_copy(segment, how->offset, length, to)
                          : segment->family->get(segment, how->offset, length, to);
}

int segment_take(struct segment *segment)
{
    return segment->family->take(segment);
}

int segment_wait_next(struct segment *segment, const struct segment_get *how)
{
    return segment->family->next(segment, how);
}

void segment_begin_input(const struct segment *segment, const struct segment_put *how,
                         bool changes_names, int from)
{
    enter_sandbox(segment, changes_names);
    if (how->is_metered)
        progress_start(io_bytes_left(from));
}

int segment_put(struct segment *segment, const struct object_name *name,
                const struct segment_put *how, int from)
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

int segment_map(struct segment *segment, const struct object_name *name,
                const struct segment_map *how, void **memory)
{
    start(segment, name);
    return segment->family->map(segment, how, memory);
}

bool segment_is_removed(struct segment *segment)
{
    return segment->family->is_removed(segment);
}

int segment_stat(struct segment *segment, const struct object_name *name,
                 struct segment_status *status)
{
    start(segment, name);
    return segment->family->stat(segment, status);
}

int segment_remove(struct segment *segment, const struct object_name *name)
{
    start(segment, name);
    return segment->family->remove(segment);
}

int segment_refuse_range(struct segment *segment, const struct segment_map *how)
{
    errno = ENODATA;
    return segment_explain(segment, "map range", " (bytes %lld to %lld; the segment has %lld)",
                           (long long)how->offset, (long long)(how->offset + how->length - 1),
                           (long long)segment->size);
}

int segment_map_file(struct segment *segment, const struct segment_map *how, void **memory)
{
    int64_t lead = how->offset % sysconf(_SC_PAGESIZE);
    int protection = PROT_READ | (how->writes ? PROT_WRITE : 0);
    char *pages = mmap(NULL, (size_t)(lead + how->length), protection, MAP_SHARED, segment->id,
                       how->offset - lead);
    if (pages == MAP_FAILED)
        return segment_fail(segment, "map segment");
    *memory = pages + lead;
    return 0;
}
