#include "semaphore/guardian.h"

#include "sys/io.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long, in nanoseconds, a guardian goes on waiting for a process that is gone. */
static const int64_t slice = 100000000;

static const struct deadline never = {.limit = DEADLINE_NEVER, .end = DEADLINE_NEVER};

/* Returns 0 or an errno. */
static int take_for(const struct process *process, const struct guardian_ops *duty,
                    const struct deadline *deadline)
{
    for (;;) {
        int64_t remaining = deadline_remaining(deadline);
        struct deadline next = deadline_after(remaining < slice ? remaining : slice);
        if (duty->take(duty->object, &next) == 0)
            return 0;
        if (errno == EAGAIN && !deadline_is_now(deadline))
            return ETIMEDOUT; /* the time was over before the wait began */
        if (errno != ETIMEDOUT || deadline_remaining(deadline) == 0)
            return errno;
        if (process_has_ended(process))
            return ESRCH;
    }
}

/* The guardian's whole life; PROCESS is whom it serves, to REPORT goes a 0 or an errno. It leaves
 * the session before it takes anything: what kills the process group must not kill it too. */
static void guard(struct process process, int report, const struct guardian_ops *duty,
                  const struct deadline *deadline)
{
    int ignored = chdir("/"); /* only lest it keeps a file system from being unmounted */
    (void)ignored;
    setsid();
    prctl(PR_SET_NAME, duty->name);
    process.fd = dup2(process.fd, 0);
    report = dup2(report, 1);
    if (process.fd < 0 || report < 0)
        _exit(1);
    io_close_range(2, UINT_MAX); /* an open one would keep a pipe from ending */

    int error = take_for(&process, duty, deadline);
    io_write(report, &error, sizeof error); /* fails where nobody waits any more */
    close(report);
    if (error == 0) {
        while (process_wait(&process, &never) < 0)
            ;
        duty->give_back(duty->object);
    }
}

struct start {
    struct process self;
    int report[2];
    const struct guardian_ops *duty;
    const struct deadline *deadline;
    int error;
};

/* The process in between, in the memory of the first, which waits. It and the guardian end by
 * returning, as clone(2) has it: on this stack AddressSanitizer cannot follow a call that does not
 * return. */
static int fork_guardian(void *argument)
{
    struct start *start = argument;
    close(start->report[0]);
    pid_t guardian = fork();
    if (guardian == 0)
        guard(start->self, start->report[1], start->duty, start->deadline);
    else
        start->error = guardian < 0 ? errno : 0;
    return 0;
}

/* Forks twice and lets the process in between end, so that COMMAND finds no child that it did not
 * start. As vfork(2) does, the first of them shares the memory, since copying takes long; but no
 * signal tells its end: a SIGCHLD would stay pending where it is blocked. Returns 0 or an errno. */
static int start_guardian(struct start *start)
{
    static char stack[32768] __attribute__((aligned(16)));
    pid_t between = clone(fork_guardian, stack + sizeof stack, CLONE_VM | CLONE_VFORK, start);
    if (between < 0)
        return errno;
    while (waitpid(between, NULL, __WALL) < 0 && errno == EINTR)
        ;
    return start->error;
}

/* The guardian's 0 or errno. */
static int read_report(int fd)
{
    int error;
    ssize_t got = io_read_full(fd, &error, sizeof error);
    if (got < 0)
        return errno;
    return got == (ssize_t)sizeof error ? error : EOWNERDEAD;
}

int guardian_start(const struct guardian_ops *duty, const struct deadline *deadline)
{
    struct start start = {.duty = duty, .deadline = deadline, .error = EOWNERDEAD};
    sigset_t all, before;

    /* Opened here, where this process surely lives: its PID cannot be another's yet. */
    if (process_open(&start.self, getpid()) < 0)
        return -1;
    if (pipe2(start.report, O_CLOEXEC) < 0)
        return process_close(&start.self), -1;

    /* The guardian keeps this mask. SIGBUS tells of memory in a file that was cut: a take's affair.
     */
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigprocmask(SIG_SETMASK, &all, &before);
    int error = start_guardian(&start);
    sigprocmask(SIG_SETMASK, &before, NULL);

    process_close(&start.self);
    close(start.report[1]);
    if (error == 0)
        error = read_report(start.report[0]);
    else if (error == EAGAIN)
        error = EUSERS; /* fork(2) means RLIMIT_NPROC; of EAGAIN the caller thinks as of take's */
    close(start.report[0]);
    errno = error;
    return error == 0 ? 0 : -1;
}
