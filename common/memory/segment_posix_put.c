/* In place, the input goes straight into the object, which is locked meanwhile. It grows ahead of
 * what is written, by length alone, without memory: where another program cuts it, it is shorter
 * than it was made, and that shows. */
#include "memory/segment_posix.h"

#include "cli/progress.h"
#include "memory/splice.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD = 4 << 20 };

/* A name in a directory that everybody may write into is no proof of who made the object, and its
 * owner can read what is put into it. As for the shell's `>`, where fs.protected_regular is set. */
static int check_owner(struct segment *segment)
{
    struct stat object, directory;
    if (fstat(segment->id, &object) < 0 || stat(SHM_DIRECTORY, &directory) < 0)
        return segment_fail(segment, "read status");
    if (object.st_uid == geteuid() || object.st_uid == directory.st_uid)
        return 0;
    errno = EACCES;
    return segment_explain(segment, "replace content", " (it is of user %ld; -o 0 writes into it)",
                           (long)object.st_uid);
}

/* The object gets its mode and its lock before it gets its name, so that nobody ever reads it
 * empty. */
static int create_locked(struct segment *segment, mode_t mode, const struct deadline *deadline)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    int fd = shm_file_create_unnamed(segment);
    if (fd < 0)
        return -1;
    if (fchmod(fd, mode) < 0 ||
        shm_file_lock(fd, FILE_LOCK_EXCLUSIVE, SHM_LOCK_CONTENT, deadline) < 0) {
        close_keep_errno(fd);
        return segment_fail(segment, "create segment");
    }
    if (shm_file_publish(segment, fd, path) < 0)
        return close_keep_errno(fd);
    segment->id = fd;
    segment->size = 0;
    segment->is_created = true;
    return 0;
}

static int open_in_place(struct segment *segment, const struct segment_put *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    for (;;) {
        if (!how->is_exclusive) {
            if (shm_file_open_locked(segment, O_RDWR, SHM_LOCK_CONTENT, &deadline) == 0)
                return how->creates ? check_owner(segment) : 0;
            if (errno != ENOENT || !how->creates)
                return -1;
        }
        if (create_locked(segment, how->mode, &deadline) == 0)
            return 0;
        if (errno != EEXIST || how->is_exclusive)
            return -1;
    }
}

static int check_cut(struct segment *segment, int64_t at)
{
    struct stat status;
    if (fstat(segment->id, &status) < 0)
        return segment_fail(segment, "read status");
    if (status.st_size >= segment->size)
        return 0;
    segment->size = status.st_size;
    errno = EFAULT;
    return segment_explain(segment, "write segment", " (cut by another program, before byte %lld)",
                           (long long)at);
}

/* Waits until FROM has something to give, or is at its end. Whoever waits long may find the object
 * cut: to write then would make it as long again, and nothing would show. */
static int await_input(struct segment *segment, int64_t at, int from)
{
    const struct deadline never = deadline_after(DEADLINE_NEVER);
    struct pollfd input = {.fd = from, .events = POLLIN};
    if (deadline_poll(&input, 1, &never) < 0)
        return segment_fail(segment, "read stdin");
    return check_cut(segment, at);
}

/* Of the piece that met the end of the space a part may be there. */
static int fail_as_full(struct segment *segment, int64_t at)
{
    struct stat status;
    int64_t there = fstat(segment->id, &status) == 0 ? (int64_t)status.st_blocks * 512 : 0;
    errno = ENOSPC;
    return segment_explain(segment, "write segment", " (more than %lld bytes needed)",
                           (long long)(there > at ? there : at));
}

/* Moves what FROM gives next to byte AT, at most MOST bytes. Returns the bytes, 0 at the end. */
static int64_t move_next(struct segment *segment, int64_t at, int64_t most, int from)
{
    bool is_file_error;
    int64_t got = splice_in(from, segment->id, at, most, &is_file_error);
    if (got < 0 && is_file_error && errno == ENOSPC)
        return fail_as_full(segment, at);
    if (got < 0)
        return segment_fail(segment, is_file_error ? "write segment" : "read stdin");
    progress_add(got);
    return check_cut(segment, at + got) < 0 ? -1 : got;
}

