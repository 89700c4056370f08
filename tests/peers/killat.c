/* killat: runs COMMAND and kills it by SIGKILL at a moment of its life
 *
 * strace's inject is not enough: it counts each system call by itself, so it cannot name the Nth
 * call of the run, nor the moment after one.
 *
 *     killat N COMMAND [ARG]...      when it has come N times to the beginning or the end of a
 *                                    system call
 *     killat Nus COMMAND [ARG]...    N microseconds after its start
 *     killat count COMMAND [ARG]...  never, and prints as the last line of stderr how often it came
 *                                    there and how many microseconds it lived
 *
 * Ends with COMMAND's status, 137 if it was killed. SIGTERM kills COMMAND at once, and so does the
 * tenth second. Children of COMMAND are left alone. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile pid_t command;

static void on_end(int signal)
{
    (void)signal;
    kill(command, SIGKILL);
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int wait_for_change(void)
{
    int status;
    while (waitpid(command, &status, 0) < 0)
        if (errno != EINTR) {
            perror("wait");
            _exit(126);
        }
    return status;
}

/* Counts stops until LAST; 0: all of them. Returns COMMAND's wait status. */
static int trace(long last, long *stops)
{
    int status = wait_for_change();
    ptrace(PTRACE_SETOPTIONS, command, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (int signal = 0; WIFSTOPPED(status); status = wait_for_change()) {
        signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            if (++*stops == last)
                kill(command, SIGKILL);
            signal = 0;
        } else if (signal == SIGTRAP) { /* exec */
            signal = 0;
        }
        ptrace(PTRACE_SYSCALL, command, NULL, signal);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    bool counts = strcmp(argv[1], "count") == 0, is_timed = strstr(argv[1], "us");
    long number = strtol(argv[1], NULL, 10), stops = 0, begin = now();
    sigset_t both, before;
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGALRM);
    sigprocmask(SIG_BLOCK, &both, &before);
    command = fork();
    if (command < 0) { /* kill(2) takes -1 for every process */
        perror("killat: fork");
        return 126;
    }
    if (command == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (!is_timed)
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    struct sigaction action = {.sa_handler = on_end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    alarm(10);

    if (is_timed && usleep((useconds_t)number) == 0)
        kill(command, SIGKILL);
    int status = is_timed ? wait_for_change() : trace(number, &stops);
    if (counts)
        fprintf(stderr, "\n%ld %ld\n", stops, now() - begin);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
