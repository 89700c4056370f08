/* signal_name: the signals of Linux: their names, default actions and meanings
 *
 * The first realtime signal is 34 here, as in every program of the GNU C library: signal(7). This
 * holds for any library that the tool is linked with; SIGRTMIN of musl is 35. */
#ifndef SIGNAL_NAME_H
#define SIGNAL_NAME_H

#include "cli/parse.h"

#include <stdbool.h>

enum { SIGNAL_RTMIN = 34, SIGNAL_MAX = 64 };

/* SIG: TERM, SIGTERM, 15, RTMIN+3 or RTMAX-2, in any case; also 0, with which kill(2) only tests
 * whether the process exists. VALUE is an int. */
parse_function signal_name_parse;

/* The same for a signal to describe: from 1 on; an exit status of a shell, 128 and the number,
 * stands for the signal that ended the process. */
parse_function signal_name_parse_status;

/* The name of the signal NUMBER, 0 to SIGNAL_MAX, without SIG; signal_name_parse accepts it. */
const char *signal_name(int number);

/* Describes a signal from 1 on, in a line on stdout: its number and name, what it does to a process
 * that does not handle it (terminate, core, stop, ignore or continue), and when it is sent. */
void signal_name_report(int number, bool json);

#endif
