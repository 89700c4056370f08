/* options: command lines, compared with what getopt_long(3) makes of them
 *
 * The first byte is the kind of tool; the words follow, one a line. Both parsers walk over the same
 * words and note what they find: options with their values, then the operands. */
#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/parse.h"
#include "fuzz.h"

#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS = 24, EVENTS = 8192, OPERAND = -1 };

struct event {
    int option;        /* its place in the table, or OPERAND */
    const char *value; /* lies in the words; NULL for a flag */
};
struct walked {
    struct event events[EVENTS];
    int count;
    int status; /* of exit(3); -1: options_parse returned */
};

static struct walked ours, theirs;
static jmp_buf end;

static void note(struct walked *walked, int option, const char *value)
{
    assert(walked->count < EVENTS);
    walked->events[walked->count++] = (struct event){option, value};
}

static _Noreturn void leave(int status)
{
    ours.status = status;
    longjmp(end, 1);
}

/* The message is made, so that what it is made of is read. */
__attribute__((format(printf, 2, 3))) static _Noreturn void die(int status, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    assert(vsnprintf(text, sizeof text, format, arguments) > 0);
    va_end(arguments);
    leave(status);
}

#define exit     leave
#define diag_die die
#include "cli/options.c" /* with its static functions */
#undef exit

/* VALUE is the option's place in the table. A value that begins with X is refused. */
static const char *note_value(const char *text, void *value)
{
    note(&ours, *(int *)value, text);
    return *text == 'X' ? "wrong" : NULL;
}

static const char *note_flag(const char *text, void *value)
{
    note(&ours, *(int *)value, NULL);
    assert(strlen(text) > 2);
    return NULL;
}

static bool creates;
static int places[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static const struct tool_option table[] = {
    {'x', "exclusive", NULL, note_flag, &places[0], "flag"},
    {'t', "timeout", "TIME", note_value, &places[1], "value"},
    {'n', "count", "N", note_value, &places[2], "value"},
    {0, "size", "SIZE", note_value, &places[3], "value"},
    {0, "stat", NULL, note_flag, &places[4], "flag"},
    {0, "status", "WORD", note_value, &places[5], "value"},
    {'0', "null", NULL, note_flag, &places[6], "flag"},
    {'T', "tag", "TAG", note_value, &places[7], "value"},
    {'W', "whole", NULL, note_flag, &places[8], "flag"},
    {'c', "create", NULL, NULL, &creates, "a bool"},
    {0},
};
enum { CREATE = 9, OPTIONS = 10, LONG = 300 /* of getopt_long's numbers */ };

static void walk_ours(int count, char **words, struct tool *tool)
{
    static struct operands found;
    char **copy = calloc((size_t)count + 2, sizeof *copy);
    assert(copy);
    memcpy(copy + 1, words, (size_t)count * sizeof *copy);
    copy[0] = (char *)(uintptr_t)tool->name;
    ours.status = -1;
    if (setjmp(end) == 0) {
        found = options_parse(count + 1, copy, tool, table);
        for (int i = 0; i < found.count; i++)
            note(&ours, OPERAND, found.words[i]);
        assert(found.command || !found.words[found.count]);
        assert(!found.command || (tool->has_command && strcmp(found.command[-1], "--") == 0));
        for (char **word = found.command; word && *word; word++)
            note(&ours, OPERAND, *word);
        for (int i = 0; i < ours.count; i++)
            assert(ours.events[i].option == OPERAND ||
                   options_given(&found, table[ours.events[i].option].name));
        assert(options_given(&found, "create") == creates);
    }
    free(copy);
}

/* getopt_long(3) permutes the WORDS. Returns whether `create` was among them. */
static bool walk_theirs(int count, char **words, const struct tool *tool)
{
    struct option options[OPTIONS + 4] = {{0}};
    char letters[64] = "+", *letter = letters + 1;
    bool is_created = false;
    for (int i = 0; i < OPTIONS; i++) {
        options[i] = (struct option){table[i].name, table[i].argument != NULL, NULL, LONG + i};
        if (table[i].letter)
            *letter++ = table[i].letter;
        if (table[i].letter && table[i].argument)
            *letter++ = ':';
    }
    strcpy(letter, "qhV");
    options[OPTIONS] = (struct option){"quiet", 0, NULL, 'q'};
    options[OPTIONS + 1] = (struct option){"help", 0, NULL, 'h'};
    options[OPTIONS + 2] = (struct option){"version", 0, NULL, 'V'};

    char *copy[WORDS + 2] = {(char *)(uintptr_t)tool->name};
    memcpy(copy + 1, words, (size_t)count * sizeof *copy);
    theirs.status = -1;
    opterr = 0;
    optind = 0;
    for (int got;
         (got = getopt_long(count + 1, copy, letters + !tool->is_prefix, options, NULL)) >= 0;) {
        int place = got - LONG;
        if (got == '?' || got == 'h' || got == 'V') {
            theirs.status = got == '?' ? EXIT_USAGE : EXIT_DONE;
            return is_created;
        }
        for (int i = 0; i < OPTIONS && got < LONG; i++)
            if (table[i].letter == got)
                place = i;
        is_created = is_created || place == CREATE;
        if (got == 'q' || place == CREATE)
            continue;
        note(&theirs, place, optarg);
        if (optarg && *optarg == 'X') {
            theirs.status = EXIT_USAGE;
            return is_created;
        }
    }
    while (optind <= count)
        note(&theirs, OPERAND, copy[optind++]);
    return is_created;
}

/* --help is of no use here. */
static void hide_stdout(void)
{
    static bool is_hidden;
    if (!is_hidden)
        assert(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO) == STDOUT_FILENO);
    is_hidden = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const synopsis[] = {"WORD", NULL};
    struct input input = {data, size};
    unsigned choice = input_byte(&input);
    struct tool tool = {.name = "tool",
                        .purpose = "Be a tool",
                        .synopsis = synopsis,
                        .has_command = choice & 1,
                        .has_negative_operands = choice & 2,
                        .is_prefix = choice & 4};
    char *text = input_text(&input), *twin, *words[WORDS], *twins[WORDS], *rest = text;
    size_t length = strlen(text);
    int count = 0;
    ours.count = theirs.count = 0;
    creates = false;
    hide_stdout();

    while (rest && count < WORDS)
        words[count++] = strsep(&rest, "\n");
    twin = malloc(length + 1);
    assert(twin);
    memcpy(twin, text, length + 1);
    for (int i = 0; i < count; i++) {
        twins[i] = twin + (words[i] - text);
        if (tool.has_negative_operands && words[i][0] == '-' && words[i][1] >= '0' &&
            words[i][1] <= '9')
            *twins[i] = 'N'; /* no option to getopt_long either */
    }

    walk_ours(count, words, &tool);
    bool is_created = walk_theirs(count, twins, &tool);
    assert(ours.status == theirs.status && ours.count == theirs.count);
    assert(creates == is_created);
    for (int i = 0; i < ours.count; i++) {
        const struct event *own = &ours.events[i], *other = &theirs.events[i];
        assert(own->option == other->option && !own->value == !other->value);
        assert(!own->value || own->value - text == other->value - twin);
    }
    free(text);
    free(twin);
    return 0;
}
