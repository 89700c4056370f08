/* The input goes straight into the object. If its length is not known, the object grows ahead of
 * what is written, in length alone and without memory. If another program truncates the object, it
 * is then shorter than it was made, and that shows. */
#include "memory/segment_posix_fill.h"

#include "cli/progress.h"
#include "memory/shm_file.h"
#include "memory/splice.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD = 4 << 20 };

/* Fails if another program has truncated the object; AT bytes are written. */
static int check_length(struct segment *segment, int64_t at)
{
    struct stat status;
    if (fstat(segment->id, &status) < 0)
        return failure_set(&segment->failure, "read status");
    if (status.st_size >= segment->size)
        return 0;
    segment->size = status.st_size;
    errno = EFAULT;
    failure_set(&segment->failure, "write segment");
    return failure_set_why(&segment->failure, "cut by another program before byte %lld",
                           (long long)at);
}

/* Waits until FROM has data or is at its end. The wait may be long, and the object truncated
 * meanwhile: a write would then lengthen it again, and the loss would not show. */
static int wait_for_input(struct segment *segment, int64_t at, int from)
{
    const struct deadline never = deadline_after(DEADLINE_NEVER);
    struct pollfd input = {.fd = from, .events = POLLIN};
    if (deadline_poll(&input, 1, &never) < 0)
        return failure_set_object(&segment->failure, "stdin", "read");
    return check_length(segment, at);
}

/* Of the piece that met the end of the space a part may be there. */
static int add_needed_hint(struct segment *segment, int64_t at)
{
    struct stat status;
    int64_t there = fstat(segment->id, &status) == 0 ? (int64_t)status.st_blocks * 512 : 0;
    errno = ENOSPC;
    return failure_add_hint(&segment->failure, "more than %lld bytes needed",
                            (long long)(there > at ? there : at));
}

/* Moves the next input of FROM to byte AT, at most MOST bytes. Returns the bytes, 0 at the end. */
static int64_t move_next(struct segment *segment, int64_t at, int64_t most, int from)
{
    int64_t got = splice_in(from, segment->id, at, most, "write segment", &segment->failure);
    if (got < 0)
        return errno == ENOSPC ? add_needed_hint(segment, at) : -1;
    progress_add(got);
    return check_length(segment, at + got) < 0 ? -1 : got;
}

/* Called only when there is input: a writer that is killed while it waits leaves the length as it
 * was. */
static int grow_ahead(struct segment *segment)
{
    int64_t size;
    if (__builtin_add_overflow(segment->size, AHEAD, &size))
        size = INT64_MAX; /* which the kernel refuses */
    if (ftruncate(segment->id, size) < 0)
        return failure_set(&segment->failure, "lengthen segment");
    segment->size = size;
    return 0;
}

/* Writes the input from OFFSET on; the object grows with it. *END is behind the last byte written,
 * also if this fails. */
static int fill_growing(struct segment *segment, int64_t offset, int from, int64_t *end)
{
    int64_t left = io_bytes_left(from), needed;
    *end = offset;
    if (__builtin_add_overflow(offset, left > 0 ? left : 0, &needed))
        needed = INT64_MAX;
    if (needed > segment->size && shm_file_allocate(segment, needed) < 0)
        return -1;
    for (;;) {
        if (wait_for_input(segment, *end, from) < 0 ||
            (*end == segment->size && grow_ahead(segment) < 0))
            return -1;
        int64_t got = move_next(segment, *end, segment->size - *end, from);
        if (got <= 0)
            return (int)got;
        *end += got;
    }
}

static int refuse_length(struct segment *segment, int64_t size)
{
    errno = EFBIG;
    failure_set_object(&segment->failure, "stdin", "read");
    return failure_add_hint(&segment->failure, "--size is %lld bytes", (long long)size);
}

/* Writes input of at most SIZE - OFFSET bytes into an object of SIZE bytes; *END as above. */
static int fill_sized(struct segment *segment, int64_t offset, int64_t size, int from, int64_t *end)
{
    *end = offset;
    if (io_bytes_left(from) > size - offset)
        return refuse_length(segment, size);
    if (shm_file_allocate(segment, size) < 0)
        return -1;

    int64_t got = 1;
    while (got > 0 && *end < size) {
        if (wait_for_input(segment, *end, from) < 0)
            return -1;
        got = move_next(segment, *end, size - *end, from);
        if (got < 0)
            return -1;
        *end += got;
    }

    int more = got > 0 ? io_read_one(from) : 0;
    if (more < 0)
        return failure_set_object(&segment->failure, "stdin", "read");
    return more ? refuse_length(segment, size) : 0;
}

/* Makes the object SIZE bytes long, with zeros from END on. It is not cut to END and lengthened
 * again: a program that has the object mapped would die of SIGBUS. */
static int trim(struct segment *segment, int64_t end, int64_t size)
{
    int flags = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (end < size && fallocate(segment->id, flags, end, size - end) < 0)
        return failure_set(&segment->failure, "clear the rest");
    if (end < size && shm_file_allocate(segment, size) < 0)
        return -1;
    return ftruncate(segment->id, size) < 0 ? failure_set(&segment->failure, "resize segment") : 0;
}

int segment_posix_fill(struct segment *segment, const struct segment_put *how, bool is_new,
                       int from)
{
    bool replaces = how->offset < 0, is_sized = how->size >= 0 && (replaces || is_new);
    int64_t offset = replaces ? 0 : how->offset, end, before = segment->size;

    int result = is_sized ? fill_sized(segment, offset, how->size, from, &end)
                          : fill_growing(segment, offset, from, &end);
    if (result == 0 && replaces)
        return trim(segment, end, is_sized ? how->size : end);
    if (result == 0 && is_sized)
        return 0;

    int64_t size = end > before && end > offset ? end : before;
    int saved = errno;
    if (segment->size > size && ftruncate(segment->id, size) < 0 && result == 0)
        return failure_set(&segment->failure, "resize segment");
    errno = saved;
    return result;
}
