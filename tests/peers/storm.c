/* storm MICROSECONDS SIGNAL... -- COMMAND [ARG]...: runs COMMAND and sends it the signals
 * (numbers), one after the other in turn, one every so many microseconds, as long as it lives; ends
 * as it did */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int end_as(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    int signals = 0, status;
    while (2 + signals < argc && strcmp(argv[2 + signals], "--") != 0)
        signals++;
    char **command = argv + 2 + signals + 1;
    if (signals == 0 || 2 + signals + 1 >= argc)
        return fputs("usage: storm MICROSECONDS SIGNAL... -- COMMAND [ARG]...\n", stderr), 2;

    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(*command, command);
        perror(*command);
        _exit(127);
    }
    for (int turn = 0; pid > 0; turn = (turn + 1) % signals) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended != 0)
            return ended < 0 ? 1 : end_as(status);
        kill(pid, atoi(argv[2 + turn]));
        usleep((useconds_t)atoi(argv[1]));
    }
    return 1;
}
