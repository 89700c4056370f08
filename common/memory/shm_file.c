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

void shm_file_path(const struct segment *segment, char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, SHM_DIRECTORY "%s", segment->name.text);
}

int shm_file_is_named(const struct segment *segment, int fd)
{
    char path[PATH_MAX];
    struct stat named, ours;
    shm_file_path(segment, path);
    if (lstat(path, &named) < 0)
        return errno == ENOENT ? 0 : -1;
    if (fstat(fd, &ours) < 0)
        return -1;
    return io_is_same_file(&named, &ours);
}

int shm_file_fail(struct segment *segment, const char *what)
{
    if (errno != ENOENT || access(SHM_DIRECTORY, F_OK) == 0 || errno != ENOENT)
        return segment_fail(segment, what);
    errno = ENOSYS;
    return segment_explain(segment, what, " (there is no " SHM_DIRECTORY ")");
}

static int fail_as_foreign(struct segment *segment, const char *what)
{
    errno = ENOTSUP;
    return segment_explain(segment, what, " (what has this name is no shared memory)");
}

/* O_NONBLOCK, lest a FIFO at the name should hang it. A link, a socket or a directory is not even
 * opened. */
int shm_file_open(struct segment *segment, int access)
{
    char path[PATH_MAX];
    struct stat status;
    shm_file_path(segment, path);
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "open segment");

    int fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
        return fail_as_foreign(segment, "open segment");
    if (fd < 0)
        return shm_file_fail(segment, "open segment");
    if (fstat(fd, &status) < 0) {
        close_keep_errno(fd);
        return segment_fail(segment, "read status");
    }
    if (S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return fail_as_foreign(segment, "open segment");
}

static const int64_t name_byte = INT64_MAX - 1;

int shm_file_lock(int fd, enum file_lock_kind kind, enum shm_lock_part part,
                  const struct deadline *deadline)
{
    int64_t start = part == SHM_LOCK_NAME ? name_byte : 0;
    return file_lock_range(fd, kind, start, part == SHM_LOCK_CONTENT ? name_byte : 0, deadline);
}

void shm_file_unlock_name(int fd)
{
    file_lock_release(fd, name_byte, 0);
}

/* Somebody may have removed the object while this waited for the lock; then the name is looked up
 * again. */
int shm_file_open_locked(struct segment *segment, int access, enum shm_lock_part part,
                         const struct deadline *deadline)
{
    enum file_lock_kind kind = access == O_RDONLY ? FILE_LOCK_SHARED : FILE_LOCK_EXCLUSIVE;
    for (;;) {
        int fd = shm_file_open(segment, access);
        if (fd < 0)
            return -1;
        struct stat status;
        if (shm_file_lock(fd, kind, part, deadline) < 0 || fstat(fd, &status) < 0) {
            close_keep_errno(fd);
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

int shm_file_create_unnamed(struct segment *segment)
{
    if (is_semaphore(segment))
        return fail_as_foreign(segment, "create segment");
    int fd = open(SHM_DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? shm_file_fail(segment, "create segment") : fd;
}

int shm_file_publish(struct segment *segment, int fd, const char *path)
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
    return segment_explain(segment, what, " (%lld bytes needed, %lld free in " SHM_DIRECTORY ")",
                           (long long)(size > segment->size ? size - segment->size : size),
                           (long long)space.f_bavail * (long long)space.f_bsize);
}

/* All or nothing, in tmpfs. */
int shm_file_allocate(struct segment *segment, int64_t size)
{
    if (io_allocate(segment->id, 0, size) < 0)
        return fail_to_reserve(segment, size);
    if (size > segment->size)
        segment->size = size;
    return 0;
}

int shm_file_remove(struct segment *segment)
{
    char path[PATH_MAX];
    struct stat status;
    shm_file_path(segment, path);
    if (is_semaphore(segment) || (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return fail_as_foreign(segment, "remove segment");
    return unlink(path) < 0 ? shm_file_fail(segment, "remove segment") : 0;
}
