#include "semaphore/semaphore_sysv_init.h"

#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static void sleep_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* In a new set the first semaphore has no value and no pid yet, and the set no time of an
 * operation. Returns 1 or 0; -1 with errno. */
static int is_initialized(int id, time_t *created)
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

/* Waits a second and the rest of the one in which the set was created. The deadline bounds the wait
 * if the clock is set meanwhile. */
int semaphore_wait_initialized(int id)
{
    struct deadline longest = deadline_after(2000000000);
    time_t created;
    int result;
    while ((result = is_initialized(id, &created)) == 0 && time(NULL) <= created + 1 &&
           deadline_remaining(&longest) > 0)
        sleep_a_little();
    return result;
}

/* A process that sets first values holds this lock, so that only one does so if the creator died.
 * The kernel's list of sets is a file that every process can lock. A process that holds the lock
 * for more than a second is none that sets values. Returns a descriptor to close, or -1. */
static int lock_initialization(void)
{
    struct deadline longest = deadline_after(1000000000);
    int fd = open("/proc/sysvipc/sem", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && deadline_remaining(&longest) > 0)
        sleep_a_little();
    return fd;
}

/* Sets all values in one call: with one call each the kernel would go through the whole set each
 * time. The lock keeps other semops from setting values at the same time, but no other programs. */
static int set_all(int id, int count, int value)
{
    unsigned short *values = calloc((size_t)count, sizeof *values);
    if (!values)
        return -1;
    for (int index = 0; index < count; index++)
        values[index] = (unsigned short)value;
    int result = semctl(id, 0, SETALL, (union semctl_argument){.values = values});
    int saved = errno;
    free(values);
    errno = saved;
    return result;
}

/* A single semaphore gets its value in one step, and only if it is 0. A first value of 0 leaves a
 * time and a pid too: one is given and taken. */
static int set_values(int id, int count, int value)
{
    struct sembuf ops[] = {
        {.sem_op = 0, .sem_flg = IPC_NOWAIT},
        {.sem_op = (short)(value > 0 ? value : 1)},
        {.sem_op = -1},
    };
    if (count > 1 && set_all(id, count, value) < 0)
        return -1;
    if (count > 1)
        return value > 0 ? 0 : semop(id, ops + 1, 2);
    int result = semop(id, ops, value > 0 ? 2 : 3);
    return result < 0 && errno == EAGAIN ? 0 : result;
}

int semaphore_set_initial_values(int id, int count, int value)
{
    time_t created;
    int lock = lock_initialization();
    int result = is_initialized(id, &created) == 1 ? 0 : set_values(id, count, value);
    int saved = errno;
    if (lock >= 0)
        close(lock);
    errno = saved;
    return result;
}
