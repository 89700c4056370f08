/* A System V segment has a fixed size and no lock. To replace its content, the size of the input
 * must be known before the segment is created or touched: input of unknown size is held in a file
 * until its end. */
#include "memory/segment_internal.h"

#include "cli/progress.h"
#include "memory/splice.h"
#include "sys/deadline.h"
#include "sys/io.h"
#include "sys/limits.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

/* ---- what exists */

static int find_key(struct segment *segment, key_t *key)
{
    if (object_name_key(&segment->name, key) == 0)
        return 0;
    failure_set(&segment->failure, "make key");
    return errno == ENOENT ? failure_add_hint(&segment->failure, "ftok: wants a file that exists")
                           : -1;
}

static int find(struct segment *segment)
{
    key_t key;
    if (segment->name.kind == OBJECT_NAME_ID) {
        segment->id = segment->name.id;
        return 0;
    }
    if (find_key(segment, &key) < 0)
        return -1;
    if (key == IPC_PRIVATE)
        errno = ENOENT; /* a private segment has its identifier as its only name */
    segment->id = key == IPC_PRIVATE ? -1 : shmget(key, 0, 0);
    return segment->id < 0 ? failure_set(&segment->failure, "open segment") : 0;
}

/* shmctl(2). ENOENT: there is no such segment, or no longer. */
static int control(struct segment *segment, const char *what, int command, struct shmid_ds *status)
{
    if (shmctl(segment->id, command, status) == 0)
        return 0;
    if (errno == EINVAL || errno == EIDRM)
        errno = ENOENT;
    failure_set(&segment->failure, "%s", what);
    return errno == ENOENT && segment->name.kind == OBJECT_NAME_ID
               ? failure_add_hint(&segment->failure, "ipcs -m lists the segments")
               : -1;
}

static int measure(struct segment *segment)
{
    struct shmid_ds status;
    if (control(segment, "open segment", IPC_STAT, &status) < 0)
        return -1;
    segment->size = (int64_t)status.shm_segsz;
    return 0;
}

/* FLAGS of shmat(2). */
static int attach(struct segment *segment, int flags)
{
    void *memory = shmat(segment->id, NULL, flags);
    if ((intptr_t)memory == -1)
        return failure_set(&segment->failure, "attach segment");
    segment->memory = memory;
    return 0;
}

static int open_existing(struct segment *segment, int flags)
{
    return find(segment) < 0 || measure(segment) < 0 ? -1 : attach(segment, flags);
}

/* ---- creating */

struct request {
    struct segment *segment;
    bool resizes, has_mode;
    mode_t mode;
    int64_t size;
    bool is_resized;     /* the segment of another size is removed */
    struct shmid_ds old; /* its status */
};

/* shmget(2) reports ENOSPC for two limits. */
static const char *find_limit(void)
{
    struct shm_info used;
    if (errno == EINVAL)
        return "kernel.shmmax";
    bool is_count = shmctl(0, SHM_INFO, (struct shmid_ds *)&used) >= 0 &&
                    used.used_ids >= limits_read("kernel.shmmni", INT64_MAX);
    return is_count ? "kernel.shmmni" : "kernel.shmall";
}

static int set_creation_failure(struct segment *segment, int64_t size)
{
    failure_set(&segment->failure, "create segment");
    if (errno == EINVAL && size <= 0)
        return failure_add_hint(&segment->failure, "it needs a size above 0: --size");
    if (errno != EINVAL && errno != ENOSPC)
        return -1;
    const char *limit = find_limit();
    long long value = (long long)limits_read(limit, -1);
    errno = segment->failure.errnum;
    return failure_add_hint(&segment->failure, "%s is %lld", limit, value);
}

/* Creates the segment so that its creator can fill it, and attaches it. */
static int create(struct segment *segment, int64_t size, mode_t mode)
{
    key_t key;
    if (find_key(segment, &key) < 0)
        return -1;
    segment->id = shmget(key, (size_t)size, IPC_CREAT | IPC_EXCL | 0600 | (int)mode);
    if (segment->id < 0)
        return set_creation_failure(segment, size);
    segment->is_created = true;
    segment->size = size;
    return attach(segment, 0);
}

