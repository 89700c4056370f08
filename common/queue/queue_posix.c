#include "queue/queue_internal.h"
#include "sys/blocked_threads.h"
#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What not even root may exceed (include/linux/ipc_namespace.h). */
enum { HARD_MSGMAX = 65536, HARD_MSGSIZEMAX = 16 << 20 };

/* A time in the past: the call does not wait. */
static const struct timespec at_once = {0, 0};

static int64_t default_of(const char *name, const char *max_name, int64_t usual)
{
    int64_t value = limits_read(name, usual), max = limits_read(max_name, usual);
    return value < max ? value : max;
}

/* What CREATION asks for, as mq_open(3) wants it. */
static struct mq_attr attributes_of(const struct queue_creation *creation)
{
    int64_t maxmsg = creation->maxmsg, msgsize = creation->msgsize;
    if (maxmsg == 0)
        maxmsg = default_of("fs.mqueue.msg_default", "fs.mqueue.msg_max", 10);
    if (msgsize == 0)
        msgsize = default_of("fs.mqueue.msgsize_default", "fs.mqueue.msgsize_max", 8192);
    return (struct mq_attr){.mq_maxmsg = (long)maxmsg, .mq_msgsize = (long)msgsize};
}

/* A receiver wants to be able to put a message back, but can do without. */
static const int access_flags[] = {
    [QUEUE_SEND] = O_WRONLY, [QUEUE_RECEIVE] = O_RDWR, [QUEUE_DESCRIBE] = O_RDONLY};

static int open_existing(struct queue *queue, enum queue_access access)
{
    queue->id = mq_open(queue->name.text, access_flags[access] | O_CLOEXEC);
    if (queue->id < 0 && errno == EACCES && access == QUEUE_RECEIVE)
        queue->id = mq_open(queue->name.text, O_RDONLY | O_CLOEXEC);
    return queue->id;
}

/* The mode is exactly the one asked for, so the umask must not take from it. */
static int create(struct queue *queue, enum queue_access access,
                  const struct queue_creation *creation)
{
    bool has_attributes = creation->maxmsg > 0 || creation->msgsize > 0;
    struct mq_attr attributes;
    if (has_attributes)
        attributes = attributes_of(creation);

    mode_t old = umask(0);
    queue->id = mq_open(queue->name.text, access_flags[access] | O_CLOEXEC | O_CREAT | O_EXCL,
                        creation->mode, has_attributes ? &attributes : NULL);
    umask(old);
    return queue->id;
}

static int64_t msgsize(struct queue *queue)
{
    struct mq_attr attributes;
    return mq_getattr(queue->id, &attributes) < 0 ? -1 : attributes.mq_msgsize;
}

static const char *msgsize_limit(struct queue *queue)
{
    (void)queue;
    return "the queue's msgsize";
}

/* mq_open fails with EINVAL if the attributes exceed a limit. */
static void add_attributes_hint(struct queue *queue, const struct queue_creation *creation)
{
    struct mq_attr asked = attributes_of(creation);
    char what[32];
    snprintf(what, sizeof what, "--maxmsg %ld", asked.mq_maxmsg);
    if (asked.mq_maxmsg > HARD_MSGMAX) {
        failure_add_hint(&queue->failure, "%s: at most %d", what, HARD_MSGMAX);
        return;
    }
    if (asked.mq_maxmsg > limits_read("fs.mqueue.msg_max", INT64_MAX)) {
        queue_add_limit_hint(queue, what, "fs.mqueue.msg_max");
        return;
    }

    snprintf(what, sizeof what, "--msgsize %ld", asked.mq_msgsize);
    if (asked.mq_msgsize > HARD_MSGSIZEMAX)
        failure_add_hint(&queue->failure, "%s: at most %d", what, HARD_MSGSIZEMAX);
    else
        queue_add_limit_hint(queue, what, "fs.mqueue.msgsize_max");
}

/* ipc/mqueue.c returns EMFILE also for a new queue over RLIMIT_MSGQUEUE, which counts the bytes of
 * all queues of a user. If one more descriptor can be had, it was that limit. */
static void add_room_hint(struct queue *queue, const struct queue_creation *creation)
{
    struct rlimit limit = {0};
    if (!io_has_descriptor() || getrlimit(RLIMIT_MSGQUEUE, &limit) < 0)
        return;
    struct mq_attr asked = attributes_of(creation);
    failure_add_hint(&queue->failure, "--maxmsg %ld, --msgsize %ld: ulimit -q is %llu bytes",
                     asked.mq_maxmsg, asked.mq_msgsize, (unsigned long long)limit.rlim_cur);
}

