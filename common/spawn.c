#include "spawn.h"

#include "diag.h"
#include "exits.h"
#include "io.h"
#include "stop.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void spawn_exec(char **command)
{
    stop_untick();
    io_restore_signals();
    execvp(command[0], command);
    diag_die(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: run: %m", command[0]);
}

int spawn_status(int status)
{
    return WIFSIGNALED(status) ? EXIT_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}
