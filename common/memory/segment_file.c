/* A file can only be mapped; mmapcat does the rest. */
#include "memory/segment_internal.h"

#include "memory/map_file.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/stat.h>

static int map_file(struct segment *segment, const struct segment_map *how, void **memory)
{
    const struct map_file_open open = {
        .writes = how->writes,
        .creates = how->creates,
        .is_exclusive = how->is_exclusive,
        .mode = how->mode,
        .size = segment_map_size(how),
    };
    struct map_file file;
    int result = map_file_open(&file, segment->name.text, &open);
    segment->id = file.fd;
    segment->size = file.size;
    if (result == 0 && segment_check_range(segment, how) < 0)
        return -1;
    if (result == 0 && how->writes)
        result = map_file_allocate(&file, how->offset, how->length);
    if (result == 0)
        return segment_map_file(segment, how, memory);
    segment->failure = file.failure;
    return -1;
}

static bool is_removed(struct segment *segment)
{
    struct stat named, ours;
    if (stat(segment->name.text, &named) < 0)
        return errno == ENOENT || errno == ENOTDIR;
    return fstat(segment->id, &ours) == 0 && !io_is_same_file(&named, &ours);
}

const struct segment_family segment_file = {.map = map_file, .is_removed = is_removed};
