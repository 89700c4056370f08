/* semnamed: a POSIX semaphore as a C program uses it
 *
 *     semnamed create|wait|post|get|unlink /NAME [VALUE]
 *     semnamed count /NAME MILLISECONDS
 *
 * count adds one to the number in the file `count`, again and again, each time under the semaphore,
 * and prints how often. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fail(const char *what)
{
    perror(what);
    return 3;
}

static int count_for(sem_t *semaphore, long milliseconds)
{
    struct timespec begin, now;
    long steps = 0, number;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        FILE *file;
        if (sem_wait(semaphore) < 0 || !(file = fopen("count", "r+")) ||
            fscanf(file, "%ld", &number) != 1)
            return fail("count");
        rewind(file);
        fprintf(file, "%ld\n", number + 1);
        if (fclose(file) != 0 || sem_post(semaphore) < 0)
            return fail("count");
        steps++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 <
             milliseconds);
    printf("%ld\n", steps);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const char *verb = argv[1], *name = argv[2];
    if (strcmp(verb, "unlink") == 0)
        return sem_unlink(name) < 0 ? fail(name) : 0;

    sem_t *semaphore = strcmp(verb, "create") == 0
                           ? sem_open(name, O_CREAT | O_EXCL, 0600, (unsigned)atoi(argv[3]))
                           : sem_open(name, 0);
    if (semaphore == SEM_FAILED)
        return fail(name);
    if (strcmp(verb, "wait") == 0 && sem_wait(semaphore) < 0)
        return fail("sem_wait");
    if (strcmp(verb, "post") == 0 && sem_post(semaphore) < 0)
        return fail("sem_post");
    if (strcmp(verb, "count") == 0)
        return count_for(semaphore, argc > 3 ? atol(argv[3]) : 0);
    if (strcmp(verb, "get") == 0) {
        int value = -1;
        sem_getvalue(semaphore, &value);
        printf("%d\n", value);
    }
    return 0;
}