/* Only when there is input: a writer that is killed while it waits leaves the length as it was. */
static int grow_ahead(struct segment *segment)
{
    int64_t size;
    if (__builtin_add_overflow(segment->size, AHEAD, &size))
        size = INT64_MAX; /* which the kernel refuses */
    if (ftruncate(segment->id, size) < 0)
        return segment_fail(segment, "lengthen segment");
    segment->size = size;
    return 0;
}

/* The input, from OFFSET on; the object grows as it does. *END is behind the last byte, also where
 * this fails. */
static int fill(struct segment *segment, int64_t offset, int from, int64_t *end)
{
    int64_t left = io_bytes_left(from), needed;
    *end = offset;
    if (__builtin_add_overflow(offset, left > 0 ? left : 0, &needed))
        needed = INT64_MAX;
    if (needed > segment->size && shm_file_allocate(segment, needed) < 0)
        return -1;
    for (;;) {
        if (await_input(segment, *end, from) < 0 ||
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
    return segment_explain(segment, "read stdin", " (--size is %lld bytes)", (long long)size);
}

/* Input of at most SIZE - OFFSET bytes, into an object of SIZE bytes. */
static int fill_sized(struct segment *segment, int64_t offset, int64_t size, int from, int64_t *end)
{
    *end = offset;
    if (io_bytes_left(from) > size - offset)
        return refuse_length(segment, size);
    if (shm_file_allocate(segment, size) < 0)
        return -1;
    int64_t got = 1;
    while (got > 0 && *end < size) {
        if (await_input(segment, *end, from) < 0)
            return -1;
        got = move_next(segment, *end, size - *end, from);
        if (got < 0)
            return -1;
        *end += got;
    }
    int more = got > 0 ? io_read_one(from) : 0;
    if (more < 0)
        return segment_fail(segment, "read stdin");
    return more ? refuse_length(segment, size) : 0;
}

/* Makes the object SIZE bytes long, zeros from END on. Those are not cut off and added again: a
 * program that has the object mapped would die of SIGBUS. */
static int finish(struct segment *segment, int64_t end, int64_t size)
{
    int flags = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (end < size && fallocate(segment->id, flags, end, size - end) < 0)
        return segment_fail(segment, "clear the rest");
    if (end < size && shm_file_allocate(segment, size) < 0)
        return -1;
    return ftruncate(segment->id, size) < 0 ? segment_fail(segment, "resize segment") : 0;
}

int segment_posix_fill(struct segment *segment, const struct segment_put *how, bool is_new,
                       int from)
{
    bool replaces = how->offset < 0, is_sized = how->size >= 0 && (replaces || is_new);
    int64_t offset = replaces ? 0 : how->offset, end, before = segment->size;

    int result = is_sized ? fill_sized(segment, offset, how->size, from, &end)
                          : fill(segment, offset, from, &end);
    if (result == 0 && replaces)
        return finish(segment, end, is_sized ? how->size : end);
    if (result == 0 && is_sized)
        return 0;
    int64_t size = end > before && end > offset ? end : before;
    int saved = errno;
    if (segment->size > size && ftruncate(segment->id, size) < 0 && result == 0)
        return segment_fail(segment, "resize segment");
    errno = saved;
    return result;
}

int segment_posix_put(struct segment *segment, const struct segment_put *how, int from)
{
    if (how->is_atomic)
        return segment_posix_replace(segment, how, from);
    if (open_in_place(segment, how) < 0)
        return -1;
    shm_file_remove_stale(segment, segment->id);
    segment_begin_input(segment, how, segment->is_created, from);
    return segment_posix_fill(segment, how, segment->is_created, from);
}

void segment_posix_discard(struct segment *segment)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    if (shm_file_is_named(segment, segment->id) > 0)
        unlink(path);
}
