#include "queue.h"

#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As msgsnd(2) and msgrcv(2) want it; mq_send and mq_receive take the text alone. */
struct queue_message {
    long type;
    char text[];
};

/* A time long past: the call does what it can at once. */
static const struct timespec at_once = {0, 0};

/* The mode is exactly the one asked for, so the umask must not take from it. */
static mqd_t create_posix(const char *name, int flags, const struct queue_creation *creation)
{
    struct mq_attr attributes = {.mq_maxmsg = (long)creation->maxmsg,
                                 .mq_msgsize = (long)creation->msgsize};
    bool has_attributes = creation->maxmsg > 0 || creation->msgsize > 0;
    if (has_attributes && creation->maxmsg == 0)
        attributes.mq_maxmsg = (long)kernel_limit("fs.mqueue.msg_default", 10);
    if (has_attributes && creation->msgsize == 0)
        attributes.mq_msgsize = (long)kernel_limit("fs.mqueue.msgsize_default", 8192);

    mode_t old = umask(0);
    mqd_t id = mq_open(name, flags | O_CREAT | O_EXCL, creation->mode,
                       has_attributes ? &attributes : NULL);
    umask(old);
    return id;
}

/* Who receives wants to be able to put a message back, but may do without. */
static const int access_flags[] = {
    [QUEUE_SEND] = O_WRONLY, [QUEUE_RECEIVE] = O_RDWR, [QUEUE_DESCRIBE] = O_RDONLY};

/* What exists is opened without O_CREAT; where two create at once, the loser opens. */
static int open_posix(struct queue *queue, enum queue_access access,
                      const struct queue_creation *creation)
{
    const char *name = queue->name.text;
    int flags = O_CLOEXEC | access_flags[access];
    bool may_exist = !creation || !creation->is_exclusive;

    do {
        if (may_exist && (queue->id = mq_open(name, flags)) >= 0)
            return 0;
        if (may_exist && errno == EACCES && access == QUEUE_RECEIVE &&
            (queue->id = mq_open(name, O_RDONLY | O_CLOEXEC)) >= 0)
            return 0;
        if (may_exist && (errno != ENOENT || !creation))
            return -1;
        if ((queue->id = create_posix(name, flags, creation)) >= 0)
            return 0;
    } while (errno == EEXIST && may_exist);
    return -1;
}

/* The kernel bounds the bytes of a System V queue, not its messages. */
static int set_maxbytes(struct queue *queue, const struct queue_creation *creation)
{
    struct msqid_ds status;
    if (creation->maxmsg == 0 || creation->msgsize == 0)
        return 0;
    if (msgctl(queue->id, IPC_STAT, &status) < 0)
        return -1;
    status.msg_qbytes = (msglen_t)creation->maxmsg * (msglen_t)creation->msgsize;
    if (msgctl(queue->id, IPC_SET, &status) == 0)
        return 0;

    int saved = errno;
    msgctl(queue->id, IPC_RMID, NULL);
    errno = saved;
    return -1;
}

/* An identifier is checked by a look at it; who may only send may not look, and need not. */
static int open_identifier(struct queue *queue)
{
    struct msqid_ds status;
    queue->id = queue->name.id;
    if (msgctl(queue->id, IPC_STAT, &status) == 0 || errno == EACCES)
        return 0;
    if (errno == EINVAL)
        errno = ENOENT;
    return -1;
}

static int open_sysv(struct queue *queue, const struct queue_creation *creation)
{
    key_t key;
    if (queue->name.kind == OBJNAME_ID)
        return open_identifier(queue);
    if (objname_key(&queue->name, &key) < 0)
        return -1;
    bool may_exist = key != IPC_PRIVATE && (!creation || !creation->is_exclusive);

    do {
        if (may_exist && (queue->id = msgget(key, 0)) >= 0)
            return 0;
        if (may_exist && (errno != ENOENT || !creation))
            return -1;
        queue->id = msgget(key, IPC_CREAT | IPC_EXCL | (int)creation->mode);
        if (queue->id >= 0)
            return set_maxbytes(queue, creation);
    } while (errno == EEXIST && may_exist);
    return -1;
}

int queue_open(struct queue *queue, const struct objname *name, enum queue_access access,
               const struct queue_creation *creation)
{
    *queue = (struct queue){.name = *name, .id = -1, .is_sysv = objname_is_sysv(name)};
    if (name->kind == OBJNAME_PRIVATE && !creation)
        return errno = ENOENT, -1;
    return queue->is_sysv ? open_sysv(queue, creation) : open_posix(queue, access, creation);
}

