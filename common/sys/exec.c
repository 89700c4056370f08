#include "sys/exec.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail_to_run(char **command)
{
    diag_die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: run: %m", command[0]);
}

void spawn_give(char **command, int fd, int number)
{
    while (dup2(fd, number) < 0)
        if (errno != EINTR)
            fail_to_run(command);
}

static bool sigchld_was_ignored;

void spawn_expect(void)
{
    if (signal(SIGCHLD, SIG_DFL) == SIG_IGN)
        sigchld_was_ignored = true;
}

_Noreturn void spawn_exec(char **command)
{
    stop_restore();
    io_restore_signals();
    if (sigchld_was_ignored)
        signal(SIGCHLD, SIG_IGN);
    execvp(command[0], command);
    fail_to_run(command);
}

int spawn_status(int status)
{
    return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}
