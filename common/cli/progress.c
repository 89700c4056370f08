#include "cli/progress.h"

#include "cli/diag.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    bool is_started, is_terminal;
    bool has_open_line; /* the terminal's cursor stands behind the meter */
    int64_t total, moved;
    double begin;
    double drawn_at; /* the time of the last drawing; before the first, BEGIN */
    int64_t drawn;   /* the bytes that it showed */
} meter;

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
static void print_line(const char *line, bool is_last)
{
    char text[256];
    bool stays = is_last || !meter.is_terminal;
    int size = snprintf(text, sizeof text, "%s%s%s%s", meter.is_terminal ? "\r" : "", line,
                        meter.is_terminal ? "\033[K" : "", stays ? "\n" : "");
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)size);
    (void)ignored; /* there is nobody left to tell */
    meter.has_open_line = !stays;
}

static void draw(double time)
{
    char line[160], size[32], speed[32], left[32];
    double moved = (double)meter.moved, total = (double)meter.total;
    double rate = (moved - (double)meter.drawn) / (time - meter.drawn_at);
    int used =
        snprintf(line, sizeof line, "%s, %s/s", format_size(moved, size), format_size(rate, speed));

    if (total > 0 && moved > 0) {
        double part = moved < total ? moved / total : 1;
        double elapsed = time - meter.begin;
        snprintf(line + used, sizeof line - (size_t)used, ", %.0f %%, %s left", part * 100,
                 format_time(elapsed / part - elapsed, left));
    }
    print_line(line, false);
    meter.drawn_at = time;
    meter.drawn = meter.moved;
}

static void end_open_line(void)
{
    if (!meter.has_open_line)
        return;
    ssize_t ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    meter.has_open_line = false;
}

void progress_start(int64_t total)
{
    int saved = errno;
    meter.is_started = true;
    meter.is_terminal = isatty(STDERR_FILENO);
    meter.total = total;
    meter.begin = meter.drawn_at = now();
    diag_before(end_open_line);
    errno = saved;
}

void progress_add(int64_t bytes)
{
    if (!meter.is_started)
        return;
    int saved = errno;
    meter.moved += bytes;
    double time = now(), pause = meter.is_terminal ? 0.25 : 1;
    if (time - meter.drawn_at >= pause)
        draw(time);
    errno = saved;
}

void progress_end(void)
{
    if (!meter.is_started)
        return;
    char line[160], size[32], time[32], speed[32];
    double moved = (double)meter.moved, elapsed = now() - meter.begin;
    snprintf(line, sizeof line, "%s in %s, %s/s", format_size(moved, size),
             format_time(elapsed, time), format_size(elapsed > 0 ? moved / elapsed : 0, speed));
    print_line(line, true);
}
