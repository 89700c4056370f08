#include "memory/segment_posix.h"

#include "memory/map_copy.h"
#include "sys/inotify.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_to_watch(struct segment *segment)
{
    if (errno == ENOENT)
        return shm_file_fail(segment, "watch segment");
    segment_fail(segment, "watch segment");
    inotify_hint(segment->hint, sizeof segment->hint);
    return -1;
}

static int watch_names(struct segment *segment)
{
    segment->watch = inotify_open();
    if (segment->watch < 0 ||
        inotify_add(segment->watch, SHM_DIRECTORY, IN_CREATE | IN_MOVED_TO) < 0)
        return fail_to_watch(segment);
    return 0;
}

/* From here on the watch tells when a writer closes the object. The kernel tells that before it
 * gives the writer's lock back: who writes what we are going to read has been told by now, and is
 * forgotten; who writes after us will be told. */
static int watch_writers(struct segment *segment)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    if (segment->watched >= 0)
        inotify_remove(segment->watch, segment->watched);
    segment->watched = inotify_add(segment->watch, path, IN_CLOSE_WRITE | IN_DONT_FOLLOW);
    if (segment->watched < 0 && errno != ENOENT)
        return fail_to_watch(segment);
    inotify_drain(segment->watch);
    return 0;
}

static int wait_for_change(struct segment *segment, const struct deadline *deadline)
{
    if (inotify_wait(segment->watch, segment->name.text + 1, deadline) == 0)
        return 0;
    return segment_fail(segment, "wait for a change");
}

/* Taking locks out everybody, also those who would give the name to another object. */
static int open_to_get(struct segment *segment, const struct segment_get *how, bool waits,
                       const struct deadline *deadline)
{
    for (;;) {
        int result = how->takes
                         ? shm_file_open_locked(segment, O_RDWR, SHM_LOCK_ALL, deadline)
                         : shm_file_open_locked(segment, O_RDONLY, SHM_LOCK_CONTENT, deadline);
        if (result < 0) {
            if (errno != ENOENT || !waits)
                return -1;
            if (wait_for_change(segment, deadline) < 0)
                return -1;
            continue;
        }
        if (!how->follows)
            return 0;
        if (watch_writers(segment) < 0)
            return -1;
        int is_named = shm_file_is_named(segment, segment->id);
        if (is_named < 0)
            return segment_fail(segment, "look for segment");
        if (is_named)
            return 0;
        close(segment->id);
    }
}

static int open_posix(struct segment *segment, const struct segment_get *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    if ((how->waits || how->follows) && watch_names(segment) < 0)
        return -1;
    return open_to_get(segment, how, how->waits, &deadline);
}

static int next_posix(struct segment *segment, const struct segment_get *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    if (segment->id >= 0)
        close(segment->id);
    segment->id = -1;
    if (wait_for_change(segment, &deadline) < 0)
        return -1;
    return open_to_get(segment, how, true, &deadline);
}

static int fail_as_cut(struct segment *segment, int64_t at)
{
    return segment_explain(segment, "read segment", " (cut by another program at byte %lld)",
                           (long long)at);
}

static int get_posix(struct segment *segment, int64_t offset, int64_t length, int to)
{
    struct map_range range = {.fd = segment->id, .offset = offset, .length = length};
    if (map_copy_out(&range, to) == 0)
        return 0;
    if (errno == EFAULT)
        return fail_as_cut(segment, offset + range.moved);
    return segment_fail(segment, range.is_file_error ? "map segment" : "write to stdout");
}

static int copy_posix(struct segment *segment, int64_t offset, int64_t length, int copy)
{
    enum { STEP = 64 << 20 };
    off_t at = offset;
    while (at < offset + length) {
        int64_t left = offset + length - at;
        ssize_t got = sendfile(copy, segment->id, &at, left < STEP ? (size_t)left : STEP);
        if (got == 0) {
            errno = EFAULT;
            return fail_as_cut(segment, at);
        }
        if (got < 0 && (errno != EINTR || interrupt_signal()))
            return segment_fail(segment, "copy segment");
    }
    close(segment->id);
    segment->id = -1;
    return 0;
}

static int take_posix(struct segment *segment)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    int is_named = shm_file_is_named(segment, segment->id);
    if (is_named < 0 || (is_named && unlink(path) < 0))
        return segment_fail(segment, "remove segment");
    return 0;
}

static int create_mapped(struct segment *segment, const struct segment_map *how, const char *path)
{
    int64_t size = how->size < 0 ? how->offset + how->length : how->size;
    segment->id = shm_file_create_unnamed(segment);
    segment->size = 0;
    if (segment->id < 0 || shm_file_allocate(segment, size) < 0)
        return -1;
    if (fchmod(segment->id, how->mode) < 0)
        return segment_fail(segment, "set mode");
    if (shm_file_publish(segment, segment->id, path) == 0)
        return 0;
    return close_keep_errno(segment->id);
}

/* Opens what exists first. A name may come and go between the two. */
static int open_or_create(struct segment *segment, const struct segment_map *how)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    for (;;) {
        if (!how->is_exclusive) {
            segment->id = shm_file_open(segment, how->writes ? O_RDWR : O_RDONLY);
            if (segment->id >= 0 || errno != ENOENT || !how->creates)
                return segment->id < 0 ? -1 : 0;
        }
        if (create_mapped(segment, how, path) == 0)
            return 0;
        if (errno != EEXIST || how->is_exclusive)
            return -1;
    }
}

static int map_posix(struct segment *segment, const struct segment_map *how, void **memory)
{
    struct stat status;
    if (open_or_create(segment, how) < 0)
        return -1;
    if (fstat(segment->id, &status) < 0)
        return segment_fail(segment, "read status");
    segment->size = status.st_size;
    if (how->offset > status.st_size - how->length)
        return segment_refuse_range(segment, how);
    /* the size is asked first, for fallocate would lengthen the object */
    if (how->writes && io_allocate(segment->id, how->offset, how->length) < 0)
        return segment_fail(segment, "reserve memory");
    return segment_map_file(segment, how, memory);
}

static bool is_removed(struct segment *segment)
{
    return shm_file_is_named(segment, segment->id) == 0;
}

static int stat_posix(struct segment *segment, struct segment_status *status)
{
    struct stat file;
    segment->id = shm_file_open(segment, O_RDONLY);
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

/* Who follows the object takes the closing for a change, and looks: so that comes last. */
static int remove_posix(struct segment *segment)
{
    int fd = shm_file_open(segment, O_RDWR);
    if (fd >= 0)
        shm_file_remove_stale(segment, fd);
    int result = shm_file_remove(segment);
    if (fd >= 0)
        close_keep_errno(fd);
    return result;
}

const struct segment_family segment_posix = {
    .open = open_posix,
    .get = get_posix,
    .copy = copy_posix,
    .take = take_posix,
    .next = next_posix,
    .put = segment_posix_put,
    .discard = segment_posix_discard,
    .map = map_posix,
    .is_removed = is_removed,
    .stat = stat_posix,
    .remove = remove_posix,
    .folder = SHM_DIRECTORY,
};
