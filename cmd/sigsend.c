/* sigsend: sends a signal to processes and waits for their end
 *
 * Every process is opened as a pidfd before the first signal is sent, and signalled and waited for
 * through it. A PID that is used again meanwhile is never hit: the pidfd answers that its process
 * is gone. Where there are more processes than descriptors, they are treated in lots, each lot
 * to its end before the next is opened. What is sent stays sent when another process fails. */

#include "diag.h"
#include "exits.h"
#include "io.h"
#include "options.h"
#include "parse.h"
#include "process.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STATUS_OF_SIGNAL = 128 }; /* a shell's exit status for what died of signal N, less N */

struct payload {
    bool is_given;
    int number;
};

struct delivery {
    int signal;
    struct payload value;
    bool waits;
    int64_t timeout;
};

static const char *parse_value(const char *text, void *value)
{
    struct payload *payload = value;
    payload->is_given = true;
    return parse_int(text, &payload->number);
}

/* A signal to describe: an exit status of a shell stands for the signal it tells of. */
static const char *parse_listed(const char *text, void *value)
{
    uint64_t status;
    const char *end = parse_digits(text, 10, STATUS_OF_SIGNAL + SIGNALS_MAX, &status);
    if (end && *end == '\0' && status > STATUS_OF_SIGNAL) {
        *(int *)value = (int)status - STATUS_OF_SIGNAL;
        return NULL;
    }
    const char *why = signals_parse(text, value);
    return !why && *(int *)value == 0 ? "0 is no signal, only a test" : why;
}

static void print_signal(int number)
{
    printf("%2d  %-8s  %-9s  %s\n", number, signals_name(number), signals_action(number),
           signals_meaning(number));
}

static void list_signals(struct operands operands)
{
    int number;
    for (struct operands rest = operands; rest.count > 0;) /* all are right before one is printed */
        options_operand(&rest, "SIG", parse_listed, &number);

    for (number = 1; operands.count == 0 && number <= SIGNALS_MAX; number++)
        print_signal(number);
    while (operands.count > 0) {
        options_operand(&operands, "SIG", parse_listed, &number);
        print_signal(number);
    }
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

/* Says why errno kept TARGET from WHAT (`send TERM`). Returns the status that stands for it; with
 * -w a target that is gone is as it should be. */
static int fail(const struct process *target, const char *what, const char *name, bool waits)
{
    int errnum = errno;
    char hint[64];
    if (errnum == ESRCH && waits)
        return EXIT_DONE;

    const char *why = process_hint(target, errnum, hint, sizeof hint);
    int status = errnum == EAGAIN ? EXIT_FAILED : exits_for(errnum);
    errno = errnum;
    if (status == EXIT_NO)
        diag_note("%d: %s%s: %m%s", (int)target->pid, what, name, why);
    else
        diag_warn("%d: %s%s: %m%s", (int)target->pid, what, name, why);
    return status;
}

static int worse(int one, int other)
{
    return one > other ? one : other;
}

/* Lets COUNT processes be open at once, as far as the hard limit allows. */
static void need_descriptors(int count)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)count + 16;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return;
    limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Opens targets, COUNT at most, until there is no descriptor left. Returns how many it went
 * through, one at least; those that it could not open have no descriptor. */
static int open_lot(struct process *targets, int count, const struct delivery *delivery,
                    int *status)
{
    int opened = 0;
    for (int i = 0; i < count; i++) {
        if (process_open(&targets[i], targets[i].pid) == 0) {
            opened++;
            continue;
        }
        if ((errno == EMFILE || errno == ENFILE) && opened > 0)
            return i;
        const char *name = signals_name(delivery->signal);
        *status = worse(*status, fail(&targets[i], "send ", name, delivery->waits));
    }
    return count;
}

/* Treats one lot of open targets to its end and closes them. Returns the worst status. */
static int deliver(struct process *targets, int count, const struct delivery *delivery,
                   const struct deadline *deadline)
{
    const int *value = delivery->value.is_given ? &delivery->value.number : NULL;
    const char *name = signals_name(delivery->signal);
    int status = EXIT_DONE;
    for (int i = 0; i < count; i++) {
        if (targets[i].fd < 0 || process_send(&targets[i], delivery->signal, value) == 0)
            continue;
        status = worse(status, fail(&targets[i], "send ", name, delivery->waits));
        process_close(&targets[i]);
    }

    /* Waiting for one after the other takes as long as waiting for all at once. */
    for (int i = 0; i < count; i++) {
        if (targets[i].fd >= 0 && delivery->waits && process_wait(&targets[i], deadline) < 0)
            status = worse(status, fail(&targets[i], "wait for its end", "", delivery->waits));
        process_close(&targets[i]);
    }
    return status;
}

static struct process *parse_targets(struct operands *operands, bool waits)
{
    int count = operands->count;
    struct process *targets = calloc((size_t)count + 1, sizeof *targets);
    if (!targets)
        diag_die(EXIT_FAILED, "remember %d processes: %m", count);
    for (int i = 0; i < count || i == 0; i++) {
        options_operand(operands, "PID", process_parse, &targets[i].pid);
        if (waits && targets[i].pid == getpid())
            diag_die(EXIT_USAGE, "%d: is sigsend itself, which cannot wait for its own end",
                     (int)targets[i].pid);
    }
    return targets;
}

static const char *const synopsis[] = {
    "[-s SIG] [--value N] [-w] [-t TIME] PID...",
    "--list [SIG]...",
    NULL,
};

static const struct tool tool = {
    .name = "sigsend",
    .purpose = "Send a signal to processes and wait for their end",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct delivery delivery = {.signal = -1, .timeout = DEADLINE_NEVER};
    bool lists = false;
    const struct option table[] = {
        {'s', "signal", "SIG", signals_parse, &delivery.signal, "TERM, 15, RTMIN+3; 0: only test"},
        {0, "value", "N", parse_value, &delivery.value, "an integer that goes along"},
        {'w', "wait", NULL, NULL, &delivery.waits, "wait until every process is gone"},
        {OPTION_TIMEOUT(&delivery.timeout)},
        {0, "list", NULL, NULL, &lists, "print number, name, default action and meaning"},
        {0},
    };

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    bool has_timeout = delivery.timeout != DEADLINE_NEVER;
    if (lists && (delivery.signal >= 0 || delivery.value.is_given || delivery.waits || has_timeout))
        diag_die(EXIT_USAGE, "--list goes with no option that sends");
    if (lists) {
        list_signals(operands);
        return EXIT_DONE;
    }
    if (has_timeout && !delivery.waits)
        diag_die(EXIT_USAGE, "-t goes with -w");
    if (delivery.signal == 0 && delivery.value.is_given)
        diag_die(EXIT_USAGE, "--value: signal 0 is only a test and takes no value along");
    if (delivery.signal < 0)
        delivery.signal = SIGTERM;

    int count = operands.count, status = EXIT_DONE;
    struct process *targets = parse_targets(&operands, delivery.waits);
    need_descriptors(count);
    struct deadline deadline = deadline_in(delivery.timeout);
    while (count > 0) {
        int lot = open_lot(targets, count, &delivery, &status);
        status = worse(status, deliver(targets, lot, &delivery, &deadline));
        targets += lot;
        count -= lot;
    }
    return status;
}
