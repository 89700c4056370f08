#include "memory/segment_internal.h"

#include "memory/map_copy.h"
#include "memory/segment_posix_put.h"
#include "memory/segment_posix_replace.h"
#include "memory/shm_file.h"
#include "sys/inotify.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int watch_names(struct segment *segment)
{
    segment->watch = inotify_open(&segment->failure);
    if (segment->watch < 0)
        return -1;
    if (inotify_add(segment->watch, DEV_SHM_DIRECTORY, IN_CREATE | IN_MOVED_TO,
                    &segment->failure) >= 0)
        return 0;
    return errno == ENOENT ? shm_file_set_failure(segment, "watch") : -1;
}

/* Watches for writers that close the object. The kernel reports the closing before it releases the
 * writer's lock. So the writer of what we are about to read has been reported already, and is
 * forgotten here; every later writer will be reported. */
static int watch_writers(struct segment *segment)
{
    char path[SHM_PATH_MAX];
    shm_file_path(segment, path);
    if (segment->watched >= 0)
        inotify_remove(segment->watch, segment->watched);
    segment->watched =
        inotify_add(segment->watch, path, IN_CLOSE_WRITE | IN_DONT_FOLLOW, &segment->failure);
    if (segment->watched < 0 && errno != ENOENT)
        return -1;
    inotify_drain(segment->watch);
    return 0;
}

static int wait_for_change(struct segment *segment, const struct deadline *deadline)
{
    if (inotify_wait(segment->watch, segment->name.text + 1, deadline) == 0)
        return 0;
    return failure_set(&segment->failure, "wait for a change");
}

/* In a sticky directory the owner of an object or of the directory removes the name, or root:
 * unlink(2). What cannot be removed is not printed either. */
static int check_removal(struct segment *segment)
{
    struct stat object, directory;
    uid_t user = geteuid();
    if (fstat(segment->id, &object) < 0 || stat(DEV_SHM_DIRECTORY, &directory) < 0)
        return failure_set(&segment->failure, "read status");
    bool may_remove = user == 0 || !(directory.st_mode & S_ISVTX) || user == object.st_uid ||
                      user == directory.st_uid;
    if (may_remove && access(DEV_SHM_DIRECTORY, W_OK) == 0)
        return 0;
    if (!may_remove)
        errno = EPERM;
    failure_set(&segment->failure, "remove segment");
    return may_remove
               ? -1
               : failure_add_hint(&segment->failure, "it is of user %ld", (long)object.st_uid);
}

static int open_as(struct segment *segment, const struct segment_get *how,
                   const struct deadline *deadline)
{
    if (!how->takes)
        return shm_file_open_locked(segment, O_RDONLY, SHM_LOCK_CONTENT, deadline);
    if (shm_file_open_locked(segment, O_RDWR, SHM_LOCK_ALL, deadline) < 0)
        return -1;
    return check_removal(segment);
}

static int open_or_wait(struct segment *segment, const struct segment_get *how, bool waits,
                        const struct deadline *deadline)
{
    for (;;) {
        while (open_as(segment, how, deadline) < 0)
            if (errno != ENOENT || !waits || wait_for_change(segment, deadline) < 0)
                return -1;
        if (!how->follows)
            return 0;

        if (watch_writers(segment) < 0)
            return -1;
        int is_named = shm_file_is_named(segment, segment->id);
        if (is_named < 0)
            return failure_set(&segment->failure, "look for segment");
        if (is_named)
            return 0;
        close(segment->id);
    }
}

static int open_to_get(struct segment *segment, const struct segment_get *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    segment->folder = how->takes ? DEV_SHM_DIRECTORY : NULL;
    if ((how->waits || how->follows) && watch_names(segment) < 0)
        return -1;
    return open_or_wait(segment, how, how->waits, &deadline);
}

static int wait_next(struct segment *segment, const struct segment_get *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    if (segment->id >= 0)
        close(segment->id);
    segment->id = -1;
    if (wait_for_change(segment, &deadline) < 0)
        return -1;
    return open_or_wait(segment, how, true, &deadline);
}

