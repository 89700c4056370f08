#include "memory/segment_posix.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* sem_overview(7): POSIX semaphores live in the same directory, as sem.NAME. */
static bool is_semaphore(const struct segment *segment)
{
    return strncmp(segment->name.text, "/sem.", 5) == 0;
}

void segment_posix_path(const struct segment *segment, char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, POSIX_DIRECTORY "%s", segment->name.text);
}

int segment_posix_is_named(const struct segment *segment, int fd)
{
    char path[PATH_MAX];
    struct stat named, ours;
    segment_posix_path(segment, path);
    if (lstat(path, &named) < 0)
        return errno == ENOENT ? 0 : -1;
    if (fstat(fd, &ours) < 0)
        return -1;
    return named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
}

int segment_posix_fail(struct segment *segment, const char *what)
{
    if (errno != ENOENT || access(POSIX_DIRECTORY, F_OK) == 0 || errno != ENOENT)
        return segment_fail(segment, what);
    errno = ENOSYS;
    return segment_explain(segment, what, " (there is no " POSIX_DIRECTORY ")");
}

static int fail_as_foreign(struct segment *segment, const char *what)
{
    errno = ENOTSUP;
    return segment_explain(segment, what, " (what has this name is no shared memory)");
}

/* O_NONBLOCK, lest a FIFO at the name should hang it. A link, a socket or a directory is not even
 * opened. */
int segment_posix_open(struct segment *segment, int access)
{
    char path[PATH_MAX];
    struct stat status;
    segment_posix_path(segment, path);
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "open segment");

    int fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
        return fail_as_foreign(segment, "open segment");
    if (fd < 0)
        return segment_posix_fail(segment, "open segment");
    if (fstat(fd, &status) < 0) {
        io_abandon(fd);
        return segment_fail(segment, "read status");
    }
    if (S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return fail_as_foreign(segment, "open segment");
}

static const int64_t name_byte = INT64_MAX - 1;

int segment_posix_lock(int fd, enum lock_kind kind, enum posix_part part,
                       const struct deadline *deadline)
{
    int64_t start = part == POSIX_NAME ? name_byte : 0;
    return lock_range(fd, kind, start, part == POSIX_CONTENT ? name_byte : 0, deadline);
}

void segment_posix_unlock_name(int fd)
{
    lock_release(fd, name_byte, 0);
}

/* Somebody may have removed the object while this waited for the lock; then the name is looked up
 * again. */
int segment_posix_open_locked(struct segment *segment, int access, enum posix_part part,
                              const struct deadline *deadline)
{
    enum lock_kind kind = access == O_RDONLY ? LOCK_SHARED : LOCK_EXCLUSIVE;
    for (;;) {
        int fd = segment_posix_open(segment, access);
        if (fd < 0)
            return -1;
        struct stat status;
        if (segment_posix_lock(fd, kind, part, deadline) < 0 || fstat(fd, &status) < 0) {
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

int segment_posix_make(struct segment *segment)
{
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "create segment");
    int fd = open(POSIX_DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? segment_posix_fail(segment, "create segment") : fd;
}

int segment_posix_link(struct segment *segment, int fd, const char *path)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
        (errno == ENOENT && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0))
        return 0;
    return segment_fail(segment, "create segment");
}

static int fail_to_reserve(struct segment *segment, int64_t size)
{
    static const char what[] = "reserve memory";
    struct statfs space = {0};
    int saved = errno;
    if (saved == EFBIG)
        return segment_fail(segment, what);
    fstatfs(segment->id, &space);
    errno = saved;
    return segment_explain(segment, what, " (%lld bytes needed, %lld free in " POSIX_DIRECTORY ")",
                           (long long)(size > segment->size ? size - segment->size : size),
                           (long long)space.f_bavail * (long long)space.f_bsize);
}

/* All or nothing, in tmpfs. */
int segment_posix_reserve(struct segment *segment, int64_t size)
{
    if (io_reserve(segment->id, 0, size) < 0)
        return fail_to_reserve(segment, size);
    if (size > segment->size)
        segment->size = size;
    return 0;
}

int segment_posix_remove(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat status;
    segment_posix_path(segment, path);
    if (is_semaphore(segment) || (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return fail_as_foreign(segment, "remove segment");
    return unlink(path) < 0 ? segment_posix_fail(segment, "remove segment") : 0;
}
