#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t noted;

/* Linux runs ITIMER_REAL on the monotonic clock (getitimer(2) and kernel/time/itimer.c), so setting
 * the system's time neither shortens nor lengthens a wait. */
static void start_timer(int64_t after)
{
    if (after < 1000)
        after = 1000; /* a zero would stop it */
    struct itimerval timer = {
        .it_value = {.tv_sec = after / 1000000000, .tv_usec = after % 1000000000 / 1000},
        .it_interval = {.tv_usec = 10000},
    };
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_tick(int signal)
{
    (void)signal;
}

static void handle_ticks(void)
{
    static int is_handled;
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

static void on_fatal(int signal)
{
    int saved = errno;
    noted = signal;
    start_timer(0);
    errno = saved;
}

void stop_catch(void)
{
    handle_ticks();
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction action;
        if (sigaction(fatal[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            continue;
        action = (struct sigaction){.sa_handler = on_fatal};
        sigaction(fatal[i], &action, NULL);
    }
}

int stop_signal(void)
{
    return noted;
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

void stop_tick(int64_t after)
{
    handle_ticks();
    start_timer(after);
}

void stop_untick(void)
{
    struct itimerval off = {0};
    if (!noted)
        setitimer(ITIMER_REAL, &off, NULL);
    if (noted)
        start_timer(0); /* the signal came between the two lines */
}
