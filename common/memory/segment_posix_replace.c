/* An atomic put fills an object without a name. Where the name is free it is linked to it; else it
 * is linked to a name of our own beside, which rename(2) then moves over the other. Who does that
 * holds the lock of the name that is to go, so only one does; what lies at the name beside is of
 * one that died between the two steps. The name beside is made of the name's hash, for both have
 * 255 bytes at most. */
#include "memory/segment_posix.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* FNV-1a, 64 bits. */
static void path_beside(const struct segment *segment, char path[static PATH_MAX])
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *at = segment->name.text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
    snprintf(path, PATH_MAX, SHM_DIRECTORY "/.ipcbox.%016llx", (unsigned long long)hash);
}

void shm_file_remove_stale(const struct segment *segment, int fd)
{
    const struct deadline now = deadline_after(0);
    char path[PATH_MAX];
    path_beside(segment, path);
    if (access(path, F_OK) < 0 || shm_file_lock(fd, FILE_LOCK_EXCLUSIVE, SHM_LOCK_NAME, &now) < 0)
        return; /* or its maker is alive, and about to rename it */
    if (shm_file_is_named(segment, fd) > 0)
        unlink(path);
    shm_file_unlock_name(fd);
}

/* In a sticky directory nobody takes the name of another user's object; and root, who could, would
 * give a stranger's object to root. */
static int check_owner(struct segment *segment, int old)
{
    struct stat object;
    if (fstat(old, &object) < 0)
        return segment_fail(segment, "read status");
    if (object.st_uid == geteuid())
        return 0;
    errno = EACCES;
    return segment_explain(segment, "replace segment", " (it is of user %ld)", (long)object.st_uid);
}

/* What is replaced keeps its group, and its mode where no other one is asked for. */
static int dress(struct segment *segment, const struct segment_put *how, int old)
{
    struct stat status, ours;
    mode_t mode = how->mode;
    if (old >= 0) {
        if (fstat(old, &status) < 0 || fstat(segment->id, &ours) < 0)
            return segment_fail(segment, "read status");
        if (status.st_gid != ours.st_gid && fchown(segment->id, (uid_t)-1, status.st_gid) < 0)
            return segment_fail(segment, "keep the group");
        if (!how->has_mode)
            mode = status.st_mode & 0777;
    }
    return fchmod(segment->id, mode) < 0 ? segment_fail(segment, "set mode") : 0;
}

/* The object is full, so no writer has it open any more; a descriptor that only reads keeps it
 * alive until it has its name, and whoever waits for a writer's end is not woken twice. Where there
 * is no /proc he is. */
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

/* Moves the name, which is locked, to our object. An object that was linked and lost that name
 * cannot be linked again (linkat(2)); so there is no second try. */
static int replace(struct segment *segment)
{
    char path[PATH_MAX], beside[PATH_MAX];
    shm_file_path(segment, path);
    path_beside(segment, beside);
    int result = shm_file_publish(segment, segment->id, beside);
    if (result < 0 && errno == EEXIST) {
        if (unlink(beside) < 0 && errno != ENOENT)
            return segment_explain(segment, "replace segment", " (%s is in the way)", beside);
        result = shm_file_publish(segment, segment->id, beside);
    }
    if (result < 0)
        return segment_fail(segment, "replace segment");
    if (rename(beside, path) == 0)
        return 0;
    int saved = errno;
    unlink(beside);
    errno = saved == ENOENT ? ESTALE : saved; /* nobody of ours removes it */
    return segment_explain(segment, "replace segment", " (%s was removed)", beside);
}

static int publish_over(struct segment *segment, const struct segment_put *how, int new,
                        const struct deadline *deadline)
{
    if (shm_file_open_locked(segment, O_RDWR, SHM_LOCK_NAME, deadline) < 0)
        return -1;
    int old = segment->id, result = -1;
    segment->id = new;
    if (check_owner(segment, old) == 0 && dress(segment, how, old) == 0)
        result = replace(segment);
    close_keep_errno(old); /* with its lock */
    return result;
}

static int publish(struct segment *segment, const struct segment_put *how)
{
    struct deadline deadline = deadline_after(how->timeout);
    char path[PATH_MAX];
    int new = segment->id;
    shm_file_path(segment, path);
    for (;;) {
        if (dress(segment, how, -1) < 0)
            return -1;
        if (shm_file_publish(segment, new, path) == 0)
            return 0;
        if (errno != EEXIST || how->is_exclusive)
            return -1;
        if (publish_over(segment, how, new, &deadline) == 0)
            return 0;
        segment->id = new;
        if (errno != ENOENT) /* the name is free by now */
            return -1;
    }
}

/* What can be wrong with the name is told before any input is taken. The object is not opened to
 * write for that: who follows it would take its closing for a change. */
static int check_name(struct segment *segment, const struct segment_put *how)
{
    char path[PATH_MAX];
    shm_file_path(segment, path);
    int old = shm_file_open(segment, O_PATH);
    if (old < 0)
        return errno == ENOENT ? 0 : -1;
    int result = check_owner(segment, old);
    if (result == 0 && how->is_exclusive) {
        errno = EEXIST;
        result = segment_fail(segment, "create segment");
    }
    if (result == 0 && access(path, W_OK) < 0)
        result = segment_fail(segment, "replace content");
    close_keep_errno(old);
    return result;
}

int segment_posix_replace(struct segment *segment, const struct segment_put *how, int from)
{
    if (check_name(segment, how) < 0)
        return -1;
    segment->id = shm_file_create_unnamed(segment);
    if (segment->id < 0)
        return -1;
    segment_begin_input(segment, how, true, from);
    if (segment_posix_fill(segment, how, true, from) < 0)
        return -1;
    reopen_to_read(segment);
    return publish(segment, how);
}
