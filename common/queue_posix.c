#include "kernel.h"
#include "queue_family.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What not even root may exceed (include/linux/ipc_namespace.h). */
enum { HARD_MSGMAX = 65536, HARD_MSGSIZEMAX = 16 << 20 };

/* A time long past: the call does what it can at once. */
static const struct timespec at_once = {0, 0};

/* The mode is exactly the one asked for, so the umask must not take from it. */
static mqd_t create(const char *name, int flags, const struct queue_creation *creation)
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
static int open_or_create(struct queue *queue, enum queue_access access,
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
        if ((queue->id = create(name, flags, creation)) >= 0)
            return 0;
    } while (errno == EEXIST && may_exist);
    return -1;
}

static int64_t msgsize(struct queue *queue)
{
    struct mq_attr attributes;
    return mq_getattr(queue->id, &attributes) < 0 ? -1 : attributes.mq_msgsize;
}

/* mq_open says EINVAL of attributes over the limits. */
static const char *hint_attributes(struct queue *queue, const struct queue_creation *creation)
{
    if (creation->maxmsg > HARD_MSGMAX)
        return queue_hint_format(queue, " (--maxmsg is at most %d)", HARD_MSGMAX);
    if (creation->msgsize > HARD_MSGSIZEMAX)
        return queue_hint_format(queue, " (--msgsize is at most %d)", HARD_MSGSIZEMAX);
    if (creation->msgsize > kernel_limit("fs.mqueue.msgsize_max", INT64_MAX))
        return queue_hint_limit(queue, "fs.mqueue.msgsize_max");
    return queue_hint_limit(queue, "fs.mqueue.msg_max");
}

static const char *hint(struct queue *queue, int errnum, const struct queue_creation *creation)
{
    struct rlimit bytes;
    switch (errnum) {
    case EINVAL:
        return creation ? hint_attributes(queue, creation) : "";
    case ENOSPC:
        return queue_hint_limit(queue, "fs.mqueue.queues_max");
    case EMFILE: /* ipc/mqueue.c: over RLIMIT_MSGQUEUE, which getrlimit(2) counts in bytes */
        if (!creation || getrlimit(RLIMIT_MSGQUEUE, &bytes) < 0)
            return "";
        return queue_hint_format(queue, " (ulimit -q is %llu bytes)",
                                 (unsigned long long)bytes.rlim_cur);
    case EMSGSIZE:
        return queue_hint_format(queue, " (the queue's message size is %lld)",
                                 (long long)msgsize(queue));
    default:
        return "";
    }
}

static int send_one(struct queue *queue, const void *data, size_t size, long priority,
                    const struct deadline *deadline)
{
    int result;
    if (deadline_is_now(deadline)) {
        result = mq_timedsend(queue->id, data, size, (unsigned)priority, &at_once);
        if (result < 0 && !deadline_goes_on(deadline) && errno == ETIMEDOUT)
            errno = EAGAIN;
    } else {
        deadline_begin(deadline);
        do
            result = mq_send(queue->id, data, size, (unsigned)priority);
        while (result < 0 && deadline_goes_on(deadline));
        deadline_end(deadline);
    }
    if (result < 0 && errno == EBADF)
        errno = EACCES; /* opened for reading alone */
    return result;
}

static ssize_t receive_into_room(struct queue *queue, unsigned *priority,
                                 const struct deadline *deadline)
{
    char *text = queue->message->text;
    ssize_t got;
    if (deadline_is_now(deadline)) {
        got = mq_timedreceive(queue->id, text, queue->capacity, priority, &at_once);
        if (got < 0 && !deadline_goes_on(deadline) && errno == ETIMEDOUT)
            errno = ENOMSG;
        return got;
    }
    deadline_begin(deadline);
    do
        got = mq_receive(queue->id, text, queue->capacity, priority);
    while (got < 0 && deadline_goes_on(deadline));
    deadline_end(deadline);
    return got;
}

static ssize_t receive(struct queue *queue, const struct queue_choice *choice,
                       const struct deadline *deadline)
{
    unsigned priority;
    (void)choice; /* a POSIX queue has no types */

    if (!queue->message) {
        int64_t size = msgsize(queue);
        if (size < 0 || queue_reserve(queue, (size_t)size) < 0)
            return -1;
    }
    ssize_t got = receive_into_room(queue, &priority, deadline);
    if (got >= 0)
        queue->message->tag = (long)priority;
    return got;
}

/* Bytes in the queue: reading its descriptor gives `QSIZE:129 NOTIFY:...` (mq_overview(7)). */
static int64_t bytes_in(struct queue *queue)
{
    char text[128] = "";
    ssize_t got = pread(queue->id, text, sizeof text - 1, 0);
    return got > 0 && strncmp(text, "QSIZE:", 6) == 0 ? strtoll(text + 6, NULL, 10) : 0;
}

static int status_of(struct queue *queue, struct queue_status *status)
{
    struct mq_attr attributes;
    struct stat file;
    if (mq_getattr(queue->id, &attributes) < 0 || fstat(queue->id, &file) < 0)
        return -1;
    *status = (struct queue_status){
        .messages = attributes.mq_curmsgs,
        .bytes = bytes_in(queue),
        .maxmsg = attributes.mq_maxmsg,
        .msgsize = attributes.mq_msgsize,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
    };
    return 0;
}

static int remove_named(struct objname *name)
{
    return mq_unlink(name->text);
}

const struct queue_family queue_posix = {
    .open = open_or_create,
    .hint = hint,
    .msgsize = msgsize,
    .send = send_one,
    .receive = receive,
    .status = status_of,
    .remove = remove_named,
};
