/* spawn: runs a COMMAND */
#ifndef SPAWN_H
#define SPAWN_H

/* Becomes COMMAND (NULL last), found by PATH, with SIGPIPE and the timer as the tool found them.
 * Where that fails it says so and ends with 127 (not found) or 126. */
_Noreturn void spawn_exec(char **command);

/* Gives COMMAND, which this process is about to become, FD as its descriptor NUMBER. Where that
 * fails this ends as spawn_exec does. */
void spawn_give(char **command, int fd, int number);

/* The status of a tool whose COMMAND ended with STATUS of wait(2): COMMAND's own, or 128+N. */
int spawn_status(int status);

#endif