static int create_new(const struct request *request)
{
    struct segment *segment = request->segment;
    struct shmid_ds status;
    if (create(segment, request->size, request->mode) < 0)
        return -1;
    if ((request->mode & 0600) == 0600)
        return 0;
    if (control(segment, "set mode", IPC_STAT, &status) < 0)
        return -1;
    status.shm_perm.mode = request->mode;
    return control(segment, "set mode", IPC_SET, &status);
}

/* Creates the segment with the owner, the group and, unless another one was asked for, the mode of
 * the one that was removed. If it was another user's, it has no mode for others until it has its
 * group: they would be the members of our own group. */
static int create_resized(const struct request *request)
{
    struct segment *segment = request->segment;
    const struct ipc_perm *old = &request->old.shm_perm;
    bool is_own = old->uid == geteuid() && old->gid == getegid();
    mode_t mode = request->has_mode ? request->mode : old->mode & 0777;
    struct shmid_ds status;
    if (create(segment, request->size, is_own ? mode : 0600) < 0)
        return -1;
    if (is_own && (mode & 0600) == 0600)
        return 0;
    if (control(segment, "keep the owner", IPC_STAT, &status) < 0)
        return -1;
    status.shm_perm.uid = old->uid;
    status.shm_perm.gid = old->gid;
    status.shm_perm.mode = mode;
    return control(segment, "keep the owner", IPC_SET, &status);
}

/* The key is free from the removal of the old segment until the new one is there, and anybody may
 * take it. A segment that somebody else has made there is never filled: ESTALE, not EEXIST, which
 * would open it. */
static int refuse_taken_key(struct segment *segment)
{
    segment->failure.is_error = true;
    failure_add_hint(&segment->failure, "another process took the key");
    failure_add_consequence(&segment->failure, "the old segment is removed");
    return errno = ESTALE, -1;
}

static int create_step(void *object)
{
    const struct request *request = object;
    if (!request->is_resized)
        return create_new(request);
    int result = create_resized(request);
    return result < 0 && errno == EEXIST ? refuse_taken_key(request->segment) : result;
}

/* Opens the segment, unless that is done. If it is to get another size it is removed, which is
 * reported as ENOENT; processes that have it attached keep it. */
static int open_step(void *object)
{
    struct request *request = object;
    struct segment *segment = request->segment;
    if (!segment->memory && open_existing(segment, 0) < 0)
        return -1;
    if (!request->resizes || segment->size == request->size)
        return 0;
    if (control(segment, "resize segment", IPC_STAT, &request->old) < 0 ||
        control(segment, "resize segment", IPC_RMID, NULL) < 0)
        return -1;
    shmdt(segment->memory);
    segment->memory = NULL;
    request->is_resized = true;
    return errno = ENOENT, -1;
}

/* An identifier is never created: the kernel chooses it. */
static bool may_create(const struct segment *segment, bool creates)
{
    return creates && segment->name.kind != OBJECT_NAME_ID;
}

static int refuse_existing(struct segment *segment)
{
    errno = EEXIST;
    return failure_set(&segment->failure, "create segment");
}

static int open_or_create_request(struct request *request, bool creates, bool is_exclusive)
{
    struct segment *segment = request->segment;
    const struct open_or_create steps = {open_step, create_step, may_create(segment, creates),
                                         may_create(segment, is_exclusive)};
    int result = open_or_create(&steps, request);
    if (result < 0 || !is_exclusive || segment->is_created)
        return result;
    return refuse_existing(segment); /* an identifier means a segment that exists */
}

/* ---- getting */

