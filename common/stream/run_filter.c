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
        return close_keep_errno(fd);
    return fd;
}

static int run_once(char **command, const void *data, size_t size)
{
    int fd = file_of(data, size);
    if (fd < 0)
        return -1;

    pid_t pid = fork();
    if (pid == 0) {
        interrupt_release();
        exec_set_descriptor(command, fd, STDIN_FILENO);
        exec_command(command);
    }
    close_keep_errno(fd);
    if (pid < 0)
        return -1;

    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return exec_exit_status(status);
}

bool run_filter_is_missing(int status)
{
    return status == EXIT_CANNOT_RUN || status == EXIT_NOT_FOUND;
}

int run_filter(char **command, const void *data, size_t size, int64_t retries)
{
    int status;
    child_status_enable();
    do
        status = run_once(command, data, size);
    while (status > 0 && !run_filter_is_missing(status) && !interrupt_signal() && retries-- > 0);
    return status;
}
