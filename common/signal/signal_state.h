/* signal_state: which signals a process blocks, ignores, catches and has pending */
#ifndef SIGNAL_STATE_H
#define SIGNAL_STATE_H

#include "sys/process.h"

#include <stdbool.h>

/* Describes that on stdout, as report.h does, for a process or thread that is open:
 * proc_pid_status(5). A process blocks the signals that all of its threads block. Returns 0; -1
 * with errno before anything is written, ESRCH if it has ended. */
int signal_state_report(const struct process *process, bool json);

#endif
