/* musl 1.2.3 has no wrappers for the pidfd calls, nor has glibc before 2.36. */
#include "sys/process.h"

#include "sys/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    THREAD = O_EXCL,    /* PIDFD_THREAD of pidfd_open(2), Linux 6.9 */
    TO_GROUP = 1 << 2,  /* PIDFD_SIGNAL_PROCESS_GROUP of pidfd_send_signal(2), Linux 6.9 */
    PIDFS = 0x50494446, /* PID_FS_MAGIC: the file system whose inodes are processes */
};

const char *process_parse(const char *text, void *value)
{
    struct process *process = value;
    uint64_t pid, inode = 0;
    const char *digits = text + (*text == '-');
    const char *end = parse_digits(digits, 10, INT_MAX, &pid);
    if (!end)
        return "too large for a PID";
    if (end == digits || (*end && *end != ':'))
        return "not a process (PID, a number from 1 up; PID:INODE; pidfile:PATH; - for stdin)";
    if (digits > text)
        return "a negative number means a process group, not a process (--group takes its PGID)";
    if (pid == 0)
        return "0 means the own process group, not a process";
    if (*end == ':') {
        const char *name = end + 1;
        end = parse_digits(name, 10, UINT64_MAX, &inode);
        if (!end || end == name || *end || inode == 0)
            return "the inode after PID: is a number from 1 up";
    }
    process->pid = (pid_t)pid;
    process->inode = inode;
    return NULL;
}

int process_read(struct process *process, const char *path)
{
    char text[64];
    if (io_read_text(path, text, sizeof text) < 0)
        return -1;
    char *word = text + strspn(text, " \t\n"), *end = word + strcspn(word, " \t\r\n");
    bool may_be_cut = end == text + sizeof text - 1; /* the number of another process, then */
    *end = '\0';
    return may_be_cut || process_parse(word, process) ? (errno = EBADMSG, -1) : 0;
}

static int open_pidfd(struct process *process)
{
    unsigned flags = process->scope == PROCESS_THREAD ? THREAD : 0;
    process->fd = (int)syscall(SYS_pidfd_open, process->pid, flags); /* close-on-exec unasked */
    if (process->fd < 0 && errno == ENOENT)
        errno = EINVAL; /* Linux 6.16 began to say ENOENT of a thread */
    return process->fd < 0 ? -1 : 0;
}

int process_open(struct process *process, pid_t pid)
{
    *process = (struct process){.pid = pid};
    return open_pidfd(process);
}

/* No kernel call lists the members of a group, or holds a group whose leader has ended: so they are
 * looked for in /proc. */

/* What was true of the PID before it was opened need not be of the process that was opened. */
static int next_member(DIR *proc, pid_t group, struct process *member)
{
    for (struct dirent *entry; (entry = readdir(proc));) {
        uint64_t pid;
        const char *end = parse_digits(entry->d_name, 10, INT_MAX, &pid);
        if (!end || end == entry->d_name || *end || getpgid((pid_t)pid) != group)
            continue;
        if (process_open(member, (pid_t)pid) < 0)
            continue;
        if (getpgid(member->pid) == group && !process_has_ended(member))
            return 1;
        process_close(member);
    }
    return 0;
}

static bool group_exists(pid_t group)
{
    struct process member;
    DIR *proc = opendir("/proc");
    bool exists = proc && next_member(proc, group, &member);
    if (exists)
        process_close(&member);
    if (proc)
        closedir(proc);
    return exists;
}

/* As kill(2) does: done where one of them could be signalled. This process comes last: the signal
 * may be its end. */
static int send_to_group(pid_t group, int signal, const int *value)
{
    struct process member, own = {.fd = -1};
    int error = ESRCH;
    bool is_sent = false;
    DIR *proc = opendir("/proc");
    if (!proc)
        return -1;
    while (next_member(proc, group, &member)) {
        if (member.pid == getpid()) {
            own = member;
            continue;
        }
        if (process_send(&member, signal, value) == 0)
            is_sent = true;
        else if (errno != ESRCH)
            error = errno;
        process_close(&member);
    }
    closedir(proc);
    if (own.fd >= 0 && process_send(&own, signal, value) == 0)
        is_sent = true;
    process_close(&own);
    return is_sent ? 0 : (errno = error, -1);
}

/* A member may fork while the others are looked at, and its child have a lower number: only what is
 * empty twice is empty. */
static int wait_for_group(pid_t group, const struct deadline *deadline)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return -1;
    int result = 0;
    for (int empty = 0; result == 0 && empty < 2;) {
        struct process member;
        rewinddir(proc);
        if (!next_member(proc, group, &member)) {
            empty++;
            continue;
        }
        empty = 0;
        result = process_wait(&member, deadline);
        process_close(&member);
    }
    int saved = errno;
    closedir(proc);
    errno = saved;
    return result;
}

