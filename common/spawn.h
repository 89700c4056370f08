/* spawn: runs a COMMAND */
#ifndef SPAWN_H
#define SPAWN_H

/* Becomes COMMAND (NULL last), found by PATH, with SIGPIPE and the timer as the tool found them.
 * Where that fails it says so and ends with 127 (not found) or 126. */
_Noreturn void spawn_exec(char **command);

/* The status of a tool whose COMMAND ended with STATUS of wait(2): COMMAND's own, or 128+N. */
int spawn_status(int status);

#endif
