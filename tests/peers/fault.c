/* fault: runs COMMAND and lets one of its system calls fail or fall short
 *
 * strace's inject is not enough: it knows no short transfer, and it counts in each process by
 * itself, from the start-up of the C library on.
 *
 *     fault [-l LOG] [-t SECONDS] [-f CALL:N[+]:ERROR] -- COMMAND [ARG]...
 *
 * Calls are counted over all processes of COMMAND from its main on: not its start-up, nor a program
 * that one of them becomes. ERROR is the name of an errno, or `short`: a transfer of several
 * bytes moves one. N+ lets the Nth call and all after it fail. LOG gets a line for each call,
 * `CALL N`, with ` short` if it could fall short, and at the end `end status=S signal=S hits=N
 * left=N hang=N`; left counts the processes that outlive COMMAND by 2 s. What lives after that, or
 * after SECONDS, is killed. The exit status is COMMAND's, or 128+N. */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
    errx(77, "knows the registers of x86-64 only");
}
#else

#include "fault_calls.h"

enum { PROCESSES = 64, GRACE = 2, SHORT = -1 };

struct process {
    pid_t pid; /* 0: a free place */
    bool has_begun;
    long
        result; /* what the call it is in shall return: a negative errno; 0: what the kernel says */
    uintptr_t places[2];
    uint64_t words[2]; /* what was in PLACES that are set */
};

struct plan {
    const char *call;
    int first, error;
    bool goes_on;
};

static struct process processes[PROCESSES];
static struct plan plan;
static FILE *log_file;
static int hits;

static struct process *find(pid_t pid)
{
    for (int i = 0; i < PROCESSES; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    return NULL;
}

static bool in_words(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

/* What the C library does before main: all until set_tid_address, and these right behind it. */
static bool is_startup(struct process *process, long number, const char *name)
{
    static bool has_thread;
    if (process->has_begun)
        return false;
    if (number == SYS_set_tid_address)
        return has_thread = true;
    if (!has_thread || number == SYS_set_robust_list || number == SYS_rseq)
        return true;
    if (name && in_words("mprotect prlimit64 munmap getrandom brk", name))
        return true;
    process->has_begun = true;
    return false;
}

static uint64_t peek(pid_t pid, uintptr_t at)
{
    return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, at, 0);
}

/* Whether a transfer over descriptor FD may bring less than was asked for: never a message, nor
 * what a pipe takes whole. */
static bool may_fall_short(pid_t pid, int fd, uint64_t length, bool is_read)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
    if (length < 2 || stat(path, &status) < 0)
        return false;
    if (S_ISFIFO(status.st_mode))
        return is_read || length > PIPE_BUF;
    if (!S_ISSOCK(status.st_mode))
        return S_ISREG(status.st_mode) || S_ISCHR(status.st_mode);

    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), type = 0;
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    socklen_t size = sizeof type;
    getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &size);
    close(copy);
    close(pidfd);
    return type == SOCK_STREAM;
}

/* The word that holds the length: the register of an argument, or a place in memory. */
struct length {
    uintptr_t place;
    uint64_t value, pieces;
    uintptr_t pieces_place;
};

static struct length find_length(pid_t pid, const struct call *call, const uint64_t *arguments)
{
    struct length length = {.value = arguments[call->argument]};
    uintptr_t pieces = arguments[call->argument];
    uint64_t count = arguments[call->argument + 1];
    if (call->shape == LENGTH)
        return length;
    if (call->shape == MESSAGE) {
        length.pieces_place = pieces + offsetof(struct msghdr, msg_iovlen);
        count = peek(pid, length.pieces_place);
        pieces = peek(pid, pieces + offsetof(struct msghdr, msg_iov));
    }
    for (uint64_t i = 0; i < count && i < 1024; i++) {
        length.place = pieces + i * sizeof(struct iovec) + offsetof(struct iovec, iov_len);
        length.value = peek(pid, length.place);
        length.pieces = i + 1;
        if (length.value > 0)
            break;
    }
    if (length.pieces < count && length.value == 1)
        length.value = 2; /* there is more in the next piece */
    return length;
}

static const size_t registers[] = {
    offsetof(struct user, regs.rdi), offsetof(struct user, regs.rsi),
    offsetof(struct user, regs.rdx), offsetof(struct user, regs.r10),
    offsetof(struct user, regs.r8),  offsetof(struct user, regs.r9),
};

static void overwrite(struct process *process, int place, uintptr_t at, uint64_t word)
{
    process->places[place] = at;
    process->words[place] = peek(process->pid, at);
    ptrace(PTRACE_POKEDATA, process->pid, at, word);
}

static void shorten(struct process *process, const struct call *call, const struct length *length)
{
    if (call->shape == LENGTH) {
        ptrace(PTRACE_POKEUSER, process->pid, registers[call->argument], 1L);
        return;
    }
    overwrite(process, 0, length->place, 1);
    if (call->shape == PIECES)
        ptrace(PTRACE_POKEUSER, process->pid, registers[call->argument + 1], length->pieces);
    else
        overwrite(process, 1, length->pieces_place, length->pieces);
}

