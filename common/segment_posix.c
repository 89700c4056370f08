#include "segment_family.h"

#include "io.h"
#include "lock.h"
#include "mapping.h"
#include "relay.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DIRECTORY "/dev/shm" /* shm_overview(7) */

/* sem_overview(7): POSIX semaphores live in the same directory, as sem.NAME. */
static bool is_semaphore(const struct segment *segment)
{
    return strncmp(segment->name.text, "/sem.", 5) == 0;
}

static void path_of(const struct segment *segment, char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, DIRECTORY "%s", segment->name.text);
}

static int fail_as_foreign(struct segment *segment, const char *what)
{
    errno = ENOTSUP;
    return segment_explain(segment, what, " (what has this name is no shared memory)");
}

/* O_NONBLOCK, lest a FIFO at the name should hang it. A link, a socket or a directory is not even
 * opened. */
static int open_existing(struct segment *segment, int access)
{
    char path[PATH_MAX];
    struct stat status;
    path_of(segment, path);
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "open segment");

    int fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
        return fail_as_foreign(segment, "open segment");
    if (fd < 0 || fstat(fd, &status) < 0)
        return segment_fail(segment, "open segment");
    if (S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return fail_as_foreign(segment, "open segment");
}

/* Opens and locks. Somebody may have removed the object while this waited for the lock; then the
 * name is looked up again. */
static int open_locked(struct segment *segment, int access, const struct deadline *deadline)
{
    enum lock_kind kind = access == O_RDONLY ? LOCK_SHARED : LOCK_EXCLUSIVE;
    for (;;) {
        int fd = open_existing(segment, access);
        if (fd < 0)
            return -1;
        struct stat status;
        if (lock_range(fd, kind, 0, 0, deadline) < 0 || fstat(fd, &status) < 0) {
            io_abandon(fd);
            return segment_fail(segment, "lock segment");
        }
        if (status.st_nlink > 0) {
            segment->id = fd;
            segment->size = status.st_size;
            return 0;
        }
        close(fd);
    }
}

/* The object gets its mode and its lock before it gets its name, so that nobody ever reads it
 * empty. Returns 0; -1 with errno EEXIST where the name is taken. */
static int create_locked(struct segment *segment, mode_t mode, const struct deadline *deadline)
{
    char path[PATH_MAX], self[64];
    path_of(segment, path);
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "create segment");

    int fd = open(DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return segment_fail(segment, "create segment");
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (fchmod(fd, mode) == 0 && lock_range(fd, LOCK_EXCLUSIVE, 0, 0, deadline) == 0 &&
        (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
         (errno == ENOENT && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0))) {
        segment->id = fd;
        segment->size = 0;
        segment->is_created = true;
        return 0;
    }
    io_abandon(fd);
    return segment_fail(segment, "create segment");
}

static int open_posix(struct segment *segment, int64_t timeout)
{
    struct deadline deadline = deadline_in(timeout);
    return open_locked(segment, O_RDONLY, &deadline);
}

static int get_posix(struct segment *segment, int64_t offset, int64_t length, int to)
{
    struct mapping_range range = {.fd = segment->id, .offset = offset, .length = length};
    if (mapping_write_out(&range, to) == 0)
        return 0;
    if (errno == EFAULT)
        return segment_explain(segment, "read segment", " (cut by another program at byte %lld)",
                               (long long)(offset + range.moved));
    return segment_fail(segment, range.is_file_error ? "map segment" : "write to stdout");
}

/* A name in a directory that everybody may write into is no proof of who made the object, and its
 * owner can read what is put into it. As for the shell's `>`, where fs.protected_regular is set. */
static int check_owner(struct segment *segment)
{
    struct stat object, directory;
    if (fstat(segment->id, &object) < 0 || stat(DIRECTORY, &directory) < 0)
        return segment_fail(segment, "read status");
    if (object.st_uid == geteuid() || object.st_uid == directory.st_uid)
        return 0;
    errno = EACCES;
    return segment_explain(segment, "replace content", " (it is of user %ld; -o 0 writes into it)",
                           (long)object.st_uid);
}

