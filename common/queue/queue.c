#include "queue/queue.h"

#include "queue/queue_internal.h"
#include "sys/limits.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How long queue_send_checked waits before it looks at the queue again: a little at first, then
 * longer, since each look costs the sender its place among those that wait. In nanoseconds. */
static const int64_t first_slice = 1000000000, longest_slice = 64000000000;

static const struct queue_family *family_of(const struct object_name *name)
{
    return object_name_is_sysv(name) ? &queue_sysv : &queue_posix;
}

/* Notes that WHAT failed with errno. Returns -1 with errno. */
static int note_failure(struct queue *queue, const char *what)
{
    failure_set(&queue->failure, "%s", what);
    if (errno == EIDRM)
        failure_add_hint(&queue->failure, "somebody removed the queue");
    return -1;
}

struct opening {
    struct queue *queue;
    enum queue_access access;
    const struct queue_creation *creation;
};

static int open_existing(void *object)
{
    const struct opening *opening = object;
    return opening->queue->family->open(opening->queue, opening->access);
}

static int create_new(void *object)
{
    const struct opening *opening = object;
    return opening->queue->family->create(opening->queue, opening->access, opening->creation);
}

int queue_open(struct queue *queue, const struct object_name *name, enum queue_access access,
               const struct queue_creation *creation)
{
    struct opening opening = {queue, access, creation};
    const struct open_or_create how = {
        .open = open_existing,
        .create = create_new,
        .creates = creation,
        .is_exclusive = creation && creation->is_exclusive,
    };
    *queue = (struct queue){
        .name = *name,
        .id = -1,
        .is_sysv = object_name_is_sysv(name),
        .family = family_of(name),
    };
    if (open_or_create(&how, &opening) >= 0)
        return 0;

    note_failure(queue, "open queue");
    int errnum = errno;
    if (errnum == ENOENT && name->kind == OBJECT_NAME_FTOK && queue->name.key == 0)
        failure_add_hint(&queue->failure, "ftok: wants a file that exists");
    else
        queue->family->add_open_hint(queue, creation);
    return errno = errnum, -1;
}

void queue_add_limit_hint(struct queue *queue, const char *asked, const char *limit)
{
    failure_add_hint(&queue->failure, "%s: %s is %lld", asked, limit,
                     (long long)limits_read(limit, -1));
}

int queue_reserve(struct queue *queue, size_t size)
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

const char *queue_tag_name(const struct queue *queue)
{
    return queue->is_sysv ? "type" : "priority";
}

int64_t queue_msgsize(struct queue *queue)
{
    int64_t size = queue->family->msgsize(queue);
    return size < 0 ? note_failure(queue, "read attributes") : size;
}

const char *queue_msgsize_limit(struct queue *queue)
{
    return queue->family->msgsize_limit(queue);
}

/* After a message of SIZE bytes was not sent. */
static int note_send_failure(struct queue *queue, size_t size)
{
    note_failure(queue, "send");
    int errnum = errno;
    if (errnum == EMSGSIZE)
        failure_add_hint(&queue->failure, "%zu bytes: %s is %lld", size,
                         queue->family->msgsize_limit(queue),
                         (long long)queue->family->msgsize(queue));
    else if (errnum == EAGAIN || errnum == ETIMEDOUT)
        queue->family->add_full_hint(queue);
    return errno = errnum, -1;
}

int queue_send(struct queue *queue, const void *data, size_t size, long tag,
               const struct deadline *deadline)
{
    if (queue->family->send(queue, data, size, tag, deadline) == 0)
        return 0;
    return note_send_failure(queue, size);
}

/* The kernel takes messages for a POSIX queue that has been removed. A System V queue reports the
 * removal itself. */
static bool is_removed(const struct queue *queue)
{
    struct stat file;
    return !queue->is_sysv && fstat(queue->id, &file) == 0 && file.st_nlink == 0;
}

int queue_send_checked(struct queue *queue, const void *data, size_t size, long tag,
                       const struct deadline *deadline)
{
    for (int64_t slice = first_slice;; slice = slice < longest_slice ? 2 * slice : slice) {
        if (is_removed(queue))
            return errno = EIDRM, note_send_failure(queue, size);
        if (queue->is_sysv || deadline_is_now(deadline) || deadline_remaining(deadline) <= slice)
            return queue_send(queue, data, size, tag, deadline);

        const struct deadline end = deadline_after(slice);
        if (queue_send(queue, data, size, tag, &end) == 0)
            return 0;
        if (errno != ETIMEDOUT)
            return -1;
    }
}

/* Notes that WHAT failed with errno. A receiver that takes all that is there finds no more after
 * every few messages, so nothing is formatted for that. */
static int note_receive_failure(struct queue *queue, const char *what,
                                const struct queue_selector *selector)
{
    static const struct failure is_empty = {.errnum = ENOMSG, .why = "the queue is empty"},
                                has_no_such = {.errnum = ENOMSG, .why = "no message of this type"};
    if (errno != ENOMSG)
        return note_failure(queue, what);
    queue->failure = selector->type ? has_no_such : is_empty;
    memcpy(queue->failure.what, what, strlen(what) + 1);
    return -1;
}

ssize_t queue_receive(struct queue *queue, const char **data, long *tag,
                      const struct queue_selector *selector, const struct deadline *deadline)
{
    ssize_t got = queue->family->receive(queue, selector, deadline);
    if (got < 0)
        return note_receive_failure(queue, "receive", selector);
    *data = queue->message->text;
    *tag = queue->message->tag;
    return got;
}

const char *queue_parse_selector(const char *text, void *value)
{
    struct queue_selector *selector = value;
    int64_t type;
    bool is_negated = *text == '!', is_bound = *text == '-';
    if (parse_count(text + (is_negated || is_bound), &type))
        return "not a type to receive (5, -5 for the lowest up to 5, !5 for any but 5)";
    *selector = (struct queue_selector){.type = is_bound ? -type : type, .is_negated = is_negated};
    return NULL;
}

static bool is_selected(long type, const struct queue_selector *selector)
{
    return selector->type <= 0 || (type == selector->type) != selector->is_negated;
}

ssize_t queue_peek(struct queue *queue, const char **data, long *tag,
                   const struct queue_selector *selector, long *place)
{
    ssize_t got;
    if (!queue->family->peek)
        return errno = ENOSYS, note_failure(queue, "peek");
    do
        got = queue->family->peek(queue, (*place)++);
    while (got >= 0 && !is_selected(queue->message->tag, selector));

    if (got < 0) {
        note_receive_failure(queue, "peek", selector);
        if (errno == ENOSYS)
            failure_add_hint(&queue->failure, "a kernel without CONFIG_CHECKPOINT_RESTORE cannot "
                                              "show messages");
        return -1;
    }
    *data = queue->message->text;
    *tag = queue->message->tag;
    return got;
}

bool queue_is_same(const struct queue *queue, const struct queue *other)
{
    if (queue->is_sysv != other->is_sysv)
        return false;
    return queue->is_sysv ? queue->id == other->id
                          : strcmp(queue->name.text, other->name.text) == 0;
}

int queue_status(struct queue *queue, struct queue_status *status)
{
    return queue->family->status(queue, status) < 0 ? note_failure(queue, "read status") : 0;
}

void queue_waiting(struct queue *queue, int64_t *receivers, int64_t *senders)
{
    queue->family->waiting(queue, receivers, senders);
}

int queue_remove(const struct object_name *name, struct failure *failure)
{
    struct object_name found = *name;
    return family_of(name)->remove(&found) < 0 ? failure_set(failure, "remove queue") : 0;
}