static void enter(struct process *process, const struct __ptrace_syscall_info *info)
{
    const uint64_t *arguments = (const uint64_t *)info->entry.args;
    struct call *call = calls, *end = calls + sizeof calls / sizeof *calls;
    while (call < end && call->number != (long)info->entry.nr)
        call++;
    if (is_startup(process, (long)info->entry.nr, call < end ? call->name : NULL))
        return;
    if (call == end) {
        fprintf(log_file, "# call %ld\n", (long)info->entry.nr);
        return;
    }
    call->count++;
    struct length length = {0};
    bool can_be_short = false;
    if (call->shape != PLAIN) {
        int fd = (int)arguments[call->number == SYS_sendfile ? 1 : 0];
        bool is_read =
            strstr(call->name, "read") || strstr(call->name, "recv") || call->number == SYS_splice;
        length = find_length(process->pid, call, arguments);
        can_be_short = may_fall_short(process->pid, fd, length.value, is_read);
    }
    fprintf(log_file, "%s %d%s\n", call->name, call->count, can_be_short ? " short" : "");

    bool is_it = plan.call && strcmp(plan.call, call->name) == 0 &&
                 (call->count == plan.first || (plan.goes_on && call->count > plan.first));
    if (!is_it || (plan.error == SHORT && !can_be_short))
        return;
    hits++;
    if (plan.error == SHORT) {
        shorten(process, call, &length);
        return;
    }
    process->result = -plan.error;
    /* close(2) has closed, whatever it says */
    if (call->number != SYS_close)
        ptrace(PTRACE_POKEUSER, process->pid, offsetof(struct user, regs.orig_rax), -1L);
}

static void leave(struct process *process)
{
    for (int i = 0; i < 2; i++)
        if (process->places[i])
            ptrace(PTRACE_POKEDATA, process->pid, process->places[i], process->words[i]);
    if (process->result)
        ptrace(PTRACE_POKEUSER, process->pid, offsetof(struct user, regs.rax), process->result);
    process->places[0] = process->places[1] = 0;
    process->result = 0;
}

/* Lets a process that stopped go on. */
static void handle(pid_t pid, int status)
{
    static bool has_started;
    int signal = WSTOPSIG(status), event = status >> 16;
    struct process *process = find(pid);
    if (!process && (process = find(0)))
        *process = (struct process){.pid = pid, .has_begun = true};
    if (!process)
        errx(99, "more than %d processes", PROCESSES);

    if (event == PTRACE_EVENT_EXEC) {
        if (has_started) { /* it has become COMMAND's COMMAND */
            process->pid = 0;
            ptrace(PTRACE_DETACH, pid, 0, 0);
            return;
        }
        has_started = true;
        process->has_begun = false;
    } else if (signal == (SIGTRAP | 0x80)) {
        struct __ptrace_syscall_info info;
        ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && has_started)
            enter(process, &info);
        else
            leave(process);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        ptrace(PTRACE_LISTEN, pid, 0, 0);
        return;
    } else if (!event) {
        ptrace(PTRACE_SYSCALL, pid, 0, signal);
        return;
    }
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

static int error_of(const char *name)
{
    if (strcmp(name, "short") == 0)
        return SHORT;
    for (int error = 1; error < 134; error++) {
        const char *known = strerrorname_np(error);
        if (known && strcmp(known, name) == 0)
            return error;
    }
    errx(99, "%s: no errno", name);
}

static void parse_plan(char *text)
{
    char *end;
    plan.call = strsep(&text, ":");
    const char *number = strsep(&text, ":");
    if (!text)
        errx(99, "-f CALL:N[+]:ERROR");
    plan.first = (int)strtol(number, &end, 10);
    plan.goes_on = *end == '+';
    plan.error = error_of(text);
}

/* The descriptors, the signals and the working directory are COMMAND's as they come. */
static pid_t start(char **command)
{
    pid_t pid = fork();
    if (pid < 0)
        err(99, "fork");
    if (pid == 0) {
        raise(SIGSTOP);
        execvp(*command, command);
        err(99, "%s", *command);
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (waitpid(pid, NULL, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
        err(99, "ptrace");
    kill(pid, SIGCONT);
    processes[0] = (struct process){.pid = pid};
    return pid;
}

static void tick(int signal)
{
    (void)signal;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Kills all children, and with them those that become children by that. Returns how many. */
static int kill_children(void)
{
    int killed = 0;
    for (int round = 0; round < 100; round++) {
        FILE *list = fopen("/proc/thread-self/children", "re");
        int pid, found = 0;
        while (list && fscanf(list, "%d", &pid) == 1) {
            found++;
            kill(pid, SIGKILL);
            waitpid(pid, NULL, __WALL);
        }
        if (list)
            fclose(list);
        if (found == 0)
            break;
        killed += found;
    }
    return killed;
}

/* Waits until COMMAND and all its descendants have ended, or END. Returns COMMAND's status; -1 if
 * it still lives. */
static int follow(pid_t command, double end)
{
    int result = -1, status;
    while (now() < end) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno != EINTR)
            break;
        if (pid <= 0)
            continue;
        if (WIFSTOPPED(status)) {
            handle(pid, status);
            continue;
        }
        struct process *process = find(pid);
        if (process)
            process->pid = 0;
        if (pid == command) {
            result = status;
            end = now() + GRACE;
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    double limit = 10;
    log_file = fopen("/dev/null", "we");
    for (int option; (option = getopt(argc, argv, "+l:t:f:")) != -1;)
        if (option == 'l')
            log_file = fopen(optarg, "we");
        else if (option == 't')
            limit = atof(optarg);
        else if (option == 'f')
            parse_plan(optarg);
        else
            return 99;
    if (!log_file || !argv[optind])
        errx(99, "[-l LOG] [-t SECONDS] [-f CALL:N[+]:ERROR] -- COMMAND [ARG]...");

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = tick}, NULL);
    pid_t command = start(argv + optind);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 100000}, {0, 100000}}, NULL);
    int status = follow(command, now() + limit), left = kill_children();
    bool hangs = status == -1;
    int signal = !hangs && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = hangs || signal ? 128 + (hangs ? SIGKILL : signal) : WEXITSTATUS(status);
    fprintf(log_file, "end status=%d signal=%d hits=%d left=%d hang=%d\n", code, signal, hits,
            hangs ? 0 : left, hangs);
    return code;
}
#endif
