#include "memory/shm_file.h"

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

void shm_file_path(const struct segment *segment, char path[static SHM_PATH_MAX])
{
    snprintf(path, SHM_PATH_MAX, DEV_SHM_DIRECTORY "%s", segment->name.text);
}

/* The name beside is made from the hash of the name (FNV-1a, 64 bits), because a name may have all
 * of the 255 bytes that a file name may have. */
static void path_beside(const struct segment *segment, char path[static SHM_PATH_MAX])
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *at = segment->name.text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    snprintf(path, SHM_PATH_MAX, DEV_SHM_DIRECTORY "/.ipcbox.%016llx", (unsigned long long)hash);
}

int shm_file_is_named(const struct segment *segment, int fd)
{
    char path[SHM_PATH_MAX];
    struct stat named, ours;
    shm_file_path(segment, path);
    if (lstat(path, &named) < 0)
        return errno == ENOENT ? 0 : -1;
    if (fstat(fd, &ours) < 0)
        return -1;
    return io_is_same_file(&named, &ours);
}

int shm_file_set_failure(struct segment *segment, const char *what)
{
    if (!dev_shm_is_missing())
        return failure_set(&segment->failure, "%s", what);
    errno = ENOSYS;
    failure_set(&segment->failure, "%s", what);
    return failure_add_hint(&segment->failure, "there is no " DEV_SHM_DIRECTORY);
}

static int refuse_kind(struct segment *segment, const char *what)
{
    errno = ENOTSUP;
    failure_set(&segment->failure, "%s", what);
    return failure_add_hint(&segment->failure, "what has this name is no shared memory");
}

/* O_NONBLOCK keeps a FIFO at the name from blocking the tool. A link, a socket or a directory is
 * not even opened. */
int shm_file_open(struct segment *segment, int access)
{
    char path[SHM_PATH_MAX];
    struct stat status;
    shm_file_path(segment, path);
    if (is_semaphore(segment))
        return refuse_kind(segment, "open segment");

    int fd = open(path, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
        return refuse_kind(segment, "open segment");
    if (fd < 0)
        return shm_file_set_failure(segment, "open segment");
    if (fstat(fd, &status) < 0) {
        failure_set(&segment->failure, "read status");
        return close_keep_errno(fd);
    }
    if (S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return refuse_kind(segment, "open segment");
}

static const int64_t name_byte = INT64_MAX - 1; /* the last byte that fcntl(2) can lock */

int shm_file_lock(int fd, enum file_lock_kind kind, enum shm_lock_part part,
                  const struct deadline *deadline)
{
    int64_t start = part == SHM_LOCK_NAME ? name_byte : 0;
    return file_lock_range(fd, kind, start, part == SHM_LOCK_CONTENT ? name_byte : 0, deadline);
}

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
            failure_set(&segment->failure, "lock segment");
            return close_keep_errno(fd);
        }
        if (status.st_nlink > 0) {
            segment->id = fd;
            segment->size = status.st_size;
            return 0;
        }
        close(fd);
    }
}

int shm_file_check_links(struct segment *segment, const struct stat *status, const char *what)
{
    if (status->st_nlink <= 1)
        return 0;
    errno = EMLINK;
    failure_set(&segment->failure, "%s", what);
    return failure_set_why(&segment->failure, "it has %lu names, by hard links",
                           (unsigned long)status->st_nlink);
}

int shm_file_create_unnamed(struct segment *segment)
{
    if (is_semaphore(segment))
        return refuse_kind(segment, "create segment");
    int fd = open(DEV_SHM_DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? shm_file_set_failure(segment, "create segment") : fd;
}

/* Without /proc only a process that may do everything can link a descriptor. */
static int link_descriptor(int fd, const char *path)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    return errno == ENOENT ? linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) : -1;
}

int shm_file_publish(struct segment *segment, int fd)
{
    char path[SHM_PATH_MAX];
    shm_file_path(segment, path);
    return link_descriptor(fd, path) < 0 ? failure_set(&segment->failure, "create segment") : 0;
}

int shm_file_publish_over(struct segment *segment, int fd)
{
    static const char what[] = "replace segment";
    char path[SHM_PATH_MAX], beside[SHM_PATH_MAX];
    shm_file_path(segment, path);
    path_beside(segment, beside);

    int result = link_descriptor(fd, beside);
    if (result < 0 && errno == EEXIST) {
        if (unlink(beside) < 0 && errno != ENOENT) {
            failure_set(&segment->failure, what);
            return failure_add_hint(&segment->failure, "%s is in the way", beside);
        }
        result = link_descriptor(fd, beside);
    }
    if (result < 0)
        return failure_set(&segment->failure, what);
    if (rename(beside, path) == 0)
        return 0;

    int saved = errno;
    unlink(beside);
    /* ENOENT would mean that the name is free; and a file that lost its last name cannot be linked
     * again (linkat(2)), so there is no second try */
    errno = saved == ENOENT ? ESTALE : saved;
    failure_set(&segment->failure, what);
    return saved == ENOENT ? failure_add_hint(&segment->failure, "%s was removed", beside) : -1;
}

void shm_file_remove_stale(const struct segment *segment, int fd)
{
    const struct deadline now = deadline_after(0);
    char path[SHM_PATH_MAX];
    path_beside(segment, path);
    if (access(path, F_OK) < 0 || shm_file_lock(fd, FILE_LOCK_EXCLUSIVE, SHM_LOCK_NAME, &now) < 0)
        return;
    if (shm_file_is_named(segment, fd) > 0)
        unlink(path);
    file_lock_release(fd, name_byte, 0);
}

static int set_allocation_failure(struct segment *segment, int64_t size)
{
    struct statfs space = {0};
    failure_set(&segment->failure, "reserve memory");
    if (errno == EFBIG)
        return -1;
    fstatfs(segment->id, &space);
    errno = segment->failure.errnum;
    return failure_add_hint(&segment->failure, "%lld bytes needed, %lld free in " DEV_SHM_DIRECTORY,
                            (long long)(size > segment->size ? size - segment->size : size),
                            (long long)space.f_bavail * (long long)space.f_bsize);
}

/* In tmpfs this allocates all or nothing. */
int shm_file_allocate(struct segment *segment, int64_t size)
{
    if (io_allocate(segment->id, 0, size) < 0)
        return set_allocation_failure(segment, size);
    if (size > segment->size)
        segment->size = size;
    return 0;
}

int shm_file_remove(struct segment *segment)
{
    char path[SHM_PATH_MAX];
    struct stat status;
    shm_file_path(segment, path);
    if (is_semaphore(segment) || (lstat(path, &status) == 0 && !S_ISREG(status.st_mode)))
        return refuse_kind(segment, "remove segment");
    return unlink(path) < 0 ? shm_file_set_failure(segment, "remove segment") : 0;
}

void shm_file_discard(struct segment *segment)
{
    char path[SHM_PATH_MAX];
    shm_file_path(segment, path);
    if (shm_file_is_named(segment, segment->id) > 0)
        unlink(path);
}