int process_open_named(struct process *process)
{
    uint64_t inode;
    if (open_pidfd(process) < 0) {
        bool may_lack_leader = process->scope == PROCESS_GROUP && process->inode == 0;
        if (!may_lack_leader || errno == EMFILE || errno == ENFILE)
            return -1;
        int saved = errno;
        return group_exists(process->pid) ? 0 : (errno = saved, -1);
    }
    if (process->inode == 0)
        return 0;
    if (process_identify(process, &inode) == 0) {
        if (inode == process->inode)
            return 0;
        errno = ESRCH;
    }
    close_keep_errno(process->fd);
    process->fd = -1;
    return -1;
}

void process_close(struct process *process)
{
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

int process_identify(const struct process *process, uint64_t *inode)
{
    struct statfs system;
    struct stat file;
    if (fstatfs(process->fd, &system) < 0 || fstat(process->fd, &file) < 0)
        return -1;
    if ((unsigned long)system.f_type != PIDFS)
        return errno = EOPNOTSUPP, -1;
    *inode = file.st_ino;
    return 0;
}

int process_send(const struct process *process, int signal, const int *value)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
    unsigned flags = process->scope == PROCESS_GROUP ? TO_GROUP : 0;
    if (value) {
        info.si_pid = getpid();
        info.si_uid = getuid();
        info.si_value.sival_int = *value;
    }
    if (process->fd < 0 && flags)
        return send_to_group(process->pid, signal, value);
    int result =
        (int)syscall(SYS_pidfd_send_signal, process->fd, signal, value ? &info : NULL, flags);
    if (result < 0 && errno == EINVAL && flags) /* an older kernel */
        return send_to_group(process->pid, signal, value);
    return result;
}

int process_wait(const struct process *process, const struct deadline *deadline)
{
    struct pollfd end = {.fd = process->fd, .events = POLLIN};
    if (process->scope == PROCESS_GROUP)
        return wait_for_group(process->pid, deadline);
    return deadline_poll(&end, 1, deadline) < 0 ? -1 : 0;
}

bool process_has_ended(const struct process *process)
{
    struct deadline now = deadline_after(0);
    return process_wait(process, &now) == 0;
}

/* What keeps a process from ending, by its state and flags in proc_pid_stat(5). */
static const char *why_it_stays(pid_t pid)
{
    enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD of the kernel's sched.h */
    char text[1024];
    snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    if (io_read_text(text, text, sizeof text) < 0)
        return "";

    const char *field = strrchr(text, ')'); /* the second; the name in it may hold anything */
    field = field ? strchr(field, ' ') : NULL;
    const char *state = field ? field + 1 : text;
    uint64_t flags = 0;
    for (int number = 3; field && number < 9; number++)
        field = strchr(field + 1, ' ');
    if (!field || !parse_digits(field + 1, 10, UINT32_MAX, &flags))
        return "";
    if (flags & KERNEL_THREAD)
        return "a kernel thread heeds no signal";
    if (*state == 'T' || *state == 't')
        return "it is stopped; CONT lets it go on";
    return *state == 'D' ? "it waits in the kernel for a device" : "";
}

static void add_limit_hint(const struct process *process, struct failure *failure)
{
    struct rlimit limit;
    if (prlimit(process->pid, RLIMIT_SIGPENDING, NULL, &limit) < 0)
        failure_add_hint(failure, "ulimit -i of that process");
    else
        failure_add_hint(failure, "ulimit -i of that process is %llu",
                         (unsigned long long)limit.rlim_cur);
}

void process_add_hint(const struct process *process, struct failure *failure)
{
    switch (failure->errnum) {
    case EAGAIN: /* the receiver's limit counts, not ours: getrlimit(2) */
        add_limit_hint(process, failure);
        break;
    case EINVAL:
        failure_add_hint(failure, process->scope == PROCESS_THREAD
                                      ? "Linux 6.9 or newer is needed for threads"
                                      : "it is a thread; --thread takes those");
        break;
    case ESRCH:
        if (process->inode != 0 && (kill(process->pid, 0) == 0 || errno == EPERM))
            failure_add_hint(failure, "the PID is another process now");
        break;
    case EOPNOTSUPP:
        failure_add_hint(failure, "Linux 6.9 or newer is needed for inodes");
        break;
    case ENOSYS:
        failure_add_hint(failure, "Linux 5.3 or newer is needed");
        break;
    case ETIMEDOUT:
        failure_add_hint(failure, "%s", why_it_stays(process->pid));
        break;
    default:
        break;
    }
}
