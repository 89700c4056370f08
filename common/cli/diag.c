#include "cli/diag.h"
#include "cli/exit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *tool = "ipcbox";
static bool quiet;
static void (*before)(void);
static void (*write_hint)(int errnum, char *hint, size_t size);
static bool (*is_interrupted)(void);

void diag_name(const char *name)
{
    tool = name;
}

void diag_quiet(void)
{
    quiet = true;
}

void diag_hint(void (*function)(int errnum, char *hint, size_t size))
{
    write_hint = function;
}

void diag_interrupted(bool (*function)(void))
{
    is_interrupted = function;
}

void diag_before(void (*function)(void))
{
    before = function;
}

/* An operand may hold anything: a message stays one line and sends no escapes to the terminal. */
static void hide_controls(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

/* Inserts the hint for ERRNUM after its text in LINE, a string of USED bytes, if there is room.
 * Only the last such text is the reason: an operand may look like one. Returns the new length. */
static size_t add_hint(char *line, size_t used, size_t room, int errnum)
{
    char hint[64] = "", *end = NULL;
    const char *reason = strerror(errnum);
    if (write_hint)
        write_hint(errnum, hint, sizeof hint);
    size_t size = strlen(hint);
    for (char *at = line; size > 0 && (at = strstr(at, reason)); at = end)
        end = at + strlen(reason);
    if (!end || strncmp(end, " (", 2) == 0 || used + size > room)
        return used;
    memmove(end + size, end, (size_t)(line + used - end));
    memcpy(end, hint, size);
    return used + size;
}

/* One write keeps the lines of several processes apart. A longer message is cut: only an absurd
 * operand makes one. */
__attribute__((format(printf, 1, 0))) static void write_line(const char *format, va_list arguments)
{
    char line[4096];
    int saved = errno;
    size_t room = sizeof line - 1;
    if (before)
        before();

    size_t used = (size_t)snprintf(line, room, "%s: ", tool);
    errno = saved;
    int more = vsnprintf(line + used, room - used, format, arguments);
    if (more > 0)
        used += (size_t)more < room - used ? (size_t)more : room - used - 1;
    used = add_hint(line, used, room - 1, saved);
    hide_controls(line, used);
    line[used++] = '\n';

    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored; /* there is nobody left to tell */
    errno = saved;
}

void diag_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void diag_note(const char *format, ...)
{
    if (quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

int diag_fail(const char *object, const struct failure *failure)
{
    int status = failure->is_error ? EXIT_ERROR : exit_status_of(failure->errnum);
    if (failure->errnum == EINTR && is_interrupted && is_interrupted())
        return EXIT_ERROR;
    if (status == EXIT_NO && quiet)
        return status;
    errno = failure->errnum;
    diag_warn("%s: %s: %s%s", failure->object ? failure->object : object, failure->what,
              *failure->why ? failure->why : strerror(failure->errnum), failure->detail);
    return status;
}

_Noreturn void diag_die(int status, const char *format, ...)
{
    bool is_no = status == EXIT_NO || status == EXIT_NOT_ACQUIRED;
    if (!is_no || !quiet) {
        va_list arguments;
        va_start(arguments, format);
        write_line(format, arguments);
        va_end(arguments);
    }
    exit(status);
}
