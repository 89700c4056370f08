#include "sys/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* What ticks: a signal of which nobody else thinks. SIGALRM keeps its meaning, and with it an
 * alarm(2) that the caller set before the exec. */
#define TICK (SIGRTMAX - 2)

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM};

static volatile sig_atomic_t noted, count;     /* the last of them, and how many there were */
static bool is_pardoned;                       /* the first of them ends no wait any more */
static volatile sig_atomic_t is_from_terminal; /* the last of them */

static volatile sig_atomic_t is_handled;
static timer_t timer;
static bool tick_was_ignored;
/* The user has no room for a timer (RLIMIT_SIGPENDING): ITIMER_REAL and its SIGALRM have to do. */
static bool is_poor;

static int create_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = TICK};
    return timer_create(CLOCK_MONOTONIC, &event, &timer);
}

/* Lets it tick from AFTER nanoseconds on; 0 stops it. Linux runs ITIMER_REAL too on the monotonic
 * clock (getitimer(2) and kernel/time/itimer.c), so setting the system's time neither shortens nor
 * lengthens a wait. */
static void set_timer(int64_t after)
{
    enum { INTERVAL = 10000000 };
    if (is_poor) {
        int64_t microseconds = after / 1000 + (after % 1000 != 0);
        const struct itimerval times = {
            .it_value = {microseconds / 1000000, microseconds % 1000000},
            .it_interval = {.tv_usec = INTERVAL / 1000},
        };
        setitimer(ITIMER_REAL, &times, NULL);
        return;
    }
    const struct itimerspec times = {
        .it_value = {after / 1000000000, after % 1000000000},
        .it_interval = {.tv_nsec = INTERVAL},
    };
    /* A child of fork(2) has no timer yet. */
    if (timer_settime(timer, 0, &times, NULL) < 0 && after > 0 && create_timer() == 0)
        timer_settime(timer, 0, &times, NULL);
}

static void on_tick(int signal)
{
    (void)signal;
}

/* The handler of a signal calls this too: a timer that nothing needs is not made. */
static void handle_ticks(void)
{
    if (is_handled)
        return;
    is_poor = create_timer() < 0;
    struct sigaction action = {.sa_handler = on_tick}, old;
    sigaction(is_poor ? SIGALRM : TICK, &action, &old);
    tick_was_ignored = old.sa_handler == SIG_IGN;
    is_handled = 1;
}

/* Blocks the fatal signals. BEFORE is what was blocked. Returns what it blocked. */
static sigset_t block(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaddset(&set, fatal[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    return set;
}

/* The signal that ticks is never left blocked. */
static void unblock(sigset_t *before)
{
    sigdelset(before, is_poor ? SIGALRM : TICK);
    sigprocmask(SIG_SETMASK, before, NULL);
}

/* How many of the fatal signals are that: SIGALRM, the last, not where it ticks. */
static size_t fatal_count(void)
{
    return sizeof fatal / sizeof *fatal - is_poor;
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    noted = signal;
    if (count < 2)
        count++;
    is_from_terminal = info->si_code == SI_KERNEL && signal != SIGALRM;
    handle_ticks();
    set_timer(1);
    errno = saved;
}

/* While a signal is blocked nobody sees that one which is ignored was not so for a moment. */
void interrupt_catch(void)
{
    sigset_t before;
    struct sigaction old,
        action = {.sa_sigaction = on_fatal, .sa_mask = block(&before), .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < fatal_count(); i++)
        if (sigaction(fatal[i], &action, &old) == 0 && old.sa_handler == SIG_IGN)
            sigaction(fatal[i], &old, NULL);
    unblock(&before);
}

int interrupt_signal(void)
{
    return count > is_pardoned ? noted : 0;
}

bool interrupt_defer_once(void)
{
    if (is_pardoned)
        return false;
    is_pardoned = true;
    interrupt_timer_disarm();
    return true;
}

void interrupt_defer(void)
{
    if (count == 0)
        return;
    interrupt_defer_once();
    count = 1; /* as if only the first had come, which is deferred */
    interrupt_timer_disarm();
}

bool interrupt_is_pending(void)
{
    return noted;
}

bool interrupt_is_from_terminal(void)
{
    return is_from_terminal;
}

_Noreturn void interrupt_reraise(void)
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

void interrupt_reraise_pending(void)
{
    if (noted)
        interrupt_reraise();
}

void interrupt_release(void)
{
    for (size_t i = 0; i < fatal_count(); i++) {
        struct sigaction action;
        if (sigaction(fatal[i], NULL, &action) == 0 && action.sa_flags & SA_SIGINFO)
            signal(fatal[i], SIG_DFL);
    }
    interrupt_reraise_pending();
}

void interrupt_ignore(void)
{
    for (size_t i = 0; i < fatal_count(); i++)
        signal(fatal[i], SIG_IGN);
    count = 0;
}

void interrupt_timer_arm(int64_t after)
{
    if (!is_handled) {
        sigset_t before;
        block(&before);
        handle_ticks();
        unblock(&before);
    }
    set_timer(after > 0 ? after : 1);
    if (interrupt_signal())
        set_timer(1); /* its tick goes on: the wait must not last until AFTER */
}

void interrupt_timer_disarm(void)
{
    if (is_handled && !interrupt_signal())
        set_timer(0);
    if (interrupt_signal())
        set_timer(1); /* the signal came between the two lines */
}

void interrupt_restore(void)
{
    interrupt_timer_disarm();
    if (tick_was_ignored)
        signal(is_poor ? SIGALRM : TICK, SIG_IGN);
}
