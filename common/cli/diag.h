/* diag: the messages on standard error, one line each: `TOOL: OBJECT: what was tried: why (hint)`
 */
#ifndef DIAG_H
#define DIAG_H

#include "cli/failure.h"

#include <stdbool.h>
#include <stddef.h>

/* Names the tool in every message that follows; NAME stays the caller's. */
void diag_name(const char *name);

/* Suppresses the messages that only say no: those of diag_note, of diag_die with EXIT_NO or
 * EXIT_NOT_ACQUIRED, and of diag_fail if it returns EXIT_NO. */
void diag_quiet(void);

/* Lets FUNCTION add a hint after the text of errno in each message that follows, unless something
 * in parentheses is there already: it writes ` (ulimit -n is 256)`, or "", into HINT, of SIZE
 * bytes. */
void diag_hint(void (*function)(int errnum, char *hint, size_t size));

/* Lets FUNCTION tell diag_fail whether the process is going to die of a signal; else EINTR is
 * reported as any other errno. */
void diag_interrupted(bool (*function)(void));

/* Calls FUNCTION before each message that follows: to end a line that was left open. */
void diag_before(void (*function)(void));

/* Writes `TOOL: ` and the formatted text as one line, in one write. %m is errno's text. Keeps
 * errno.
 */
void diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a remark that is not an error; diag_quiet suppresses it. */
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports a failure: `TOOL: OBJECT: what: why (hint)`. OBJECT counts only if the failure names
 * none. Returns the exit status. Silent if that is EXIT_NO and diag_quiet was called; and about
 * EINTR if a signal was noted: the tool dies of it next (interrupt_reraise_pending). */
int diag_fail(const char *object, const struct failure *failure);

/* Does the same as diag_warn, then ends the process with STATUS (of enum exit_status). */
_Noreturn void diag_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
