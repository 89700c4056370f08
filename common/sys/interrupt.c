#include "sys/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The signal of the tick: one that no other program uses. SIGALRM keeps its meaning, and with it an
 * alarm(2) that the caller set before the exec. */
#define TICK (SIGRTMAX - 2)

enum { INTERVAL = 10000000 }; /* nanoseconds between two ticks */

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM};

static volatile sig_atomic_t noted, count;     /* the last signal, and how many came, up to 2 */
static bool is_deferred;                       /* the first of them ends no wait any more */
static volatile sig_atomic_t is_from_terminal; /* the last of them */

static volatile sig_atomic_t is_handled; /* the tick has a handler, and a timer if there is one */
static int timer;
static bool tick_was_ignored;
/* The user may have no more timers (RLIMIT_SIGPENDING): ITIMER_REAL and SIGALRM tick instead. */
static bool lacks_timer;

/* The functions of the C library would link its threads into every static tool: timer_create(3) can
 * start one. The kernel's own number of the timer is an int. */
static int create_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = TICK};
    return (int)syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
}

/* Architectures of 32 bits have a second call, for times of 64 bits. */
static int arm_timer(int64_t after)
{
#ifdef SYS_timer_settime64
    enum { CALL = SYS_timer_settime64 };
#else
    enum { CALL = SYS_timer_settime };
#endif
    const struct {
        int64_t interval[2], first[2]; /* seconds, nanoseconds */
    } times = {{0, INTERVAL}, {after / 1000000000, after % 1000000000}};
    return (int)syscall(CALL, timer, 0, &times, NULL);
}

/* Linux runs ITIMER_REAL too on the monotonic clock (getitimer(2) and kernel/time/itimer.c), so
 * setting the system's time neither shortens nor lengthens a wait. */
static void arm_interval_timer(int64_t after)
{
    int64_t microseconds = after / 1000 + (after % 1000 != 0);
    const struct itimerval times = {
        .it_value = {microseconds / 1000000, microseconds % 1000000},
        .it_interval = {.tv_usec = INTERVAL / 1000},
    };
    setitimer(ITIMER_REAL, &times, NULL);
}

/* Lets it tick from AFTER nanoseconds on; 0 stops it. */
static void set_timer(int64_t after)
{
    if (lacks_timer)
        arm_interval_timer(after);
    else if (arm_timer(after) < 0 && after > 0 && create_timer() == 0)
        arm_timer(after); /* a child of fork(2) has no timer yet */
}

static void on_tick(int signal)
{
    (void)signal;
}

/* Called when the first tick is needed, be it in the handler of a signal. */
static void enable_ticks(void)
{
    if (is_handled)
        return;
    lacks_timer = create_timer() < 0;
    struct sigaction action = {.sa_handler = on_tick}, old;
    sigaction(lacks_timer ? SIGALRM : TICK, &action, &old);
    tick_was_ignored = old.sa_handler == SIG_IGN;
    is_handled = 1;
}

/* Blocks the fatal signals. BEFORE gets what was blocked. Returns what it blocked. */
static sigset_t block_fatal(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaddset(&set, fatal[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    return set;
}

/* Restores BEFORE, but never leaves the tick blocked. */
static void unblock_fatal(sigset_t *before)
{
    sigdelset(before, lacks_timer ? SIGALRM : TICK);
    sigprocmask(SIG_SETMASK, before, NULL);
}

/* How many of the fatal signals are so: SIGALRM, the last, is not while it ticks. */
static size_t fatal_count(void)
{
    return sizeof fatal / sizeof *fatal - lacks_timer;
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    noted = signal;
    if (count < 2)
        count++;
    is_from_terminal = info->si_code == SI_KERNEL && signal != SIGALRM;
    enable_ticks();
    set_timer(1);
    errno = saved;
}

/* A signal that the parent ignores gets a handler for a moment; blocked, it does not reach it. */
void interrupt_catch(void)
{
    sigset_t before;
    struct sigaction old, action = {.sa_sigaction = on_fatal,
                                    .sa_mask = block_fatal(&before),
                                    .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < fatal_count(); i++)
        if (sigaction(fatal[i], &action, &old) == 0 && old.sa_handler == SIG_IGN)
            sigaction(fatal[i], &old, NULL);
    unblock_fatal(&before);
}

int interrupt_signal(void)
{
    return count > is_deferred ? noted : 0;
}

bool interrupt_defer_once(void)
{
    if (is_deferred)
        return false;
    is_deferred = true;
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
        block_fatal(&before);
        enable_ticks();
        unblock_fatal(&before);
    }
    set_timer(after > 0 ? after : 1);
    if (interrupt_signal())
        set_timer(1); /* a signal's tick goes on: the wait must not last until AFTER */
}

void interrupt_timer_disarm(void)
{
    if (is_handled && !interrupt_signal())
        set_timer(0);
    if (interrupt_signal())
        set_timer(1); /* the signal came between the two conditions */
}

void interrupt_restore(void)
{
    interrupt_timer_disarm();
    if (tick_was_ignored)
        signal(lacks_timer ? SIGALRM : TICK, SIG_IGN);
}
