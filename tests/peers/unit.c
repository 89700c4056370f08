/* unit: calls the words and the plumbing of common/ one by one, for common.bats
 *
 * Each verb prints what the functions return. Several arguments give a line each. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/report.h"
#include "stream/record.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/limits.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_value(const char *text, parse_function *parse)
{
    int64_t value = 0;
    const char *why = parse(text, &value);
    if (why)
        printf("no: %s\n", why);
    else
        printf("%lld\n", (long long)value);
}

static void print_int(const char *text)
{
    int value = 0;
    const char *why = parse_int(text, &value);
    if (why)
        printf("no: %s\n", why);
    else
        printf("%d\n", value);
}

static void print_mode(const char *text)
{
    mode_t value = 0;
    const char *why = parse_mode(text, &value);
    if (why)
        printf("no: %s\n", why);
    else
        printf("%04o\n", (unsigned)value);
}

static void print_name(const char *text)
{
    struct object_name name;
    const char *why = object_name_parse(text, &name);
    if (why)
        printf("no: %s\n", why);
    else if (name.kind == OBJECT_NAME_POSIX)
        printf("posix %s\n", name.text);
    else if (name.kind == OBJECT_NAME_KEY)
        printf("key 0x%08x\n", (unsigned)name.key);
    else if (name.kind == OBJECT_NAME_ID)
        printf("id %d\n", name.id);
    else if (name.kind == OBJECT_NAME_FTOK)
        printf("ftok %s %d\n", name.path, name.project);
    else
        printf("private\n");
}

static void print_key(const char *text)
{
    struct object_name name;
    key_t key;
    const char *why = object_name_parse(text, &name);
    if (why || object_name_key(&name, &key) < 0)
        diag_die(EXIT_ERROR, "%s: %s", text, why ? why : strerror(errno));
    printf("0x%08x\n", (unsigned)key);
}

static void print_limit(const char *name)
{
    printf("%lld\n", (long long)limits_read(name, -1));
}

/* NUMBER OBJECT: the messages of a call on OBJECT that failed with that errno. */
static void fail_with(const char *text)
{
    char *end;
    int errnum = (int)strtol(text, &end, 10);
    const char *object = end + (*end == ' ');
    errno = errnum;
    diag_warn("%s: %m", object);
    diag_warn("%s: %m; and more", object);
    diag_warn("%s: %m (a hint)", object);
    diag_warn("%s", object);
    if (errno != errnum)
        diag_die(EXIT_ERROR, "errno is another");
}

