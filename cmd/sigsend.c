/* sigsend: sends a signal to processes and waits for their end
 *
 * Every process is opened as a pidfd before the first signal is sent, and signalled and waited for
 * through it. A PID that is used again meanwhile is never hit: the pidfd answers that its process
 * is gone. A PID:INODE is compared when it is opened. Where there are more processes than
 * descriptors, they are treated in lots, each lot to its end before the next is opened. What is
 * sent stays sent when another process fails.
 *
 * The steps of a ladder are for a whole lot at once: each signal goes to those that are still
 * there, then all of them have the time until the next. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "signal/signal_name.h"
#include "signal/signal_state.h"
#include "signal/target.h"
#include "sys/process.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STEPS_MAX = 16 };

struct step {
    int64_t after; /* nanoseconds, the time that the step before has */
    int signal;
};

struct ladder {
    struct step steps[1 + STEPS_MAX]; /* the first is -s */
    int count;
};

struct delivery {
    struct ladder ladder;
    bool has_value, waits, is_verbose;
    int value;
    struct deadline deadline;
    int status; /* the worst of all targets */
};

/* TIME:SIG, one step more of a struct ladder. */
static const char *parse_step(const char *text, void *value)
{
    struct ladder *ladder = value;
    char time[64];
    size_t length = strcspn(text, ":");
    if (text[length] == '\0' || length >= sizeof time)
        return "not TIME:SIG, such as 5s:KILL";
    if (ladder->count > STEPS_MAX)
        return "one step too many (16 at most)";
    memcpy(time, text, length);
    time[length] = '\0';
    struct step *step = &ladder->steps[ladder->count++];
    const char *why = parse_time(time, &step->after);
    return why ? why : signal_name_parse(text + length + 1, &step->signal);
}

