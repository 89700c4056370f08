/* sigrecv: takes signals as they come and prints a line for each, with its sender and its value
 *
 * The signals are blocked, so that they wait in line, and only then the ready mark is set: nothing
 * that is sent after it is missed. A signal is taken from the line when the one before it has been
 * written. Signals that the kernel merges before they come here stay merged: of each standard
 * signal only one waits. If writing fails, the signal in hand is reported as lost; those that still
 * wait when sigrecv ends vanish with it. */

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

/* NUMBER in TEXT as a field of the format, or a dash where there is none. */
static struct iovec field(char text[FIELD_SIZE], bool is_there, int64_t number)
{
    int length = snprintf(text, FIELD_SIZE, is_there ? "%" PRId64 : "-", number);
    return (struct iovec){text, (size_t)length};
}

static struct iovec word(const char *text)
{
    return (struct iovec){(char *)(uintptr_t)(text ? text : "-"), strlen(text ? text : "-")};
}

static int print_formatted(const struct template *format, const struct received_signal *signal)
{
    char number[FIELD_SIZE], pid[FIELD_SIZE], uid[FIELD_SIZE], value[FIELD_SIZE],
        status[FIELD_SIZE];
    struct iovec pieces[TEMPLATE_PIECES];
    const struct iovec fields[] = {
        word(signal_name(signal->number)),
        field(number, true, signal->number),
        field(pid, signal->has_sender, signal->pid),
        field(uid, signal->has_sender, signal->uid),
        word(signal->code),
        field(value, signal->has_value, signal->value),
        word(signal->state),
        field(status, signal->state != NULL, signal->status),
    };
    return io_writev(STDOUT_FILENO, pieces, template_fill(format, fields, pieces));
}

static const char letters[] = "snpucvxe"; /* of the fields above */

static int print_signal(const struct received_signal *signal, const struct template *format,
                        bool json)
{
    if (format->is_given)
        return print_formatted(format, signal);
    if (json)
        print_json(signal);
    else
        print_line(signal);
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0; /* musl writes the first line before */
}

/* PID:INODE; an older kernel has no inodes, and the PID alone has to do. */
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

/* Opens the mark, blocks the signals, and only then sets the mark. Returns the descriptor on which
 * the signals arrive. */
static int begin_receiving(uint64_t wanted, struct readiness *ready, const char *name,
                           const struct deadline *deadline)
{
    if (ready->text && readiness_open(ready, deadline) < 0)
        exit(diag_fail(ready->text, &ready->failure));
    int receiver = signal_receive_open(wanted);
    if (receiver < 0)
        diag_die(EXIT_ERROR, "%s: block: %m", name);
    if (ready->text)
        set_mark(ready);
    return receiver;
}

/* Receives one signal and prints it. NAME is what was asked for. */
static void receive_one(int receiver, const char *name, const struct template *format, bool json,
                        const struct deadline *deadline)
{
    struct received_signal signal;
    if (signal_receive_next(receiver, STDOUT_FILENO, &signal, deadline) < 0) {
        if (errno == EPIPE)
            diag_die(EXIT_ERROR, "stdout: write: %m");
        diag_die(exit_status_of(errno), "%s: receive: %m", name);
    }
    if (print_signal(&signal, format, json) < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m; %s from process %d is lost",
                 signal_name(signal.number), (int)signal.pid);
}

int main(int argc, char **argv)
{
    int64_t count = INT64_MAX, timeout = DEADLINE_NEVER;
    bool json = false;
    struct readiness ready = {0};
    struct template format = {.letters = letters};
    const struct tool_option table[] = {
        {OPTION_COUNT(&count, "end after N signals")},
        {OPTION_TIMEOUT(&timeout)},
        {0, "ready", "FILE", readiness_parse, &ready,
         "write PID:INODE to it, a file, FIFO or fd:N, once all is set"},
        {0, "format", "FMT", template_parse, &format, "print FMT for each, instead of a line"},
        {OPTION_JSON(&json)},
        {0},
    };

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_check(&operands, NULL);
    uint64_t wanted = 0;
    const char *name = operands.count == 1 ? operands.words[0] : "signals";
    do
        options_operand(&operands, "SIG", parse_wanted, &wanted);
    while (operands.count > 0);
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY)) /* told before a signal is taken */
        diag_die(EXIT_ERROR, "stdout: write: %m");

    struct deadline deadline = deadline_after(timeout);
    int receiver = begin_receiving(wanted, &ready, name, &deadline);
    sandbox_enter(&(struct sandbox){0});
    for (int64_t taken = 0; taken < count; taken++) {
        deadline = deadline_after(timeout);
        receive_one(receiver, name, &format, json, &deadline);
    }
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return EXIT_DONE;
}
