/* A file can be mapped, and no more: for the rest there is mmapcat. */
#include "memory/segment_internal.h"

#include "memory/map_file.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/stat.h>

static int fail(struct segment *segment, const struct map_file *file)
{
    if (errno == ENOTSUP)
        return segment_explain(segment, file->what, " (it is %s)", file->kind);
    return segment_fail(segment, file->what);
}

static int map_file(struct segment *segment, const struct segment_map *how, void **memory)
{
    const struct map_file_open open = {
        .writes = how->writes,
        .creates = how->creates,
        .is_exclusive = how->is_exclusive,
        .mode = how->mode,
        .size = how->size < 0 ? how->offset + how->length : how->size,
    };
    struct map_file file;
    if (map_file_open(&file, segment->name.text, &open) < 0)
        return fail(segment, &file);
    segment->id = file.fd;
    segment->size = file.size;
    if (how->offset > file.size - how->length)
        return segment_refuse_range(segment, how);
    if (how->writes && map_file_allocate(&file, how->offset, how->length) < 0)
        return fail(segment, &file);
    return segment_map_file(segment, how, memory);
}

static bool is_removed(struct segment *segment)
{
    struct stat named, ours;
    if (stat(segment->name.text, &named) < 0)
        return errno == ENOENT || errno == ENOTDIR;
    return fstat(segment->id, &ours) == 0 && !io_is_same_file(&named, &ours);
}

const struct segment_family segment_file = {.map = map_file, .is_removed = is_removed};
