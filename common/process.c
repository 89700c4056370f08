/* musl 1.2.3 has no wrappers for the pidfd calls, nor has glibc before 2.36. */
#include "process.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *process_parse(const char *text, void *value)
{
    uint64_t pid;
    const char *digits = text + (*text == '-');
    const char *end = parse_digits(digits, 10, INT_MAX, &pid);
    if (!end)
        return "too large for a PID";
    if (end == digits || *end)
        return "not a PID (a number from 1 up)";
    if (digits > text)
        return "a negative number means a process group, not a process";
    if (pid == 0)
        return "0 means the own process group, not a process";
    *(pid_t *)value = (pid_t)pid;
    return NULL;
}

int process_open(struct process *process, pid_t pid)
{
    process->pid = pid;
    process->fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec without being asked */
    if (process->fd < 0 && errno == ENOENT)
        errno = EINVAL; /* Linux 6.16 began to say ENOENT of a thread */
    return process->fd < 0 ? -1 : 0;
}

void process_close(struct process *process)
{
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

int process_send(const struct process *process, int signal, const int *value)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
    if (value) {
        info.si_pid = getpid();
        info.si_uid = getuid();
        info.si_value.sival_int = *value;
    }
    return (int)syscall(SYS_pidfd_send_signal, process->fd, signal, value ? &info : NULL, 0);
}

int process_wait(const struct process *process, const struct deadline *deadline)
{
    struct pollfd end = {.fd = process->fd, .events = POLLIN};
    return deadline_poll(&end, 1, deadline) < 0 ? -1 : 0;
}

/* What keeps a process from ending, by its state and flags in proc_pid_stat(5). */
static const char *why_it_stays(pid_t pid)
{
    enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD of the kernel's sched.h */
    char text[1024];
    snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "";
    ssize_t got = io_read_full(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';

    const char *field = strrchr(text, ')'); /* the second; the name in it may hold anything */
    field = field ? strchr(field, ' ') : NULL;
    const char *state = field ? field + 1 : text;
    uint64_t flags = 0;
    for (int number = 3; field && number < 9; number++)
        field = strchr(field + 1, ' ');
    if (!field || !parse_digits(field + 1, 10, UINT32_MAX, &flags))
        return "";
    if (flags & KERNEL_THREAD)
        return " (a kernel thread heeds no signal)";
    if (*state == 'T' || *state == 't')
        return " (it is stopped; CONT lets it go on)";
    return *state == 'D' ? " (it waits in the kernel for a device)" : "";
}

const char *process_hint(const struct process *process, int errnum, char *hint, size_t size)
{
    struct rlimit limit;
    switch (errnum) {
    case EAGAIN: /* the receiver's limit counts, not ours: getrlimit(2) */
        if (prlimit(process->pid, RLIMIT_SIGPENDING, NULL, &limit) < 0)
            return " (ulimit -i of that process)";
        snprintf(hint, size, " (ulimit -i of that process is %llu)",
                 (unsigned long long)limit.rlim_cur);
        return hint;
    case EINVAL:
        return " (it is a thread, not a process)";
    case EMFILE:
        return " (ulimit -n)";
    case ENOSYS:
        return " (Linux 5.3 or newer is needed)";
    case ETIMEDOUT:
        return why_it_stays(process->pid);
    default:
        return "";
    }
}
