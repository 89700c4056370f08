#include "semaphore/semaphore_internal.h"
#include "semaphore/semaphore_sysv_init.h"
#include "sys/interrupt.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/sem.h>
#include <time.h>

enum { VALUE_MAX = 32767 }; /* SEMVMX of semop(2), fixed in the kernel */

/* For semget(2), which refuses any number over its limit. */
static int size_of(const struct semaphore_creation *creation)
{
    return creation->count < INT_MAX ? (int)creation->count : INT_MAX;
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
                      const struct semaphore_creation *creation)
{
    semaphore->id =
        semget(key, size_of(creation), IPC_CREAT | IPC_EXCL | 0600 | (int)creation->mode);
    if (semaphore->id < 0)
        return -1;
    if (semaphore_set_initial_values(semaphore->id, size_of(creation), creation->value) == 0 &&
        set_mode(semaphore->id, creation->mode) == 0)
        return 0;
    int saved = errno;
    semctl(semaphore->id, 0, IPC_RMID);
    errno = saved;
    return -1;
}

/* The semaphores of the set; -1 with errno. */
static int count_of(int id)
{
    struct semid_ds status = {0};
    if (semctl(id, 0, IPC_STAT, (union semctl_argument){.status = &status}) < 0)
        return -1;
    return (int)status.sem_nsems;
}

static int open_set(struct semaphore *semaphore, key_t key, enum semaphore_access access,
                    const struct semaphore_creation *creation)
{
    static const int permissions[] = {[SEMAPHORE_USE] = 0200, [SEMAPHORE_READ] = 0400};
    int count = creation ? size_of(creation) : 0;
    if (semaphore->name.kind == OBJECT_NAME_ID)
        semaphore->id = semaphore->name.id;
    else
        semaphore->id = semget(key, count, access == SEMAPHORE_REMOVE ? 0 : permissions[access]);
    if (semaphore->id < 0)
        return -1;

    /* A process that may not read the set need not: its owner has long given the first value. */
    int initialized = access == SEMAPHORE_REMOVE ? 1 : semaphore_wait_initialized(semaphore->id);
    if (initialized == 0 && creation) {
        int all = count_of(semaphore->id);
        initialized =
            all < 0 ? -1 : semaphore_set_initial_values(semaphore->id, all, creation->value);
    }
    if (initialized < 0 && (errno == EINVAL || errno == EIDRM))
        return errno = ENOENT, -1;
    if (initialized < 0 && errno != EACCES)
        return -1;
    if (count > 1 && count > count_of(semaphore->id)) /* semget(2) asks only by key */
        return errno = EINVAL, -1;
    return 0;
}

struct request {
    struct semaphore *semaphore;
    key_t key;
    enum semaphore_access access;
    const struct semaphore_creation *creation;
};

static int open_existing(void *object)
{
    const struct request *request = object;
    if (request->semaphore->name.kind == OBJECT_NAME_PRIVATE)
        return errno = ENOENT, -1;
    return open_set(request->semaphore, request->key, request->access, request->creation);
}

static int create_new(void *object)
{
    const struct request *request = object;
    return create_set(request->semaphore, request->key, request->creation);
}

static int open_sysv(struct semaphore *semaphore, enum semaphore_access access,
                     const struct semaphore_creation *creation)
{
    struct request request = {semaphore, IPC_PRIVATE, access, creation};
    const struct open_or_create how = {
        .open = open_existing,
        .create = create_new,
        .creates = creation,
        .is_exclusive = creation && creation->is_exclusive,
    };
    if (semaphore->name.kind == OBJECT_NAME_ID) {
        int result = open_existing(&request);
        return result == 0 && how.is_exclusive ? (errno = EEXIST, -1) : result;
    }
    if (object_name_key(&semaphore->name, &request.key) < 0)
        return -1;
    return open_or_create(&how, &request);
}

/* If the set is gone before the call the kernel returns EINVAL, if it goes during the call EIDRM.
 * For a wrong index semctl(2) returns EINVAL and semop(2) EFBIG. */
static int correct_errno(const struct semaphore *semaphore, int result)
{
    if (result < 0 && errno == EINVAL) {
        int count = count_of(semaphore->id);
        errno = count >= 0 && semaphore->index >= count ? EFBIG : EIDRM;
    }
    return result;
}

