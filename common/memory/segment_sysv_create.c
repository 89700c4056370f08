#include "memory/segment_sysv.h"

#include "sys/limits.h"

#include <errno.h>
#include <unistd.h>

/* shmget(2) gives ENOSPC for two limits. */
static const char *find_limit(void)
{
    struct shm_info used;
    if (errno == EINVAL)
        return "kernel.shmmax";
    bool is_count = shmctl(0, SHM_INFO, (struct shmid_ds *)&used) >= 0 &&
                    used.used_ids >= limits_read("kernel.shmmni", INT64_MAX);
    return is_count ? "kernel.shmmni" : "kernel.shmall";
}

static int fail_to_create(struct segment *segment, int64_t size)
{
    int saved = errno;
    if (size <= 0) /* EINVAL too */
        return segment_explain(segment, "create segment", " (it needs a size above 0: --size)");
    if (errno != EINVAL && errno != ENOSPC)
        return segment_fail(segment, "create segment");
    const char *limit = find_limit();
    long long value = (long long)limits_read(limit, -1);
    errno = saved;
    return segment_explain(segment, "create segment", " (%s is %lld)", limit, value);
}

/* A segment that its creator may not write is created so that it can be filled. */
static int set_mode(struct segment *segment, mode_t mode)
{
    struct shmid_ds status;
    if ((mode & 0600) == 0600)
        return 0;
    if (segment_sysv_control(segment, "set mode", IPC_STAT, &status) < 0)
        return -1;
    status.shm_perm.mode = mode;
    return segment_sysv_control(segment, "set mode", IPC_SET, &status);
}

static int create(struct segment *segment, int64_t size, mode_t mode)
{
    key_t key;
    if (segment_sysv_key(segment, &key) < 0)
        return -1;
    segment->id = shmget(key, (size_t)size, IPC_CREAT | IPC_EXCL | 0600 | (int)mode);
    if (segment->id < 0)
        return fail_to_create(segment, size);
    segment->is_created = true;
    segment->size = size;
    return segment_sysv_attach(segment, 0) < 0 ? -1 : set_mode(segment, mode);
}

int segment_sysv_open_existing(struct segment *segment, const struct segment_put *how)
{
    bool is_id = segment->name.kind == OBJECT_NAME_ID;
    int result = segment_sysv_find(segment);
    if (result == 0 && how->is_exclusive && !is_id) {
        errno = EEXIST;
        return segment_fail(segment, "create segment");
    }
    if (result == 0 && segment_sysv_measure(segment) == 0)
        return segment_sysv_attach(segment, 0) < 0 ? -1 : 1;
    return errno == ENOENT && how->creates && !is_id ? 0 : -1;
}

/* Removes the segment and makes another of the same key, mode and owner. Processes that have the
 * old one attached keep it. Until it has its owner it has no mode for others: they would be those
 * of our own group. */
static int recreate(struct segment *segment, const struct segment_put *how, int64_t size)
{
    struct shmid_ds old, new;
    if (segment_sysv_control(segment, "resize segment", IPC_STAT, &old) < 0 ||
        segment_sysv_control(segment, "resize segment", IPC_RMID, NULL) < 0)
        return -1;
    shmdt(segment->memory);
    segment->memory = NULL;
    mode_t mode = how->has_mode ? how->mode : old.shm_perm.mode & 0777;
    bool is_own = old.shm_perm.uid == geteuid() && old.shm_perm.gid == getegid();
    if (create(segment, size, is_own ? mode : 0600) < 0)
        return -1;
    if (is_own)
        return 0;
    if (segment_sysv_control(segment, "keep the owner", IPC_STAT, &new) < 0)
        return -1;
    new.shm_perm.uid = old.shm_perm.uid;
    new.shm_perm.gid = old.shm_perm.gid;
    new.shm_perm.mode = mode;
    return segment_sysv_control(segment, "keep the owner", IPC_SET, &new);
}

int segment_sysv_open_or_create(struct segment *segment, const struct segment_put *how,
                                int64_t size)
{
    for (;;) {
        int found = segment->memory ? 1 : segment_sysv_open_existing(segment, how), result = 0;
        if (found < 0 || (found > 0 && (!how->resizes || segment->size == size)))
            return found < 0 ? -1 : 0;
        result = found > 0 ? recreate(segment, how, size) : create(segment, size, how->mode);
        if (result == 0 || errno != EEXIST || how->is_exclusive)
            return result;
    }
}
