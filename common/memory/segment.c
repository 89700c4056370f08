#include "memory/segment.h"

#include "memory/map_copy.h"
#include "memory/segment_internal.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void segment_init(struct segment *segment, const struct object_name *name)
{
    *segment = (struct segment){
        .name = *name,
        .id = -1,
        .held = -1,
        .watch = -1,
        .watched = -1,
        .is_sysv = object_name_is_sysv(name),
    };
    segment->family = segment->is_sysv                 ? &segment_sysv
                      : name->kind == OBJECT_NAME_FILE ? &segment_file
                                                       : &segment_posix;
}

/* Completes what a function of the family returned: if there is no such object, HINT says what
 * creates it. */
static int add_missing_hint(struct segment *segment, int result, const char *hint)
{
    if (result < 0 && errno == ENOENT && !*segment->failure.detail)
        failure_add_hint(&segment->failure, "%s", hint);
    return result;
}

int segment_open_to_get(struct segment *segment, const struct object_name *name,
                        const struct segment_get *how)
{
    segment_init(segment, name);
    return add_missing_hint(segment, segment->family->open_to_get(segment, how),
                            "shmput creates it");
}

int segment_measure(struct segment *segment, const struct segment_get *how, int64_t *length)
{
    int64_t rest = segment->size - how->offset;
    *length = how->length < 0 ? rest : how->length;
    if (rest >= 0 && *length <= rest)
        return 0;
    errno = ENODATA;
    failure_set(&segment->failure, "read range");
    return failure_add_hint(&segment->failure, "the segment has %lld bytes",
                            (long long)segment->size);
}

/* The copy has no name: no other process finds it, and it ends with this one. */
static int get_copy(struct segment *segment, int64_t offset, int64_t length, int to)
{
    int copy = memfd_create("ipcbox", MFD_CLOEXEC);
    if (copy < 0 || ftruncate(copy, length) < 0)
        return failure_set(&segment->failure, "make room for the copy");
    if (segment->family->copy(segment, offset, length, copy) < 0)
        return -1;

    struct map_range range = {.fd = copy, .length = length};
    int result = map_copy_out(&range, to);
    if (result < 0)
        segment->failure = range.failure;
    close_keep_errno(copy);
    return result;
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
    return segment->family->wait_next(segment, how);
}

/* Completes what a put returned: if it failed, what it created is removed. */
static int discard_unfinished(struct segment *segment, int result)
{
    int saved = errno;
    if (result < 0 && segment->is_created)
        segment->family->discard(segment);
    errno = saved;
    return result;
}

int segment_open_to_put(struct segment *segment, const struct object_name *name,
                        const struct segment_put *how, int from)
{
    segment_init(segment, name);
    int result = segment->family->open_to_put(segment, how, from);
    if (!how->creates)
        add_missing_hint(segment, result, "-c creates it");
    return discard_unfinished(segment, result);
}

int segment_put(struct segment *segment, const struct segment_put *how, int from)
{
    return discard_unfinished(segment, segment->family->put(segment, how, from));
}

int segment_map(struct segment *segment, const struct object_name *name,
                const struct segment_map *how, void **memory)
{
    segment_init(segment, name);
    int result = segment->family->map(segment, how, memory);
    return how->creates ? result : add_missing_hint(segment, result, "-c creates it");
}

bool segment_is_removed(struct segment *segment)
{
    return segment->family->is_removed(segment);
}

int segment_stat(struct segment *segment, const struct object_name *name,
                 struct segment_status *status)
{
    segment_init(segment, name);
    return add_missing_hint(segment, segment->family->stat(segment, status), "shmput creates it");
}

int segment_remove(struct segment *segment, const struct object_name *name)
{
    segment_init(segment, name);
    return segment->family->remove(segment);
}

int64_t segment_map_size(const struct segment_map *how)
{
    return how->size < 0 ? how->offset + how->length : how->size;
}

int segment_check_range(struct segment *segment, const struct segment_map *how)
{
    if (how->offset <= segment->size - how->length)
        return 0;
    errno = ENODATA;
    failure_set(&segment->failure, "map range");
    return failure_add_hint(&segment->failure, "bytes %lld to %lld; the segment has %lld",
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
        return failure_set(&segment->failure, "map segment");
    *memory = pages + lead;
    return 0;
}
