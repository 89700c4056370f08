#include "sys/exec.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "sys/interrupt.h"
#include "sys/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail_to_run(char **command)
{
    diag_die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: run: %m", command[0]);
}

void exec_set_descriptor(char **command, int fd, int number)
{
    while (dup2(fd, number) < 0)
        if (errno != EINTR)
            fail_to_run(command);
}

void exec_setenv_number(const char *name, long long number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", number);
    setenv(name, text, 1);
}

static bool sigchld_was_ignored;

void child_status_enable(void)
{
    if (signal(SIGCHLD, SIG_DFL) == SIG_IGN)
        sigchld_was_ignored = true;
}

_Noreturn void exec_command(char **command)
{
    interrupt_restore();
    program_restore_signals();
    if (sigchld_was_ignored)
        signal(SIGCHLD, SIG_IGN);
    execvp(command[0], command);
    fail_to_run(command);
}

int exec_exit_status(int status)
{
    return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

bool exec_is_missing(int status)
{
    return status == EXIT_CANNOT_RUN || status == EXIT_NOT_FOUND;
}
