/* signal_state: what a process does about each signal */
#ifndef SIGNAL_STATE_H
#define SIGNAL_STATE_H

#include "sys/process.h"

#include <stdbool.h>

/* Describes on stdout, as report.h does, which signals a process or thread that is open blocks,
 * ignores, catches and has pending: proc_pid_status(5). A process blocks what all its threads do.
 * Returns 0; -1 with errno before anything is written, ESRCH where it has ended. */
int signal_state_report(const struct process *process, bool json);

#endif
