#include "semaphore/guardian.h"
#include "semaphore/semaphore_internal.h"
#include "semaphore/semaphore_posix_file.h"
#include "sys/io.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The clock of the waits. */
#ifdef __GLIBC__
#define WAIT_CLOCK CLOCK_MONOTONIC
#else /* musl */
#define WAIT_CLOCK                       CLOCK_REALTIME
#define sem_clockwait(posix, clock, end) sem_timedwait(posix, end)
#endif

/* How long a wait goes on, in nanoseconds, for a semaphore that was removed. */
static const int64_t slice = 100000000;

/* How often a wait for zero looks, in nanoseconds: taking wakes nobody. */
static const int64_t look_every = 10000000;

static sem_t *in_hand;
static volatile sig_atomic_t is_truncated;

/* Somebody truncated the file, so there is no memory behind the mapping. The instruction gets other
 * memory to end on. A jump out of it is not enough: glibc's wait has a cleanup that touches the
 * memory too. */
static void on_truncation(int signal)
{
    is_truncated = 1;
    if (mmap(in_hand, sizeof *in_hand, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        _exit(128 + signal);
}

/* Not before the first action: an exec resets only handled signals, and COMMAND has to find SIGBUS
 * as it was. */
static void catch_truncation(sem_t *posix)
{
    if (in_hand)
        return;
    in_hand = posix;
    struct sigaction action = {.sa_handler = on_truncation};
    sigaction(SIGBUS, &action, NULL);
}

static int wait_for(sem_t *posix, int64_t nanoseconds)
{
    struct timespec end;
    clock_gettime(WAIT_CLOCK, &end);
    nanoseconds += end.tv_nsec;
    end.tv_sec += nanoseconds / 1000000000;
    end.tv_nsec = nanoseconds % 1000000000;
    return sem_clockwait(posix, WAIT_CLOCK, &end);
}

enum action { TAKE_NOW, TAKE_IN_TIME, GIVE, LOOK };

static int call_library(sem_t *posix, enum action action, int64_t nanoseconds)
{
    int value = 0;
    switch (action) {
    case TAKE_NOW:
        return sem_trywait(posix);
    case TAKE_IN_TIME:
        return wait_for(posix, nanoseconds);
    case GIVE:
        return sem_post(posix);
    default:
        if (sem_getvalue(posix, &value) == 0 && value < 0)
            errno = EBADMSG;
        return value < 0 ? -1 : value;
    }
}

/* All that is done to the mapped memory. EBADMSG: the file was truncated. */
static int operate_mapped(const struct semaphore *semaphore, enum action action,
                          int64_t nanoseconds)
{
    catch_truncation(semaphore->posix);
    int result = call_library(semaphore->posix, action, nanoseconds);
    return is_truncated ? (errno = EBADMSG, -1) : result;
}

/* Whether the name is gone or is another semaphore's now: nobody will give to this one. */
static bool is_removed(const struct semaphore *semaphore)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return errno == ENOENT;
    return !io_is_same_file(&file, &semaphore->file);
}

static int take_posix(struct semaphore *semaphore, const struct deadline *deadline)
{
    if (deadline_is_now(deadline))
        return operate_mapped(semaphore, TAKE_NOW, 0);
    for (;;) {
        int64_t remaining = deadline_remaining(deadline);
        if (operate_mapped(semaphore, TAKE_IN_TIME, remaining < slice ? remaining : slice) == 0)
            return 0;
        if (errno != ETIMEDOUT && errno != EINTR)
            return -1;
        if (is_removed(semaphore))
            return errno = EIDRM, -1;
        if (deadline_remaining(deadline) == 0)
            return errno = ETIMEDOUT, -1;
    }
}

/* A zero that lasts less than the pause between two looks may be missed. */
static int wait_for_zero(const struct semaphore *semaphore, const struct deadline *deadline)
{
    int value;
    while ((value = operate_mapped(semaphore, LOOK, 0)) > 0) {
        int64_t remaining = deadline_remaining(deadline);
        if (remaining == 0)
            return errno = deadline_is_now(deadline) ? EAGAIN : ETIMEDOUT, -1;
        if (is_removed(semaphore))
            return errno = EIDRM, -1;
        nanosleep(&(struct timespec){.tv_nsec = remaining < look_every ? remaining : look_every},
                  NULL);
    }
    return value;
}

static int take_for_another(void *object, const struct deadline *deadline)
{
    return take_posix(object, deadline);
}

static void give_back(void *object)
{
    operate_mapped(object, GIVE, 0);
}

static int hold_posix(struct semaphore *semaphore, const struct deadline *deadline)
{
    struct guardian_ops ops = {
        .name = "semop-guardian",
        .take = take_for_another,
        .give_back = give_back,
        .object = semaphore,
    };
    return guardian_start(&ops, deadline);
}

static int operate_posix(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                         const struct deadline *deadline)
{
    if (count != 1 || ops->delta > 1 || ops->delta < -1)
        return errno = ENOTSUP, -1;
    if (ops->is_undone)
        return hold_posix(semaphore, deadline);
    if (ops->delta < 0)
        return take_posix(semaphore, deadline);
    return ops->delta > 0 ? operate_mapped(semaphore, GIVE, 0) : wait_for_zero(semaphore, deadline);
}

static int value_posix(struct semaphore *semaphore)
{
    return operate_mapped(semaphore, LOOK, 0);
}

static int set_posix(struct semaphore *semaphore, int value)
{
    for (int now; (now = operate_mapped(semaphore, LOOK, 0)) != value;)
        if (now < 0 || (operate_mapped(semaphore, now < value ? GIVE : TAKE_NOW, 0) < 0 &&
                        errno != EAGAIN && errno != EINTR))
            return -1;
    return 0;
}

static int status_posix(struct semaphore *semaphore, struct semaphore_status *status)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return -1;
    *status = (struct semaphore_status){
        .value = value_posix(semaphore),
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
    };
    return status->value < 0 ? -1 : 0;
}

static int remove_posix(struct semaphore *semaphore)
{
    return sem_unlink(semaphore->name.text);
}

static void explain_posix(const struct semaphore *semaphore, struct failure *failure)
{
    struct rlimit processes = {0};
    switch (failure->errnum) {
    case EBADMSG:
        failure_set_why(failure, "%s is not a semaphore", semaphore->path);
        break;
    case ENOSPC:
        failure_set_why(failure, "/dev/shm is full");
        break;
    case ENODEV:
        failure_set_why(failure, "there is no /dev/shm");
        break;
    case EOWNERDEAD:
        failure_set_why(failure, "its guardian process was killed");
        break;
    case EUSERS:
        getrlimit(RLIMIT_NPROC, &processes);
        failure_set_why(failure, "no more processes for a guardian (ulimit -u is %llu)",
                        (unsigned long long)processes.rlim_cur);
        break;
    default:
        break;
    }
}

const struct semaphore_family semaphore_posix = {
    .max = SEM_VALUE_MAX,
    .open = semaphore_posix_file_open,
    .explain = explain_posix,
    .operate = operate_posix,
    .set = set_posix,
    .value = value_posix,
    .status = status_posix,
    .remove = remove_posix,
};
