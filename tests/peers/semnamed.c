/* semnamed: a POSIX semaphore as a C program uses it
 *
 *     semnamed create|wait|post|get|unlink /NAME [VALUE] */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what)
{
    perror(what);
    return 3;
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
    if (strcmp(verb, "get") == 0) {
        int value = -1;
        sem_getvalue(semaphore, &value);
        printf("%d\n", value);
    }
    return 0;
}
