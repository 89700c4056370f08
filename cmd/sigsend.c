/* sigsend: sends a signal to processes and waits for their end
 *
 * Every process is opened as a pidfd before the first signal is sent, and is signalled and waited
 * for through it. So a process that gets the PID of another one later is never hit: the pidfd
 * answers that its process has ended. The inode of PID:INODE is compared when the process is
 * opened. If there are more processes than descriptors, they are treated in lots; each lot is taken
 * to its end before the next is opened. A signal that was sent stays sent when another process
 * fails. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "signal/ladder.h"
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct ladder ladder; /* -s, --then */
    bool waits, is_verbose;
    int value;
    int64_t timeout;
    bool is_group, is_thread;
    bool identifies, explains, lists;
    bool json;
};

static void end_output(void)
{
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static int list_signals(struct operands operands, bool json)
{
    int number;
    for (struct operands rest = operands; rest.count > 0;) /* all are right before one is printed */
        options_operand(&rest, "SIG", signal_name_parse_status, &number);

    for (number = 1; operands.count == 0 && number <= SIGNAL_MAX; number++)
        signal_name_report(number, json);
    while (operands.count > 0) {
        options_operand(&operands, "SIG", signal_name_parse_status, &number);
        signal_name_report(number, json);
    }
    end_output();
    return EXIT_DONE;
}

/* What is remembered of all targets. */
struct outcome {
    bool is_verbose;
    int status; /* the worst */
};

static void note_failure(struct outcome *outcome, const struct target *target,
                         const struct failure *failure)
{
    int status = diag_fail(target->text, failure);
    outcome->status = status > outcome->status ? status : outcome->status;
}

static void note_report(const struct ladder_report *report, void *context)
{
    struct outcome *outcome = context;
    const char *text = report->target->text;
    if (report->event == LADDER_HAS_FAILED)
        note_failure(outcome, report->target, report->failure);
    else if (!outcome->is_verbose)
        return;
    else if (report->event == LADDER_SENT)
        diag_note("%s: sent %s", text, signal_name(report->signal));
    else if (report->event == LADDER_ENDED && report->signal == 0) /* which is only a test */
        diag_note("%s: gone", text);
    else if (report->event == LADDER_ENDED)
        diag_note("%s: gone after %s", text, signal_name(report->signal));
    else
        diag_note("%s: was already gone", text);
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
static void describe(const struct options *options, struct target *target, struct outcome *outcome)
{
    const struct process *process = &target->process;
    struct failure failure;
    if (target->error == 0 && (options->explains ? signal_state_report(process, options->json)
                                                 : print_identity(process)) < 0)
        target->error = errno;
    if (target->error != 0) {
        target_fail(target, &failure, options->explains ? "explain" : "identify");
        note_failure(outcome, target, &failure);
    }
    process_close(&target->process);
}

static void read_targets(struct targets *targets)
{
    sandbox_enter(&(struct sandbox){.signals = true});
    if (target_read(targets) < 0)
        exit(diag_fail("stdin", &targets->failure));
}

static void parse_targets(struct targets *targets, struct operands *operands)
{
    do {
        const char *word;
        options_operand(operands, "TARGET", parse_text, &word);
        if (strcmp(word, "-") == 0) {
            read_targets(targets);
            continue;
        }
        const char *why = target_add(targets, word);
        if (why)
            diag_die(parse_status(why), "TARGET '%s': %s", word, why);
    } while (operands->count > 0);
}

/* Refuses what would wait for its own end. */
static void check_own_end(const struct targets *targets)
{
    pid_t own = targets->scope == PROCESS_GROUP ? getpgrp() : getpid();
    for (int i = 0; i < targets->count; i++)
        if (targets->all[i].process.pid == own)
            diag_die(EXIT_USAGE, "%s: is sigsend itself, which cannot wait for its own end",
                     targets->all[i].text);
}

/* Treats the targets, in lots. Returns the worst status. */
static int treat(const struct options *options, struct targets *targets)
{
    struct outcome outcome = {.is_verbose = options->is_verbose};
    struct ladder ladder = options->ladder;
    ladder.report = note_report;
    ladder.context = &outcome;

    bool describes = options->explains || options->identifies;
    for (int first = 0, lot; first < targets->count; first += lot) {
        lot = target_open(targets, first);
        for (int i = first; i < first + lot && describes; i++)
            describe(options, &targets->all[i], &outcome);
        if (!describes)
            ladder_climb(&ladder, targets->all + first, lot);
    }
    if (describes)
        end_output();
    return outcome.status;
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

/* Returns the operands. */
static struct operands parse_options(int argc, char **argv, struct options *options)
{
    const struct tool_option table[] = {
        {'s', "signal", "SIG", signal_name_parse, &options->ladder.steps[0].signal,
         "TERM (the default), 15, RTMIN+3; 0 only tests"},
        {0, "value", "N", parse_int, &options->value, "an integer to send along"},
        {'w', "wait", NULL, NULL, &options->waits, "wait until every process is gone"},
        {0, "then", "TIME:SIG", ladder_parse_step, &options->ladder,
         "send SIG to those that are still there after TIME"},
        {OPTION_TIMEOUT(&options->timeout)},
        {'v', "verbose", NULL, NULL, &options->is_verbose, "report what is sent and what is gone"},
        {0, "group", NULL, NULL, &options->is_group, "to process groups"},
        {0, "thread", NULL, NULL, &options->is_thread, "to threads, by their thread ids"},
        {0, "id", NULL, NULL, &options->identifies,
         "print PID:INODE, a name of that process alone"},
        {0, "explain", NULL, NULL, &options->explains,
         "print which signals it blocks, ignores, catches, has pending"},
        {0, "list", NULL, NULL, &options->lists, "print number, name, default action and meaning"},
        {OPTION_JSON(&options->json)},
        {0},
    };
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_check(&operands, NULL);

    struct ladder *ladder = &options->ladder;
    bool has_value = options_given(&operands, "value");
    if (ladder->steps[0].signal == 0 && has_value)
        diag_die(EXIT_USAGE, "--value: signal 0 is only a test and takes no value along");
    ladder->value = has_value ? &options->value : NULL;
    ladder->waits = options->waits || ladder->count > 1;
    ladder->deadline = deadline_after(options->timeout);
    return operands;
}

int main(int argc, char **argv)
{
    struct options options = {
        .ladder = {.steps[0].signal = SIGTERM, .count = 1},
        .timeout = DEADLINE_NEVER,
    };
    program_begin();
    struct operands operands = parse_options(argc, argv, &options);
    if (options.lists)
        return list_signals(operands, options.json);

    struct targets targets = {.scope = options.is_group    ? PROCESS_GROUP
                                       : options.is_thread ? PROCESS_THREAD
                                                           : PROCESS_WHOLE};
    parse_targets(&targets, &operands);
    if (options.ladder.waits)
        check_own_end(&targets);
    else if (targets.count == 0)
        diag_die(EXIT_NO, "stdin: no process");
    return treat(&options, &targets);
}
