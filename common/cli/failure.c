#include "cli/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Adds the formatted text, unless it is empty, to TEXT of SIZE bytes, between BEFORE and AFTER. */
__attribute__((format(printf, 5, 0))) static int add(char *text, size_t size, const char *before,
                                                     const char *after, const char *format,
                                                     va_list arguments)
{
    char added[sizeof((struct failure *)0)->why];
    int saved = errno;
    size_t used = strlen(text);
    vsnprintf(added, sizeof added, format, arguments);
    if (*added)
        snprintf(text + used, size - used, "%s%s%s", before, added, after);
    errno = saved;
    return -1;
}

int failure_set(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *failure = (struct failure){.errnum = errno};
    add(failure->what, sizeof failure->what, "", "", format, arguments);
    va_end(arguments);
    return -1;
}

int failure_set_object(struct failure *failure, const char *object, const char *what)
{
    failure_set(failure, "%s", what);
    failure->object = object;
    failure->is_error = true;
    return -1;
}

int failure_set_why(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *failure->why = '\0';
    add(failure->why, sizeof failure->why, "", "", format, arguments);
    va_end(arguments);
    return -1;
}

int failure_add_hint(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(failure->detail, sizeof failure->detail, " (", ")", format, arguments);
    va_end(arguments);
    return -1;
}

int failure_add_consequence(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(failure->detail, sizeof failure->detail, "; ", "", format, arguments);
    va_end(arguments);
    return -1;
}
