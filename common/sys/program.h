/* program: the start and the end of every tool */
#ifndef PROGRAM_H
#define PROGRAM_H

/* The first call of every tool. Descriptors 0, 1 and 2, if closed, get placeholders that fail with
 * EBADF, so that no file opened later is taken for stdin or stdout; a COMMAND finds them closed as
 * before. Instead of SIGPIPE there is the error EPIPE, instead of SIGXFSZ EFBIG. From here on
 * messages name the limits that limits_hint knows. */
void program_begin(void);

/* Restores SIGPIPE and SIGXFSZ as they were before program_begin, for a COMMAND. */
void program_restore_signals(void);

/* The last call of a tool that wrote to stdout, by printf(3) or otherwise: flushes and closes it.
 * Returns 0; -1 with errno if a write failed, or if the file system reports only now that it lost
 * the data. */
int program_end(void);

#endif