static const char *hint_limit(struct queue *queue, const char *limit)
{
    snprintf(queue->hint, sizeof queue->hint, " (%s is %lld)", limit,
             (long long)kernel_limit(limit, -1));
    return queue->hint;
}

static const char *hint_posix(struct queue *queue, int errnum,
                              const struct queue_creation *creation)
{
    struct rlimit bytes;
    switch (errnum) {
    case EINVAL: /* mq_open(3): attributes over the limits */
        if (creation && creation->msgsize > kernel_limit("fs.mqueue.msgsize_max", INT64_MAX))
            return hint_limit(queue, "fs.mqueue.msgsize_max");
        return creation ? hint_limit(queue, "fs.mqueue.msg_max") : "";
    case ENOSPC:
        return hint_limit(queue, "fs.mqueue.queues_max");
    case EMFILE: /* fs/mqueue: over RLIMIT_MSGQUEUE, which getrlimit(2) counts in bytes */
        if (!creation || getrlimit(RLIMIT_MSGQUEUE, &bytes) < 0)
            return "";
        snprintf(queue->hint, sizeof queue->hint, " (ulimit -q is %llu bytes)",
                 (unsigned long long)bytes.rlim_cur);
        return queue->hint;
    case EMSGSIZE:
        snprintf(queue->hint, sizeof queue->hint, " (the queue's message size is %lld)",
                 (long long)queue_msgsize(queue));
        return queue->hint;
    default:
        return "";
    }
}

const char *queue_hint(struct queue *queue, int errnum, const struct queue_creation *creation)
{
    if (!queue->is_sysv)
        return hint_posix(queue, errnum, creation);
    switch (errnum) {
    case ENOSPC:
        return hint_limit(queue, "kernel.msgmni");
    case EPERM:
        return creation ? hint_limit(queue, "kernel.msgmnb") : "";
    case EMSGSIZE:
        return hint_limit(queue, "kernel.msgmax");
    default:
        return "";
    }
}

int64_t queue_msgsize(struct queue *queue)
{
    struct mq_attr attributes;
    if (queue->is_sysv)
        return kernel_limit("kernel.msgmax", 8192);
    return mq_getattr(queue->id, &attributes) < 0 ? -1 : attributes.mq_msgsize;
}

static int need_capacity(struct queue *queue, size_t size)
{
    if (queue->message && queue->capacity >= size)
        return 0;
    struct queue_message *message = realloc(queue->message, sizeof *message + size);
    if (!message)
        return -1;
    queue->message = message;
    queue->capacity = size;
    return 0;
}

/* After msgsnd failed: the kernel says EINVAL of a message over kernel.msgmax, and would let one
 * that is larger than the whole queue wait for ever. */
static bool is_oversize(struct queue *queue, size_t size)
{
    struct msqid_ds status;
    if (errno == EINVAL)
        return (int64_t)size > queue_msgsize(queue);
    return errno == EAGAIN && msgctl(queue->id, IPC_STAT, &status) == 0 && size > status.msg_qbytes;
}

static int send_sysv(struct queue *queue, const void *data, size_t size, long type,
                     const struct deadline *deadline)
{
    if (need_capacity(queue, size) < 0)
        return -1;
    queue->message->type = type;
    memcpy(queue->message->text, data, size);

    int result = msgsnd(queue->id, queue->message, size, IPC_NOWAIT);
    if (result == 0)
        return 0;
    int saved = errno;
    if (is_oversize(queue, size))
        return errno = EMSGSIZE, -1;
    errno = saved;
    if (errno != EAGAIN || deadline_is_now(deadline))
        return -1;

    deadline_begin(deadline);
    do
        result = msgsnd(queue->id, queue->message, size, 0);
    while (result < 0 && deadline_goes_on(deadline));
    deadline_end(deadline);
    return result;
}

static int send_posix(struct queue *queue, const void *data, size_t size, long priority,
                      const struct deadline *deadline)
{
    int result;
    if (deadline_is_now(deadline))
        return mq_timedsend(queue->id, data, size, (unsigned)priority, &at_once);
    deadline_begin(deadline);
    do
        result = mq_send(queue->id, data, size, (unsigned)priority);
    while (result < 0 && deadline_goes_on(deadline));
    deadline_end(deadline);
    return result;
}

