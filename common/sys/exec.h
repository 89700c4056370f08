/* exec: runs a COMMAND */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>

/* Lets children leave a status even if the parent ignored SIGCHLD. To be called before they start.
 */
void child_status_enable(void);

/* Becomes COMMAND (NULL last), found by PATH, without a timer; what the parent ignored is ignored
 * again. If that fails, reports it and ends with 127 (not found) or 126. */
_Noreturn void exec_command(char **command);

/* Puts NUMBER into the environment of a COMMAND, as NAME. */
void exec_setenv_number(const char *name, long long number);

/* Gives COMMAND, which this process is about to become, FD as its descriptor NUMBER. If that fails,
 * ends as exec_command does. */
void exec_set_descriptor(char **command, int fd, int number);

/* The status of a tool whose COMMAND ended with STATUS of wait(2): COMMAND's own, or 128+N. */
int exec_exit_status(int status);

/* Whether such a status means that COMMAND could not be run or was not found: 126, 127. */
bool exec_is_missing(int status);

#endif
