/* seminside: counts who is inside, exactly, also where processes are killed
 *
 *     seminside FILE LIMIT init
 *     seminside FILE LIMIT MILLISECONDS
 *
 * FILE, LIMIT * 64 bytes, holds LIMIT places. A process has one while it is inside; where none is
 * free it makes FILE.over. A place is a robust mutex: when a process dies, the kernel frees it
 * before it gives semaphores back. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct place {
    pthread_mutex_t mutex;
    char rest[64 - sizeof(pthread_mutex_t)];
};

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t limit = (size_t)atoi(argv[2]);
    int fd = open(argv[1], O_RDWR);
    struct place *places =
        mmap(NULL, limit * sizeof *places, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (places == MAP_FAILED) {
        perror(argv[1]);
        return 3;
    }
    if (strcmp(argv[3], "init") == 0) {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        for (size_t i = 0; i < limit; i++)
            pthread_mutex_init(&places[i].mutex, &attributes);
        return 0;
    }

    for (size_t i = 0; i < limit; i++) {
        int error = pthread_mutex_trylock(&places[i].mutex);
        if (error == EOWNERDEAD)
            error = pthread_mutex_consistent(&places[i].mutex);
        if (error == 0) {
            usleep((useconds_t)atoi(argv[3]) * 1000);
            return 0;
        }
    }
    char over[4096];
    snprintf(over, sizeof over, "%s.over", argv[1]);
    close(open(over, O_WRONLY | O_CREAT, 0600));
    return 1;
}
