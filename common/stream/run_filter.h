/* run_filter: one run of a COMMAND that has some data as its standard input */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <stddef.h>

/* Runs COMMAND with DATA as its stdin and waits for its end, whatever signal interrupt_catch notes.
 * COMMAND need not read DATA, and may leave processes behind. Returns its status as
 * exec_exit_status does; -1 with errno if nothing was run. */
int run_filter(char **command, const void *data, size_t size);

#endif
