#include "memory/map_file.h"

#include "sys/io.h"
#include "sys/open_or_create.h"
#include "sys/path.h"
#include "sys/trusted_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int allocate(struct map_file *file, int fd, int64_t offset, int64_t length)
{
    struct stat status;
    if (io_allocate(fd, offset, length) == 0)
        return 0;
    if (errno == EOPNOTSUPP && fstat(fd, &status) == 0 &&
        (status.st_size >= offset + length || ftruncate(fd, offset + length) == 0))
        return 0;
    return failure_set(&file->failure, "reserve %lld bytes at %lld", (long long)length,
                       (long long)offset);
}

static int open_directory(const char *path, int flags)
{
    char directory[PATH_MAX];
    return open(path_directory(path, directory), flags | O_CLOEXEC, 0600);
}

struct request {
    struct map_file *file;
    const struct map_file_open *how;
};

/* Returns a descriptor; -1 with errno EOPNOTSUPP or EISDIR if this is not possible here. */
static int create_and_link(const struct request *request)
{
    struct map_file *file = request->file;
    char self[64];
    int fd = open_directory(file->path, O_TMPFILE | O_RDWR);
    if (fd < 0)
        return failure_set(&file->failure, "open");
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (allocate(file, fd, 0, request->how->size) < 0)
        return close_keep_errno(fd);
    if (fchmod(fd, request->how->mode) == 0 &&
        linkat(AT_FDCWD, self, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) == 0)
        return fd;
    if (errno == ENOENT) /* no /proc */
        errno = EOPNOTSUPP;
    failure_set(&file->failure, "open");
    return close_keep_errno(fd);
}

static int create_named(const struct request *request)
{
    struct map_file *file = request->file;
    mode_t old = umask(0);
    int fd = open(file->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, request->how->mode);
    umask(old);
    if (fd < 0)
        return failure_set(&file->failure, "open");
    if (allocate(file, fd, 0, request->how->size) == 0)
        return fd;
    file->fd = fd;
    map_file_discard(file);
    return close_keep_errno(fd);
}

static bool is_link_to_nothing(const char *path)
{
    struct stat link;
    return lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && access(path, F_OK) < 0;
}

static int create(void *object)
{
    const struct request *request = object;
    struct map_file *file = request->file;
    int fd = create_and_link(request);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
        fd = create_named(request);
    file->is_created = fd >= 0;
    if (fd >= 0 || errno != EEXIST || request->how->is_exclusive)
        return fd;
    errno = is_link_to_nothing(file->path) ? ELOOP : EEXIST;
    return failure_set(&file->failure, "open");
}

/* O_NONBLOCK keeps a FIFO from blocking the tool. */
static int open_existing(void *object)
{
    const struct request *request = object;
    int access = request->how->writes ? O_RDWR : O_RDONLY;
    int fd = trusted_open(request->file->path, access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? failure_set(&request->file->failure, "open") : fd;
}

static int refuse_kind(struct map_file *file, const char *kind)
{
    errno = ENOTSUP;
    failure_set(&file->failure, "map");
    return failure_set_why(&file->failure, "it is %s", kind);
}

/* A file of procfs or sysfs has the size 0 and can be read all the same. */
static bool has_hidden_bytes(const struct map_file *file)
{
    char byte;
    return file->size == 0 && !file->is_created && pread(file->fd, &byte, 1, 0) == 1;
}

int map_file_open(struct map_file *file, const char *path, const struct map_file_open *how)
{
    const struct open_or_create steps = {open_existing, create, how->creates, how->is_exclusive};
    struct stat status;
    *file = (struct map_file){.path = path};
    struct request request = {file, how};
    file->fd = open_or_create(&steps, &request);
    if (file->fd < 0 && errno == EISDIR)
        return refuse_kind(file, "a directory");
    if (file->fd < 0 && errno == ENXIO)
        return refuse_kind(file, "no regular file");
    if (file->fd < 0)
        return -1;
    if (fstat(file->fd, &status) < 0)
        return failure_set(&file->failure, "open");

    file->is_device = S_ISBLK(status.st_mode);
    if (!S_ISREG(status.st_mode) && !file->is_device)
        return refuse_kind(file, S_ISDIR(status.st_mode)    ? "a directory"
                                 : S_ISFIFO(status.st_mode) ? "a FIFO (fifocat reads it)"
                                 : S_ISCHR(status.st_mode)  ? "a character device"
                                                            : "no regular file");
    if (map_file_measure(file) < 0)
        return -1;
    if (has_hidden_bytes(file))
        return refuse_kind(file, "made by the kernel as it is read (cat reads it)");
    return 0;
}

int map_file_measure(struct map_file *file)
{
    struct stat status;
    if (fstat(file->fd, &status) < 0)
        return failure_set(&file->failure, "measure");
    file->size = file->is_device ? lseek(file->fd, 0, SEEK_END) : status.st_size;
    return file->size < 0 ? failure_set(&file->failure, "measure") : 0;
}

int map_file_allocate(struct map_file *file, int64_t offset, int64_t length)
{
    if (!file->is_device && length > 0 && allocate(file, file->fd, offset, length) < 0)
        return -1;
    return map_file_measure(file);
}

int map_file_sync(struct map_file *file)
{
    if (fsync(file->fd) < 0)
        return failure_set(&file->failure, "sync");
    if (!file->is_created)
        return 0;
    int directory = open_directory(file->path, O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        return failure_set(&file->failure, "open the directory");
    if (fsync(directory) < 0) {
        failure_set(&file->failure, "sync the directory");
        return close_keep_errno(directory);
    }
    close(directory);
    return 0;
}

void map_file_discard(const struct map_file *file)
{
    struct stat named, ours;
    int saved = errno;
    if (lstat(file->path, &named) == 0 && fstat(file->fd, &ours) == 0 &&
        io_is_same_file(&named, &ours))
        unlink(file->path);
    errno = saved;
}
