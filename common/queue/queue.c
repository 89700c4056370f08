#include "queue/queue.h"

#include "queue/queue_internal.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct queue_family *family_of(const struct object_name *name)
{
    return object_name_is_sysv(name) ? &queue_sysv : &queue_posix;
}

int queue_open(struct queue *queue, const struct object_name *name, enum queue_access access,
               const struct queue_creation *creation)
{
    *queue = (struct queue){
        .name = *name,
        .id = -1,
        .is_sysv = object_name_is_sysv(name),
        .family = family_of(name),
    };
    return queue->family->open(queue, access, creation);
}

const char *queue_hint(struct queue *queue, int errnum, const struct queue_creation *creation)
{
    bool lacks_key = queue->name.kind == OBJECT_NAME_FTOK && queue->name.key == 0;
    const char *hint;
    switch (errnum) {
    case ENOENT:
        hint = lacks_key ? " (ftok: wants a file that exists)" : "";
        break;
    case EIDRM:
        hint = " (somebody removed the queue)";
        break;
    case EMSGSIZE:
        hint = queue_hint_format(queue, " (%zu bytes: %s is %lld)", queue->asked,
                                 queue_msgsize_limit(queue), (long long)queue_msgsize(queue));
        break;
    default:
        hint = queue->family->hint(queue, errnum, creation);
    }
    errno = errnum; /* the look at a limit may have changed it */
    return hint;
}

const char *queue_hint_format(struct queue *queue, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(queue->hint, sizeof queue->hint, format, arguments);
    va_end(arguments);
    return queue->hint;
}

const char *queue_hint_limit(struct queue *queue, const char *asked, const char *limit)
{
    return queue_hint_format(queue, " (%s: %s is %lld)", asked, limit,
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
    return queue->family->msgsize(queue);
}

const char *queue_msgsize_limit(struct queue *queue)
{
    return queue->family->msgsize_limit(queue);
}

int queue_send(struct queue *queue, const void *data, size_t size, long tag,
               const struct deadline *deadline)
{
    queue->asked = size;
    return queue->family->send(queue, data, size, tag, deadline);
}

ssize_t queue_receive(struct queue *queue, const char **data, long *tag,
                      const struct queue_selector *choice, const struct deadline *deadline)
{
    ssize_t got = queue->family->receive(queue, choice, deadline);
    if (got < 0)
        return -1;
    *data = queue->message->text;
    *tag = queue->message->tag;
    return got;
}

const char *queue_parse_selector(const char *text, void *value)
{
    struct queue_selector *choice = value;
    int64_t type;
    bool is_negated = *text == '!', is_bound = *text == '-';
    if (parse_count(text + (is_negated || is_bound), &type))
        return "not a type to receive (5, -5 for the lowest up to 5, !5 for any but 5)";
    *choice = (struct queue_selector){.type = is_bound ? -type : type, .is_negated = is_negated};
    return NULL;
}

static bool fits(long type, const struct queue_selector *choice)
{
    return choice->type <= 0 || (type == choice->type) != choice->is_negated;
}

ssize_t queue_peek(struct queue *queue, const char **data, long *tag,
                   const struct queue_selector *choice, long *place)
{
    ssize_t got;
    if (!queue->family->peek)
        return errno = ENOSYS, -1;
    do
        got = queue->family->peek(queue, (*place)++);
    while (got >= 0 && !fits(queue->message->tag, choice));
    if (got < 0)
        return -1;
    *data = queue->message->text;
    *tag = queue->message->tag;
    return got;
}

int queue_descriptor(const struct queue *queue)
{
    return queue->is_sysv ? -1 : queue->id;
}

bool queue_is_removed(const struct queue *queue)
{
    struct stat file; /* a System V queue says so itself, by EIDRM */
    return !queue->is_sysv && fstat(queue->id, &file) == 0 && file.st_nlink == 0;
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
    return queue->family->status(queue, status);
}

void queue_waiting(struct queue *queue, int64_t *receivers, int64_t *senders)
{
    queue->family->waiting(queue, receivers, senders);
}

int queue_remove(const struct object_name *name)
{
    struct object_name found = *name;
    return family_of(name)->remove(&found);
}
