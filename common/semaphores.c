#include "semaphores.h"

#include "semaphores_family.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct semaphores_family *family_of(const struct objname *name)
{
    return objname_is_sysv(name) ? &semaphores_sysv : &semaphores_posix;
}

const char *semaphores_parse_name(const char *text, void *value)
{
    if (*text == '/' && strlen(text + 1) > SEMAPHORES_NAME_MAX)
        return "a POSIX semaphore's name has at most 251 bytes after its slash";
    return objname_parse(text, value);
}

int semaphores_max(const struct objname *name)
{
    return family_of(name)->max;
}

int semaphores_open(struct semaphore *semaphore, const struct objname *name,
                    enum semaphores_access access, const struct semaphores_creation *creation)
{
    *semaphore = (struct semaphore){
        .name = *name,
        .id = -1,
        .is_sysv = objname_is_sysv(name),
        .family = family_of(name),
    };
    if (name->kind == OBJNAME_PRIVATE && !creation)
        return errno = ENOENT, -1;
    return semaphore->family->open(semaphore, access, creation);
}

const char *semaphores_say(struct semaphore *semaphore, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(semaphore->why, sizeof semaphore->why, format, arguments);
    va_end(arguments);
    return semaphore->why;
}

const char *semaphores_why(struct semaphore *semaphore, int errnum)
{
    const char *why;
    switch (errnum) {
    case EAGAIN:
        return "not free";
    case ETIMEDOUT:
        return "not free in time";
    case EIDRM:
        return "somebody removed the semaphore";
    case EOVERFLOW: /* sem_post(3) */
    case ERANGE:    /* semop(2) */
        return semaphores_say(semaphore, "the value is at its limit, %d", semaphore->family->max);
    default:
        why = semaphore->family->why(semaphore, errnum);
        return why ? why : strerror(errnum);
    }
}

int semaphores_take(struct semaphore *semaphore, const struct deadline *deadline)
{
    return semaphore->family->take(semaphore, deadline);
}

int semaphores_hold(struct semaphore *semaphore, const struct deadline *deadline)
{
    return semaphore->family->hold(semaphore, deadline);
}

int semaphores_post(struct semaphore *semaphore)
{
    return semaphore->family->post(semaphore);
}

int semaphores_set(struct semaphore *semaphore, int value)
{
    return semaphore->family->set(semaphore, value);
}

int semaphores_value(struct semaphore *semaphore)
{
    return semaphore->family->value(semaphore);
}

int semaphores_status(struct semaphore *semaphore, struct semaphores_status *status)
{
    return semaphore->family->status(semaphore, status);
}

int semaphores_remove(struct semaphore *semaphore)
{
    return semaphore->family->remove(semaphore);
}
