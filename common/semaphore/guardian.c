/* What happens in which process, and what a SIGKILL at each step leaves:
 *
 * 1 semop     opens a pidfd of itself and a pipe, blocks all signals and clones `between`, which
 *             borrows its memory until it ends (CLONE_VM, CLONE_VFORK): copying takes longer. No
 *             signal reports that end, as a SIGCHLD that is blocked would stay pending for COMMAND.
 * 2 between   forks the guardian and ends, so that COMMAND finds no child that it did not start.
 *             Up to here nothing is taken and a kill leaves nothing. If `between` is killed, semop
 *             fails with EOWNERDEAD.
 * 3 guardian  leaves the session, so that a kill of the process group spares it, closes all but the
 *             pidfd and the pipe, and takes in slices of a tenth of a second.
 *             If semop is killed: the guardian ends after the slice and gives back what it took in
 *             it. If the guardian is killed: nothing is taken, and semop fails with EOWNERDEAD.
 * 4 guardian  has taken, and writes 0 into the pipe.
 *             If semop is killed: as in 6. If the guardian is killed before it has written: semop
 *             fails with EOWNERDEAD, and nobody gives back.
 * 5 semop     reads the 0, sets its signal mask back and becomes COMMAND.
 *             If the guardian is killed: COMMAND goes on, and nobody gives back.
 * 6 guardian  sees on the pidfd that semop or COMMAND has ended, gives back and ends. */
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
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t slice = 100000000; /* nanoseconds */

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

/* The guardian of PROCESS. To REPORT goes a 0 or an errno. */
static void guard(struct process process, int report, const struct guardian_ops *ops,
                  const struct deadline *deadline)
{
    int ignored = chdir("/"); /* so that no file system stays busy */
    (void)ignored;
    setsid();
    prctl(PR_SET_NAME, ops->name);
    int error = 0;
    if (dup2(process.fd, 0) < 0 || dup2(report, 1) < 0) {
        error = errno;
    } else {
        process.fd = 0;
        report = 1;
        io_close_range(2, UINT_MAX); /* an open pipe would not end for its reader */
        error = take_for(&process, ops, deadline);
    }
    io_write(report, &error, sizeof error); /* fails if nobody waits any more */
    close(report);
    if (error == 0) {
        while (process_wait(&process, &never) < 0)
            ;
        ops->give_back(ops->object);
    }
}

struct start {
    struct process self;
    int report[2];
    const struct guardian_ops *ops;
    const struct deadline *deadline;
    int error;
};

/* The process `between`. It and the guardian end by returning: AddressSanitizer cannot follow a
 * call that does not return on the stack of a clone(2). */
static int fork_guardian(void *argument)
{
    struct start *start = argument;
    close(start->report[0]);
    pid_t guardian = fork();
    if (guardian == 0)
        guard(start->self, start->report[1], start->ops, start->deadline);
    else
        start->error = guardian < 0 ? errno : 0;
    return 0;
}

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

static int fail(struct failure *failure, int error)
{
    struct rlimit processes;
    errno = error;
    failure_set(failure, "start guardian");
    failure->is_error = true;
    if (error == EOWNERDEAD)
        failure_set_why(failure, "it was killed");
    else if (error == EAGAIN && getrlimit(RLIMIT_NPROC, &processes) == 0)
        failure_add_hint(failure, "ulimit -u is %llu", (unsigned long long)processes.rlim_cur);
    errno = error;
    return -1;
}

/* Returns 0; -1 with errno, that of take or one with FAILURE. */
static int read_report(int fd, struct failure *failure)
{
    int error;
    ssize_t got = io_read_full(fd, &error, sizeof error);
    if (got != (ssize_t)sizeof error)
        return fail(failure, got < 0 ? errno : EOWNERDEAD);
    errno = error;
    return error == 0 ? 0 : -1;
}

int guardian_start(const struct guardian_ops *ops, const struct deadline *deadline,
                   struct failure *failure)
{
    struct start start = {.ops = ops, .deadline = deadline, .error = EOWNERDEAD};
    sigset_t all, before;

    /* Opened here, where this process surely lives: later its PID may be another's. */
    if (process_open(&start.self, getpid()) < 0)
        return fail(failure, errno);
    if (pipe2(start.report, O_CLOEXEC) < 0) {
        process_close(&start.self);
        return fail(failure, errno);
    }

    /* The guardian keeps this mask. SIGBUS comes from memory in a file that was truncated, and take
     * may handle it. */
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigprocmask(SIG_SETMASK, &all, &before);
    int error = start_guardian(&start);
    sigprocmask(SIG_SETMASK, &before, NULL);

    process_close(&start.self);
    close(start.report[1]);
    int result = error == 0 ? read_report(start.report[0], failure) : fail(failure, error);
    close_keep_errno(start.report[0]);
    return result;
}
