#include "segment_family.h"

#include "io.h"
#include "kernel.h"
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

enum { LONG_TRANSFER = 1 << 18 }; /* from here on larger pipes pay */

static int make_key(struct segment *segment, key_t *key)
{
    if (objname_key(&segment->name, key) == 0)
        return 0;
    return segment_explain(segment, "make key", "%s",
                           errno == ENOENT ? " (ftok: wants a file that exists)" : "");
}

static int find(struct segment *segment)
{
    key_t key;
    if (segment->name.kind == OBJNAME_ID) {
        segment->id = segment->name.id;
        return 0;
    }
    if (make_key(segment, &key) < 0)
        return -1;
    if (key == IPC_PRIVATE)
        errno = ENOENT; /* a private segment has its identifier, and nothing else, as its name */
    segment->id = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
    return segment->id < 0 ? segment_fail(segment, "open segment") : 0;
}

/* The segment may be gone since it was found, or the identifier may be none. */
static int control(struct segment *segment, const char *what, int command, struct shmid_ds *status)
{
    if (shmctl(segment->id, command, status) == 0)
        return 0;
    if (errno == EINVAL || errno == EIDRM)
        errno = ENOENT;
    bool is_wrong_id = errno == ENOENT && segment->name.kind == OBJNAME_ID;
    return segment_explain(segment, what, "%s", is_wrong_id ? " (ipcs -m lists the segments)" : "");
}

static int measure(struct segment *segment)
{
    struct shmid_ds status;
    if (control(segment, "open segment", IPC_STAT, &status) < 0)
        return -1;
    segment->size = (int64_t)status.shm_segsz;
    return 0;
}

static int attach(struct segment *segment, int flags)
{
    void *memory = shmat(segment->id, NULL, flags);
    if ((intptr_t)memory == -1)
        return segment_fail(segment, "attach segment");
    segment->memory = memory;
    return 0;
}

static int open_sysv(struct segment *segment, int64_t timeout)
{
    (void)timeout; /* there is no lock */
    if (find(segment) < 0 || measure(segment) < 0)
        return -1;
    return attach(segment, SHM_RDONLY);
}

static int get_sysv(struct segment *segment, int64_t offset, int64_t length, int to)
{
    if (length > LONG_TRANSFER)
        io_enlarge_pipe(to);
    if (io_write(to, segment->memory + offset, (size_t)length) < 0)
        return segment_fail(segment, "write to stdout");
    return 0;
}

/* shmget(2) gives ENOSPC for two limits. */
static const char *find_limit(void)
{
    struct shm_info used;
    if (errno == EINVAL)
        return "kernel.shmmax";
    bool is_count = shmctl(0, SHM_INFO, (struct shmid_ds *)&used) >= 0 &&
                    used.used_ids >= kernel_limit("kernel.shmmni", INT64_MAX);
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
    long long value = (long long)kernel_limit(limit, -1);
    errno = saved;
    return segment_explain(segment, "create segment", " (%s is %lld)", limit, value);
}

/* A segment that its creator may not write is created so that it can be filled. */
static int set_mode(struct segment *segment, mode_t mode)
{
    struct shmid_ds status;
    if ((mode & 0600) == 0600)
        return 0;
    if (control(segment, "set mode", IPC_STAT, &status) < 0)
        return -1;
    status.shm_perm.mode = mode;
    return control(segment, "set mode", IPC_SET, &status);
}

static int create(struct segment *segment, int64_t size, mode_t mode)
{
    key_t key;
    if (make_key(segment, &key) < 0)
        return -1;
    segment->id = shmget(key, (size_t)size, IPC_CREAT | IPC_EXCL | 0600 | (int)mode);
    if (segment->id < 0)
        return fail_to_create(segment, size);
    segment->is_created = true;
    segment->size = size;
    return attach(segment, 0) < 0 ? -1 : set_mode(segment, mode);
}

