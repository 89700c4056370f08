/* sigcode PID SIGNAL CODE VALUE: sends SIGNAL with CODE below 0 as its si_code, as the kernel
 * itself does for a timer: rt_sigqueueinfo(2) */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    siginfo_t info = {.si_code = atoi(argv[3])};
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = atoi(argv[4]);
    if (syscall(SYS_rt_sigqueueinfo, atoi(argv[1]), atoi(argv[2]), &info) == 0)
        return 0;
    perror("rt_sigqueueinfo");
    return 1;
}