/* SEM_UNDO: the kernel remembers over an exec what it has to undo. */
static int operate_sysv(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                        const struct deadline *deadline)
{
    bool is_now = deadline_is_now(deadline);
    struct sembuf *operations = calloc(count, sizeof *operations);
    if (!operations)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (ops[i].index > UINT16_MAX)
            return free(operations), errno = EFBIG, -1;
        operations[i] = (struct sembuf){
            .sem_num = (unsigned short)ops[i].index,
            .sem_op = (short)ops[i].delta,
            .sem_flg = (short)((ops[i].is_undone ? SEM_UNDO : 0) |
                               (is_now || ops[i].is_nowait ? IPC_NOWAIT : 0)),
        };
    }

    int result;
    do {
        int64_t remaining = deadline_remaining(deadline);
        struct timespec wait = {.tv_sec = remaining / 1000000000,
                                .tv_nsec = remaining % 1000000000};
        result = semtimedop(semaphore->id, operations, count,
                            remaining == DEADLINE_NEVER ? NULL : &wait);
    } while (result < 0 && errno == EINTR && !interrupt_signal());
    if (result < 0 && errno == EAGAIN && !is_now && deadline_remaining(deadline) == 0)
        errno = ETIMEDOUT;
    int saved = errno;
    free(operations);
    errno = saved;
    return correct_errno(semaphore, result);
}

/* semctl(2) for the semaphore itself. */
static int control(const struct semaphore *semaphore, int what, int value)
{
    union semctl_argument argument = {.value = value};
    return correct_errno(semaphore, semctl(semaphore->id, semaphore->index, what, argument));
}

static int set_sysv(struct semaphore *semaphore, int value)
{
    return control(semaphore, SETVAL, value);
}

static int value_sysv(struct semaphore *semaphore)
{
    return control(semaphore, GETVAL, 0);
}

static int status_sysv(struct semaphore *semaphore, struct semaphore_status *status)
{
    struct semid_ds kernel = {0};
    union semctl_argument argument = {.status = &kernel};
    if (correct_errno(semaphore, semctl(semaphore->id, 0, IPC_STAT, argument)) < 0)
        return -1;
    *status = (struct semaphore_status){
        .mode = kernel.sem_perm.mode & 07777,
        .uid = kernel.sem_perm.uid,
        .gid = kernel.sem_perm.gid,
        .count = (int)kernel.sem_nsems,
        .values = calloc(kernel.sem_nsems + 1, sizeof *status->values),
        .waiting = control(semaphore, GETNCNT, 0),
        .waiting_for_zero = control(semaphore, GETZCNT, 0),
        .last_pid = control(semaphore, GETPID, 0),
        .operated = kernel.sem_otime,
        .changed = kernel.sem_ctime,
    };
    if (!status->values || status->last_pid < 0)
        return -1;
    argument.values = status->values;
    if (correct_errno(semaphore, semctl(semaphore->id, 0, GETALL, argument)) < 0)
        return -1;
    status->value = status->values[semaphore->index];
    return 0;
}

static int remove_sysv(struct semaphore *semaphore)
{
    int result = semctl(semaphore->id, 0, IPC_RMID);
    if (result < 0 && (errno == EINVAL || errno == EIDRM))
        errno = ENOENT;
    return result;
}

/* A set that could not be opened is found by its key. */
static void explain_sysv(const struct semaphore *semaphore, struct failure *failure)
{
    struct seminfo limits = {0}, used = {0};
    int count = count_of(semaphore->id >= 0 ? semaphore->id : semget(semaphore->name.key, 0, 0));
    semctl(0, 0, IPC_INFO, (union semctl_argument){.limits = &limits});
    semctl(0, 0, SEM_INFO, (union semctl_argument){.limits = &used}); /* semusz: sets in use */
    switch (failure->errnum) {
    case ENOSPC:
        if (used.semusz < limits.semmni)
            failure_set_why(failure, "no more semaphores (the second number of kernel.sem is %d)",
                            limits.semmns);
        else
            failure_set_why(failure, "no more sets (the last number of kernel.sem is %d)",
                            limits.semmni);
        break;
    case EINVAL:
        if (count >= 0)
            failure_set_why(failure, "the set that exists has a size of %d", count);
        else
            failure_set_why(failure, "too large (the first number of kernel.sem is %d)",
                            limits.semmsl);
        break;
    case E2BIG:
        failure_set_why(failure, "too many operations (the third number of kernel.sem is %d)",
                        limits.semopm);
        break;
    case EFBIG:
        if (count < 0)
            failure_set_why(failure, "the set has no such index");
        else
            failure_set_why(failure, "the last index of the set is %d", count - 1);
        break;
    default:
        break;
    }
}

const struct semaphore_family semaphore_sysv = {
    .max = VALUE_MAX,
    .open = open_sysv,
    .explain = explain_sysv,
    .operate = operate_sysv,
    .set = set_sysv,
    .value = value_sysv,
    .status = status_sysv,
    .remove = remove_sysv,
};
