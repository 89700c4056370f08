#include "guardian.h"
#include "semaphores_family.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Where sem_open(3) keeps its files, and the clock of its waits. */
#ifdef __GLIBC__
#define SEM_FILE   "/dev/shm/sem."
#define WAIT_CLOCK CLOCK_MONOTONIC
#else /* musl */
#define SEM_FILE                         "/dev/shm/"
#define WAIT_CLOCK                       CLOCK_REALTIME
#define sem_clockwait(posix, clock, end) sem_timedwait(posix, end)
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older C libraries do not name it */
#endif

/* How long a wait goes on, in nanoseconds, for a semaphore that was removed. */
static const int64_t slice = 100000000;

static bool is_semaphore(const struct stat *file)
{
    return S_ISREG(file->st_mode) && file->st_size >= (off_t)sizeof(sem_t);
}

/* Maps what is open as FD. */
static int map_file(struct semaphore *semaphore, int fd, int protection)
{
    struct stat file;
    if (fstat(fd, &file) < 0)
        return -1;
    if (!is_semaphore(&file))
        return errno = EBADMSG, -1;
    void *map = mmap(NULL, sizeof(sem_t), protection, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -1;
    /* A file with a hole on a full file system: found here, or by SIGBUS later. */
    if (madvise(map, sizeof(sem_t), MADV_POPULATE_READ) < 0 && errno == EFAULT)
        return errno = EBADMSG, -1;
    semaphore->posix = map;
    semaphore->device = file.st_dev;
    semaphore->inode = file.st_ino;
    return 0;
}

/* What sem_open(3) does; but that maps a file of any size, so that an empty one is SIGBUS. */
static int open_file(struct semaphore *semaphore, enum semaphores_access access)
{
    bool reads = access == SEMAPHORES_READ;
    int fd =
        open(semaphore->path, (reads ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
            errno = EBADMSG; /* a symbolic link, a directory, a socket */
        return -1;
    }
    int result = map_file(semaphore, fd, PROT_READ | (reads ? 0 : PROT_WRITE));
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

/* sem_open(3) links a file into place that has its value already. The mode is exactly the one asked
 * for, so the umask must not take from it. */
static int create_file(struct semaphore *semaphore, const struct semaphores_creation *creation)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); /* an end in between would leave the file unlinked */
    mode_t old = umask(0);
    sem_t *posix =
        sem_open(semaphore->name.text, O_CREAT | O_EXCL, creation->mode, (unsigned)creation->value);
    umask(old);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (posix == SEM_FAILED)
        return -1;

    struct stat file;
    semaphore->posix = posix;
    if (lstat(semaphore->path, &file) == 0) {
        semaphore->device = file.st_dev;
        semaphore->inode = file.st_ino;
    }
    return 0;
}

static int check_file(struct semaphore *semaphore)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return -1;
    return is_semaphore(&file) ? 0 : (errno = EBADMSG, -1);
}

static int open_posix(struct semaphore *semaphore, enum semaphores_access access,
                      const struct semaphores_creation *creation)
{
    bool may_exist = !creation || !creation->is_exclusive;
    snprintf(semaphore->path, sizeof semaphore->path, SEM_FILE "%s", semaphore->name.text + 1);
    if (access == SEMAPHORES_REMOVE)
        return check_file(semaphore);
    do {
        if (may_exist && open_file(semaphore, access) == 0)
            return 0;
        if (may_exist && (errno != ENOENT || !creation))
            return -1;
        if (create_file(semaphore, creation) == 0)
            return 0;
    } while (errno == EEXIST && may_exist);
    return -1;
}

static sem_t *in_hand;
static volatile sig_atomic_t is_cut;

/* Somebody cut the file, so there is no memory behind the mapping. The instruction gets other
 * memory to end on. A jump out of it would not do: glibc's wait has a cleanup that touches it too.
 */
