#include "semaphores_family.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_MAX = 32767 }; /* SEMVMX of semop(2), fixed in the kernel */

union semctl_argument { /* semctl(2): the caller has to define it */
    int value;
    struct semid_ds *status;
    struct seminfo *limits;
};

static void sleep_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* semget(2) creates a set with the value 0, and its first value is a second call. Until then nobody
 * has changed it: no value, no pid, no time. Returns 1 or 0; -1 with errno. */
static int is_born(int id, time_t *created)
{
    struct semid_ds status = {0};
    int value = semctl(id, 0, GETVAL);
    int pid = value == 0 ? semctl(id, 0, GETPID) : value;
    if (pid != 0)
        return pid < 0 ? -1 : 1;
    if (semctl(id, 0, IPC_STAT, (union semctl_argument){.status = &status}) < 0)
        return -1;
    *created = status.sem_ctime;
    return status.sem_otime != 0;
}

/* Gives the creator its time: a second, and the rest of the one in which it created. Returns as
 * is_born. */
static int await_birth(int id)
{
    struct deadline longest = deadline_in(2000000000); /* whatever happens to the clock */
    time_t created;
    int born;
    while ((born = is_born(id, &created)) == 0 && time(NULL) <= created + 1 &&
           deadline_remaining(&longest) > 0)
        sleep_a_little();
    return born;
}

/* Whoever gives a first value holds this lock, so that only one does where the creator died. The
 * kernel's list of sets is a file that all can lock; who holds it longer than a second is none of
 * us. Returns a descriptor to close, or -1. */
static int lock_births(void)
{
    struct deadline patience = deadline_in(1000000000);
    int fd = open("/proc/sysvipc/sem", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && deadline_remaining(&patience) > 0)
        sleep_a_little();
    return fd;
}

/* In one step, and only where the value is 0; a first value of 0 leaves its mark too. */
static int give_first_value(int id, int value)
{
    struct sembuf steps[] = {
        {.sem_op = 0, .sem_flg = IPC_NOWAIT},
        {.sem_op = (short)(value > 0 ? value : 1)},
        {.sem_op = -1},
    };
    time_t created;
    int lock = lock_births();
    int result = is_born(id, &created) == 1 ? 0 : semop(id, steps, value > 0 ? 2 : 3);
    int saved = errno;
    if (lock >= 0)
        close(lock);
    errno = saved;
    return result < 0 && errno == EAGAIN ? 0 : result;
}

/* Giving the first value takes rights that MODE may not grant its owner. */
static int set_mode(int id, mode_t mode)
{
    struct semid_ds status;
    if ((mode & 0600) == 0600)
        return 0;
    if (semctl(id, 0, IPC_STAT, (union semctl_argument){.status = &status}) < 0)
        return -1;
    status.sem_perm.mode = mode;
    return semctl(id, 0, IPC_SET, (union semctl_argument){.status = &status});
}

static int create_set(struct semaphore *semaphore, key_t key,
                      const struct semaphores_creation *creation)
{
    semaphore->id = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600 | (int)creation->mode);
    if (semaphore->id < 0)
        return -1;
    if (give_first_value(semaphore->id, creation->value) == 0 &&
        set_mode(semaphore->id, creation->mode) == 0)
        return 0;
    int saved = errno;
    semctl(semaphore->id, 0, IPC_RMID);
    errno = saved;
    return -1;
}

static int open_set(struct semaphore *semaphore, key_t key, enum semaphores_access access,
                    const struct semaphores_creation *creation)
{
    static const int permissions[] = {[SEMAPHORES_USE] = 0200, [SEMAPHORES_READ] = 0400};
    if (semaphore->name.kind == OBJNAME_ID)
        semaphore->id = semaphore->name.id;
    else
        semaphore->id = semget(key, 0, access == SEMAPHORES_REMOVE ? 0 : permissions[access]);
    if (semaphore->id < 0)
        return -1;

    /* Who may not look need not: the value of another's semaphore has long been given. */
    int born = access == SEMAPHORES_REMOVE ? 1 : await_birth(semaphore->id);
    if (born == 0 && creation)
        born = give_first_value(semaphore->id, creation->value);
    if (born < 0 && (errno == EINVAL || errno == EIDRM))
        return errno = ENOENT, -1;
    return born < 0 && errno != EACCES ? -1 : 0;
}