static int get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    struct map_range range = {.fd = segment->id, .offset = offset, .length = length};
    if (map_copy_out(&range, to) == 0)
        return 0;
    segment->failure = range.failure;
    return -1;
}

static int copy(struct segment *segment, int64_t offset, int64_t length, int to)
{
    enum { STEP = 64 << 20 };
    off_t at = offset;
    while (at < offset + length) {
        int64_t left = offset + length - at;
        ssize_t got = sendfile(to, segment->id, &at, left < STEP ? (size_t)left : STEP);
        if (got == 0)
            return map_copy_refuse_cut(&segment->failure, at);
        if (got < 0 && (errno != EINTR || interrupt_signal()))
            return failure_set(&segment->failure, "copy segment");
    }
    close(segment->id);
    segment->id = -1;
    return 0;
}

static int take(struct segment *segment)
{
    char path[SHM_PATH_MAX];
    shm_file_path(segment, path);
    int is_named = shm_file_is_named(segment, segment->id);
    if (is_named < 0 || (is_named && unlink(path) < 0))
        return failure_set(&segment->failure, "remove segment");
    return 0;
}

static int open_to_put(struct segment *segment, const struct segment_put *how, int from)
{
    (void)from;
    return how->is_atomic ? segment_posix_open_beside(segment, how)
                          : segment_posix_open_in_place(segment, how);
}

static int put(struct segment *segment, const struct segment_put *how, int from)
{
    return how->is_atomic ? segment_posix_put_beside(segment, how, from)
                          : segment_posix_put_in_place(segment, how, from);
}

struct map_request {
    struct segment *segment;
    const struct segment_map *how;
};

static int open_mapped(void *object)
{
    const struct map_request *request = object;
    struct segment *segment = request->segment;
    segment->id = shm_file_open(segment, request->how->writes ? O_RDWR : O_RDONLY);
    return segment->id;
}

static int create_mapped(void *object)
{
    const struct map_request *request = object;
    struct segment *segment = request->segment;
    segment->id = shm_file_create_unnamed(segment);
    segment->size = 0;
    if (segment->id < 0 || shm_file_allocate(segment, segment_map_size(request->how)) < 0)
        return -1;
    if (fchmod(segment->id, request->how->mode) < 0)
        return failure_set(&segment->failure, "set mode");
    if (shm_file_publish(segment, segment->id) == 0)
        return 0;
    return close_keep_errno(segment->id);
}

static int map(struct segment *segment, const struct segment_map *how, void **memory)
{
    const struct open_or_create steps = {open_mapped, create_mapped, how->creates,
                                         how->is_exclusive};
    struct map_request request = {segment, how};
    struct stat status;
    if (open_or_create(&steps, &request) < 0)
        return -1;
    if (fstat(segment->id, &status) < 0)
        return failure_set(&segment->failure, "read status");
    segment->size = status.st_size;
    /* before io_allocate, which would lengthen the object */
    if (segment_check_range(segment, how) < 0)
        return -1;
    if (how->writes && io_allocate(segment->id, how->offset, how->length) < 0)
        return failure_set(&segment->failure, "reserve memory");
    return segment_map_file(segment, how, memory);
}

static bool is_removed(struct segment *segment)
{
    return shm_file_is_named(segment, segment->id) == 0;
}

static int read_status(struct segment *segment, struct segment_status *status)
{
    struct stat file;
    segment->id = shm_file_open(segment, O_RDONLY);
    if (segment->id < 0)
        return -1;
    if (fstat(segment->id, &file) < 0)
        return failure_set(&segment->failure, "read status");
    *status = (struct segment_status){
        .size = file.st_size,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
        .modified = file.st_mtime,
    };
    return 0;
}

/* Closing the descriptor looks like a change to those that follow the object, and makes them look
 * at the name. So it comes last. */
static int remove_name(struct segment *segment)
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
    .open_to_get = open_to_get,
    .get = get,
    .copy = copy,
    .take = take,
    .wait_next = wait_next,
    .open_to_put = open_to_put,
    .put = put,
    .discard = shm_file_discard,
    .map = map,
    .is_removed = is_removed,
    .stat = read_status,
    .remove = remove_name,
};
