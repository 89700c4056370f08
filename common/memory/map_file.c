#include "memory/map_file.h"

#include "sys/io.h"
#include "sys/path.h"
#include "sys/sandbox.h"
#include "sys/trusted_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct map_file *file, const char *what)
{
    file->what = what;
    return -1;
}

static int reserve(int fd, int64_t offset, int64_t length)
{
    struct stat status;
    if (io_allocate(fd, offset, length) == 0)
        return 0;
    if (errno != EOPNOTSUPP || fstat(fd, &status) < 0)
        return -1;
    return status.st_size < offset + length ? ftruncate(fd, offset + length) : 0;
}

static int open_directory(const char *path, int flags)
{
    char directory[PATH_MAX];
    return open(path_directory(path, directory), flags | O_CLOEXEC, 0600);
}

/* Returns a descriptor; -1 with errno EOPNOTSUPP or EISDIR where this is not possible here. */
static int create_and_link(struct map_file *file, const struct map_file_open *how)
{
    char self[64];
    int fd = open_directory(file->path, O_TMPFILE | O_RDWR);
    if (fd < 0)
        return -1;
    file->what = "reserve";
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (reserve(fd, 0, how->size) < 0 || fchmod(fd, how->mode) < 0)
        return close_keep_errno(fd);
    file->what = "open";
    if (linkat(AT_FDCWD, self, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW) == 0)
        return fd;
    if (errno == ENOENT) /* no /proc */
        errno = EOPNOTSUPP;
    return close_keep_errno(fd);
}

static int create_empty(struct map_file *file, const struct map_file_open *how)
{
    mode_t old = umask(0);
    int fd = open(file->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, how->mode);
    umask(old);
    if (fd < 0)
        return -1;
    file->what = "reserve";
    if (reserve(fd, 0, how->size) == 0)
        return fd;
    file->fd = fd;
    map_file_discard(file);
    return close_keep_errno(fd);
}

/* O_NONBLOCK, lest a FIFO at the name should hang it. */
static int open_or_create(struct map_file *file, const struct map_file_open *how)
{
    int flags = (how->writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = how->is_exclusive ? (errno = ENOENT, -1) : trusted_open(file->path, flags);
    if (fd >= 0 || errno != ENOENT || !how->creates)
        return fd;

    fd = create_and_link(file, how);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
        fd = create_empty(file, how);
    file->is_created = fd >= 0;
    if (fd >= 0 || errno != EEXIST || how->is_exclusive)
        return fd;
    /* somebody else was first; or it is a symbolic link to nothing, which stays so */
    fd = trusted_open(file->path, flags);
    if (fd < 0 && errno == ENOENT)
        errno = ELOOP;
    return fd;
}

static int refuse_kind(struct map_file *file, const char *kind)
{
    file->kind = kind;
    errno = ENOTSUP;
    return fail(file, "map");
}

/* A file of procfs or sysfs says that it has no bytes, and gives some. */
static bool has_hidden_bytes(const struct map_file *file)
{
    char byte;
    return file->size == 0 && !file->is_created && pread(file->fd, &byte, 1, 0) == 1;
}

int map_file_open(struct map_file *file, const char *path, const struct map_file_open *how)
{
    struct stat status;
    *file = (struct map_file){.path = path, .what = "open"};
    file->fd = open_or_create(file, how);
    if (file->fd < 0 && errno == EISDIR)
        return refuse_kind(file, "a directory");
    if (file->fd < 0 && errno == ENXIO)
        return refuse_kind(file, "no regular file");
    if (file->fd < 0 || fstat(file->fd, &status) < 0)
        return -1;

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
        return fail(file, "stat");
    file->size = file->is_device ? lseek(file->fd, 0, SEEK_END) : status.st_size;
    return file->size < 0 ? fail(file, "measure") : 0;
}

int map_file_allocate(struct map_file *file, int64_t offset, int64_t length)
{
    if (!file->is_device && length > 0 && reserve(file->fd, offset, length) < 0)
        return fail(file, "reserve");
    return map_file_measure(file);
}

int map_file_sync(struct map_file *file)
{
    if (fsync(file->fd) < 0)
        return fail(file, "sync");
    if (!file->is_created)
        return 0;
    int directory = open_directory(file->path, O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        return fail(file, "open the directory");
    if (fsync(directory) < 0) {
        close_keep_errno(directory);
        return fail(file, "sync the directory");
    }
    close(directory);
    return 0;
}

void map_file_discard(struct map_file *file)
{
    struct stat named, ours;
    int saved = errno;
    if (lstat(file->path, &named) == 0 && fstat(file->fd, &ours) == 0 &&
        io_is_same_file(&named, &ours))
        unlink(file->path);
    errno = saved;
}

void map_file_sandbox(const struct map_file *file)
{
    char directory[PATH_MAX];
    const char *folder = file->is_created ? path_directory(file->path, directory) : NULL;
    sandbox_enter(&(struct sandbox){.folder = folder});
}
