/* sigthread: prints the id of a second thread, which stays when the first one, the leader of the
 * process, has ended */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *stay(void *nothing)
{
    printf("%ld\n", syscall(SYS_gettid));
    fflush(stdout);
    for (;;)
        pause();
    return nothing;
}

int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, stay, NULL) != 0)
        return 1;
    syscall(SYS_exit, 0);
}
