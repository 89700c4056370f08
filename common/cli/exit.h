/* exit: the exit statuses of all tools, and which of them an errno stands for */
#ifndef EXIT_H
#define EXIT_H

enum exit_status {
    EXIT_DONE = 0,
    EXIT_NO = 1,    /* timed out, would block, nothing there, already exists */
    EXIT_USAGE = 2, /* the command line is wrong */
    EXIT_ERROR = 3, /* a system call, a limit, a permission, an I/O error */

    /* only of tools that run a COMMAND; otherwise they pass on COMMAND's status */
    EXIT_NOT_ACQUIRED = 124,
    EXIT_TOOL_FAILED = 125,
    EXIT_CANNOT_RUN = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNALLED = 128 /* plus the number of the signal */
};

/* The status for a call that failed with errno ERRNUM: EXIT_NO for "not now" and "not there",
 * EXIT_ERROR for everything else. */
int exit_status_of(int errnum);

/* STATUS in a tool that runs a COMMAND: EXIT_NOT_ACQUIRED for EXIT_NO, EXIT_TOOL_FAILED for
 * EXIT_ERROR, any other as it is. */
int exit_status_beside_command(int status);

#endif
