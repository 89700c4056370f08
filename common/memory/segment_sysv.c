#include "memory/segment_sysv.h"

#include "cli/progress.h"
#include "memory/splice.h"
#include "sys/deadline.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/shm.h>

int segment_sysv_key(struct segment *segment, key_t *key)
{
    if (object_name_key(&segment->name, key) == 0)
        return 0;
    return segment_explain(segment, "make key", "%s",
                           errno == ENOENT ? " (ftok: wants a file that exists)" : "");
}

int segment_sysv_find(struct segment *segment)
{
    key_t key;
    if (segment->name.kind == OBJECT_NAME_ID) {
        segment->id = segment->name.id;
        return 0;
    }
    if (segment_sysv_key(segment, &key) < 0)
        return -1;
    if (key == IPC_PRIVATE)
        errno = ENOENT; /* a private segment has its identifier, and nothing else, as its name */
    segment->id = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
    return segment->id < 0 ? segment_fail(segment, "open segment") : 0;
}

/* The segment may be gone since it was found, or the identifier may be none. */
int segment_sysv_control(struct segment *segment, const char *what, int command,
                         struct shmid_ds *status)
{
    if (shmctl(segment->id, command, status) == 0)
        return 0;
    if (errno == EINVAL || errno == EIDRM)
        errno = ENOENT;
    bool is_wrong_id = errno == ENOENT && segment->name.kind == OBJECT_NAME_ID;
    return segment_explain(segment, what, "%s", is_wrong_id ? " (ipcs -m lists the segments)" : "");
}

int segment_sysv_measure(struct segment *segment)
{
    struct shmid_ds status;
    if (segment_sysv_control(segment, "open segment", IPC_STAT, &status) < 0)
        return -1;
    segment->size = (int64_t)status.shm_segsz;
    return 0;
}

int segment_sysv_attach(struct segment *segment, int flags)
{
    void *memory = shmat(segment->id, NULL, flags);
    if ((intptr_t)memory == -1)
        return segment_fail(segment, "attach segment");
    segment->memory = memory;
    return 0;
}

static int open_once(struct segment *segment)
{
    return segment_sysv_find(segment) < 0 || segment_sysv_measure(segment) < 0
               ? -1
               : segment_sysv_attach(segment, SHM_RDONLY);
}

/* The kernel does not tell when a segment comes to be, so this looks every 10 ms. */
static int open_sysv(struct segment *segment, const struct segment_get *how)
{
    const struct deadline deadline = deadline_after(how->timeout);
    while (open_once(segment) < 0) {
        if (errno != ENOENT || !how->waits)
            return -1;
        const struct deadline pause = deadline_after(10000000);
        if (deadline_remaining(&deadline) == 0)
            errno = ETIMEDOUT;
        else if (deadline_poll(NULL, 0, &pause) < 0 && errno == ETIMEDOUT)
            continue;
        return segment_fail(segment, "wait for segment");
    }
    return 0;
}

static int get_sysv(struct segment *segment, int64_t offset, int64_t length, int to)
{
    const struct splice_source source = {.memory = segment->memory};
    int64_t moved;
    int result;
    if (length >= SPLICE_WORTH && io_is_pipe(to)) {
        result = splice_gift(&source, offset, length, to, &moved);
    } else {
        result = io_write(to, segment->memory + offset, (size_t)length);
        progress_add(result == 0 ? length : 0);
    }
    return result < 0 ? segment_fail(segment, "write to stdout") : 0;
}

static int copy_sysv(struct segment *segment, int64_t offset, int64_t length, int copy)
{
    if (io_write(copy, segment->memory + offset, (size_t)length) < 0)
        return segment_fail(segment, "copy segment");
    return 0;
}

static int map_sysv(struct segment *segment, const struct segment_map *how, void **memory)
{
    const struct segment_put put = {
        .creates = how->creates, .is_exclusive = how->is_exclusive, .mode = how->mode};
    int64_t size = how->size < 0 ? how->offset + how->length : how->size;
    if ((how->writes || how->creates ? segment_sysv_open_or_create(segment, &put, size)
                                     : open_once(segment)) < 0)
        return -1;
    if (how->offset > segment->size - how->length)
        return segment_refuse_range(segment, how);
    *memory = segment->memory + how->offset;
    return 0;
}

/* A segment that is attached lives on without its key, marked to go (ipc/shm.c: SHM_DEST). */
static bool is_removed(struct segment *segment)
{
    struct shmid_ds status;
    if (shmctl(segment->id, IPC_STAT, &status) < 0)
        return errno == EINVAL || errno == EIDRM;
    return status.shm_perm.mode & SHM_DEST;
}

static int stat_sysv(struct segment *segment, struct segment_status *status)
{
    struct shmid_ds kernel;
    if (segment_sysv_find(segment) < 0 ||
        segment_sysv_control(segment, "open segment", IPC_STAT, &kernel) < 0)
        return -1;
    *status = (struct segment_status){
        .size = (int64_t)kernel.shm_segsz,
        .mode = kernel.shm_perm.mode & 0777,
        .uid = kernel.shm_perm.uid,
        .gid = kernel.shm_perm.gid,
#ifdef __GLIBC__
        .key = kernel.shm_perm.__key,
#else
        .key = kernel.shm_perm.__ipc_perm_key,
#endif
        .attached = (int64_t)kernel.shm_nattch,
        .creator = kernel.shm_cpid,
        .last_user = kernel.shm_lpid,
        .attach_time = kernel.shm_atime,
        .detach_time = kernel.shm_dtime,
        .changed = kernel.shm_ctime,
    };
    return 0;
}

/* Asks for ownership, not for the permission to look; so it does not look first. */
static int remove_sysv(struct segment *segment)
{
    return segment_sysv_find(segment) < 0
               ? -1
               : segment_sysv_control(segment, "remove segment", IPC_RMID, NULL);
}

static void discard_sysv(struct segment *segment)
{
    shmctl(segment->id, IPC_RMID, NULL);
}

const struct segment_family segment_sysv = {
    .open = open_sysv,
    .get = get_sysv,
    .copy = copy_sysv,
    .put = segment_sysv_put,
    .discard = discard_sysv,
    .map = map_sysv,
    .is_removed = is_removed,
    .stat = stat_sysv,
    .remove = remove_sysv,
};
