/* sigwait COUNT SIGNAL...: blocks the signals (numbers), prints `ready PID RTMIN`, and then of
 * COUNT of them what sigwaitinfo(2) tells, a line each */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    sigset_t set;
    int count = argc > 1 ? atoi(argv[1]) : 0;

    sigemptyset(&set);
    for (int i = 2; i < argc; i++)
        sigaddset(&set, atoi(argv[i]));
    sigprocmask(SIG_BLOCK, &set, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready %d %d\n", (int)getpid(), SIGRTMIN);

    while (count-- > 0) {
        siginfo_t info;
        while (sigwaitinfo(&set, &info) < 0)
            if (errno != EINTR) /* STOP and CONT end the call too: signal(7) */
                return 1;
        printf("signal=%d code=%d pid=%d uid=%d value=%d\n", info.si_signo, info.si_code,
               (int)info.si_pid, (int)info.si_uid, info.si_value.sival_int);
    }
    return 0;
}
