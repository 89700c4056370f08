/* Three processes, in the order of time:
 *
 *   semop     opens a pidfd of itself, forks the process in between, and reads the report
 *   between   forks the guardian and exits, so that COMMAND finds no child it did not start
 *   guardian  leaves the session, closes all but the pidfd and the report, takes, reports 0 or an
 *             errno, waits until semop, by then COMMAND, has ended, and gives back
 *
 * If SIGKILL ends
 *
 *   semop     the guardian gives up within a slice, or gives back what it has taken
 *   between   before its fork nothing is taken, and semop reads the end of the report (EOWNERDEAD)
 *   guardian  before its report as above; after it what was taken stays taken, for ever */
#include "semaphore/guardian.h"

#include "sys/io.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nanoseconds after which a waiting guardian looks whether its process is still there. */
static const int64_t slice = 100000000;

static const struct deadline never = {.limit = DEADLINE_NEVER, .end = DEADLINE_NEVER};

/* Returns 0 or an errno. */
static int take_for(const struct process *process, const struct guardian_ops *ops,
                    const struct deadline *deadline)
{
    for (;;) {
        int64_t remaining = deadline_remaining(deadline);
        struct deadline next = deadline_after(remaining < slice ? remaining : slice);
        if (ops->take(ops->object, &next) == 0)
            return 0;
        if (errno == EAGAIN && !deadline_is_now(deadline))
            return ETIMEDOUT; /* the time was over before the wait began */
        if (errno != ETIMEDOUT || deadline_remaining(deadline) == 0)
            return errno;
        if (process_has_ended(process))
            return ESRCH;
    }
}

/* The guardian's whole life, for PROCESS. It leaves the session before it takes anything: a signal
 * that ends the process group must not end it too. */
static _Noreturn void guard(struct process process, int report, const struct guardian_ops *ops,
                            const struct deadline *deadline)
{
    int ignored = chdir("/"); /* it would keep a file system from being unmounted */
    (void)ignored;
    setsid();
    prctl(PR_SET_NAME, ops->name);
    process.fd = dup2(process.fd, 0);
    report = dup2(report, 1);
    if (process.fd < 0 || report < 0)
        _exit(1);
    io_close_range(2, UINT_MAX); /* an open one would keep a pipe from ending */

    int error = take_for(&process, ops, deadline);
    io_write(report, &error, sizeof error); /* fails if nobody waits any more */
    close(report);
    if (error == 0) {
        while (process_wait(&process, &never) < 0)
            ;
        ops->give_back(ops->object);
    }
    _exit(0);
}

struct start {
    struct process self;
    int report[2];
    const struct guardian_ops *ops;
    const struct deadline *deadline;
};

/* fork(2) returns EAGAIN for RLIMIT_NPROC, but the EAGAIN of take means "busy". */
static int fork_error(void)
{
    return errno == EAGAIN ? EUSERS : errno;
}

static _Noreturn void run_between(const struct start *start)
{
    close(start->report[0]);
    pid_t guardian = fork();
    if (guardian == 0)
        guard(start->self, start->report[1], start->ops, start->deadline);
    if (guardian < 0) {
        int error = fork_error();
        io_write(start->report[1], &error, sizeof error);
    }
    _exit(0);
}

/* COMMAND must not find a SIGCHLD that is pending for a child it did not start. */
static void discard_sigchld(void)
{
    static const struct timespec at_once = {0, 0};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (sigtimedwait(&child, NULL, &at_once) >= 0)
        ;
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

/* Returns 0 or an errno. All signals are blocked. */
static int start_guardian(struct start *start)
{
    pid_t between = fork();
    if (between == 0)
        run_between(start);
    close(start->report[1]);
    if (between < 0)
        return fork_error();
    while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
        ;
    discard_sigchld();
    return 0;
}

int guardian_start(const struct guardian_ops *ops, const struct deadline *deadline)
{
    struct start start = {.ops = ops, .deadline = deadline};
    sigset_t all, before;

    /* Opened here, where this process surely lives: its PID cannot be another's yet. */
    if (process_open(&start.self, getpid()) < 0)
        return -1;
    if (pipe2(start.report, O_CLOEXEC) < 0)
        return process_close(&start.self), -1;

    /* The guardian keeps this mask. SIGBUS stays open: taking handles it. */
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigprocmask(SIG_SETMASK, &all, &before);
    int error = start_guardian(&start);
    sigprocmask(SIG_SETMASK, &before, NULL);

    if (error == 0) /* a signal may end this wait */
        error = read_report(start.report[0]);
    process_close(&start.self);
    close(start.report[0]);
    errno = error;
    return error == 0 ? 0 : -1;
}