static void add_open_hint(struct queue *queue, const struct queue_creation *creation)
{
    if (!creation)
        return;
    switch (queue->failure.errnum) {
    case EINVAL:
        add_attributes_hint(queue, creation);
        break;
    case ENOSPC:
        queue_add_limit_hint(queue, "one more queue", "fs.mqueue.queues_max");
        break;
    case EMFILE:
        add_room_hint(queue, creation);
        break;
    default:
        break;
    }
}

static void add_full_hint(struct queue *queue)
{
    struct mq_attr attributes;
    if (mq_getattr(queue->id, &attributes) == 0)
        failure_add_hint(&queue->failure, "the queue is full: maxmsg is %ld", attributes.mq_maxmsg);
}

static int send_one(struct queue *queue, const void *data, size_t size, long priority,
                    const struct deadline *deadline)
{
    int result;
    if (deadline_is_now(deadline)) {
        result = mq_timedsend(queue->id, data, size, (unsigned)priority, &at_once);
        if (result < 0 && !deadline_should_retry(deadline) && errno == ETIMEDOUT)
            errno = EAGAIN;
    } else {
        deadline_arm(deadline);
        do
            result = mq_send(queue->id, data, size, (unsigned)priority);
        while (result < 0 && deadline_should_retry(deadline));
        deadline_disarm(deadline);
    }
    if (result < 0 && errno == EBADF)
        errno = EACCES; /* it could be opened only for receiving */
    return result;
}

static ssize_t receive_into_room(struct queue *queue, unsigned *priority,
                                 const struct deadline *deadline)
{
    char *text = queue->message->text;
    ssize_t got;
    if (deadline_is_now(deadline)) {
        got = mq_timedreceive(queue->id, text, queue->capacity, priority, &at_once);
        if (got < 0 && !deadline_should_retry(deadline) && errno == ETIMEDOUT)
            errno = ENOMSG;
        return got;
    }
    deadline_arm(deadline);
    do
        got = mq_receive(queue->id, text, queue->capacity, priority);
    while (got < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    return got;
}

static ssize_t receive(struct queue *queue, const struct queue_selector *selector,
                       const struct deadline *deadline)
{
    unsigned priority;
    (void)selector; /* a POSIX queue has no types */

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

/* The number after NAME in TEXT, 0 if NAME is not there. Reading a queue's descriptor gives
 * `QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260` (mq_overview(7)). */
static int64_t find_number(const char *text, const char *name)
{
    const char *found = strstr(text, name);
    return found ? strtoll(found + strlen(name), NULL, 10) : 0;
}

/* Whether descriptor FD of process PID is the queue whose struct stat is at WANTED. */
static bool is_queue(pid_t pid, uint64_t fd, const void *wanted)
{
    const struct stat *queue = wanted;
    struct stat file;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%llu", (int)pid, (unsigned long long)fd);
    return stat(path, &file) == 0 && io_is_same_file(&file, queue);
}

static int status_of(struct queue *queue, struct queue_status *status)
{
    struct mq_attr attributes;
    struct stat file;
    char text[128] = "";
    if (mq_getattr(queue->id, &attributes) < 0 || fstat(queue->id, &file) < 0 ||
        pread(queue->id, text, sizeof text - 1, 0) < 0)
        return -1;
    *status = (struct queue_status){
        .messages = attributes.mq_curmsgs,
        .bytes = find_number(text, "QSIZE:"),
        .maxmsg = attributes.mq_maxmsg,
        .msgsize = attributes.mq_msgsize,
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
        .notified = (pid_t)find_number(text, "NOTIFY_PID:"),
        .used = file.st_mtime,
    };
    return 0;
}

static void waiting(struct queue *queue, int64_t *receivers, int64_t *senders)
{
    struct stat file;
    *receivers = *senders = -1;
    if (fstat(queue->id, &file) < 0)
        return;
    *receivers = blocked_threads_count(SYS_mq_timedreceive, is_queue, &file);
    *senders = blocked_threads_count(SYS_mq_timedsend, is_queue, &file);
}

static int remove_named(struct object_name *name)
{
    return mq_unlink(name->text);
}

const struct queue_family queue_posix = {
    .open = open_existing,
    .create = create,
    .add_open_hint = add_open_hint,
    .add_full_hint = add_full_hint,
    .msgsize = msgsize,
    .msgsize_limit = msgsize_limit,
    .send = send_one,
    .receive = receive,
    .status = status_of,
    .waiting = waiting,
    .remove = remove_named,
};
