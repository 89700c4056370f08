/* unit: calls the functions of common/cli and common/sys one by one, for common.bats
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
#include "sys/open_or_create.h"
#include "sys/path.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

static void print_time(const char *text)
{
    print_value(text, parse_time);
}

static void print_size(const char *text)
{
    print_value(text, parse_size);
}

static void print_count(const char *text)
{
    print_value(text, parse_count);
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

static void print_word(const char *text)
{
    static const char *const words[] = {"block", "drop", "close", NULL};
    printf("%d\n", parse_word(text, words));
}

static void print_directory(const char *path)
{
    char directory[PATH_MAX];
    printf("%s\n", path_directory(path, directory));
}

/* Of a tool that runs a COMMAND. */
static void print_status(const char *status)
{
    printf("%d\n", exit_status_beside_command(atoi(status)));
}

static void print_limit(const char *name)
{
    printf("%lld\n", (long long)limits_read(name, -1));
}

/* ERRNUM [error] [quiet] [signal] [object=TEXT] [why=TEXT] [hint=TEXT] [loss=TEXT]: reports such a
 * failure. Returns its exit status. */
static int report_failure(char **words)
{
    struct failure failure;
    errno = atoi(*words);
    failure_set(&failure, "%s", "try it");
    for (char **word = words + 1; *word; word++) {
        const char *equals = strchr(*word, '='), *text = equals ? equals + 1 : "";
        if (**word == 'e')
            failure.is_error = true;
        else if (**word == 'q')
            diag_quiet();
        else if (**word == 's')
            interrupt_catch(), raise(SIGTERM);
        else if (**word == 'o')
            failure.object = text;
        else if (**word == 'w')
            failure_set_why(&failure, "%s", text);
        else if (**word == 'h')
            failure_add_hint(&failure, "%s", text);
        else
            failure_add_consequence(&failure, "%s", text);
    }
    if (errno != failure.errnum)
        diag_die(EXIT_ERROR, "errno is another");
    return diag_fail("the tool's", &failure);
}

/* What the calls of open and create return, in turn and again from the first: an errno, or 0. */
struct outcomes {
    char **words;
    int count, next;
};

static int next_outcome(struct outcomes *outcomes, char call)
{
    int errnum = atoi(outcomes->words[outcomes->next++ % outcomes->count]);
    putchar(call);
    return errnum ? (errno = errnum, -1) : 7;
}

static int open_next(void *outcomes)
{
    return next_outcome(outcomes, 'o');
}

static int create_next(void *outcomes)
{
    return next_outcome(outcomes, 'c');
}

/* FLAGS ERRNUM...: prints which calls open_or_create makes, o or c, and what it returns. */
static void open_or_create_by(int count, char **words)
{
    struct outcomes outcomes = {.words = words + 1, .count = count - 1};
    const struct open_or_create how = {.open = open_next,
                                       .create = create_next,
                                       .creates = strchr(*words, 'c') != NULL,
                                       .is_exclusive = strchr(*words, 'x') != NULL};
    int result = open_or_create(&how, &outcomes);
    if (result < 0)
        printf(" %s\n", strerror(errno));
    else
        printf(" %d\n", result);
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

static void warn(const char *text)
{
    diag_warn("%s", text);
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
        exit(diag_fail("stdin", &reader.failure));
}

/* Waits TIME for a byte of standard input, in a read that has no time limit of its own. */
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

/* With the verb `rules`, for an object name as the operand. */
static int check_rules(int argc, char **argv)
{
    static const struct option_rule rules[] = {
        {"keep", .with = "listen follow"},
        {"max", .with = "COMMAND", .because = "it counts them"},
        {"take", .without = "peek COMMAND"},
        {"stat", .only = "json"},
        {.only_one = "count all follow"},
        {"tag", .family = OBJECT_NAME_SYSV},
        {"mark", .family = OBJECT_NAME_POSIX},
        {0},
    };
    const struct tool tool = {.name = "unit",
                              .purpose = "Check rules",
                              .synopsis = synopsis,
                              .rules = rules,
                              .has_command = true};
    static bool ignored;
    const struct tool_option table[] = {{'k', "keep", NULL, NULL, &ignored, ""},
                                        {'l', "listen", NULL, NULL, &ignored, ""},
                                        {'f', "follow", NULL, NULL, &ignored, ""},
                                        {0, "max", NULL, NULL, &ignored, ""},
                                        {0, "take", NULL, NULL, &ignored, ""},
                                        {0, "peek", NULL, NULL, &ignored, ""},
                                        {0, "stat", NULL, NULL, &ignored, ""},
                                        {'j', "json", NULL, NULL, &ignored, ""},
                                        {'n', "count", NULL, NULL, &ignored, ""},
                                        {'a', "all", NULL, NULL, &ignored, ""},
                                        {'T', "tag", NULL, NULL, &ignored, ""},
                                        {0, "mark", NULL, NULL, &ignored, ""},
                                        {0}};
    struct object_name name;
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    options_check(&operands, &name);
    return EXIT_DONE;
}

/* The verbs that take one TEXT each. */
static const struct verb {
    const char *name;
    void (*run)(const char *text);
} verbs[] = {{"time", print_time},     {"size", print_size},      {"count", print_count},
             {"int", print_int},       {"mode", print_mode},      {"name", print_name},
             {"key", print_key},       {"word", print_word},      {"directory", print_directory},
             {"beside", print_status}, {"limit", print_limit},    {"json", print_json},
             {"warn", warn},           {"fail", fail_with},       {"read", wait_to_read},
             {"poll", wait_to_poll},   {"stop", stop_before_wait}};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    diag_die(EXIT_USAGE, "%s: no such verb", name);
}

int main(int argc, char **argv)
{
    program_begin();
    diag_name("unit");
    if (argc < 2)
        diag_die(EXIT_USAGE, "a verb is missing");
    const char *verb = argv[1];

    if (strcmp(verb, "options") == 0 || strcmp(verb, "command") == 0)
        return show_options(argc - 1, argv + 1);
    if (strcmp(verb, "rules") == 0)
        return check_rules(argc - 1, argv + 1);
    if (strcmp(verb, "failure") == 0 && argc > 2)
        return report_failure(argv + 2);
    if (strcmp(verb, "descriptor") == 0)
        return open("/", O_RDONLY | O_CLOEXEC); /* the status is the number that was free */

    if (strcmp(verb, "records") == 0 && argc == 5)
        copy_records(argv[2], argv[3], argv[4]);
    else if (strcmp(verb, "open") == 0 && argc > 3)
        open_or_create_by(argc - 2, argv + 2);
    else
        for (int i = 2; i < argc; i++)
            find_verb(verb)->run(argv[i]);
    if (fflush(stdout) != 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
    return EXIT_DONE;
}