/* The kernel does not report that a segment was created, so this looks every 10 ms. */
static int open_to_get(struct segment *segment, const struct segment_get *how)
{
    const struct deadline deadline = deadline_after(how->timeout);
    while (open_existing(segment, SHM_RDONLY) < 0) {
        if (errno != ENOENT || !how->waits)
            return -1;
        const struct deadline pause = deadline_after(10000000);
        if (deadline_remaining(&deadline) == 0)
            errno = ETIMEDOUT;
        else if (deadline_poll(NULL, 0, &pause) < 0 && errno == ETIMEDOUT)
            continue;
        return failure_set(&segment->failure, "wait for segment");
    }
    return 0;
}

static int get(struct segment *segment, int64_t offset, int64_t length, int to)
{
    enum { PIECE = 1 << 20 }; /* the meter moves after each */
    if (length >= PIECE)
        io_enlarge_pipe(to);
    for (int64_t moved = 0, size; moved < length; moved += size) {
        size = length - moved < PIECE ? length - moved : PIECE;
        if (io_write(to, segment->memory + offset + moved, (size_t)size) < 0)
            return failure_set_object(&segment->failure, "stdout", "write");
        progress_add(size);
    }
    return 0;
}

static int copy(struct segment *segment, int64_t offset, int64_t length, int to)
{
    if (io_write(to, segment->memory + offset, (size_t)length) < 0)
        return failure_set(&segment->failure, "copy segment");
    return 0;
}

/* ---- putting */

static int refuse_end(struct segment *segment)
{
    errno = EFBIG;
    failure_set(&segment->failure, "write past the end");
    return failure_add_hint(&segment->failure, "the segment has %lld bytes",
                            (long long)segment->size);
}

static int refuse_size(struct segment *segment)
{
    errno = EINVAL;
    failure_set(&segment->failure, "put another size");
    return failure_add_hint(&segment->failure,
                            "the segment has %lld bytes; --resize makes it anew, -o writes a range",
                            (long long)segment->size);
}

/* Opens a file without a name in /dev/shm, so that the limit of that holds for the input too. */
static int open_held(struct segment *segment)
{
    segment->held = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (segment->held < 0)
        segment->held = memfd_create("ipcbox", MFD_CLOEXEC);
    return segment->held < 0 ? failure_set(&segment->failure, "hold the input") : 0;
}

/* Moves all input of FROM, at most LIMIT bytes, into the held file. */
static int hold_input(struct segment *segment, int from, int64_t limit, int64_t *size)
{
    int64_t got = 1;
    for (*size = 0; got > 0; *size += got) {
        got = splice_in(from, segment->held, *size, limit + 1 - *size, "hold the input",
                        &segment->failure);
        if (got < 0)
            return failure_add_hint(&segment->failure, "after %lld bytes", (long long)*size);
        if (*size + got > limit)
            return refuse_size(segment);
    }
    return lseek(segment->held, 0, SEEK_SET) < 0 ? failure_set(&segment->failure, "hold the input")
                                                 : 0;
}

static bool is_whole_content(const struct segment_put *how)
{
    return how->offset < 0 && how->size < 0;
}

static int open_or_create_to_put(struct segment *segment, const struct segment_put *how,
                                 int64_t size)
{
    struct request request = {
        .segment = segment,
        .resizes = how->resizes,
        .has_mode = how->has_mode,
        .mode = how->mode,
        .size = size,
    };
    return open_or_create_request(&request, how->creates, how->is_exclusive);
}

/* The input will be the whole content of a segment of its size. */
static int open_whole(struct segment *segment, const struct segment_put *how, int from)
{
    int found = find(segment);
    if (found == 0 && how->is_exclusive)
        return refuse_existing(segment);
    if (found == 0)
        found = measure(segment) < 0 ? -1 : attach(segment, 0);
    if (found < 0 && (errno != ENOENT || !may_create(segment, how->creates)))
        return -1;
    segment->input = io_bytes_left(from);
    return segment->input < 0 ? open_held(segment) : 0;
}

