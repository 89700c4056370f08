/* The thread may stand anywhere when the tool forks, and the child may print a message; so a
 * message takes no lock, only the note that a line is open. */
#include "cli/progress.h"

#include "cli/diag.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    bool is_started, is_terminal;
    int64_t total;
    double begin;
    _Atomic int64_t moved;
    atomic_bool is_line_open; /* the terminal's cursor stands behind the meter */
    pthread_mutex_t drawing;  /* of who draws: the thread, or progress_end */
} meter = {.drawing = PTHREAD_MUTEX_INITIALIZER};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* `1.5 GiB` into TEXT. */
static const char *format_size(double bytes, char text[static 32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit < sizeof units / sizeof *units - 1; unit++)
        bytes /= 1024;
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

/* `1:02:03`, or `7 s`, into TEXT. */
static const char *format_time(double seconds, char text[static 32])
{
    long long whole = (long long)seconds;
    if (seconds < 60)
        snprintf(text, 32, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    else if (whole < 3600)
        snprintf(text, 32, "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    return text;
}

/* One write, so that the lines of several meters stay apart. */
static void show(const char *line, bool is_last)
{
    char text[256];
    bool stays = is_last || !meter.is_terminal;
    int size = snprintf(text, sizeof text, "%s%s%s%s", meter.is_terminal ? "\r" : "", line,
                        meter.is_terminal ? "\033[K" : "", stays ? "\n" : "");
    atomic_store(&meter.is_line_open, !stays);
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)size);
    (void)ignored; /* there is no one left to tell */
}

static void draw(double elapsed, double rate)
{
    char line[160], size[32], speed[32], left[32];
    int64_t moved = atomic_load(&meter.moved);
    int used = snprintf(line, sizeof line, "%s, %s/s", format_size((double)moved, size),
                        format_size(rate, speed));
    if (meter.total > 0 && moved > 0) {
        double part = (double)moved / (double)meter.total;
        double rest = part < 1 ? elapsed / part - elapsed : 0;
        snprintf(line + used, sizeof line - (size_t)used, ", %.0f %%, %s left",
                 part < 1 ? part * 100 : 100, format_time(rest, left));
    }
    show(line, false);
}

static void *run(void *unused)
{
    const struct timespec pause = {.tv_sec = !meter.is_terminal,
                                   .tv_nsec = meter.is_terminal ? 250000000 : 0};
    double before = meter.begin;
    int64_t seen = 0;
    for (;;) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&meter.drawing); /* progress_end keeps it: after the last line, none */
        double time = now();
        int64_t moved = atomic_load(&meter.moved);
        draw(time - meter.begin, (double)(moved - seen) / (time - before));
        before = time;
        seen = moved;
        pthread_mutex_unlock(&meter.drawing);
    }
    return unused;
}

static void end_open_line(void)
{
    if (atomic_exchange(&meter.is_line_open, false)) {
        ssize_t ignored = write(STDERR_FILENO, "\n", 1);
        (void)ignored;
    }
}

void progress_start(int64_t total)
{
    pthread_t thread;
    sigset_t all, before;
    int saved = errno;
    meter.is_started = true;
    meter.is_terminal = isatty(STDERR_FILENO);
    meter.total = total;
    meter.begin = now();
    diag_before(end_open_line);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, run, NULL) == 0) /* else there is the last line, at least */
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
}

void progress_add(int64_t bytes)
{
    if (meter.is_started) /* only the tool's own thread counts */
        atomic_store(&meter.moved, atomic_load(&meter.moved) + bytes);
}

void progress_end(void)
{
    if (!meter.is_started)
        return;
    char line[160], size[32], time[32], speed[32];
    pthread_mutex_lock(&meter.drawing);
    double moved = (double)atomic_load(&meter.moved), elapsed = now() - meter.begin;
    snprintf(line, sizeof line, "%s in %s, %s/s", format_size(moved, size),
             format_time(elapsed, time), format_size(elapsed > 0 ? moved / elapsed : 0, speed));
    show(line, true);
}