static void print_json(const char *text)
{
    report_start(true);
    report_text("text", text);
    report_number("number", -1);
    report_mode("mode", 0640);
    report_time("never", 0);
    report_time("then", 1);
    report_end();
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static enum record_form form_of(const char *word)
{
    enum record_form form = RECORD_LINE;
    if (strcmp(word, "line") != 0)
        record_parse_form(word, &form);
    return form;
}

/* Copies records from form IN to form OUT. */
static void copy_records(const char *in, const char *out, const char *limit)
{
    struct record_reader reader;
    const char *data;
    size_t size;
    int got;

    record_start(&reader, STDIN_FILENO, form_of(in), (size_t)strtoull(limit, NULL, 10));
    while ((got = record_next(&reader, &data, &size)) > 0) {
        struct iovec pieces[RECORD_PIECES];
        char head[RECORD_HEAD_SIZE];
        int count = record_pieces(pieces, head, form_of(out), "", data, size);
        if (io_writev(STDOUT_FILENO, pieces, count) < 0)
            diag_die(EXIT_ERROR, "stdout: write: %m");
    }
    if (got < 0)
        diag_die(EXIT_ERROR, "stdin: %s", record_error(&reader));
}

/* Waits TIME for a byte of standard input, in a read that knows no time limit. */
static void wait_to_read(const char *time)
{
    int64_t limit;
    char byte;
    ssize_t got;
    if (parse_time(time, &limit))
        diag_die(EXIT_USAGE, "%s: not a time", time);

    struct deadline deadline = deadline_after(limit);
    deadline_arm(&deadline);
    do
        got = read(STDIN_FILENO, &byte, 1);
    while (got < 0 && deadline_should_retry(&deadline));
    deadline_disarm(&deadline);
    if (got < 0 && interrupt_signal())
        interrupt_reraise();
    if (got < 0)
        diag_die(exit_status_of(errno), "stdin: read: %m");
}

/* The same with poll. */
static void wait_to_poll(const char *time)
{
    int64_t limit;
    struct pollfd standard = {.fd = STDIN_FILENO, .events = POLLIN};
    if (parse_time(time, &limit))
        diag_die(EXIT_USAGE, "%s: not a time", time);

    struct deadline deadline = deadline_after(limit);
    int ready = deadline_poll(&standard, 1, &deadline);
    if (ready < 0 && interrupt_signal())
        interrupt_reraise();
    if (ready < 0)
        diag_die(exit_status_of(errno), "stdin: poll: %m");
}

/* A signal comes after the last look at interrupt_signal and before the wait begins. */
static void stop_before_wait(const char *time)
{
    interrupt_catch();
    raise(SIGTERM);
    wait_to_read(time);
}

static const char *const synopsis[] = {"[OPTION]... [WORD]... [-- COMMAND]", NULL};

/* With the verb `command` words after `--` are one, with `options` more operands. */
static int show_options(int argc, char **argv)
{
    const struct tool tool = {
        .name = "unit",
        .purpose = "Show the grammar",
        .synopsis = synopsis,
        .has_command = strcmp(argv[0], "command") == 0,
    };
    bool all = false, append = false;
    int64_t timeout = -1, count = -1;
    const char *word = "", *wording = "";
    const struct tool_option table[] = {
        {'a', "all", NULL, NULL, &all, "everything"},
        {0, "append", NULL, NULL, &append, "at the end"},
        {OPTION_TIMEOUT(&timeout)},
        {OPTION_COUNT(&count, "so many")},
        {'w', "word", "TEXT", parse_text, &word, "a word"},
        {0, "wording", "TEXT", parse_text, &wording, "words"},
        {0},
    };
    struct operands operands = options_parse(argc, argv, &tool, table);
    printf("all=%d append=%d timeout=%lld count=%lld word=%s wording=%s\n", all, append,
           (long long)timeout, (long long)count, word, wording);
    for (int i = 0; i < operands.count; i++)
        printf("operand %s\n", operands.words[i]);
    for (char **at = operands.command; at && *at; at++)
        printf("command %s\n", *at);
    return EXIT_DONE;
}

/* Runs the verbs that take one TEXT. Returns whether there is such a one. */
static bool run_on_text(const char *verb, const char *text)
{
    if (strcmp(verb, "time") == 0)
        print_value(text, parse_time);
    else if (strcmp(verb, "size") == 0)
        print_value(text, parse_size);
    else if (strcmp(verb, "count") == 0)
        print_value(text, parse_count);
    else if (strcmp(verb, "int") == 0)
        print_int(text);
    else if (strcmp(verb, "mode") == 0)
        print_mode(text);
    else if (strcmp(verb, "name") == 0)
        print_name(text);
    else if (strcmp(verb, "key") == 0)
        print_key(text);
    else if (strcmp(verb, "limit") == 0)
        print_limit(text);
    else if (strcmp(verb, "json") == 0)
        print_json(text);
    else if (strcmp(verb, "warn") == 0)
        diag_warn("%s", text);
    else if (strcmp(verb, "fail") == 0)
        fail_with(text);
    else if (strcmp(verb, "read") == 0)
        wait_to_read(text);
    else if (strcmp(verb, "poll") == 0)
        wait_to_poll(text);
    else if (strcmp(verb, "stop") == 0)
        stop_before_wait(text);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    program_begin();
    diag_name("unit");
    if (argc > 1 && (strcmp(argv[1], "options") == 0 || strcmp(argv[1], "command") == 0))
        return show_options(argc - 1, argv + 1);
    if (argc == 5 && strcmp(argv[1], "records") == 0) {
        copy_records(argv[2], argv[3], argv[4]);
        return EXIT_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "descriptor") == 0)
        return open("/", O_RDONLY | O_CLOEXEC); /* the status is the number that was free */
    for (int i = 2; i < argc; i++)
        if (!run_on_text(argv[1], argv[i]))
            diag_die(EXIT_USAGE, "%s: no such verb", argv[1]);
    if (fflush(stdout) != 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
    return EXIT_DONE;
}