static void on_cut(int signal)
{
    is_cut = 1;
    if (mmap(in_hand, sizeof *in_hand, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        _exit(128 + signal);
}

/* From the first action on, not before: an exec resets only what is handled, and COMMAND shall find
 * SIGBUS as it was. */
static void catch_cuts(sem_t *posix)
{
    if (in_hand)
        return;
    in_hand = posix;
    struct sigaction action = {.sa_handler = on_cut};
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

static int touch(sem_t *posix, enum action action, int64_t nanoseconds)
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
        return sem_getvalue(posix, &value) < 0 ? -1 : value;
    }
}

/* All that is done to the mapped memory. EBADMSG where the file was cut. */
static int act(const struct semaphore *semaphore, enum action action, int64_t nanoseconds)
{
    catch_cuts(semaphore->posix);
    int result = touch(semaphore->posix, action, nanoseconds);
    return is_cut ? (errno = EBADMSG, -1) : result;
}

/* Whether the name is gone or means another semaphore now: nobody will give to this one. */
static bool is_removed(const struct semaphore *semaphore)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return errno == ENOENT;
    return file.st_dev != semaphore->device || file.st_ino != semaphore->inode;
}

static int take_posix(struct semaphore *semaphore, const struct deadline *deadline)
{
    if (deadline_is_now(deadline))
        return act(semaphore, TAKE_NOW, 0);
    for (;;) {
        int64_t remaining = deadline_remaining(deadline);
        if (act(semaphore, TAKE_IN_TIME, remaining < slice ? remaining : slice) == 0)
            return 0;
        if (errno != ETIMEDOUT && errno != EINTR)
            return -1;
        if (is_removed(semaphore))
            return errno = EIDRM, -1;
        if (deadline_remaining(deadline) == 0)
            return errno = ETIMEDOUT, -1;
    }
}

static int post_posix(struct semaphore *semaphore)
{
    return act(semaphore, GIVE, 0);
}

static int value_posix(struct semaphore *semaphore)
{
    return act(semaphore, LOOK, 0);
}

static int set_posix(struct semaphore *semaphore, int value)
{
    for (int now; (now = act(semaphore, LOOK, 0)) != value;)
        if (now < 0 || (act(semaphore, now < value ? GIVE : TAKE_NOW, 0) < 0 && errno != EAGAIN &&
                        errno != EINTR))
            return -1;
    return 0;
}

static int status_posix(struct semaphore *semaphore, struct semaphores_status *status)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return -1;
    *status = (struct semaphores_status){
        .value = value_posix(semaphore),
        .mode = file.st_mode & 07777,
        .uid = file.st_uid,
        .gid = file.st_gid,
    };
    return status->value < 0 ? -1 : 0;
}

static int take_for_another(void *object, const struct deadline *deadline)
{
    return take_posix(object, deadline);
}

static void give_back(void *object)
{
    post_posix(object);
}

static int hold_posix(struct semaphore *semaphore, const struct deadline *deadline)
{
    struct guardian_duty duty = {
        .name = "semop-guardian",
        .take = take_for_another,
        .give_back = give_back,
        .object = semaphore,
    };
    return guardian_start(&duty, deadline);
}

static int remove_posix(struct semaphore *semaphore)
{
    return sem_unlink(semaphore->name.text);
}

static const char *why_posix(struct semaphore *semaphore, int errnum)
{
    struct rlimit processes = {0};
    switch (errnum) {
    case EBADMSG:
        return semaphores_say(semaphore, "%s is not a semaphore", semaphore->path);
    case ENOSPC:
        return "/dev/shm is full";
    case EOWNERDEAD:
        return "its guardian process was killed";
    case EUSERS:
        getrlimit(RLIMIT_NPROC, &processes);
        return semaphores_say(semaphore, "no more processes for a guardian (ulimit -u is %llu)",
                              (unsigned long long)processes.rlim_cur);
    default:
        return NULL;
    }
}

const struct semaphores_family semaphores_posix = {
    .max = SEM_VALUE_MAX,
    .open = open_posix,
    .why = why_posix,
    .take = take_posix,
    .hold = hold_posix,
    .post = post_posix,
    .set = set_posix,
    .value = value_posix,
    .status = status_posix,
    .remove = remove_posix,
};
