/* The kernel's calls with the kernel's own set of signals: that of musl leaves out 32 to 34, and 34
 * is RTMIN (signals.h). */
#include "signal/signal_receive.h"

#include "sys/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int signal_receive_open(uint64_t signals)
{
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &signals, NULL, sizeof signals) < 0)
        return -1;
    return (int)syscall(SYS_signalfd4, -1, &signals, sizeof signals, SFD_CLOEXEC);
}

static const char *code_of(const struct signalfd_siginfo *info)
{
    switch (info->ssi_code) {
    case SI_USER:
        return "user";
    case SI_KERNEL:
        return "kernel";
    case SI_TIMER:
        return "timer";
    case SI_MESGQ:
        return "mesgq";
    case SI_ASYNCIO:
        return "asyncio";
    case SI_SIGIO:
        return "sigio";
    case SI_TKILL:
        return "tkill";
    default: /* sigqueue(3) has SI_QUEUE, rt_sigqueueinfo(2) any number below 0 */
        if (info->ssi_code < 0)
            return "queue";
        return info->ssi_signo == SIGCHLD ? "child" : "kernel";
    }
}

static void fill_child(struct received_signal *signal, const struct signalfd_siginfo *info)
{
    static const char *const states[] = {
        [CLD_EXITED] = "exited",   [CLD_KILLED] = "killed",   [CLD_DUMPED] = "dumped",
        [CLD_TRAPPED] = "trapped", [CLD_STOPPED] = "stopped", [CLD_CONTINUED] = "continued",
    };
    if (info->ssi_code < CLD_EXITED || info->ssi_code > CLD_CONTINUED)
        return;
    signal->state = states[info->ssi_code];
    signal->status = info->ssi_status + (info->ssi_code == CLD_EXITED ? 0 : 128);
}

int signal_receive_next(int fd, int output, struct received_signal *signal,
                        const struct deadline *deadline)
{
    struct signalfd_siginfo info;
    struct pollfd ends[] = {{.fd = fd, .events = POLLIN}, {.fd = output}};
    if (deadline_poll(ends, 2, deadline) < 0)
        return -1;
    if (ends[1].revents)
        return errno = EPIPE, -1;
    if (io_read_full(fd, &info, sizeof info) < 0)
        return -1;

    bool is_sent = info.ssi_code <= 0 && info.ssi_code != SI_TIMER && info.ssi_code != SI_SIGIO;
    *signal = (struct received_signal){
        .number = (int)info.ssi_signo,
        .code = code_of(&info),
        .has_sender = is_sent,
        .pid = (pid_t)info.ssi_pid,
        .uid = info.ssi_uid,
        .has_value = info.ssi_code < 0 && info.ssi_code != SI_TKILL && info.ssi_code != SI_SIGIO,
        .value = info.ssi_int,
    };
    if (info.ssi_signo == SIGCHLD && info.ssi_code > 0 && info.ssi_code != SI_KERNEL) {
        signal->has_sender = true;
        fill_child(signal, &info);
    }
    return 0;
}
