#include "semaphore/semaphore_sysv_init.h"

#include "sys/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static void sleep_1ms(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Nothing has changed yet in the first semaphore of a new set: no value, no PID, no time. Returns 1
 * or 0; -1 with errno. */
static int has_first_value(int id, time_t *created)
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

/* A second, and the rest of the one in which it was created. */
int semaphore_wait_initialized(int id)
{
    struct deadline longest = deadline_after(2000000000); /* whatever happens to the clock */
    time_t created;
    int initialized;
    while ((initialized = has_first_value(id, &created)) == 0 && time(NULL) <= created + 1 &&
           deadline_remaining(&longest) > 0)
        sleep_1ms();
    return initialized;
}

/* A process that gives first values holds this lock, so that only one does if the creator died. The
 * kernel's list of sets is a file that everybody can lock; a process that holds it longer than a
 * second is no semop. Returns a descriptor to close, or -1. */
static int lock_initialization(void)
{
    struct deadline patience = deadline_after(1000000000);
    int fd = open("/proc/sysvipc/sem", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && deadline_remaining(&patience) > 0)
        sleep_1ms();
    return fd;
}

/* All at once: one by one, the kernel would go through the whole set for each. */
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

/* A single semaphore gets its value in one step, and only if it is 0. A first value of 0 leaves its
 * mark too. */
static int give_first_values(int id, int count, int value)
{
    struct sembuf steps[] = {
        {.sem_op = 0, .sem_flg = IPC_NOWAIT},
        {.sem_op = (short)(value > 0 ? value : 1)},
        {.sem_op = -1},
    };
    if (count > 1 && set_all(id, count, value) < 0)
        return -1;
    if (count > 1)
        return value > 0 ? 0 : semop(id, steps + 1, 2);
    int result = semop(id, steps, value > 0 ? 2 : 3);
    return result < 0 && errno == EAGAIN ? 0 : result;
}

int semaphore_set_initial_values(int id, int count, int value)
{
    time_t created;
    int lock = lock_initialization();
    int result = has_first_value(id, &created) == 1 ? 0 : give_first_values(id, count, value);
    int saved = errno;
    if (lock >= 0)
        close(lock);
    errno = saved;
    return result;
}
