#include "queue/queue_internal.h"
#include "sys/blocked_threads.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 8192 }; /* bytes: kernel.msgmax, unless root raised it */

/* The permission that each access needs; msgget(2) checks it if the queue exists. */
static const int access_bits[] = {
    [QUEUE_SEND] = 0200, [QUEUE_RECEIVE] = 0400, [QUEUE_DESCRIBE] = 0400};

/* The kernel returns EINVAL for an identifier that is not, or no longer, in use. */
static int get_status(int id, struct msqid_ds *status)
{
    int result = msgctl(id, IPC_STAT, status);
    if (result < 0 && errno == EINVAL)
        errno = EIDRM;
    return result;
}

/* The kernel limits the bytes of a queue, not its messages. IPC_SET sets owner and mode as well. */
static int set_maxbytes(struct queue *queue, const struct queue_creation *creation)
{
    struct msqid_ds status = {0};
    if (creation->maxmsg == 0 || creation->msgsize == 0)
        return 0;
    status.msg_perm.uid = geteuid();
    status.msg_perm.gid = getegid();
    status.msg_perm.mode = creation->mode;
    status.msg_qbytes = (msglen_t)(creation->maxmsg * creation->msgsize);
    if (msgctl(queue->id, IPC_SET, &status) == 0)
        return 0;

    int saved = errno;
    msgctl(queue->id, IPC_RMID, NULL);
    errno = saved;
    return -1;
}

/* Looks at an identifier to check it. A sender may lack the permission to look, and does not need
 * it. */
static int open_identifier(struct queue *queue, enum queue_access access)
{
    struct msqid_ds status;
    queue->id = queue->name.id;
    if (get_status(queue->id, &status) == 0 || (errno == EACCES && access == QUEUE_SEND))
        return 0;
    if (errno == EIDRM)
        errno = ENOENT;
    return -1;
}

static int open_existing(struct queue *queue, enum queue_access access)
{
    key_t key;
    if (queue->name.kind == OBJECT_NAME_ID)
        return open_identifier(queue, access);
    if (object_name_key(&queue->name, &key) < 0)
        return -1;
    if (key == IPC_PRIVATE)
        return errno = ENOENT, -1;
    return queue->id = msgget(key, access_bits[access]);
}

static int create(struct queue *queue, enum queue_access access,
                  const struct queue_creation *creation)
{
    key_t key;
    int64_t bytes;
    if (queue->name.kind == OBJECT_NAME_ID) /* only the kernel makes identifiers */
        return open_identifier(queue, access) < 0 ? -1 : (errno = EEXIST, -1);
    if (object_name_key(&queue->name, &key) < 0)
        return -1;
    if (__builtin_mul_overflow(creation->maxmsg, creation->msgsize, &bytes))
        return errno = EOVERFLOW, -1;
    queue->id = msgget(key, IPC_CREAT | IPC_EXCL | (int)creation->mode);
    return queue->id < 0 ? -1 : set_maxbytes(queue, creation);
}

/* Bytes that the queue may hold; INT64_MAX without the permission to look. */
static int64_t maxbytes(struct queue *queue)
{
    struct msqid_ds status;
    return get_status(queue->id, &status) < 0 ? INT64_MAX : (int64_t)status.msg_qbytes;
}

static int64_t msgsize(struct queue *queue)
{
    int64_t each = limits_read("kernel.msgmax", FIRST_CAPACITY), all = maxbytes(queue);
    return each < all ? each : all;
}

static const char *msgsize_limit(struct queue *queue)
{
    bool is_whole = maxbytes(queue) < limits_read("kernel.msgmax", FIRST_CAPACITY);
    return is_whole ? "the queue's maxbytes" : "kernel.msgmax";
}

static void add_open_hint(struct queue *queue, const struct queue_creation *creation)
{
    char asked[64];
    if (!creation)
        return;
    if (queue->failure.errnum == ENOSPC)
        queue_add_limit_hint(queue, "one more queue", "kernel.msgmni");
    if (queue->failure.errnum == EPERM) {
        snprintf(asked, sizeof asked, "--maxmsg %lld, --msgsize %lld", (long long)creation->maxmsg,
                 (long long)creation->msgsize);
        queue_add_limit_hint(queue, asked, "kernel.msgmnb");
    }
}

static void add_full_hint(struct queue *queue)
{
    int64_t bytes = maxbytes(queue);
    if (bytes == INT64_MAX)
        failure_add_hint(&queue->failure, "the queue is full");
    else
        failure_add_hint(&queue->failure, "the queue is full: maxbytes is %lld", (long long)bytes);
}

/* Sets errno to the true reason after msgsnd failed: the kernel returns EINVAL both for a message
 * over kernel.msgmax and for a queue that was removed, and lets a message that is larger than the
 * whole queue wait for ever. */
static void correct_errno(struct queue *queue, size_t size)
{
    int saved = errno;
    int64_t limit = INT64_MAX;
    if (saved == EINVAL)
        limit = limits_read("kernel.msgmax", FIRST_CAPACITY);
    else if (saved == EAGAIN)
        limit = maxbytes(queue);

    if ((int64_t)size > limit)
        errno = EMSGSIZE;
    else
        errno = saved == EINVAL ? EIDRM : saved;
}

