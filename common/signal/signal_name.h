/* signal_name: the signals of Linux: their names, what they do unless handled, and what they mean
 *
 * The first realtime signal is 34 here, as in every program of the GNU C library, whatever library
 * this one is linked with: signal(7), and SIGRTMIN of musl is 35. */
#ifndef SIGNAL_NAME_H
#define SIGNAL_NAME_H

#include "cli/parse.h"

#include <stdbool.h>

enum { SIGNAL_RTMIN = 34, SIGNAL_MAX = 64 };

/* SIG: TERM, SIGTERM, 15, RTMIN+3 or RTMAX-2, in any case; 0 too, which kill(2) reads as a test
 * for existence. VALUE is an int. */
parse_function signal_name_parse;

/* The same for a signal to describe: from 1 on, and an exit status of a shell, 128 and the number,
 * stands for the signal that it tells of. */
parse_function signal_name_parse_status;

/* What the signal NUMBER, 0 to SIGNAL_MAX, is called, without SIG; signal_name_parse takes it back.
 */
const char *signal_name(int number);

/* A line on stdout about a signal from 1 on: its number and name, what it does to a process that
 * does not handle it (terminate, core, stop, ignore or continue), and when it is sent. */
void signal_name_describe(int number, bool json);

#endif