static int put_whole(struct segment *segment, const struct segment_put *how, int from)
{
    bool is_fixed = segment->memory && !how->resizes;
    int64_t left = segment->input;
    if (left < 0) {
        if (hold_input(segment, from, is_fixed ? segment->size : INT64_MAX - 1, &left) < 0)
            return -1;
        from = segment->held;
    }
    if (open_or_create_to_put(segment, how, left) < 0)
        return -1;
    if (left != segment->size)
        return refuse_size(segment);

    size_t got;
    if (io_read_counted(from, segment->memory, (size_t)left, &got) < 0)
        return failure_set_object(&segment->failure, "stdin", "read");
    progress_add((int64_t)got);
    if ((int64_t)got == left)
        return 0;
    errno = ENODATA;
    failure_set_object(&segment->failure, "stdin", "read");
    return failure_add_hint(&segment->failure, "it became shorter than %lld bytes",
                            (long long)left);
}

/* The input will go into a segment whose size is known. */
static int open_part(struct segment *segment, const struct segment_put *how, int from)
{
    int64_t offset = how->offset < 0 ? 0 : how->offset;
    if (open_or_create_to_put(segment, how, how->size) < 0)
        return -1;
    if (how->offset < 0 && segment->size != how->size)
        return refuse_size(segment);
    return offset > segment->size || io_bytes_left(from) > segment->size - offset
               ? refuse_end(segment)
               : 0;
}

/* All of the input must fit. */
static int put_part(struct segment *segment, const struct segment_put *how, int from)
{
    int64_t offset = how->offset < 0 ? 0 : how->offset, room = segment->size - offset;
    char *start = segment->memory + offset;
    ssize_t got = io_read_full(from, start, (size_t)room);
    int rest = got < 0 ? -1 : io_read_one(from);
    if (rest < 0)
        return failure_set_object(&segment->failure, "stdin", "read");
    if (rest > 0)
        return refuse_end(segment);
    progress_add(got);
    if (how->offset < 0)
        memset(start + got, 0, (size_t)(room - got));
    return 0;
}

static int open_to_put(struct segment *segment, const struct segment_put *how, int from)
{
    return is_whole_content(how) ? open_whole(segment, how, from) : open_part(segment, how, from);
}

static int put(struct segment *segment, const struct segment_put *how, int from)
{
    return is_whole_content(how) ? put_whole(segment, how, from) : put_part(segment, how, from);
}

/* The segment may have had its name taken since; the identifier is still its own. */
static void discard(struct segment *segment)
{
    shmctl(segment->id, IPC_RMID, NULL);
}

/* ---- the rest */

static int map(struct segment *segment, const struct segment_map *how, void **memory)
{
    struct request request = {.segment = segment, .mode = how->mode, .size = segment_map_size(how)};
    int result = how->writes || how->creates
                     ? open_or_create_request(&request, how->creates, how->is_exclusive)
                     : open_existing(segment, SHM_RDONLY);
    if (result < 0 || segment_check_range(segment, how) < 0)
        return -1;
    *memory = segment->memory + how->offset;
    return 0;
}

/* An attached segment that was removed lives on without its key, marked with SHM_DEST. */
static bool is_removed(struct segment *segment)
{
    struct shmid_ds status;
    if (shmctl(segment->id, IPC_STAT, &status) < 0)
        return errno == EINVAL || errno == EIDRM;
    return status.shm_perm.mode & SHM_DEST;
}

static int read_status(struct segment *segment, struct segment_status *status)
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

/* Removing takes ownership, not the permission to read; so this does not open the segment. */
static int remove_segment(struct segment *segment)
{
    return find(segment) < 0 ? -1 : control(segment, "remove segment", IPC_RMID, NULL);
}

const struct segment_family segment_sysv = {
    .open_to_get = open_to_get,
    .get = get,
    .copy = copy,
    .open_to_put = open_to_put,
    .put = put,
    .discard = discard,
    .map = map,
    .is_removed = is_removed,
    .stat = read_status,
    .remove = remove_segment,
};
