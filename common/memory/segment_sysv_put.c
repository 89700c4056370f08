#include "memory/segment_sysv.h"

#include "cli/progress.h"
#include "memory/splice.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int refuse_end(struct segment *segment)
{
    errno = EFBIG;
    return segment_explain(segment, "write past the end", " (the segment has %lld bytes)",
                           (long long)segment->size);
}

static int refuse_size(struct segment *segment)
{
    errno = EINVAL;
    return segment_explain(
        segment, "put another size",
        " (the segment has %lld bytes; --resize makes it anew, -o writes a range)",
        (long long)segment->size);
}

/* Opens a file without a name that takes its memory where the segment will: what /dev/shm may hold
 * is its limit too. */
static int open_hold(void)
{
    int file = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return file < 0 ? memfd_create("ipcbox", MFD_CLOEXEC) : file;
}

/* Moves input of unknown length, at most LIMIT bytes, into FILE. Returns that. */
static int hold(struct segment *segment, int file, int from, int64_t limit, int64_t *size)
{
    bool is_file_error = true;
    int64_t got = -1;
    for (*size = 0; file >= 0; *size += got) {
        got = splice_in(from, file, *size, limit + 1 - *size, &is_file_error);
        if (got <= 0 || *size + got > limit)
            break;
    }
    if (got < 0)
        return segment_explain(segment, is_file_error ? "hold the input" : "read stdin",
                               " (after %lld bytes)", (long long)*size);
    if (got > 0)
        return refuse_size(segment);
    return lseek(file, 0, SEEK_SET) < 0 ? segment_fail(segment, "hold the input") : file;
}

/* The input becomes the whole content. Its size must be known before a segment is made or touched;
 * where FROM does not tell, the input is held back until its end. */
static int replace(struct segment *segment, const struct segment_put *how, int from)
{
    if (segment_sysv_open_existing(segment, how) < 0)
        return -1;
    bool is_fixed = segment->memory && !how->resizes;
    int64_t left = io_bytes_left(from);
    int file = left < 0 ? open_hold() : -1;
    segment_begin_input(segment, how, false, from);
    if (left < 0)
        from = hold(segment, file, from, is_fixed ? segment->size : INT64_MAX - 1, &left);
    if (from < 0 || segment_sysv_open_or_create(segment, how, left) < 0)
        return -1;
    if (left != segment->size)
        return refuse_size(segment);

    size_t got;
    if (io_read_counted(from, segment->memory, (size_t)left, &got) < 0)
        return segment_fail(segment, "read stdin");
    progress_add((int64_t)got);
    if ((int64_t)got == left)
        return 0;
    errno = ENODATA;
    return segment_explain(segment, "read stdin", " (it became shorter than %lld bytes)",
                           (long long)left);
}

/* The input goes into a segment whose size is known; nothing of it may be left over. */
static int fill(struct segment *segment, const struct segment_put *how, int from)
{
    bool replaces = how->offset < 0;
    if (segment_sysv_open_or_create(segment, how, how->size) < 0)
        return -1;
    if (replaces && segment->size != how->size)
        return refuse_size(segment);
    int64_t offset = replaces ? 0 : how->offset, room = segment->size - offset;
    if (room < 0 || io_bytes_left(from) > room)
        return refuse_end(segment);

    segment_begin_input(segment, how, false, from);
    char *start = segment->memory + offset;
    ssize_t got = io_read_full(from, start, (size_t)room);
    int rest = got < 0 ? -1 : io_read_one(from);
    if (rest < 0)
        return segment_fail(segment, "read stdin");
    if (rest > 0)
        return refuse_end(segment);
    progress_add(got);
    if (replaces)
        memset(start + got, 0, (size_t)(room - got));
    return 0;
}

int segment_sysv_put(struct segment *segment, const struct segment_put *how, int from)
{
    return how->offset < 0 && how->size < 0 ? replace(segment, how, from)
                                            : fill(segment, how, from);
}
