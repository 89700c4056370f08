#include "semaphore/semaphore_posix_file.h"

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

/* Where sem_open(3) keeps its files. */
#ifdef __GLIBC__
#define FOLDER "/dev/shm/sem."
#else /* musl */
#define FOLDER "/dev/shm/"
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older C libraries do not name it */
#endif

static bool is_semaphore(const struct stat *file)
{
    return S_ISREG(file->st_mode) && file->st_size == (off_t)sizeof(sem_t);
}

/* Whether COPY is a semaphore that processes share: sem_init(3) writes that into it. The C library
 * makes its futex calls of it, and a damaged one ends in abort(3). */
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

/* Maps the file that is open as FD. The value is read from a copy, which nobody can truncate. */
static int map_file(struct semaphore *semaphore, int fd, int protection)
{
    struct stat file;
    sem_t copy;
    int value;
    if (fstat(fd, &file) < 0)
        return -1;
    if (!is_semaphore(&file)) /* before it is read: a FIFO would be waited for */
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
    /* A file with a hole on a full file system: found here, or later by SIGBUS. */
    if (madvise(map, sizeof(sem_t), MADV_POPULATE_READ) < 0 && errno == EFAULT)
        return errno = EBADMSG, -1;
    semaphore->posix = map;
    semaphore->file = file;
    return 0;
}

/* As sem_open(3) does; but that maps a file of any size, so an empty one ends in SIGBUS. */
static int open_file(struct semaphore *semaphore, enum semaphore_access access)
{
    bool reads = access == SEMAPHORE_READ;
    int fd =
        open(semaphore->path, (reads ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
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

/* sem_open(3) links a file into place that has its value already. The mode is exactly the one that
 * was asked for, whatever the umask. */
static int create_file(struct semaphore *semaphore, const struct semaphore_creation *creation)
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

    semaphore->posix = posix;
    if (lstat(semaphore->path, &semaphore->file) < 0)
        semaphore->file = (struct stat){0};
    return 0;
}

static int check_file(struct semaphore *semaphore)
{
    struct stat file;
    if (lstat(semaphore->path, &file) < 0)
        return -1;
    return is_semaphore(&file) ? 0 : (errno = EBADMSG, -1);
}

/* Without the directory no name can come to be. That is no ENOENT, which only means "not there". */
static int note_missing_directory(void)
{
    if (errno == ENOENT && access("/dev/shm", F_OK) < 0 && errno == ENOENT)
        errno = ENODEV;
    return -1;
}

struct request {
    struct semaphore *semaphore;
    enum semaphore_access access;
    const struct semaphore_creation *creation;
};

static int open_existing(void *object)
{
    const struct request *request = object;
    return open_file(request->semaphore, request->access);
}

static int create_new(void *object)
{
    const struct request *request = object;
    return create_file(request->semaphore, request->creation);
}

int semaphore_posix_file_open(struct semaphore *semaphore, enum semaphore_access access,
                              const struct semaphore_creation *creation)
{
    struct request request = {semaphore, access, creation};
    const struct open_or_create how = {
        .open = open_existing,
        .create = create_new,
        .creates = creation,
        .is_exclusive = creation && creation->is_exclusive,
    };
    snprintf(semaphore->path, sizeof semaphore->path, FOLDER "%s", semaphore->name.text + 1);
    if (access == SEMAPHORE_REMOVE)
        return check_file(semaphore);
    return open_or_create(&how, &request) < 0 ? note_missing_directory() : 0;
}