static int open_for_put(struct segment *segment, const struct segment_put *how)
{
    struct deadline deadline = deadline_in(how->timeout);
    for (;;) {
        if (!how->is_exclusive) {
            if (open_locked(segment, O_RDWR, &deadline) == 0)
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

/* Makes the object SIZE bytes at least, with every page there: a full file system shows here and
 * not when a page is touched. All or nothing, in tmpfs. */
static int reserve(struct segment *segment, int64_t size)
{
    struct statfs space = {0};
    int result = 0;
    if (size > 0)
        do
            result = fallocate(segment->id, 0, 0, size);
        while (result < 0 && errno == EINTR && !stop_signal());
    if (result < 0) {
        int saved = errno;
        fstatfs(segment->id, &space);
        errno = saved;
        return segment_explain(segment, "reserve memory",
                               " (%lld bytes needed, %lld free in " DIRECTORY ")",
                               (long long)(size > segment->size ? size - segment->size : size),
                               (long long)space.f_bavail * (long long)space.f_bsize);
    }
    if (size > segment->size)
        segment->size = size;
    return 0;
}

/* Input of any length, from OFFSET on; the object grows. Returns 0, *END is behind the last byte.
 */
static int fill(struct segment *segment, int64_t offset, int from, int64_t *end)
{
    int64_t left = io_bytes_left(from);
    if (__builtin_add_overflow(offset, left > 0 ? left : 0, end))
        *end = INT64_MAX; /* which the kernel refuses */
    if (*end > segment->size && reserve(segment, *end) < 0)
        return -1;
    if (lseek(segment->id, offset, SEEK_SET) < 0)
        return segment_fail(segment, "seek");

    struct relay_flow flow = {.from = from, .to = segment->id};
    int result = relay_run(&flow, 1, DEADLINE_NEVER);
    *end = lseek(segment->id, 0, SEEK_CUR);
    if (result == 0)
        return 0;
    long long done = (long long)(*end - offset);
    if (errno == ENOSPC)
        return segment_explain(segment, "write segment", " (more than %lld bytes needed)", done);
    return segment_explain(segment, flow.is_write_error ? "write segment" : "read stdin",
                           " (after %lld bytes)", done);
}

static int refuse_length(struct segment *segment, int64_t size)
{
    errno = EFBIG;
    return segment_explain(segment, "read stdin", " (--size is %lld bytes)", (long long)size);
}

/* Input of at most SIZE - OFFSET bytes, into an object of SIZE bytes. */
static int fill_sized(struct segment *segment, int64_t offset, int64_t size, int from, int64_t *end)
{
    if (io_bytes_left(from) > size - offset)
        return refuse_length(segment, size);
    if (reserve(segment, size) < 0)
        return -1;
    struct mapping_range range = {.fd = segment->id, .offset = offset, .length = size - offset};
    if (mapping_read_in(&range, from) < 0)
        return segment_explain(segment, range.is_file_error ? "write segment" : "read stdin", "%s",
                               errno == EFAULT ? " (cut by another program)" : "");
    *end = offset + range.moved;

    int more = io_has_more(from);
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
    if (end < size && reserve(segment, size) < 0)
        return -1;
    return ftruncate(segment->id, size) < 0 ? segment_fail(segment, "resize segment") : 0;
}

static int put_posix(struct segment *segment, const struct segment_put *how, int from)
{
    if (open_for_put(segment, how) < 0)
        return -1;
    bool replaces = how->offset < 0;
    bool is_sized = how->size >= 0 && (replaces || segment->is_created);
    int64_t offset = replaces ? 0 : how->offset, end = offset;

    if ((is_sized ? fill_sized(segment, offset, how->size, from, &end)
                  : fill(segment, offset, from, &end)) < 0)
        return -1;
    return replaces ? finish(segment, end, is_sized ? how->size : end) : 0;
}

static int stat_posix(struct segment *segment, struct segment_status *status)
{
    struct stat file;
    segment->id = open_existing(segment, O_RDONLY);
    if (segment->id < 0)
        return -1;
    if (fstat(segment->id, &file) < 0)
        return segment_fail(segment, "read status");
    *status = (struct segment_status){
        .size = file.st_size,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
        .modified = file.st_mtime,
    };
    return 0;
}

static int remove_posix(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat status;
    path_of(segment, path);
    if (is_semaphore(segment) || (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return fail_as_foreign(segment, "remove segment");
    return unlink(path) < 0 ? segment_fail(segment, "remove segment") : 0;
}

static void discard_posix(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat named, ours;
    path_of(segment, path);
    if (lstat(path, &named) == 0 && fstat(segment->id, &ours) == 0 && named.st_ino == ours.st_ino &&
        named.st_dev == ours.st_dev)
        unlink(path);
}

const struct segment_family segment_posix = {
    .open = open_posix,
    .get = get_posix,
    .put = put_posix,
    .discard = discard_posix,
    .stat = stat_posix,
    .remove = remove_posix,
};
