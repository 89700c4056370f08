/* System calls with the kernel's own set of signals: musl's lacks 32 to 34, and 34 is RTMIN
 * (signal_name.h). */
#include "signal/signal_receive.h"

#include "sys/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int signal_receive_open(struct signal_receiver *receiver, uint64_t signals)
{
    *receiver = (struct signal_receiver){.fd = -1};
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &signals, NULL, sizeof signals) == 0)
        receiver->fd = (int)syscall(SYS_signalfd4, -1, &signals, sizeof signals, SFD_CLOEXEC);
    return receiver->fd < 0 ? failure_set(&receiver->failure, "block") : 0;
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
    default: /* sigqueue(3) sends SI_QUEUE, rt_sigqueueinfo(2) any number below 0 */
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

static struct received_signal signal_of(const struct signalfd_siginfo *info)
{
    int code = info->ssi_code;
    struct received_signal signal = {
        .number = (int)info->ssi_signo,
        .code = code_of(info),
        .has_sender = code <= 0 && code != SI_TIMER && code != SI_SIGIO,
        .pid = (pid_t)info->ssi_pid,
        .uid = info->ssi_uid,
        .has_value = code < 0 && code != SI_TKILL && code != SI_SIGIO,
        .value = info->ssi_int,
    };
    if (info->ssi_signo == SIGCHLD && code > 0 && code != SI_KERNEL) {
        signal.has_sender = true;
        fill_child(&signal, info);
    }
    return signal;
}

static int fail_to_write(struct signal_receiver *receiver)
{
    errno = EPIPE;
    failure_set(&receiver->failure, "write");
    receiver->failure.object = "stdout";
    return -1;
}

int signal_receive_next(struct signal_receiver *receiver, int output,
                        struct received_signal *signal, const struct deadline *deadline)
{
    struct signalfd_siginfo info;
    struct pollfd ends[] = {{.fd = receiver->fd, .events = POLLIN}, {.fd = output}};
    if (deadline_poll(ends, 2, deadline) < 0)
        return failure_set(&receiver->failure, "receive");
    if (ends[1].revents)
        return fail_to_write(receiver);
    if (io_read_full(receiver->fd, &info, sizeof info) < 0)
        return failure_set(&receiver->failure, "receive");
    *signal = signal_of(&info);
    return 0;
}