static void end_output(void)
{
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static void list_signals(struct operands operands, bool json)
{
    int number;
    for (struct operands rest = operands; rest.count > 0;) /* all are right before one is printed */
        options_operand(&rest, "SIG", signal_name_parse_status, &number);

    for (number = 1; operands.count == 0 && number <= SIGNAL_MAX; number++)
        signal_name_describe(number, json);
    while (operands.count > 0) {
        options_operand(&operands, "SIG", signal_name_parse_status, &number);
        signal_name_describe(number, json);
    }
    end_output();
}

/* Says why ERRNUM kept TARGET from WHAT (`send TERM`), and is done with it. */
static void fail(struct delivery *delivery, struct target *target, int errnum, const char *what,
                 const char *name)
{
    char hint[64];
    int status = errnum == EAGAIN ? EXIT_ERROR : exit_status_of(errnum);
    const char *why = errnum == EBADMSG ? "no PID, or PID:INODE, is in it" : strerror(errnum);
    const char *more = process_hint(&target->process, errnum, hint, sizeof hint);
    errno = errnum; /* of which the message may say more */
    if (status == EXIT_NO)
        diag_note("%s: %s%s: %s%s", target->text, what, name, why, more);
    else
        diag_warn("%s: %s%s: %s%s", target->text, what, name, why, more);
    delivery->status = status > delivery->status ? status : delivery->status;
    process_close(&target->process);
    target->is_done = true;
}

/* TARGET is gone, which is as it should be; before the first step where STEP is below 0. */
static void note_end(const struct delivery *delivery, struct target *target, int step)
{
    if (delivery->is_verbose && step < 0)
        diag_note("%s: was gone before", target->text);
    else if (delivery->is_verbose)
        diag_note("%s: gone after %s", target->text,
                  signal_name(delivery->ladder.steps[step].signal));
    process_close(&target->process);
    target->is_done = true;
}

static void send_step(struct delivery *delivery, struct target *target, int step)
{
    const int *value = delivery->has_value ? &delivery->value : NULL;
    int signal = delivery->ladder.steps[step].signal, error = target->error;
    const char *name = signal_name(signal);
    bool is_read = target->process.pid > 0; /* or its pidfile failed */
    if (error == 0 && process_send(&target->process, signal, value) < 0)
        error = errno;

    if (error == ESRCH && delivery->waits)
        note_end(delivery, target, step - 1);
    else if (error != 0)
        fail(delivery, target, error, is_read ? "send " : "read", is_read ? name : "");
    else if (delivery->is_verbose)
        diag_note("%s: sent %s", target->text, name);
}

/* Returns whether TARGET is still there and has time after DEADLINE. */
static bool wait_for_end(struct delivery *delivery, struct target *target, int step,
                         const struct deadline *deadline)
{
    if (process_wait(&target->process, deadline) == 0)
        note_end(delivery, target, step);
    else if (errno == ETIMEDOUT && deadline->end < delivery->deadline.end)
        return true;
    else
        fail(delivery, target, errno, "wait for its end", "");
    return false;
}

/* Takes a lot of open targets up the ladder, as far as each needs it, and closes them. */
static void deliver(struct delivery *delivery, struct target *targets, int count)
{
    bool goes_on = true;
    for (int step = 0; goes_on && step < delivery->ladder.count; step++) {
        for (int i = 0; i < count; i++)
            if (!targets[i].is_done)
                send_step(delivery, &targets[i], step);

        struct deadline end = delivery->deadline;
        if (step + 1 < delivery->ladder.count)
            end = deadline_after(delivery->ladder.steps[step + 1].after);
        if (end.end > delivery->deadline.end)
            end = delivery->deadline;
        /* Waiting for one after the other takes as long as waiting for all at once. */
        goes_on = false;
        for (int i = 0; i < count && delivery->waits; i++)
            if (!targets[i].is_done && wait_for_end(delivery, &targets[i], step, &end))
                goes_on = true;
    }
    for (int i = 0; i < count; i++)
        process_close(&targets[i].process);
}

static int print_identity(const struct process *process)
{
    uint64_t inode;
    if (process_identify(process, &inode) < 0)
        return -1;
    printf("%d:%" PRIu64 "\n", (int)process->pid, inode);
    return 0;
}

/* --explain or --id. */
static void describe(struct delivery *delivery, struct target *target, bool explains, bool json)
{
    const struct process *process = &target->process;
    int error = target->error;
    if (error == 0 && (explains ? signal_state_report(process, json) : print_identity(process)) < 0)
        error = errno;
    if (error != 0)
        fail(delivery, target, error, explains ? "explain" : "identify", "");
    process_close(&target->process);
}

static void parse_targets(struct targets *targets, struct operands *operands, bool waits)
{
    do {
        const char *word;
        options_operand(operands, "TARGET", parse_text, &word);
        bool is_stdin = strcmp(word, "-") == 0;
        if (is_stdin)
            sandbox_enter(&(struct sandbox){.signals = true});
        const char *why = is_stdin ? target_read(targets) : target_add(targets, word);
        if (why && is_stdin)
            diag_die(EXIT_ERROR, "stdin: %s", why);
        if (why)
            diag_die(parse_status(why), "TARGET '%s': %s", word, why);
    } while (operands->count > 0);

    pid_t own = targets->scope == PROCESS_GROUP ? getpgrp() : getpid();
    for (int i = 0; i < targets->count && waits; i++)
        if (targets->all[i].process.pid == own)
            diag_die(EXIT_USAGE, "%s: is sigsend itself, which cannot wait for its own end",
                     targets->all[i].text);
    if (targets->count == 0 && !waits)
        diag_die(EXIT_NO, "stdin: no process");
}

static const char *const synopsis[] = {
    "[-s SIG] [--value N] [-w] [--then TIME:SIG]... [-t TIME] [-v] [--group | --thread] TARGET...",
    "--id [--thread] TARGET...",
    "--explain [--thread] [-j] TARGET...",
    "--list [-j] [SIG]...",
    NULL,
};

static const struct option_rule rules[] = {
    {.only_one = "list id explain"},    {.only_one = "group thread"},
    {"list", .only = "json"},           {"id", .only = "thread"},
    {"explain", .only = "thread json"}, {"json", .with = "list explain"},
    {"timeout", .with = "wait then"},   {0},
};

static const struct tool tool = {
    .name = "sigsend",
    .purpose = "Send a signal to processes and wait for their end",
    .synopsis = synopsis,
    .rules = rules,
    .more = "TARGET is PID, PID:INODE, pidfile:PATH, or - for those on standard input.\n",
};

int main(int argc, char **argv)
{
    struct delivery delivery = {.ladder = {.steps[0].signal = SIGTERM, .count = 1}};
    int64_t timeout = DEADLINE_NEVER;
    bool lists = false, identifies = false, explains = false, json = false;
    bool is_group = false, is_thread = false;
    const struct tool_option table[] = {
        {'s', "signal", "SIG", signal_name_parse, &delivery.ladder.steps[0].signal,
         "TERM, 15, RTMIN+3; 0: only test"},
        {0, "value", "N", parse_int, &delivery.value, "an integer that goes along"},
        {'w', "wait", NULL, NULL, &delivery.waits, "wait until every process is gone"},
        {0, "then", "TIME:SIG", parse_step, &delivery.ladder,
         "send SIG to those that are there TIME later"},
        {OPTION_TIMEOUT(&timeout)},
        {'v', "verbose", NULL, NULL, &delivery.is_verbose, "tell what is sent and what is gone"},
        {0, "group", NULL, NULL, &is_group, "to process groups"},
        {0, "thread", NULL, NULL, &is_thread, "to threads, by their thread ids"},
        {0, "id", NULL, NULL, &identifies, "print PID:INODE, the name of that process alone"},
        {0, "explain", NULL, NULL, &explains,
         "print what it blocks, ignores, catches, has pending"},
        {0, "list", NULL, NULL, &lists, "print number, name, default action and meaning"},
        {OPTION_JSON(&json)},
        {0},
    };

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_check(&operands, NULL);
    if (lists) {
        list_signals(operands, json);
        return EXIT_DONE;
    }

    delivery.has_value = options_given(&operands, "value");
    delivery.waits = delivery.waits || delivery.ladder.count > 1;
    delivery.deadline = deadline_after(timeout);
    if (delivery.ladder.steps[0].signal == 0 && delivery.has_value)
        diag_die(EXIT_USAGE, "--value: signal 0 is only a test and takes no value along");
    struct targets targets = {.scope = is_group    ? PROCESS_GROUP
                                       : is_thread ? PROCESS_THREAD
                                                   : PROCESS_WHOLE};
    parse_targets(&targets, &operands, delivery.waits);
    for (int first = 0, lot; first < targets.count; first += lot) {
        lot = target_open(&targets, first);
        for (int i = first; i < first + lot && (explains || identifies); i++)
            describe(&delivery, &targets.all[i], explains, json);
        if (!explains && !identifies)
            deliver(&delivery, targets.all + first, lot);
    }
    if (explains || identifies)
        end_output();
    return delivery.status;
}
