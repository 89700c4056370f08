/* mmapcat: reads or writes a range of a file through a mapping
 *
 * The range is locked while it is read (shared) or written (exclusive), so that cooperating
 * processes may work on neighbouring ranges at once; programs that ignore the lock are not held
 * back. Writing never shortens the file, and lengthens it only by --size. Where the length of the
 * input is known its blocks are reserved before a page is touched; else a full disk shows as an
 * error at the byte that met it, and what came before is written. */

#include "diag.h"
#include "exits.h"
#include "io.h"
#include "lock.h"
#include "mapping.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    bool writes, creates, is_exclusive, syncs;
    mode_t mode;
    int64_t offset, length, size, timeout; /* length and size: -1 where not given */
};

static _Noreturn void fail(const char *path, const char *what)
{
    int errnum = errno;
    diag_die(exits_for(errnum), "%s: %s: %m", path, what);
}

/* O_NONBLOCK, lest a FIFO at the name should hang it. */
static int open_or_create(const char *path, const struct options *options, bool *is_created)
{
    int flags = (options->writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = options->is_exclusive ? (errno = ENOENT, -1) : open(path, flags);
    if (fd >= 0 || errno != ENOENT || !options->creates)
        return fd;

    mode_t old = umask(0);
    fd = open(path, flags | O_CREAT | O_EXCL, options->mode);
    umask(old);
    *is_created = fd >= 0;
    if (fd >= 0 || errno != EEXIST || options->is_exclusive)
        return fd;
    /* somebody else was first; or it is a symbolic link to nothing, which stays so */
    fd = open(path, flags);
    if (fd < 0 && errno == ENOENT)
        errno = ELOOP;
    return fd;
}

/* Returns the size of what FD has open; dies where it is of a kind that has no bytes to map. */
static int64_t size_of(int fd, const char *path)
{
    struct stat status;
    int64_t size;
    if (fstat(fd, &status) < 0)
        fail(path, "stat");
    if (S_ISREG(status.st_mode))
        return status.st_size;
    if (S_ISBLK(status.st_mode) && (size = lseek(fd, 0, SEEK_END)) >= 0)
        return size;
    const char *kind = S_ISDIR(status.st_mode)    ? "a directory"
                       : S_ISFIFO(status.st_mode) ? "a FIFO (fifocat reads it)"
                       : S_ISCHR(status.st_mode)  ? "a character device"
                                                  : "no regular file";
    diag_die(EXIT_FAILED, "%s: map: it is %s", path, kind);
}

/* A directory or a socket cannot even be opened this way; that is said as for the other kinds. */
static int open_file(const char *path, const struct options *options, bool *is_created)
{
    int fd = open_or_create(path, options, is_created);
    if (fd >= 0)
        return fd;
    if (errno == EISDIR)
        diag_die(EXIT_FAILED, "%s: map: it is a directory", path);
    if (errno == ENXIO)
        diag_die(EXIT_FAILED, "%s: map: it is no regular file", path);
    if (errno == ENOENT && options->writes)
        diag_die(EXIT_NO, "%s: open: %m (-c --size SIZE creates it)", path);
    fail(path, "open");
}

/* A block device has its blocks. A file system may not know fallocate(2); then the writes find out,
 * as EFAULT. */
static int reserve(int fd, int64_t offset, int64_t length)
{
    struct stat status;
    int result;
    if (length == 0 || (fstat(fd, &status) == 0 && S_ISBLK(status.st_mode)))
        return 0;
    do
        result = fallocate(fd, 0, offset, length);
    while (result < 0 && errno == EINTR);
    return result == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

static _Noreturn void fail_to_reserve(const char *path, int64_t offset, int64_t length)
{
    diag_die(EXIT_FAILED, "%s: reserve %lld bytes at %lld: %m", path, (long long)length,
             (long long)offset);
}

/* Removes the file that this run has created, where the name still is that file's. */
static void discard(int fd, const char *path)
{
    struct stat named, ours;
    int saved = errno;
    if (lstat(path, &named) == 0 && fstat(fd, &ours) == 0 && named.st_ino == ours.st_ino &&
        named.st_dev == ours.st_dev)
        unlink(path);
    errno = saved;
}

/* Makes the file --size long where it is shorter. Returns its size. */
static int64_t lengthen(int fd, const char *path, const struct options *options, bool is_created)
{
    int64_t size = size_of(fd, path);
    if (options->size <= size)
        return size;
    if (reserve(fd, size, options->size - size) < 0) {
        if (is_created)
            discard(fd, path);
        fail_to_reserve(path, size, options->size - size);
    }
    if (size_of(fd, path) < options->size && ftruncate(fd, options->size) < 0)
        fail(path, "lengthen");
    return options->size;
}

static void lock(int fd, const char *path, const struct mapping_range *range,
                 const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    enum lock_kind kind = options->writes ? LOCK_EXCLUSIVE : LOCK_SHARED;
    /* a length of 0 would lock all that follows */
    if (range->length > 0 && lock_range(fd, kind, range->offset, range->length, &deadline) < 0)
        fail(path, "lock range");
}

/* The range that the options mean in a file of SIZE bytes. */
static struct mapping_range choose_range(int fd, const char *path, const struct options *options,
                                         int64_t size)
{
    int64_t left = size - options->offset;
    int64_t length = options->length < 0 ? left : options->length;
    if (left < 0 || length > left)
        diag_die(EXIT_FAILED, "%s: range %lld+%lld: it ends at %lld%s", path,
                 (long long)options->offset, (long long)(length < 0 ? 0 : length), (long long)size,
                 options->writes ? " (--size lengthens the file)" : "");
    return (struct mapping_range){.fd = fd, .offset = options->offset, .length = length};
}

static void read_file(int fd, const char *path, const struct options *options)
{
    struct mapping_range range = choose_range(fd, path, options, size_of(fd, path));
    lock(fd, path, &range, options);
    if (mapping_write_out(&range, STDOUT_FILENO) < 0) {
        if (errno == EFAULT)
            diag_die(EXIT_FAILED, "%s: read at byte %lld: cut by another program", path,
                     (long long)(range.offset + range.moved));
        fail(range.is_file_error ? path : "stdout", range.is_file_error ? "map" : "write");
    }
    if (io_end() < 0)
        fail("stdout", "close");
}

/* The input's length may be known; else the rest of the file is the range. */
static void write_file(int fd, const char *path, const struct options *options, bool is_created)
{
    int64_t size = lengthen(fd, path, options, is_created);
    struct options chosen = *options;
    int64_t left = io_bytes_left(STDIN_FILENO);
    if (left >= 0 && (chosen.length < 0 || left < chosen.length))
        chosen.length = left;

    struct mapping_range range = choose_range(fd, path, &chosen, size);
    lock(fd, path, &range, options);
    if (left >= 0 && reserve(fd, range.offset, range.length) < 0)
        fail_to_reserve(path, range.offset, range.length);
    if (mapping_read_in(&range, STDIN_FILENO) < 0) {
        if (errno == EFAULT)
            diag_die(EXIT_FAILED,
                     "%s: write at byte %lld: cut by another program, or the disk is full", path,
                     (long long)(range.offset + range.moved));
        fail(range.is_file_error ? path : "stdin", range.is_file_error ? "map" : "read");
    }

    bool is_full = options->length < 0 && range.moved == range.length;
    int rest = is_full ? io_has_more(STDIN_FILENO) : 0;
    if (rest < 0)
        fail("stdin", "read");
    if (rest > 0)
        diag_die(EXIT_FAILED, "%s: write past byte %lld: the file ends there (--size lengthens it)",
                 path, (long long)size);
    if (options->syncs && fsync(fd) < 0)
        fail(path, "sync");
}

static const char *const synopsis[] = {
    "[-o OFF] [-L LEN] [-t TIME] FILE > data",
    "-w [-cx] [-m MODE] [--size SIZE] [-o OFF] [-L LEN] [-t TIME] [--sync] FILE < data",
    NULL,
};

static const struct tool tool = {
    .name = "mmapcat",
    .purpose = "Read or write a range of a file through a memory mapping",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct options options = {.mode = 0600, .length = -1, .size = -1, .timeout = DEADLINE_NEVER};
    const struct option table[] = {
        {'w', "write", NULL, NULL, &options.writes, "write stdin into the file"},
        {OPTION_CREATE(&options.creates)},
        {OPTION_EXCLUSIVE(&options.is_exclusive)},
        {OPTION_MODE(&options.mode)},
        {0, "size", "SIZE", parse_size, &options.size, "make the file this long if it is shorter"},
        {OPTION_OFFSET(&options.offset)},
        {OPTION_LENGTH(&options.length)},
        {0, "sync", NULL, NULL, &options.syncs, "return when the data is on disk"},
        {OPTION_TIMEOUT(&options.timeout)},
        {0},
    };
    const char *path;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "FILE", parse_text, &path);
    options_end(&operands);
    options.creates = options.creates || options.is_exclusive;
    if (!options.writes && (options.creates || options.size >= 0 || options.syncs))
        diag_die(EXIT_USAGE, "-c, -x, --size and --sync go with -w");
    if (options.creates && options.size < 0)
        diag_die(EXIT_USAGE, "-c needs --size: a mapping cannot grow with its input");

    bool is_created = false;
    int fd = open_file(path, &options, &is_created);
    if (options.writes)
        write_file(fd, path, &options, is_created);
    else
        read_file(fd, path, &options);
    return EXIT_DONE;
}
