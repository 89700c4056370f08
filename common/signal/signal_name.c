#include "signal/signal_name.h"

#include "cli/report.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct entry {
    const char *name, *action, *meaning;
};

static const char terminates[] = "terminate", dumps[] = "core", stops[] = "stop",
                  is_ignored[] = "ignore", continues[] = "continue";

static const struct entry standard[] = {
    [0] = {"0", is_ignored, "nothing is sent"},
    [SIGHUP] = {"HUP", terminates, "the terminal is gone; to daemons: read the settings again"},
    [SIGINT] = {"INT", terminates, "interrupt from the keyboard (Ctrl-C)"},
    [SIGQUIT] = {"QUIT", dumps, "quit from the keyboard (Ctrl-\\)"},
    [SIGILL] = {"ILL", dumps, "illegal instruction"},
    [SIGTRAP] = {"TRAP", dumps, "breakpoint, for a debugger"},
    [SIGABRT] = {"ABRT", dumps, "abort(3): the program found itself in error"},
    [SIGBUS] = {"BUS", dumps, "memory that cannot be had, such as past the end of a mapped file"},
    [SIGFPE] = {"FPE", dumps, "wrong arithmetic, such as a division by zero"},
    [SIGKILL] = {"KILL", terminates, "kill; cannot be caught, blocked or ignored"},
    [SIGUSR1] = {"USR1", terminates, "what the program makes of it"},
    [SIGSEGV] = {"SEGV", dumps, "memory that is not the program's"},
    [SIGUSR2] = {"USR2", terminates, "what the program makes of it"},
    [SIGPIPE] = {"PIPE", terminates, "write to a pipe or socket that nobody reads"},
    [SIGALRM] = {"ALRM", terminates, "timer of alarm(2) or setitimer(2)"},
    [SIGTERM] = {"TERM", terminates, "please end"},
    [SIGSTKFLT] = {"STKFLT", terminates, "unused"},
    [SIGCHLD] = {"CHLD", is_ignored, "a child ended, stopped or went on"},
    [SIGCONT] = {"CONT", continues, "go on after a stop"},
    [SIGSTOP] = {"STOP", stops, "stop; cannot be caught, blocked or ignored"},
    [SIGTSTP] = {"TSTP", stops, "stop from the keyboard (Ctrl-Z)"},
    [SIGTTIN] = {"TTIN", stops, "read from the terminal in the background"},
    [SIGTTOU] = {"TTOU", stops, "write to the terminal in the background"},
    [SIGURG] = {"URG", is_ignored, "urgent data on a socket"},
    [SIGXCPU] = {"XCPU", dumps, "more processor time than ulimit -t"},
    [SIGXFSZ] = {"XFSZ", dumps, "a file larger than ulimit -f"},
    [SIGVTALRM] = {"VTALRM", terminates, "timer of the program's own processor time"},
    [SIGPROF] = {"PROF", terminates, "timer of a profiler"},
    [SIGWINCH] = {"WINCH", is_ignored, "the terminal has another size"},
    [SIGIO] = {"IO", terminates, "a descriptor is ready"},
    [SIGPWR] = {"PWR", terminates, "the power fails"},
    [SIGSYS] = {"SYS", dumps, "system call that does not exist or is forbidden"},
    /* Threads of the GNU C library use these two: nptl(7). */
    [32] = {"32", terminates, "reserved by the C library"},
    [33] = {"33", terminates, "reserved by the C library"},
};

static const struct entry realtime_entry = {"", terminates,
                                            "realtime: queued, in order, with a value"};

/* Counted from the nearer end, as kill -l of the shells does. */
static const char *const realtime[] = {
    "RTMIN",    "RTMIN+1",  "RTMIN+2",  "RTMIN+3",  "RTMIN+4",  "RTMIN+5",  "RTMIN+6",  "RTMIN+7",
    "RTMIN+8",  "RTMIN+9",  "RTMIN+10", "RTMIN+11", "RTMIN+12", "RTMIN+13", "RTMIN+14", "RTMIN+15",
    "RTMAX-14", "RTMAX-13", "RTMAX-12", "RTMAX-11", "RTMAX-10", "RTMAX-9",  "RTMAX-8",  "RTMAX-7",
    "RTMAX-6",  "RTMAX-5",  "RTMAX-4",  "RTMAX-3",  "RTMAX-2",  "RTMAX-1",  "RTMAX",
};

static const struct {
    const char *name;
    int number;
} aliases[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"POLL", SIGIO}};

static int find_name(const char *name)
{
    for (int number = 1; number < 32; number++)
        if (strcasecmp(name, standard[number].name) == 0)
            return number;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcasecmp(name, aliases[i].name) == 0)
            return aliases[i].number;
    return -1;
}

/* NAME is `RTMIN`, `RTMAX`, or one of them with the distance from that end. */
static int find_realtime(const char *name)
{
    bool is_min = strncasecmp(name, "RTMIN", 5) == 0;
    if (!is_min && strncasecmp(name, "RTMAX", 5) != 0)
        return -1;
    uint64_t distance = 0;
    const char *sign = name + 5;
    if (*sign != '\0') {
        const char *end = parse_digits(sign + 1, 10, SIGNAL_MAX - SIGNAL_RTMIN, &distance);
        if (*sign != (is_min ? '+' : '-') || !end || end == sign + 1 || *end)
            return -1;
    }
    return is_min ? SIGNAL_RTMIN + (int)distance : SIGNAL_MAX - (int)distance;
}

const char *signal_name_parse(const char *text, void *value)
{
    static const char wrong[] =
        "not a signal (TERM, SIGTERM, 15, RTMIN+3; sigsend --list shows them all)";
    uint64_t number;
    const char *end = parse_digits(text, 10, SIGNAL_MAX, &number);
    if (!end)
        return "the last signal is 64";
    if (end > text) {
        if (*end)
            return wrong;
        *(int *)value = (int)number;
        return NULL;
    }

    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    int found = find_name(name);
    if (found < 0)
        found = find_realtime(name);
    if (found < 0)
        return wrong;
    *(int *)value = found;
    return NULL;
}

const char *signal_name_parse_status(const char *text, void *value)
{
    enum { STATUS = 128 };
    uint64_t status;
    const char *end = parse_digits(text, 10, STATUS + SIGNAL_MAX, &status);
    if (end && *end == '\0' && status > STATUS) {
        *(int *)value = (int)status - STATUS;
        return NULL;
    }
    const char *why = signal_name_parse(text, value);
    return !why && *(int *)value == 0 ? "0 is no signal, only a test" : why;
}

const char *signal_name(int number)
{
    return number < SIGNAL_RTMIN ? standard[number].name : realtime[number - SIGNAL_RTMIN];
}

void signal_name_report(int number, bool json)
{
    const struct entry *entry = &realtime_entry;
    if (number < SIGNAL_RTMIN)
        entry = &standard[number];
    if (!json) {
        printf("%2d  %-8s  %-9s  %s\n", number, signal_name(number), entry->action, entry->meaning);
        return;
    }
    report_start(true);
    report_number("number", number);
    report_text("name", signal_name(number));
    report_text("action", entry->action);
    report_text("meaning", entry->meaning);
    report_end();
}