/* Opens what exists. Returns 1, or 0 where there is nothing and it may be created. */
static int open_existing(struct segment *segment, const struct segment_put *how)
{
    bool is_id = segment->name.kind == OBJNAME_ID;
    int result = find(segment);
    if (result == 0 && how->is_exclusive && !is_id) {
        errno = EEXIST;
        return segment_fail(segment, "create segment");
    }
    if (result == 0 && measure(segment) == 0)
        return attach(segment, 0) < 0 ? -1 : 1;
    return errno == ENOENT && how->creates && !is_id ? 0 : -1;
}

static int open_or_create(struct segment *segment, const struct segment_put *how, int64_t size)
{
    for (;;) {
        int found = segment->memory ? 1 : open_existing(segment, how);
        if (found != 0)
            return found < 0 ? -1 : 0;
        if (create(segment, size, how->mode) == 0)
            return 0;
        if (errno != EEXIST || how->is_exclusive)
            return -1;
    }
}

static int refuse_end(struct segment *segment)
{
    errno = EFBIG;
    return segment_explain(segment, "write past the end", " (the segment has %lld bytes)",
                           (long long)segment->size);
}

static int refuse_size(struct segment *segment)
{
    errno = EINVAL;
    return segment_explain(segment, "put another size",
                           " (the segment has %lld bytes; -o writes a range)",
                           (long long)segment->size);
}

/* The input becomes the whole content. Its size must be known before a segment is made or touched;
 * where FROM does not tell, the input is held in memory until its end. */
static int replace(struct segment *segment, const struct segment_put *how, int from)
{
    struct record_reader reader;
    const char *held = NULL;
    size_t size;
    if (open_existing(segment, how) < 0)
        return -1;

    int64_t left = io_bytes_left(from);
    if (left < 0) {
        record_start(&reader, from, RECORD_WHOLE,
                     segment->memory ? (size_t)segment->size : SIZE_MAX);
        if (record_next(&reader, &held, &size) < 0)
            return errno == EMSGSIZE ? refuse_size(segment) : segment_fail(segment, "read stdin");
        left = (int64_t)size;
    }
    if (open_or_create(segment, how, left) < 0)
        return -1;
    if (left != segment->size)
        return refuse_size(segment);

    size = (size_t)left;
    if (held)
        memcpy(segment->memory, held, size);
    else if (io_read_counted(from, segment->memory, size, &size) < 0)
        return segment_fail(segment, "read stdin");
    if ((int64_t)size == left)
        return 0;
    errno = ENODATA;
    return segment_explain(segment, "read stdin", " (it became shorter than %lld bytes)",
                           (long long)left);
}

/* The input goes into a segment whose size is known; nothing of it may be left over. */
static int fill(struct segment *segment, const struct segment_put *how, int from)
{
    bool replaces = how->offset < 0;
    if (open_or_create(segment, how, how->size) < 0)
        return -1;
    if (replaces && segment->size != how->size)
        return refuse_size(segment);
    int64_t offset = replaces ? 0 : how->offset, room = segment->size - offset;
    if (room < 0 || io_bytes_left(from) > room)
        return refuse_end(segment);

    char *start = segment->memory + offset;
    ssize_t got = io_read_full(from, start, (size_t)room);
    int rest = got < 0 ? -1 : io_has_more(from);
    if (rest < 0)
        return segment_fail(segment, "read stdin");
    if (rest > 0)
        return refuse_end(segment);
    if (replaces)
        memset(start + got, 0, (size_t)(room - got));
    return 0;
}

static int put_sysv(struct segment *segment, const struct segment_put *how, int from)
{
    return how->offset < 0 && how->size < 0 ? replace(segment, how, from)
                                            : fill(segment, how, from);
}

static int stat_sysv(struct segment *segment, struct segment_status *status)
{
    struct shmid_ds kernel;
    if (find(segment) < 0 || control(segment, "open segment", IPC_STAT, &kernel) < 0)
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
    return find(segment) < 0 ? -1 : control(segment, "remove segment", IPC_RMID, NULL);
}

static void discard_sysv(struct segment *segment)
{
    shmctl(segment->id, IPC_RMID, NULL);
}

const struct segment_family segment_sysv = {
    .open = open_sysv,
    .get = get_sysv,
    .put = put_sysv,
    .discard = discard_sysv,
    .stat = stat_sysv,
    .remove = remove_sysv,
};
