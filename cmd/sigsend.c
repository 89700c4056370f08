/* sigsend: sends a signal to processes and waits for their end
 *
 * Every process is opened as a pidfd before the first signal is sent, and is signalled and waited
 * for through it. A PID that is used again is never hit: the pidfd answers that its process has
 * ended. A PID:INODE is compared when it is opened. If there are more processes than descriptors,
 * they are opened in lots, and a lot is finished before the next is opened. All targets are tried,
 * whatever happens to one of them, and the worst status is the tool's. */

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
#include <string.h>
#include <unistd.h>

struct request {
    struct ladder ladder;
    int value;
    int64_t timeout;
    bool lists, identifies, explains, json, is_group, is_thread, is_verbose;
    int status; /* the worst of all targets */
};

static void end_output(void)
{
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static void list_signals(struct operands operands, bool json)
{
    int number;
    for (struct operands rest = operands;
         rest.count > 0;) /* all are parsed before one is printed */
        options_operand(&rest, "SIG", signal_name_parse_status, &number);

    for (number = 1; operands.count == 0 && number <= SIGNAL_MAX; number++)
        signal_name_describe(number, json);
    while (operands.count > 0) {
        options_operand(&operands, "SIG", signal_name_parse_status, &number);
        signal_name_describe(number, json);
    }
    end_output();
}

static void note_status(struct request *request, int status)
{
    request->status = status > request->status ? status : request->status;
}

/* Reports what happens to TARGET, as -v asks for it, or a failure. */
static void report(void *context, const struct target *target, enum ladder_event event, int step,
                   const struct failure *failure)
{
    struct request *request = context;
    if (event == LADDER_FAILED) {
        note_status(request, diag_fail(target->text, failure));
        return;
    }
    if (!request->is_verbose)
        return;
    if (step < 0) {
        diag_note("%s: was gone before", target->text);
        return;
    }
    diag_note("%s: %s %s", target->text, event == LADDER_SENT ? "sent" : "gone after",
              signal_name(request->ladder.steps[step].signal));
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
static void describe(struct request *request, struct target *target)
{
    const struct process *process = &target->process;
    struct failure failure;
    int result = -1;
    errno = target->error;
    if (target->error == 0)
        result = request->explains ? signal_state_report(process, request->json)
                                   : print_identity(process);
    if (result < 0 && process->pid == 0)
        target_set_failure(target, &failure);
    else if (result < 0)
        failure_set(&failure, request->explains ? "explain" : "identify");
    if (result < 0) {
        process_add_hint(process, &failure);
        note_status(request, diag_fail(target->text, &failure));
    }
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

/* Does to the targets what the options ask for, as many at a time as can be open. */
static void process_targets(struct request *request, struct targets *targets)
{
    for (int first = 0, lot; first < targets->count; first += lot) {
        lot = target_open(targets, first);
        if (!request->explains && !request->identifies)
            ladder_run(&request->ladder, targets->all + first, lot);
        for (int i = first; i < first + lot && (request->explains || request->identifies); i++)
            describe(request, &targets->all[i]);
    }
}

int main(int argc, char **argv)
{
    struct request request = {.timeout = DEADLINE_NEVER};
    struct ladder *ladder = &request.ladder;
    const struct tool_option table[] = {
        {'s', "signal", "SIG", signal_name_parse, &ladder->steps[0].signal,
         "the signal (TERM); 0 only tests"},
        {0, "value", "N", parse_int, &request.value, "send this integer along"},
        {'w', "wait", NULL, NULL, &ladder->waits, "wait until every process has ended"},
        {0, "then", "TIME:SIG", ladder_parse_step, ladder,
         "send SIG to those that are still there after TIME"},
        {OPTION_TIMEOUT(&request.timeout)},
        {'v', "verbose", NULL, NULL, &request.is_verbose, "report each signal and each end"},
        {0, "group", NULL, NULL, &request.is_group, "signal process groups"},
        {0, "thread", NULL, NULL, &request.is_thread, "signal threads, by their thread ids"},
        {0, "id", NULL, NULL, &request.identifies,
         "print PID:INODE, the name of that process alone"},
        {0, "explain", NULL, NULL, &request.explains,
         "print what it blocks, ignores, catches, has pending"},
        {0, "list", NULL, NULL, &request.lists, "print number, name, default action and meaning"},
        {OPTION_JSON(&request.json)},
        {0},
    };

    program_begin();
    *ladder = (struct ladder){.steps[0].signal = SIGTERM, .count = 1, .report = report};
    ladder->context = &request;
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_check(&operands, NULL);
    if (request.lists) {
        list_signals(operands, request.json);
        return EXIT_DONE;
    }

    bool has_value = options_given(&operands, "value");
    if (ladder->steps[0].signal == 0 && has_value)
        diag_die(EXIT_USAGE, "--value: signal 0 is only a test and takes no value along");
    ladder->value = has_value ? &request.value : NULL;
    ladder->waits = ladder->waits || ladder->count > 1;
    ladder->deadline = deadline_after(request.timeout);
    struct targets targets = {.scope = request.is_group    ? PROCESS_GROUP
                                       : request.is_thread ? PROCESS_THREAD
                                                           : PROCESS_WHOLE};
    parse_targets(&targets, &operands, ladder->waits);
    process_targets(&request, &targets);
    if (request.explains || request.identifies)
        end_output();
    return request.status;
}
