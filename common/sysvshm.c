#include "sysvshm.h"

#include "io.h"
#include "kernel.h"
#include "relay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

/* Finds the segment. An identifier is checked by a look at it. */
static int find(struct segment *segment, struct shmid_ds *status)
{
    key_t key;
    if (segment->name.kind == OBJNAME_ID) {
        segment->id = segment->name.id;
    } else {
        if (objname_key(&segment->name, &key) < 0)
            return segment_fail(segment, "make key", "%s", "");
        if (key == IPC_PRIVATE)
            errno = ENOENT;
        segment->id = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
    }
    if (segment->id < 0 || shmctl(segment->id, IPC_STAT, status) < 0) {
        if (errno == EINVAL)
            errno = ENOENT;
        return segment_fail(segment, "open segment", "%s", "");
    }
    segment->size = (int64_t)status->shm_segsz;
    return 0;
}

static int attach(struct segment *segment, int flags)
{
    void *memory = shmat(segment->id, NULL, flags);
    if ((intptr_t)memory == -1)
        return segment_fail(segment, "attach segment", "%s", "");
    segment->memory = memory;
    return 0;
}

int sysvshm_open(struct segment *segment)
{
    struct shmid_ds status;
    return find(segment, &status) < 0 ? -1 : attach(segment, SHM_RDONLY);
}

int sysvshm_get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    if (length > BUFSIZ * 16)
        io_enlarge_pipe(to);
    if (io_write(to, segment->memory + offset, (size_t)length) < 0)
        return segment_fail(segment, "write to stdout", "%s", "");
    return 0;
}

/* Names the limit that shmget(2) met. */
static int fail_to_create(struct segment *segment, int64_t size)
{
    long long shmmax = (long long)kernel_limit("kernel.shmmax", -1);
    if (errno == EINVAL && size == 0)
        return segment_fail(segment, "create segment", " (it needs at least one byte: --size)");
    if (errno == EINVAL)
        return segment_fail(segment, "create segment", " (kernel.shmmax is %lld)", shmmax);
    if (errno == ENOSPC)
        return segment_fail(segment, "create segment",
                            " (kernel.shmmni is %lld, shmall %lld pages)",
                            (long long)kernel_limit("kernel.shmmni", -1),
                            (long long)kernel_limit("kernel.shmall", -1));
    return segment_fail(segment, "create segment", " (%lld bytes needed)", (long long)size);
}

static int create(struct segment *segment, int64_t size, mode_t mode)
{
    key_t key;
    if (objname_key(&segment->name, &key) < 0)
        return segment_fail(segment, "make key", "%s", "");
    segment->id = shmget(key, (size_t)size, IPC_CREAT | IPC_EXCL | (int)mode);
    if (segment->id < 0)
        return errno == EEXIST ? segment_fail(segment, "create segment", "%s", "")
                               : fail_to_create(segment, size);
    segment->is_created = true;
    segment->size = size;
    return attach(segment, 0);
}

/* Opens what exists. Returns 1, or 0 where there is nothing and it may be created. */
static int open_existing(struct segment *segment, const struct segment_put *how)
{
    struct shmid_ds status;
    if (find(segment, &status) < 0)
        return errno == ENOENT && how->creates && segment->name.kind != OBJNAME_ID ? 0 : -1;
    if (how->is_exclusive) {
        errno = EEXIST;
        return segment_fail(segment, "create segment", "%s", "");
    }
    return attach(segment, 0) < 0 ? -1 : 1;
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

static int refuse_size(struct segment *segment, const char *what)
{
    errno = EFBIG;
    return segment_fail(segment, what, " (the segment has %lld bytes; -o writes a range)",
                        (long long)segment->size);
}

/* The size must be known before a segment is made or touched. What is no regular file is held in
 * memory until its end. Returns a descriptor to read the *SIZE bytes from. */
static int hold_input(struct segment *segment, int from, int64_t *size)
{
    *size = io_bytes_left(from);
    if (*size >= 0)
        return from;
    int fd = memfd_create("ipcbox", MFD_CLOEXEC);
    if (fd < 0)
        return segment_fail(segment, "hold the input", "%s", "");
    struct relay_flow flow = {.from = from, .to = fd};
    if (relay_run(&flow, 1, INT64_MAX) < 0)
        return segment_fail(segment, flow.is_write_error ? "hold the input" : "read stdin", "%s",
                            "");
    *size = lseek(fd, 0, SEEK_CUR);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* The input becomes the whole content, and its size is the segment's. */
static int replace(struct segment *segment, const struct segment_put *how, int from)
{
    int64_t size;
    if (open_existing(segment, how) < 0)
        return -1;
    int input = hold_input(segment, from, &size);
    if (input < 0 || open_or_create(segment, how, size) < 0)
        return -1;
    if (size != segment->size) {
        errno = EFBIG;
        return segment_fail(segment, "put another size",
                            " (%lld bytes do not replace %lld; -o writes a range)", (long long)size,
                            (long long)segment->size);
    }
    if (io_read_full(input, segment->memory, (size_t)size) != size)
        return segment_fail(segment, "read stdin", "%s", "");
    return 0;
}

/* The input goes into a segment whose size is known; nothing of it may be left over. */
static int fill(struct segment *segment, const struct segment_put *how, int from)
{
    if (open_or_create(segment, how, how->size) < 0)
        return -1;
    if (how->size >= 0 && how->offset < 0 && segment->size != how->size)
        return refuse_size(segment, "put another size");
    int64_t offset = how->offset < 0 ? 0 : how->offset;
    if (offset > segment->size)
        return refuse_size(segment, "write past the end");

    size_t room = (size_t)(segment->size - offset);
    ssize_t got = io_read_full(from, segment->memory + offset, room);
    if (got < 0)
        return segment_fail(segment, "read stdin", "%s", "");
    if (how->offset < 0)
        memset(segment->memory + got, 0, room - (size_t)got);
    char more;
    ssize_t rest = io_read(from, &more, 1);
    if (rest < 0)
        return segment_fail(segment, "read stdin", "%s", "");
    return rest == 0 ? 0 : refuse_size(segment, "write past the end");
}

int sysvshm_put(struct segment *segment, const struct segment_put *how, int from)
{
    return how->offset < 0 && how->size < 0 ? replace(segment, how, from)
                                            : fill(segment, how, from);
}

int sysvshm_stat(struct segment *segment, struct segment_status *status)
{
    struct shmid_ds kernel;
    if (find(segment, &kernel) < 0)
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

/* Removing asks for ownership, not for the permission to look; so it does not look first. */
int sysvshm_remove(struct segment *segment)
{
    struct shmid_ds status;
    if (find(segment, &status) < 0 && (segment->id < 0 || errno != EACCES))
        return -1;
    if (shmctl(segment->id, IPC_RMID, NULL) == 0)
        return 0;
    return segment_fail(segment, "remove segment", "%s", "");
}

void sysvshm_discard(struct segment *segment)
{
    shmctl(segment->id, IPC_RMID, NULL);
}
