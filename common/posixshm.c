#include "posixshm.h"

#include "io.h"
#include "lock.h"
#include "mapping.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

/* O_NONBLOCK, lest a FIFO at the name should hang it. */
static int open_existing(struct segment *segment, int access)
{
    char path[PATH_MAX];
    path_of(segment, path);
    if (is_semaphore(segment))
        return errno = ENOTSUP, -1;

    int fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return -1;
    if (S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return errno = ENOTSUP, -1;
}

/* Opens and locks. Somebody may have removed the object while this waited for the lock; then the
 * name is looked up again. */
static int open_locked(struct segment *segment, int access, const struct deadline *deadline)
{
    enum lock_kind kind = access == O_RDONLY ? LOCK_SHARED : LOCK_EXCLUSIVE;
    for (;;) {
        int fd = open_existing(segment, access);
        if (fd < 0)
            return segment_fail(segment, "open segment", "%s",
                                errno == ENOTSUP ? " (no shared memory has this name)" : "");
        struct stat status;
        if (lock_range(fd, kind, 0, 0, deadline) < 0 || fstat(fd, &status) < 0) {
            int saved = errno;
            close(fd);
            errno = saved;
            return segment_fail(segment, "lock segment", "%s", "");
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
    if (is_semaphore(segment)) {
        errno = ENOTSUP;
        return segment_fail(segment, "create segment", " (/sem. names are semaphores)");
    }

    int fd = open(DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return segment_fail(segment, "create segment", "%s", "");
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (fchmod(fd, mode) == 0 && lock_range(fd, LOCK_EXCLUSIVE, 0, 0, deadline) == 0 &&
        (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
         (errno == ENOENT && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0))) {
        segment->id = fd;
        segment->size = 0;
        segment->is_created = true;
        return 0;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return segment_fail(segment, "create segment", "%s", "");
}

int posixshm_open(struct segment *segment, int64_t timeout)
{
    struct deadline deadline = deadline_in(timeout);
    return open_locked(segment, O_RDONLY, &deadline);
}

int posixshm_get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    struct mapping_range range = {.fd = segment->id, .offset = offset, .length = length};
    if (length > BUFSIZ * 16)
        io_enlarge_pipe(to);
    if (mapping_write_out(&range, to) == 0)
        return 0;
    if (errno == EFAULT)
        return segment_fail(segment, "read segment", " (cut by another program at byte %lld)",
                            (long long)(offset + range.moved));
    return segment_fail(segment, range.is_file_error ? "map segment" : "write to stdout", "%s", "");
}

static int open_for_put(struct segment *segment, const struct segment_put *how)
{
    struct deadline deadline = deadline_in(how->timeout);
    for (;;) {
        if (!how->is_exclusive) {
            if (open_locked(segment, O_RDWR, &deadline) == 0)
                return 0;
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
 * not when a page is touched. */
static int reserve(struct segment *segment, int64_t size)
{
    if (size == 0)
        return 0;
    int result;
    do
        result = fallocate(segment->id, 0, 0, size);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return 0;

    struct statfs space;
    int saved = errno;
    if (ftruncate(segment->id, segment->size) < 0 || fstatfs(segment->id, &space) < 0)
        space.f_bavail = 0, space.f_bsize = 1;
    errno = saved;
    return segment_fail(
        segment, "reserve memory", " (%lld bytes needed, %lld free in " DIRECTORY ")",
        (long long)(size - segment->size), (long long)space.f_bavail * (long long)space.f_bsize);
}

static int resize(struct segment *segment, int64_t size)
{
    if (ftruncate(segment->id, size) < 0)
        return segment_fail(segment, "resize segment", "%s", "");
    segment->size = size;
    return 0;
}

/* Input of any length, from OFFSET on; the object grows. Returns 0, *END is behind the last byte.
 */
static int fill(struct segment *segment, int64_t offset, int from, int64_t *end)
{
    int64_t left = io_bytes_left(from);
    if (left > 0 && offset + left > segment->size && reserve(segment, offset + left) < 0)
        return -1;
    if (lseek(segment->id, offset, SEEK_SET) < 0)
        return segment_fail(segment, "seek", "%s", "");

    struct relay_flow flow = {.from = from, .to = segment->id};
    int result = relay_run(&flow, 1, DEADLINE_NEVER);
    *end = lseek(segment->id, 0, SEEK_CUR);
    if (result == 0)
        return 0;
    return segment_fail(segment, flow.is_write_error ? "write segment" : "read stdin",
                        " (%lld bytes of the input are in it)", (long long)(*end - offset));
}

/* Input of at most SIZE - OFFSET bytes, into an object of SIZE bytes. */
static int fill_sized(struct segment *segment, int64_t offset, int64_t size, int from, int64_t *end)
{
    if (reserve(segment, size) < 0)
        return -1;
    struct mapping_range range = {.fd = segment->id, .offset = offset, .length = size - offset};
    if (mapping_read_in(&range, from) < 0)
        return segment_fail(segment, range.is_file_error ? "write segment" : "read stdin", "%s",
                            "");
    *end = offset + range.moved;

    char more;
    ssize_t got = io_read(from, &more, 1);
    if (got == 0)
        return 0;
    if (got > 0)
        errno = EFBIG;
    return segment_fail(segment, "read stdin", got > 0 ? " (--size is %lld bytes)" : "%.0lld",
                        (long long)size);
}

int posixshm_put(struct segment *segment, const struct segment_put *how, int from)
{
    if (open_for_put(segment, how) < 0)
        return -1;
    bool replaces = how->offset < 0;
    bool is_sized = how->size >= 0 && (replaces || segment->is_created);
    int64_t offset = replaces ? 0 : how->offset, end = offset;

    if ((is_sized ? fill_sized(segment, offset, how->size, from, &end)
                  : fill(segment, offset, from, &end)) < 0)
        return -1;
    if (!replaces)
        return 0;
    /* what was there before is cut off; what --size has beyond the input is zeros */
    if (resize(segment, end) < 0)
        return -1;
    return is_sized ? reserve(segment, how->size) : 0;
}

int posixshm_stat(struct segment *segment, struct segment_status *status)
{
    struct stat file;
    segment->id = open_existing(segment, O_RDONLY);
    if (segment->id < 0 || fstat(segment->id, &file) < 0)
        return segment_fail(segment, "open segment", "%s", "");
    *status = (struct segment_status){
        .size = file.st_size,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
        .modified = file.st_mtime,
    };
    return 0;
}

int posixshm_remove(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat status;
    path_of(segment, path);
    if (lstat(path, &status) == 0 && (is_semaphore(segment) || !S_ISREG(status.st_mode))) {
        errno = ENOTSUP;
        return segment_fail(segment, "remove segment", " (no shared memory has this name)");
    }
    return unlink(path) < 0 ? segment_fail(segment, "remove segment", "%s", "") : 0;
}

void posixshm_discard(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat named, ours;
    path_of(segment, path);
    if (lstat(path, &named) == 0 && fstat(segment->id, &ours) == 0 && named.st_ino == ours.st_ino &&
        named.st_dev == ours.st_dev)
        unlink(path);
}
