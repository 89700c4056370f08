/* The data lies in a memory file, not in a pipe: COMMAND may leave it unread, and no process has to
 * stay at the other end. Each run gets a file of its own, because an earlier run may have left a
 * process behind that still has the last one. */
#include "stream/run_filter.h"

#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int create_file(const void *data, size_t size)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    if (fd >= 0 && io_write_at(fd, data, size, 0) < 0)
        return close_keep_errno(fd);
    return fd;
}

int run_filter(char **command, const void *data, size_t size)
{
    child_status_enable();
    int fd = create_file(data, size);
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
