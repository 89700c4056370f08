#include "semaphore/semaphore_posix_file.h"

#include "sys/dev_shm.h"
#include "sys/io.h"
#include "sys/open_or_create.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The beginning of the paths at which sem_open(3) keeps its files. */
#ifdef __GLIBC__
#define PREFIX DEV_SHM_DIRECTORY "/sem."
#else /* musl */
#define PREFIX DEV_SHM_DIRECTORY "/"
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older C libraries do not name it */
#endif

static bool is_semaphore(const struct stat *file)
{
    return S_ISREG(file->st_mode) && file->st_size == (off_t)sizeof(sem_t);
}

/* Whether COPY is a semaphore that processes share, by the words that sem_init(3) writes only for
 * that. The C library passes them to futex(2), and calls abort(3) if they are damaged. */
static bool is_for_processes(const sem_t *copy)
{
    enum { WORDS = sizeof(sem_t) / sizeof(int) };
    sem_t shared = {0}, alone = {0};
    int found[WORDS], right[WORDS], wrong[WORDS];
    sem_init(&shared, 1, 0);
    sem_init(&alone, 0, 0);
    memcpy(found, copy, sizeof found);
    memcpy(right, &shared, sizeof right);
    memcpy(wrong, &alone, sizeof wrong);
    for (int i = 0; i < WORDS; i++)
        if (right[i] != wrong[i] && found[i] != right[i])
            return false;
    return true;
}

/* Maps the file that is open as FD. Its value is read from a copy, which nobody can truncate. */
static int map_file(struct semaphore *semaphore, int fd, int protection)
{
    struct stat file;
    sem_t copy;
    int value;
    if (fstat(fd, &file) < 0)
        return -1;
    if (!is_semaphore(&file)) /* before it is read: reading a FIFO would wait */
        return errno = EBADMSG, -1;
    ssize_t got = io_read_full(fd, &copy, sizeof copy);
    if (got < 0)
        return -1;
    if (got != (ssize_t)sizeof copy || !is_for_processes(&copy) ||
        sem_getvalue(&copy, &value) < 0 || value < 0)
        return errno = EBADMSG, -1;
    void *map = mmap(NULL, sizeof(sem_t), protection, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -1;
    /* A file with a hole, on a full file system, is found here and not by SIGBUS later. */
    if (madvise(map, sizeof(sem_t), MADV_POPULATE_READ) < 0 && errno == EFAULT)
        return errno = EBADMSG, -1;
    semaphore->posix = map;
    semaphore->file = file;
    return 0;
}

struct opening {
    struct semaphore *semaphore;
    const struct semaphore_how *how;
};

/* As sem_open(3) does, which maps a file of any size, though: an empty one would be SIGBUS. */
static int open_file(void *object)
{
    const struct opening *opening = object;
    struct semaphore *semaphore = opening->semaphore;
    bool reads = opening->how->access == SEMAPHORE_READ;
    int flags = (reads ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = open(semaphore->path, flags);
    if (fd < 0) {
        if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
            errno = EBADMSG; /* a symbolic link, a directory, a socket */
        return -1;
    }
    if (map_file(semaphore, fd, PROT_READ | (reads ? 0 : PROT_WRITE)) < 0)
        return close_keep_errno(fd);
    close(fd);
    return 0;
}

/* sem_open(3) links a file into place that has its value already. The umask must not take from the
 * mode that was asked for. Signals wait, since dying here would leave the unlinked file behind. */
static int create_file(void *object)
{
    const struct opening *opening = object;
    struct semaphore *semaphore = opening->semaphore;
    const struct semaphore_how *how = opening->how;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    mode_t old = umask(0);
    sem_t *posix =
        sem_open(semaphore->name.text, O_CREAT | O_EXCL, how->mode, (unsigned)how->value);
    umask(old);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (posix == SEM_FAILED)
        return -1;

    semaphore->posix = posix;
    if (lstat(semaphore->path, &semaphore->file) < 0)
        semaphore->file = (struct stat){0}; /* removed already */
    return 0;
}

static int check_is_semaphore(const struct semaphore *semaphore)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return -1;
    return is_semaphore(&file) ? 0 : (errno = EBADMSG, -1);
}

int semaphore_posix_file_open(struct semaphore *semaphore, const struct semaphore_how *how)
{
    const struct open_or_create ways = {
        .open = open_file,
        .create = create_file,
        .creates = how->creates,
        .is_exclusive = how->is_exclusive,
    };
    snprintf(semaphore->path, sizeof semaphore->path, PREFIX "%s", semaphore->name.text + 1);
    if (how->access == SEMAPHORE_REMOVE)
        return check_is_semaphore(semaphore);
    return open_or_create(&ways, &(struct opening){semaphore, how});
}
