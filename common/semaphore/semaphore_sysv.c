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

/* For semget(2), whose own limit is far below INT_MAX. */
static int size_of(const struct semaphore_how *how)
{
    return how->count < INT_MAX ? (int)how->count : INT_MAX;
}

/* Sets the mode after the first value is set, which takes rights that MODE may not grant. */
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

struct opening {
    struct semaphore *semaphore;
    const struct semaphore_how *how;
    key_t key;
};

static int create_set(void *object)
{
    const struct opening *opening = object;
    const struct semaphore_how *how = opening->how;
    int count = size_of(how);
    int id = semget(opening->key, count, IPC_CREAT | IPC_EXCL | 0600 | (int)how->mode);
    if (id < 0)
        return -1;
    if (semaphore_set_initial_values(id, count, how->value) == 0 && set_mode(id, how->mode) == 0) {
        opening->semaphore->id = id;
        return 0;
    }
    int saved = errno;
    semctl(id, 0, IPC_RMID);
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

/* Finds the set by its name. Returns its identifier; -1 with errno. */
static int find_set(const struct opening *opening)
{
    static const int permissions[] = {[SEMAPHORE_USE] = 0200, [SEMAPHORE_READ] = 0400};
    const struct object_name *name = &opening->semaphore->name;
    const struct semaphore_how *how = opening->how;
    if (name->kind == OBJECT_NAME_ID)
        return name->id;
    int permission = how->access == SEMAPHORE_REMOVE ? 0 : permissions[how->access];
    return semget(opening->key, how->creates ? size_of(how) : 0, permission);
}

/* Waits until the set has its first values, or gives it them if its creator never will. A set that
 * this process may not read is taken for initialized. */
static int initialize_set(int id, const struct semaphore_how *how)
{
    int is_initialized = semaphore_wait_initialized(id);
    if (is_initialized == 0 && how->creates) {
        int count = count_of(id);
        is_initialized = count < 0 ? -1 : semaphore_set_initial_values(id, count, how->value);
    }
    if (is_initialized >= 0 || errno == EACCES)
        return 0;
    if (errno == EINVAL || errno == EIDRM)
        errno = ENOENT;
    return -1;
}

static int open_set(void *object)
{
    const struct opening *opening = object;
    const struct semaphore_how *how = opening->how;
    int id = opening->semaphore->id = find_set(opening);
    if (id < 0)
        return -1;
    if (how->access != SEMAPHORE_REMOVE && initialize_set(id, how) < 0)
        return -1;

    int count = how->creates ? size_of(how) : 0;
    if (count > 1 && count > count_of(id)) /* semget(2) checks it only for a key */
        return errno = EINVAL, -1;
    return 0;
}

static int open_sysv(struct semaphore *semaphore, const struct semaphore_how *how)
{
    struct opening opening = {semaphore, how, IPC_PRIVATE};
    if (semaphore->name.kind == OBJECT_NAME_ID) {
        int result = open_set(&opening);
        return result == 0 && how->is_exclusive ? (errno = EEXIST, -1) : result;
    }
    if (object_name_key(&semaphore->name, &opening.key) < 0)
        return -1;
    const struct open_or_create ways = {
        .open = open_set,
        .create = create_set,
        .creates = how->creates,
        .is_exclusive = how->is_exclusive || opening.key == IPC_PRIVATE,
    };
    return open_or_create(&ways, &opening);
}

/* Corrects errno after RESULT of a system call, which it returns. A set that was removed is EINVAL
 * before a call and EIDRM within it; an index that there is not is EINVAL in semctl(2) and EFBIG in
 * semop(2). */
static int correct_errno(const struct semaphore *semaphore, int result)
{
    if (result < 0 && errno == EINVAL) {
        int count = count_of(semaphore->id);
        errno = count >= 0 && semaphore->index >= count ? EFBIG : EIDRM;
    }
    return result;
}

/* Makes of OPS the array for semop(2), to be freed; NULL with errno. */
static struct sembuf *convert(const struct semaphore_op *ops, size_t count, bool is_now)
{
    struct sembuf *array = calloc(count, sizeof *array);
    for (size_t i = 0; array && i < count; i++) {
        if (ops[i].index > UINT16_MAX) {
            free(array);
            return errno = EFBIG, NULL;
        }
        int flags =
            (ops[i].is_undone ? SEM_UNDO : 0) | (is_now || ops[i].is_nowait ? IPC_NOWAIT : 0);
        array[i] = (struct sembuf){
            .sem_num = (unsigned short)ops[i].index,
            .sem_op = (short)ops[i].delta,
            .sem_flg = (short)flags,
        };
    }
    return array;
}

/* The kernel keeps what SEM_UNDO has to undo over an exec. */
static int operate_sysv(struct semaphore *semaphore, const struct semaphore_op *ops, size_t count,
                        const struct deadline *deadline)
{
    bool is_now = deadline_is_now(deadline);
    struct sembuf *array = convert(ops, count, is_now);
    if (!array)
        return -1;

    int result;
    do {
        int64_t remaining = deadline_remaining(deadline);
        struct timespec wait = {.tv_sec = remaining / 1000000000,
                                .tv_nsec = remaining % 1000000000};
        result =
            semtimedop(semaphore->id, array, count, remaining == DEADLINE_NEVER ? NULL : &wait);
    } while (result < 0 && errno == EINTR && !interrupt_signal());

    if (result < 0 && errno == EAGAIN && !is_now && deadline_remaining(deadline) == 0)
        errno = ETIMEDOUT;
    int saved = errno;
    free(array);
    errno = saved;
    return correct_errno(semaphore, result);
}

/* A command of semctl(2) about the semaphore itself. */
static int control(const struct semaphore *semaphore, int command, int value)
{
    union semctl_argument argument = {.value = value};
    return correct_errno(semaphore, semctl(semaphore->id, semaphore->index, command, argument));
}

static int set_sysv(struct semaphore *semaphore, int value)
{
    return control(semaphore, SETVAL, value);
}

static int value_sysv(struct semaphore *semaphore)
{
    return control(semaphore, GETVAL, 0);
}

/* Reads the values of all semaphores of the set. */
static int read_values(const struct semaphore *semaphore, struct semaphore_status *status)
{
    status->values = calloc((size_t)status->count + 1, sizeof *status->values);
    if (!status->values)
        return -1;
    union semctl_argument argument = {.values = status->values};
    if (correct_errno(semaphore, semctl(semaphore->id, 0, GETALL, argument)) == 0)
        return 0;
    int saved = errno;
    free(status->values);
    errno = saved;
    return -1;
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
        .waiting = control(semaphore, GETNCNT, 0),
        .waiting_for_zero = control(semaphore, GETZCNT, 0),
        .last_pid = control(semaphore, GETPID, 0),
        .operated = kernel.sem_otime,
        .changed = kernel.sem_ctime,
    };
    if (status->last_pid < 0 || read_values(semaphore, status) < 0)
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

/* The numbers of kernel.sem, by what it lacks. */
static void explain_limit(struct failure *failure)
{
    struct seminfo limits = {0}, used = {0};
    semctl(0, 0, IPC_INFO, (union semctl_argument){.limits = &limits});
    semctl(0, 0, SEM_INFO, (union semctl_argument){.limits = &used});
    bool has_sets = used.semusz < limits.semmni; /* sets in use */
    switch (failure->errnum) {
    case ENOSPC:
        failure_set_why(failure, has_sets ? "no more semaphores" : "no more sets");
        failure_add_hint(failure, "the %s number of kernel.sem is %d", has_sets ? "second" : "last",
                         has_sets ? limits.semmns : limits.semmni);
        break;
    case EINVAL:
        failure_set_why(failure, "too large");
        failure_add_hint(failure, "the first number of kernel.sem is %d", limits.semmsl);
        break;
    default:
        failure_set_why(failure, "too many operations");
        failure_add_hint(failure, "the third number of kernel.sem is %d", limits.semopm);
        break;
    }
}

/* If the set could not be opened its key is known. */
static void explain_sysv(const struct semaphore *semaphore, struct failure *failure)
{
    int count = count_of(semaphore->id >= 0 ? semaphore->id : semget(semaphore->name.key, 0, 0));
    switch (failure->errnum) {
    case EINVAL:
        if (count < 0)
            explain_limit(failure);
        else
            failure_set_why(failure, "the set that exists has a size of %d", count);
        break;
    case EFBIG:
        if (count < 0)
            failure_set_why(failure, "the set has no such index");
        else
            failure_set_why(failure, "the last index of the set is %d", count - 1);
        break;
    case ENOSPC:
    case E2BIG:
        explain_limit(failure);
        break;
    }
}

const struct semaphore_family semaphore_sysv = {
    .max = VALUE_MAX,
    .open = open_sysv,
    .operate = operate_sysv,
    .set = set_sysv,
    .value = value_sysv,
    .status = status_sysv,
    .remove = remove_sysv,
    .explain = explain_sysv,
};