int queue_send(struct queue *queue, const void *data, size_t size, long tag,
               const struct deadline *deadline)
{
    return queue->is_sysv ? send_sysv(queue, data, size, tag, deadline)
                          : send_posix(queue, data, size, tag, deadline);
}

static ssize_t receive_sysv(struct queue *queue, const struct queue_choice *choice,
                            const struct deadline *deadline)
{
    int flags =
        (choice->is_negated ? MSG_EXCEPT : 0) | (deadline_is_now(deadline) ? IPC_NOWAIT : 0);
    ssize_t got;

    if (need_capacity(queue, 8192) < 0)
        return -1;
    deadline_begin(deadline);
    do {
        got = msgrcv(queue->id, queue->message, queue->capacity, (long)choice->type, flags);
        if (got < 0 && errno == E2BIG) /* it stays in the queue; come back with room */
            errno = need_capacity(queue, 2 * queue->capacity) < 0 ? ENOMEM : EINTR;
    } while (got < 0 && deadline_goes_on(deadline));
    deadline_end(deadline);
    return got;
}

static ssize_t receive_posix(struct queue *queue, unsigned *priority,
                             const struct deadline *deadline)
{
    if (!queue->message) {
        int64_t size = queue_msgsize(queue);
        if (size < 0 || need_capacity(queue, (size_t)size) < 0)
            return -1;
    }
    char *text = queue->message->text;
    if (deadline_is_now(deadline))
        return mq_timedreceive(queue->id, text, queue->capacity, priority, &at_once);

    ssize_t got;
    deadline_begin(deadline);
    do
        got = mq_receive(queue->id, text, queue->capacity, priority);
    while (got < 0 && deadline_goes_on(deadline));
    deadline_end(deadline);
    return got;
}

ssize_t queue_receive(struct queue *queue, const char **data, long *tag,
                      const struct queue_choice *choice, const struct deadline *deadline)
{
    unsigned priority = 0;
    ssize_t got = queue->is_sysv ? receive_sysv(queue, choice, deadline)
                                 : receive_posix(queue, &priority, deadline);
    if (got < 0)
        return -1;
    *data = queue->message->text;
    *tag = queue->is_sysv ? queue->message->type : (long)priority;
    return got;
}

/* Bytes in a POSIX queue: reading its descriptor gives `QSIZE:129 NOTIFY:...` (mq_overview(7)). */
static int64_t posix_bytes(struct queue *queue)
{
    char text[128] = "";
    ssize_t got = pread(queue->id, text, sizeof text - 1, 0);
    return got > 0 && strncmp(text, "QSIZE:", 6) == 0 ? strtoll(text + 6, NULL, 10) : 0;
}

static int status_posix(struct queue *queue, struct queue_status *status)
{
    struct mq_attr attributes;
    struct stat file;
    if (mq_getattr(queue->id, &attributes) < 0 || fstat(queue->id, &file) < 0)
        return -1;
    *status = (struct queue_status){
        .messages = attributes.mq_curmsgs,
        .bytes = posix_bytes(queue),
        .maxmsg = attributes.mq_maxmsg,
        .msgsize = attributes.mq_msgsize,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
    };
    return 0;
}

static int status_sysv(struct queue *queue, struct queue_status *status)
{
    struct msqid_ds kernel;
    if (msgctl(queue->id, IPC_STAT, &kernel) < 0)
        return -1;
    *status = (struct queue_status){
        .messages = (int64_t)kernel.msg_qnum,
        .bytes = (int64_t)kernel.msg_cbytes,
        .maxbytes = (int64_t)kernel.msg_qbytes,
        .mode = kernel.msg_perm.mode & 07777,
        .uid = kernel.msg_perm.uid,
        .gid = kernel.msg_perm.gid,
        .last_sender = kernel.msg_lspid,
        .last_receiver = kernel.msg_lrpid,
        .sent = kernel.msg_stime,
        .received = kernel.msg_rtime,
        .changed = kernel.msg_ctime,
    };
    return 0;
}

int queue_status(struct queue *queue, struct queue_status *status)
{
    return queue->is_sysv ? status_sysv(queue, status) : status_posix(queue, status);
}

int queue_remove(const struct objname *name)
{
    struct queue queue;
    if (!objname_is_sysv(name))
        return mq_unlink(name->text);
    if (queue_open(&queue, name, QUEUE_DESCRIBE, NULL) < 0)
        return -1;
    return msgctl(queue.id, IPC_RMID, NULL);
}
