/* run_filter: a run of COMMAND that has some data as its standard input */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs COMMAND with DATA as its stdin and waits for its end, whatever signal interrupt_catch notes;
 * where it fails, up to RETRIES times again, but not after a signal or where COMMAND is missing. It
 * may leave processes behind, and need not read. Returns the last status as the shell has it; -1
 * with errno where nothing was run. */
int run_filter(char **command, const void *data, size_t size, int64_t retries);

/* Whether STATUS says that COMMAND cannot be run or was not found. */
bool run_filter_is_missing(int status);

#endif
