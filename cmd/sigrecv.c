/* sigrecv: takes signals as they come and prints a line for each, with its sender and its value
 *
 * The signals are blocked first, so that they wait to be taken, and only then is the ready mark
 * set: no signal that is sent after the mark is missed. A signal is taken when the one before it is
 * written. What the kernel has merged by then stays merged: of each standard signal only one waits
 * at a time. If writing fails, the signal in hand is reported as lost. Signals that still wait when
 * sigrecv ends are discarded. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/template.h"
#include "signal/signal_name.h"
#include "signal/signal_receive.h"
#include "sys/io.h"
#include "sys/process.h"
#include "sys/program.h"
#include "sys/readiness.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    int64_t count, timeout;
    struct readiness ready;
    struct template format;
    bool json;
    uint64_t wanted;  /* bit N-1 is the signal N */
    const char *name; /* of the one signal that is wanted, or "signals" */
};

static const char *parse_wanted(const char *text, void *value)
{
    int number;
    const char *why = signal_name_parse(text, &number);
    if (why)
        return why;
    if (number == 0)
        return "0 is no signal, only a test";
    if (number == SIGKILL || number == SIGSTOP)
        return "no process can block it, so nobody can receive it";
    *(uint64_t *)value |= UINT64_C(1) << (number - 1);
    return NULL;
}

static void print_line(const struct received_signal *signal)
{
    fputs(signal_name(signal->number), stdout);
    if (signal->has_sender)
        printf(" pid=%d uid=%u", (int)signal->pid, (unsigned)signal->uid);
    printf(" code=%s", signal->code);
    if (signal->has_value)
        printf(" value=%d", signal->value);
    if (signal->state)
        printf(" state=%s status=%d", signal->state, signal->status);
    putchar('\n');
}

static void print_json(const struct received_signal *signal)
{
    report_start(true);
    report_text("signal", signal_name(signal->number));
    report_number("number", signal->number);
    if (signal->has_sender) {
        report_number("pid", signal->pid);
        report_number("uid", signal->uid);
    }
    report_text("code", signal->code);
    if (signal->has_value)
        report_number("value", signal->value);
    if (signal->state) {
        report_text("state", signal->state);
        report_number("status", signal->status);
    }
    report_end();
}

enum { FIELD_SIZE = 24 };

/* NUMBER as a field of the format, written into TEXT; a dash if it is not there. */
static struct iovec number_field(char text[FIELD_SIZE], bool is_there, int64_t number)
{
    int length = snprintf(text, FIELD_SIZE, is_there ? "%" PRId64 : "-", number);
    return (struct iovec){text, (size_t)length};
}

static struct iovec word_field(const char *text)
{
    return (struct iovec){(char *)(uintptr_t)(text ? text : "-"), strlen(text ? text : "-")};
}

static int print_formatted(const struct template *format, const struct received_signal *signal)
{
    char number[FIELD_SIZE], pid[FIELD_SIZE], uid[FIELD_SIZE], value[FIELD_SIZE],
        status[FIELD_SIZE];
    struct iovec pieces[TEMPLATE_PIECES];
    const struct iovec fields[] = {
        word_field(signal_name(signal->number)),
        number_field(number, true, signal->number),
        number_field(pid, signal->has_sender, signal->pid),
        number_field(uid, signal->has_sender, signal->uid),
        word_field(signal->code),
        number_field(value, signal->has_value, signal->value),
        word_field(signal->state),
        number_field(status, signal->state != NULL, signal->status),
    };
    return io_writev(STDOUT_FILENO, pieces, template_fill(format, fields, pieces));
}

static const char letters[] = "snpucvxe"; /* of the fields above */

static int print_signal(const struct received_signal *signal, const struct options *options)
{
    if (options->format.is_given)
        return print_formatted(&options->format, signal);
    if (options->json)
        print_json(signal);
    else
        print_line(signal);
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0; /* musl has written the first line */
}

/* The mark is PID:INODE, or the PID alone if the kernel is too old for inodes. */
static void set_mark(struct readiness *ready)
{
    struct process own;
    uint64_t inode;
    char line[48];
    if (process_open(&own, getpid()) == 0 && process_identify(&own, &inode) == 0)
        snprintf(line, sizeof line, "%d:%" PRIu64 "\n", (int)getpid(), inode);
    else
        snprintf(line, sizeof line, "%d\n", (int)getpid());
    process_close(&own);
    if (readiness_mark(ready, line) < 0)
        exit(diag_fail(ready->text, &ready->failure));
}

static const char *const synopsis[] = {
    "[-n N] [-t TIME] [--ready FILE] [--format FMT | -j] SIG...",
    NULL,
};

static const struct option_rule rules[] = {
    {.only_one = "format json"},
    {0},
};

static const struct tool tool = {
    .name = "sigrecv",
    .purpose = "Receive signals, with their sender and their value",
    .synopsis = synopsis,
    .rules = rules,
    .more =
        "FMT has %s signal, %n number, %p pid, %u uid, %c code, %v value, %x state and %e status\n"
        "of a child, %%, \\n, \\t, \\0.\n",
};

static void parse_options(int argc, char **argv, struct options *options)
{
    const struct tool_option table[] = {
        {OPTION_COUNT(&options->count, "end after N signals")},
        {OPTION_TIMEOUT(&options->timeout)},
        {0, "ready", "FILE", readiness_parse, &options->ready,
         "write PID:INODE to it, a file, FIFO or fd:N, once all is set"},
        {0, "format", "FMT", template_parse, &options->format,
         "print FMT for each, instead of a line"},
        {OPTION_JSON(&options->json)},
        {0},
    };
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_check(&operands, NULL);
    options->name = operands.count == 1 ? operands.words[0] : "signals";
    do
        options_operand(&operands, "SIG", parse_wanted, &options->wanted);
    while (operands.count > 0);
}

/* Opens what is written to, blocks the signals and sets the mark, in this order. */
static void start_receiving(struct options *options, struct signal_receiver *receiver)
{
    struct readiness *ready = &options->ready;
    struct deadline deadline = deadline_after(options->timeout);
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, "stdout: write: %m");
    if (ready->text && readiness_open(ready, &deadline) < 0)
        exit(diag_fail(ready->text, &ready->failure));
    if (signal_receive_open(receiver, options->wanted) < 0)
        exit(diag_fail(options->name, &receiver->failure));
    if (ready->text)
        set_mark(ready);
}

int main(int argc, char **argv)
{
    struct options options = {
        .count = INT64_MAX,
        .timeout = DEADLINE_NEVER,
        .format = {.letters = letters},
    };
    struct signal_receiver receiver;
    program_begin();
    parse_options(argc, argv, &options);
    start_receiving(&options, &receiver);
    sandbox_enter(&(struct sandbox){0});

    for (int64_t taken = 0; taken < options.count; taken++) {
        struct received_signal signal;
        struct deadline deadline = deadline_after(options.timeout);
        if (signal_receive_next(&receiver, STDOUT_FILENO, &signal, &deadline) < 0)
            return diag_fail(options.name, &receiver.failure);
        if (print_signal(&signal, &options) < 0)
            diag_die(EXIT_ERROR, "stdout: write: %m; %s from process %d is lost",
                     signal_name(signal.number), (int)signal.pid);
    }
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return EXIT_DONE;
}