/* A first malloc(3) costs a process four system calls and three page faults, more than sending one
 * message does. Most messages fit on the stack. */
static int send_one(struct queue *queue, const void *data, size_t size, long type,
                    const struct deadline *deadline)
{
    union {
        struct queue_message message;
        char bytes[512];
    } small;
    struct queue_message *message = &small.message;
    if (size > sizeof small - sizeof *message) {
        if (queue_reserve(queue, size) < 0)
            return -1;
        message = queue->message;
    }
    message->tag = type;
    memmove(message->text, data, size); /* a message that is put back may be there already */

    int result = msgsnd(queue->id, message, size, IPC_NOWAIT);
    if (result == 0)
        return 0;
    correct_errno(queue, size);
    if (errno != EAGAIN || deadline_is_now(deadline))
        return -1;

    deadline_arm(deadline);
    do
        result = msgsnd(queue->id, message, size, 0);
    while (result < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    if (result < 0)
        correct_errno(queue, size);
    return result;
}

static ssize_t receive_into_room(struct queue *queue, long type, int flags,
                                 const struct deadline *deadline)
{
    ssize_t got;
    if (deadline_is_now(deadline))
        return msgrcv(queue->id, queue->message, queue->capacity, type, flags | IPC_NOWAIT);

    deadline_arm(deadline);
    do
        got = msgrcv(queue->id, queue->message, queue->capacity, type, flags);
    while (got < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    return got;
}

/* A message that is too big stays in the queue until there is room for it here. */
static ssize_t receive_whole(struct queue *queue, long type, int flags,
                             const struct deadline *deadline)
{
    ssize_t got;
    if (queue_reserve(queue, FIRST_CAPACITY) < 0)
        return -1;
    do
        got = receive_into_room(queue, type, flags, deadline);
    while (got < 0 && errno == E2BIG && queue_reserve(queue, 2 * queue->capacity) == 0);
    if (got < 0 && errno == EINVAL)
        errno = EIDRM;
    return got;
}

static ssize_t receive(struct queue *queue, const struct queue_selector *selector,
                       const struct deadline *deadline)
{
    int flags = selector->is_negated ? MSG_EXCEPT : 0;
    return receive_whole(queue, (long)selector->type, flags, deadline);
}

static ssize_t peek(struct queue *queue, long place)
{
    enum { COPY = 040000 }; /* MSG_COPY of msgop(2); musl lacks it */
    const struct deadline now = deadline_after(0);
    return receive_whole(queue, place, COPY, &now);
}

static bool is_queue(pid_t pid, uint64_t id, const void *context)
{
    const int *wanted = context;
    (void)pid;
    return id == (uint64_t)*wanted;
}

static int status_of(struct queue *queue, struct queue_status *status)
{
    struct msqid_ds kernel;
    if (get_status(queue->id, &kernel) < 0)
        return -1;
    *status = (struct queue_status){
        .messages = (int64_t)kernel.msg_qnum,
        .bytes = (int64_t)kernel.msg_cbytes,
        .maxbytes = (int64_t)kernel.msg_qbytes,
        .msgsize = msgsize(queue),
        .mode = kernel.msg_perm.mode & 07777,
        .uid = kernel.msg_perm.uid,
        .gid = kernel.msg_perm.gid,
        .creator_uid = kernel.msg_perm.cuid,
        .creator_gid = kernel.msg_perm.cgid,
        .last_sender = kernel.msg_lspid,
        .last_receiver = kernel.msg_lrpid,
        .sent = kernel.msg_stime,
        .received = kernel.msg_rtime,
        .changed = kernel.msg_ctime,
    };
    return 0;
}

static void waiting(struct queue *queue, int64_t *receivers, int64_t *senders)
{
    *receivers = blocked_threads_count(SYS_msgrcv, is_queue, &queue->id);
    *senders = blocked_threads_count(SYS_msgsnd, is_queue, &queue->id);
}

/* The owner may remove a queue that it may not read, so msgget asks for no permission. */
static int remove_named(struct object_name *name)
{
    key_t key;
    int id = name->id;
    if (name->kind != OBJECT_NAME_ID) {
        if (object_name_key(name, &key) < 0 || (id = msgget(key, 0)) < 0)
            return -1;
    }
    int result = msgctl(id, IPC_RMID, NULL);
    if (result < 0 && (errno == EINVAL || errno == EIDRM))
        errno = ENOENT;
    return result;
}

const struct queue_family queue_sysv = {
    .open = open_existing,
    .create = create,
    .add_open_hint = add_open_hint,
    .add_full_hint = add_full_hint,
    .msgsize = msgsize,
    .msgsize_limit = msgsize_limit,
    .send = send_one,
    .receive = receive,
    .peek = peek,
    .status = status_of,
    .waiting = waiting,
    .remove = remove_named,
};
