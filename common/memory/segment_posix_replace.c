#include "memory/segment_posix_replace.h"

#include "memory/segment_posix_fill.h"
#include "memory/shm_file.h"
#include "sys/io.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
    struct segment *segment; /* its id: our new object */
    const struct segment_put *how;
    struct deadline deadline;
};

/* The kernel lets nobody but root take the name of another user's object in a sticky directory, and
 * root would give a stranger's name to an object of root's. */
static int check_owner(struct segment *segment, int old)
{
    struct stat object;
    if (fstat(old, &object) < 0)
        return failure_set(&segment->failure, "read status");
    if (object.st_uid == geteuid())
        return shm_file_check_links(segment, &object, "replace segment");
    errno = EACCES;
    failure_set(&segment->failure, "replace segment");
    return failure_add_hint(&segment->failure, "it is of user %ld", (long)object.st_uid);
}

/* The new object gets the group of the OLD one, and its mode unless another one was asked for. */
static int copy_permissions(struct segment *segment, const struct segment_put *how, int old)
{
    struct stat status, ours;
    if (fstat(old, &status) < 0 || fstat(segment->id, &ours) < 0)
        return failure_set(&segment->failure, "read status");
    if (status.st_gid != ours.st_gid && fchown(segment->id, (uid_t)-1, status.st_gid) < 0)
        return failure_set(&segment->failure, "keep the group");
    mode_t mode = how->has_mode ? how->mode : status.st_mode & 0777;
    return fchmod(segment->id, mode) < 0 ? failure_set(&segment->failure, "set mode") : 0;
}

static int publish_over_existing(void *object)
{
    struct request *request = object;
    struct segment *segment = request->segment;
    int new = segment->id, result = -1;
    if (shm_file_open_locked(segment, O_RDWR, SHM_LOCK_NAME, &request->deadline) < 0)
        return -1;
    int old = segment->id;
    segment->id = new;
    if (check_owner(segment, old) == 0 && copy_permissions(segment, request->how, old) == 0)
        result = shm_file_publish_over(segment, new);
    close_keep_errno(old); /* with its lock */
    return result;
}

static int publish_new(void *object)
{
    struct request *request = object;
    struct segment *segment = request->segment;
    if (fchmod(segment->id, request->how->mode) < 0)
        return failure_set(&segment->failure, "set mode");
    return shm_file_publish(segment, segment->id);
}

/* The object is full, so no descriptor needs to write it any more. One that only reads keeps it
 * alive until it has its name; to close a writing one after that would look like a change to those
 * that follow the name. Without /proc it does. */
static void reopen_to_read(struct segment *segment)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", segment->id);
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    close(segment->id);
    segment->id = fd;
}

/* Reports what is wrong with the name before any input is read. The object is not opened to write:
 * its closing would look like a change to those that follow it. */
static int check_name(struct segment *segment, const struct segment_put *how)
{
    char path[SHM_PATH_MAX];
    shm_file_path(segment, path);
    int old = shm_file_open(segment, O_PATH);
    if (old < 0)
        return errno == ENOENT ? 0 : -1;
    int result = check_owner(segment, old);
    if (result == 0 && how->is_exclusive) {
        errno = EEXIST;
        result = failure_set(&segment->failure, "create segment");
    }
    if (result == 0 && access(path, W_OK) < 0)
        result = failure_set(&segment->failure, "replace content");
    close_keep_errno(old);
    return result;
}

int segment_posix_open_beside(struct segment *segment, const struct segment_put *how)
{
    if (check_name(segment, how) < 0)
        return -1;
    segment->folder = DEV_SHM_DIRECTORY;
    segment->id = shm_file_create_unnamed(segment);
    return segment->id < 0 ? -1 : 0;
}

int segment_posix_put_beside(struct segment *segment, const struct segment_put *how, int from)
{
    const struct open_or_create steps = {publish_over_existing, publish_new, true,
                                         how->is_exclusive};
    if (segment_posix_fill(segment, how, true, from) < 0)
        return -1;
    reopen_to_read(segment);
    struct request request = {segment, how, deadline_after(how->timeout)};
    return open_or_create(&steps, &request);
}