static int open_sysv(struct semaphore *semaphore, enum semaphores_access access,
                     const struct semaphores_creation *creation)
{
    key_t key = IPC_PRIVATE;
    if (semaphore->name.kind == OBJNAME_ID) {
        int result = open_set(semaphore, key, access, creation);
        return result == 0 && creation && creation->is_exclusive ? (errno = EEXIST, -1) : result;
    }
    if (objname_key(&semaphore->name, &key) < 0)
        return -1;
    bool may_exist = key != IPC_PRIVATE && (!creation || !creation->is_exclusive);

    do {
        if (may_exist && open_set(semaphore, key, access, creation) == 0)
            return 0;
        if (may_exist && (errno != ENOENT || !creation))
            return -1;
        if (create_set(semaphore, key, creation) == 0)
            return 0;
    } while (errno == EEXIST && may_exist);
    return -1;
}

/* The kernel says EINVAL of a set that is gone before the call, and EIDRM where it goes in it. */
static int tell_removal(int result)
{
    if (result < 0 && errno == EINVAL)
        errno = EIDRM;
    return result;
}

/* IS_UNDONE: the kernel gives back when this process has ended; it remembers over an exec. */
static int take_one(struct semaphore *semaphore, bool is_undone, const struct deadline *deadline)
{
    bool is_now = deadline_is_now(deadline);
    struct sembuf step = {
        .sem_op = -1, .sem_flg = (short)((is_undone ? SEM_UNDO : 0) | (is_now ? IPC_NOWAIT : 0))};
    int result;
    do {
        int64_t remaining = deadline_remaining(deadline);
        struct timespec wait = {.tv_sec = remaining / 1000000000,
                                .tv_nsec = remaining % 1000000000};
        result = semtimedop(semaphore->id, &step, 1, remaining == DEADLINE_NEVER ? NULL : &wait);
    } while (result < 0 && errno == EINTR && !stop_signal());
    if (result < 0 && errno == EAGAIN && !is_now)
        errno = ETIMEDOUT;
    return tell_removal(result);
}

static int take_sysv(struct semaphore *semaphore, const struct deadline *deadline)
{
    return take_one(semaphore, false, deadline);
}

static int hold_sysv(struct semaphore *semaphore, const struct deadline *deadline)
{
    return take_one(semaphore, true, deadline);
}

static int post_sysv(struct semaphore *semaphore)
{
    struct sembuf step = {.sem_op = 1};
    return tell_removal(semop(semaphore->id, &step, 1));
}

static int set_sysv(struct semaphore *semaphore, int value)
{
    return tell_removal(semctl(semaphore->id, 0, SETVAL, (union semctl_argument){.value = value}));
}

static int value_sysv(struct semaphore *semaphore)
{
    return tell_removal(semctl(semaphore->id, 0, GETVAL));
}

static int status_sysv(struct semaphore *semaphore, struct semaphores_status *status)
{
    struct semid_ds kernel = {0};
    int id = semaphore->id;
    if (tell_removal(semctl(id, 0, IPC_STAT, (union semctl_argument){.status = &kernel})) < 0)
        return -1;
    *status = (struct semaphores_status){
        .value = value_sysv(semaphore),
        .mode = kernel.sem_perm.mode & 07777,
        .uid = kernel.sem_perm.uid,
        .gid = kernel.sem_perm.gid,
        .waiting = semctl(id, 0, GETNCNT),
        .waiting_for_zero = semctl(id, 0, GETZCNT),
        .last_pid = semctl(id, 0, GETPID),
        .operated = kernel.sem_otime,
        .changed = kernel.sem_ctime,
    };
    return status->value < 0 || status->last_pid < 0 ? -1 : 0;
}

static int remove_sysv(struct semaphore *semaphore)
{
    int result = semctl(semaphore->id, 0, IPC_RMID);
    if (result < 0 && (errno == EINVAL || errno == EIDRM))
        errno = ENOENT;
    return result;
}

static const char *why_sysv(struct semaphore *semaphore, int errnum)
{
    struct seminfo limits = {0};
    if (errnum != ENOSPC)
        return NULL;
    semctl(0, 0, IPC_INFO, (union semctl_argument){.limits = &limits});
    return semaphores_say(semaphore, "no more sets (the last number of kernel.sem is %d)",
                          limits.semmni);
}

const struct semaphores_family semaphores_sysv = {
    .max = VALUE_MAX,
    .open = open_sysv,
    .why = why_sysv,
    .take = take_sysv,
    .hold = hold_sysv,
    .post = post_sysv,
    .set = set_sysv,
    .value = value_sysv,
    .status = status_sysv,
    .remove = remove_sysv,
};
