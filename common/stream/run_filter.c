/* The data lies in a memory file, not in a pipe: COMMAND may leave it unread, and nobody has to
 * stay at the other end. Each run gets a file of its own, since an earlier one may have left a
 * process that still has the last. */
#include "stream/run_filter.h"

#include "cli/exit.h"
#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int file_of(const void *data, size_t size)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    if (fd >= 0 && io_write_at(fd, data, size, 0) < 0)
        return io_abandon(fd);
    return fd;
}

static int run_once(char **command, const void *data, size_t size)
{
    int fd = file_of(data, size);
    if (fd < 0)
        return -1;

    pid_t pid = fork();
    if (pid == 0) {
        stop_release();
        spawn_give(command, fd, STDIN_FILENO);
        spawn_exec(command);
    }
    io_abandon(fd);
    if (pid < 0)
        return -1;

    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return spawn_status(status);
}

bool worker_is_missing(int status)
{
    return status == EXIT_CANNOT_RUN || status == EXIT_NOT_FOUND;
}

int worker_run(char **command, const void *data, size_t size, int64_t retries)
{
    int status;
    spawn_expect();
    do
        status = run_once(command, data, size);
    while (status > 0 && !worker_is_missing(status) && !stop_signal() && retries-- > 0);
    return status;
}
