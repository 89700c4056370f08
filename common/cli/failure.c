#include "cli/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends BEFORE, the text and AFTER to the detail. */
__attribute__((format(printf, 4, 0))) static int append(struct failure *failure, const char *before,
                                                        const char *after, const char *format,
                                                        va_list arguments)
{
    char text[sizeof failure->detail];
    int saved = errno;
    vsnprintf(text, sizeof text, format, arguments);
    size_t used = strlen(failure->detail);
    if (*text)
        snprintf(failure->detail + used, sizeof failure->detail - used, "%s%s%s", before, text,
                 after);
    errno = saved;
    return -1;
}

int failure_set(struct failure *failure, const char *format, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    *failure = (struct failure){.errnum = saved};
    vsnprintf(failure->what, sizeof failure->what, format, arguments);
    va_end(arguments);
    errno = saved;
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
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->why, sizeof failure->why, format, arguments);
    va_end(arguments);
    errno = saved;
    return -1;
}

int failure_add_hint(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = append(failure, " (", ")", format, arguments);
    va_end(arguments);
    return result;
}

int failure_add_consequence(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = append(failure, "; ", "", format, arguments);
    va_end(arguments);
    return result;
}
