#include "diag.h"
#include "exits.h"

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

void diag_name(const char *name)
{
    tool = name;
}

void diag_quiet(void)
{
    quiet = true;
}

void diag_before(void (*function)(void))
{
    before = function;
}

/* An operand may hold anything; a line stays one line, and the terminal is told nothing else. */
static void hide_controls(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

/* One write keeps the lines of several processes apart. What does not fit is cut: only an absurd
 * operand is that long. */
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
    hide_controls(line, used);
    line[used++] = '\n';

    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored; /* there is no one left to tell */
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
