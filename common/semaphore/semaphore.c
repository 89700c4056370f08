#include "semaphore/semaphore.h"

#include "cli/parse.h"
#include "cli/report.h"
#include "semaphore/semaphore_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
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

/* Fills the failure of SEMAPHORE from errno if RESULT is -1. Returns RESULT. */
static int note_failure(struct semaphore *semaphore, int result)
{
    struct failure *failure = &semaphore->failure;
    if (result >= 0)
        return result;
    failure_set(failure, "%s", semaphore->doing);
    switch (failure->errnum) {
    case EAGAIN:
        return failure_set_why(failure, "not free");
    case ETIMEDOUT:
        return failure_set_why(failure, "not free in time");
    case EIDRM:
        return failure_set_why(failure, "somebody removed the semaphore");
    case EOVERFLOW: /* sem_post(3) */
    case ERANGE:    /* semop(2) */
        return failure_set_why(failure, "the value is at its limit, %d", semaphore->family->max);
    default:
        semaphore->family->explain(semaphore, failure);
        errno = failure->errnum;
        return -1;
    }
}

int semaphore_open(struct semaphore *semaphore, const struct object_name *name, int index,
                   enum semaphore_access access, const struct semaphore_creation *creation,
                   const char *doing)
{
    *semaphore = (struct semaphore){
        .name = *name,
        .id = -1,
        .index = index,
        .is_sysv = object_name_is_sysv(name),
        .family = family_of(name),
        .doing = doing,
    };
    bool is_missing = name->kind == OBJECT_NAME_PRIVATE && !creation;
    return note_failure(semaphore, is_missing
                                       ? (errno = ENOENT, -1)
                                       : semaphore->family->open(semaphore, access, creation));
}

int semaphore_operate(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                      const struct deadline *deadline)
{
    return note_failure(semaphore, semaphore->family->operate(semaphore, ops, count, deadline));
}

int semaphore_set(struct semaphore *semaphore, int value)
{
    return note_failure(semaphore, semaphore->family->set(semaphore, value));
}

int semaphore_value(struct semaphore *semaphore)
{
    return note_failure(semaphore, semaphore->family->value(semaphore));
}

int semaphore_report(struct semaphore *semaphore, bool json)
{
    struct semaphore_status status;
    if (semaphore->family->status(semaphore, &status) < 0)
        return note_failure(semaphore, -1);

    report_object(json, semaphore->name.text, semaphore->is_sysv);
    report_number("value", status.value);
    if (semaphore->is_sysv) {
        report_number("id", semaphore->id);
        report_number("index", semaphore->index);
        report_values("values", status.values, (size_t)status.count);
        report_number("waiting", status.waiting);
        report_number("waiting_for_zero", status.waiting_for_zero);
        report_number("last_pid", status.last_pid);
        report_time("operated", status.operated);
        report_time("changed", status.changed);
    }
    report_owner(status.mode, status.uid, status.gid);
    report_end();
    free(status.values);
    return 0;
}

int semaphore_remove(struct semaphore *semaphore)
{
    return note_failure(semaphore, semaphore->family->remove(semaphore));
}
