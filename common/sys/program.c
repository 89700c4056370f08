#include "sys/program.h"

#include "cli/diag.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* A placeholder is opened the wrong way round: reading 0 or writing 1 fails as if it were closed.
 * Without a /dev, O_PATH does the same. */
static void fill_gaps(void)
{
    struct pollfd standard[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    if (poll(standard, 3, 0) <= 0)
        return;
    for (int fd = 0; fd <= 2; fd++)
        if (standard[fd].revents & POLLNVAL &&
            open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0)
            open("/", O_PATH | O_CLOEXEC);
}

static bool sigpipe_was_default, sigxfsz_was_default;

void program_begin(void)
{
    fill_gaps();
    sigpipe_was_default = signal(SIGPIPE, SIG_IGN) == SIG_DFL;
    sigxfsz_was_default = signal(SIGXFSZ, SIG_IGN) == SIG_DFL;
    diag_hint(limits_hint);
    diag_interrupted(interrupt_is_pending);
}

void program_restore_signals(void)
{
    if (sigpipe_was_default)
        signal(SIGPIPE, SIG_DFL);
    if (sigxfsz_was_default)
        signal(SIGXFSZ, SIG_DFL);
}

int program_end(void)
{
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY)) /* if nothing was printed, no write has failed */
        return -1;
    if (fflush(stdout) != 0 || ferror(stdout))
        return -1;
    return close(STDOUT_FILENO) == 0 || errno == EINTR ? 0 : -1;
}
