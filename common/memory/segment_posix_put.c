#include "memory/segment_posix_put.h"

#include "memory/segment_posix_fill.h"
#include "memory/shm_file.h"
#include "sys/io.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
    struct segment *segment;
    const struct segment_put *how;
    struct deadline deadline;
};

/* Everybody may create a name in this directory, and the owner of an object can read what is put
 * into it. So the content of a stranger's object is not replaced, as the shell's `>` does not if
 * fs.protected_regular is set; nor the content of an object that a stranger has linked to the name.
 */
static int check_owner(struct segment *segment)
{
    struct stat object, directory;
    if (fstat(segment->id, &object) < 0 || stat(DEV_SHM_DIRECTORY, &directory) < 0)
        return failure_set(&segment->failure, "read status");
    if (object.st_uid == geteuid() || object.st_uid == directory.st_uid)
        return shm_file_check_links(segment, &object, "replace content");
    errno = EACCES;
    failure_set(&segment->failure, "replace content");
    return failure_add_hint(&segment->failure, "it is of user %ld; -o 0 writes into it",
                            (long)object.st_uid);
}

static int open_existing(void *object)
{
    struct request *request = object;
    if (shm_file_open_locked(request->segment, O_RDWR, SHM_LOCK_CONTENT, &request->deadline) < 0)
        return -1;
    return request->how->creates ? check_owner(request->segment) : 0;
}

/* The object gets its mode and its lock before its name, so that nobody reads it empty. */
static int create_locked(void *object)
{
    struct request *request = object;
    struct segment *segment = request->segment;
    int fd = shm_file_create_unnamed(segment);
    if (fd < 0)
        return -1;
    if (fchmod(fd, request->how->mode) < 0 ||
        shm_file_lock(fd, FILE_LOCK_EXCLUSIVE, SHM_LOCK_CONTENT, &request->deadline) < 0) {
        failure_set(&segment->failure, "create segment");
        return close_keep_errno(fd);
    }
    if (shm_file_publish(segment, fd) < 0)
        return close_keep_errno(fd);
    segment->id = fd;
    segment->size = 0;
    segment->is_created = true;
    segment->folder = DEV_SHM_DIRECTORY;
    return 0;
}

int segment_posix_open_in_place(struct segment *segment, const struct segment_put *how)
{
    const struct open_or_create steps = {open_existing, create_locked, how->creates,
                                         how->is_exclusive};
    struct request request = {segment, how, deadline_after(how->timeout)};
    if (open_or_create(&steps, &request) < 0)
        return -1;
    shm_file_remove_stale(segment, segment->id);
    return 0;
}

int segment_posix_put_in_place(struct segment *segment, const struct segment_put *how, int from)
{
    return segment_posix_fill(segment, how, segment->is_created, from);
}
