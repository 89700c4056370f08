#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t noted, count;   /* the last of them, and how many there were */
static bool is_pardoned;                     /* the first of them ends no wait any more */
static volatile sig_atomic_t is_from_kernel; /* of the last of them */

static int is_handled;
/* Whether the timer is ours; before that it may be an alarm(2) that the caller set for COMMAND. */
static volatile sig_atomic_t is_ticking;

/* AFTER is above 0, which would stop the timer. Linux runs ITIMER_REAL on the monotonic clock
 * (getitimer(2) and kernel/time/itimer.c), so setting the system's time neither shortens nor
 * lengthens a wait. */
static void start_timer(int64_t after)
{
    int64_t microseconds = after / 1000 + (after % 1000 != 0);
    struct itimerval timer = {
        .it_value = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000},
        .it_interval = {.tv_usec = 10000},
    };
    setitimer(ITIMER_REAL, &timer, NULL);
    is_ticking = 1;
}

static void on_tick(int signal)
{
    (void)signal;
}

static void handle_ticks(void)
{
    if (is_handled)
        return;
    struct sigaction action = {.sa_handler = on_tick};
    sigaction(SIGALRM, &action, NULL);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    is_handled = 1;
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    noted = signal;
    if (count < 2)
        count++;
    is_from_kernel = info->si_code == SI_KERNEL;
    start_timer(1);
    errno = saved;
}

void stop_catch(void)
{
    handle_ticks();
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction action;
        if (sigaction(fatal[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            continue;
        action = (struct sigaction){.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};
        sigaction(fatal[i], &action, NULL);
    }
}

int stop_signal(void)
{
    return count > is_pardoned ? noted : 0;
}

bool stop_pardon(void)
{
    if (is_pardoned)
        return false;
    is_pardoned = true;
    stop_untick();
    return true;
}

bool stop_is_from_terminal(void)
{
    return is_from_kernel;
}

_Noreturn void stop_die(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigaction(noted, &action, NULL);
    raise(noted);
    sigemptyset(&set);
    sigaddset(&set, noted);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(128 + noted);
}

void stop_obey(void)
{
    if (noted)
        stop_die();
}

void stop_release(void)
{
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction action;
        if (sigaction(fatal[i], NULL, &action) == 0 && action.sa_flags & SA_SIGINFO)
            signal(fatal[i], SIG_DFL);
    }
    stop_obey();
}

void stop_ignore(void)
{
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_IGN);
    count = 0;
}

void stop_tick(int64_t after)
{
    handle_ticks();
    start_timer(after > 0 ? after : 1);
    if (stop_signal())
        start_timer(1); /* its tick goes on: the wait must not last until AFTER */
}

void stop_untick(void)
{
    struct itimerval off = {0};
    if (is_ticking && !stop_signal())
        setitimer(ITIMER_REAL, &off, NULL);
    if (stop_signal())
        start_timer(1); /* the signal came between the two lines */
}
