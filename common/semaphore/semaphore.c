#include "semaphore/semaphore.h"

#include "cli/parse.h"
#include "semaphore/semaphore_internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct semaphore_family *family_of(const struct object_name *name)
{
    return object_name_is_sysv(name) ? &semaphore_sysv : &semaphore_posix;
}

const char *semaphore_parse_name(const char *text, void *value)
{
    if (*text == '/' && strlen(text + 1) > SEMAPHORE_NAME_MAX)
        return "a POSIX semaphore's name has at most 251 bytes after its slash";
    return object_name_parse(text, value);
}

const char *semaphore_parse_op(const char *text, void *value)
{
    static const char wrong[] = "not INDEX:DELTA[:nowait][:undo], such as 0:-1 or 2:+1:undo";
    struct semaphore_op op = {0};
    uint64_t index, size;
    const char *at = parse_digits(text, 10, INT_MAX, &index);
    if (!at)
        return "there is no such index";
    if (at == text || *at++ != ':')
        return wrong;

    bool is_taken = *at == '-';
    const char *digits = at + (is_taken || *at == '+');
    at = parse_digits(digits, 10, (uint64_t)semaphore_sysv.max, &size);
    if (!at)
        return "a System V semaphore holds at most 32767";
    if (at == digits)
        return wrong;
    while (*at == ':') {
        size_t length = strcspn(++at, ":");
        if (length == 6 && strncmp(at, "nowait", length) == 0)
            op.is_nowait = true;
        else if (length == 4 && strncmp(at, "undo", length) == 0)
            op.is_undone = true;
        else
            return wrong;
        at += length;
    }
    if (*at)
        return wrong;
    op.index = (int)index;
    op.delta = is_taken ? -(int)size : (int)size;
    *(struct semaphore_op *)value = op;
    return NULL;
}

int semaphore_max(const struct object_name *name)
{
    return family_of(name)->max;
}

/* Fills the failure for errno, unless it is filled already. */
static int fail(struct semaphore *semaphore)
{
    struct failure *failure = &semaphore->failure;
    if (failure->errnum != 0)
        return -1;

    failure_set(failure, "%s", semaphore->what);
    switch (errno) {
    case EAGAIN:
        return failure_set_why(failure, "not free");
    case ETIMEDOUT:
        return failure_set_why(failure, "not free in time");
    case EIDRM:
        return failure_set_why(failure, "somebody removed the semaphore");
    case EOVERFLOW: /* sem_post(3) */
    case ERANGE:    /* semop(2) */
        return failure_set_why(failure, "the value is at its limit, %d", semaphore->family->max);
    }
    semaphore->family->explain(semaphore, failure);
    errno = failure->errnum;
    return -1;
}

int semaphore_open(struct semaphore *semaphore, const struct object_name *name,
                   const struct semaphore_how *how)
{
    *semaphore = (struct semaphore){
        .name = *name,
        .id = -1,
        .index = how->index,
        .is_sysv = object_name_is_sysv(name),
        .family = family_of(name),
        .what = how->what,
    };
    if (name->kind == OBJECT_NAME_PRIVATE && !how->creates) {
        errno = ENOENT;
        return fail(semaphore);
    }
    return semaphore->family->open(semaphore, how) < 0 ? fail(semaphore) : 0;
}

int semaphore_operate(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                      const struct deadline *deadline)
{
    int result = semaphore->family->operate(semaphore, ops, count, deadline);
    return result < 0 ? fail(semaphore) : 0;
}

int semaphore_set(struct semaphore *semaphore, int value)
{
    return semaphore->family->set(semaphore, value) < 0 ? fail(semaphore) : 0;
}

int semaphore_value(struct semaphore *semaphore)
{
    int value = semaphore->family->value(semaphore);
    return value < 0 ? fail(semaphore) : value;
}

int semaphore_status(struct semaphore *semaphore, struct semaphore_status *status)
{
    return semaphore->family->status(semaphore, status) < 0 ? fail(semaphore) : 0;
}

int semaphore_remove(struct semaphore *semaphore)
{
    return semaphore->family->remove(semaphore) < 0 ? fail(semaphore) : 0;
}
