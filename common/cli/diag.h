/* diag: the messages on standard error, one line each: `TOOL: OBJECT: what was tried: why (hint)`
 */
#ifndef DIAG_H
#define DIAG_H

#include "cli/failure.h"

#include <stdbool.h>
#include <stddef.h>

/* Names the tool in every message that follows; NAME stays the caller's. */
void diag_name(const char *name);

/* Takes back the messages that only say no: diag_die with EXIT_NO or
 * EXIT_NOT_ACQUIRED, and diag_note. */
void diag_quiet(void);

/* Lets FUNCTION add to the text of an errno in each message that follows: it writes the string
 * ` (ulimit -n is 256)`, or "", into HINT, of SIZE bytes. Not where something in parentheses stands
 * behind that text already. */
void diag_hint(void (*function)(int errnum, char *hint, size_t size));

/* Calls FUNCTION before each message that follows: it may end a line that it has left open. */
void diag_before(void (*function)(void));

/* Writes `TOOL: ` and the formatted text as one line, in one write. %m is errno's text; errno is
 * left as it was. */
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what is no fault, but good to know. */
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes `TOOL: OBJECT: what: why (hint)` of a failure, unless it only says no and diag_quiet was
 * called, or a signal caused it (EINTR): then the tool ends by that signal. An object that the
 * failure itself names goes before OBJECT. Returns the exit status that it stands for. */
int diag_fail(const char *object, const struct failure *failure);

/* The same as diag_warn, and ends the process with STATUS (of enum exit_status). */
_Noreturn void diag_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lets FUNCTION tell diag_fail whether the process is going to die of a signal; else EINTR is
 * reported as any other errno. */
void diag_interrupted(bool (*function)(void));

#endif
