/* The grammar is that of getopt_long(3), which is not used for two reasons: it takes an operand
 * such as -5 for an option; and its caller, who writes the messages, cannot tell an unknown option
 * from an ambiguous one. */
#include "cli/options.h"

#include "cli/diag.h"
#include "cli/exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char command_word[] = "COMMAND";

struct walk {
    const struct tool *tool;
    const struct tool_option *table;
    char **next;    /* the word after the one in hand */
    uint64_t given; /* options of TABLE, as in struct operands */
};

static const char *print_help(const char *name, void *value);
static const char *print_version(const char *name, void *value);
static const char *set_quiet(const char *name, void *value);

static const struct tool_option standard[] = {
    {'q', "quiet", NULL, set_quiet, NULL, "do not report exit status 1"},
    {'h', "help", NULL, print_help, NULL, "print this help"},
    {'V', "version", NULL, print_version, NULL, "print the version"},
    {0},
};

static _Noreturn void end_after_printing(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        diag_die(EXIT_ERROR, "stdout: write: %m");
    exit(EXIT_DONE);
}

static void print_options(const struct tool_option *option)
{
    for (; option->name; option++) {
        char form[64];
        const char *argument = option->argument;
        snprintf(form, sizeof form, "%s%c%s --%s%s%s", option->letter ? "-" : " ",
                 option->letter ? option->letter : ' ', option->letter ? "," : " ", option->name,
                 argument ? " " : "", argument ? argument : "");
        printf("  %-26s %s\n", form, option->help);
    }
}

static const char *print_help(const char *name, void *value)
{
    const struct walk *walk = value;
    const char *lead = "usage:";
    (void)name;

    for (const char *const *line = walk->tool->synopsis; *line; line++, lead = "      ")
        printf("%s %s %s\n", lead, walk->tool->name, *line);
    printf("\n%s\n\n", walk->tool->purpose);
    print_options(walk->table);
    print_options(standard);
    if (walk->tool->more)
        printf("\n%s", walk->tool->more);
    printf("\nThe manual is %s(1).\n", walk->tool->name);
    end_after_printing();
}

static const char *print_version(const char *name, void *value)
{
    const struct walk *walk = value;
    (void)name;
    printf("%s (ipcbox) %s\n", walk->tool->name, VERSION);
    end_after_printing();
}

static const char *set_quiet(const char *name, void *value)
{
    (void)name;
    (void)value;
    diag_quiet();
    return NULL;
}

static _Noreturn void refuse(const struct walk *walk, const char *word, const char *why)
{
    diag_die(EXIT_USAGE, "%s: %s (%s --help lists the options)", word, why, walk->tool->name);
}

static const struct tool_option *find_letter(const struct walk *walk, char letter, const char *word)
{
    const struct tool_option *const tables[] = {walk->table, standard};
    for (int i = 0; i < 2; i++)
        for (const struct tool_option *option = tables[i]; option->name; option++)
            if (option->letter == letter)
                return option;
    refuse(walk, word, "unknown option");
}

/* The option whose long form is the first LENGTH bytes of NAME, or the only one that begins so. */
static const struct tool_option *find_name(const struct walk *walk, const char *name, size_t length)
{
    const struct tool_option *const tables[] = {walk->table, standard};
    const struct tool_option *found = NULL;
    bool fits_more = false;

    for (int i = 0; i < 2; i++)
        for (const struct tool_option *option = tables[i]; option->name; option++) {
            if (strncmp(option->name, name, length) != 0)
                continue;
            if (option->name[length] == '\0')
                return option;
            fits_more = fits_more || found;
            found = option;
        }
    if (!found || length == 0)
        refuse(walk, name - 2, "unknown option");
    if (fits_more)
        refuse(walk, name - 2, "fits more than one option");
    return found;
}

/* Stores the value of OPTION. WORD is the option as it was written, for the message. */
static void apply(struct walk *walk, const struct tool_option *option, const char *word,
                  const char *argument)
{
    void *value = option->value ? option->value : walk;
    const char *text = option->argument ? argument : option->name;

    for (size_t i = 0; walk->table[i].name; i++)
        if (option == &walk->table[i])
            walk->given |= UINT64_C(1) << i;
    if (!option->parse) {
        *(bool *)value = true;
        return;
    }
    const char *why = option->parse(text, value);
    if (why && option->argument)
        diag_die(parse_status(why), "%s '%s': %s", word, argument, why);
    else if (why)
        diag_die(EXIT_USAGE, "%s: %s", word, why);
}

/* WORD is `-abc` or `-aVALUE`. */
static void parse_letters(struct walk *walk, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        char name[] = {'-', *at, '\0'};
        const struct tool_option *option = find_letter(walk, *at, word);
        if (!option->argument) {
            apply(walk, option, name, NULL);
            continue;
        }
        const char *argument = at[1] ? at + 1 : *walk->next;
        if (!argument)
            refuse(walk, name, "needs a value");
        if (!at[1])
            walk->next++;
        apply(walk, option, name, argument);
        return;
    }
}

/* WORD is `--name` or `--name=VALUE`; the name may be cut as long as it fits only one. */
static void parse_name(struct walk *walk, const char *word)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *argument = name[length] ? name + length + 1 : NULL;

    const struct tool_option *option = find_name(walk, name, length);
    if (argument && !option->argument)
        refuse(walk, word, "takes no value");
    if (!argument && option->argument && !(argument = *walk->next++))
        refuse(walk, word, "needs a value");

    char full[64];
    snprintf(full, sizeof full, "--%s", option->name);
    apply(walk, option, full, argument);
}

static bool is_number(const struct tool *tool, const char *word)
{
    return tool->has_negative_operands && word[1] >= '0' && word[1] <= '9';
}

struct operands options_parse(int argc, char **argv, const struct tool *tool,
                              const struct tool_option *table)
{
    diag_name(tool->name);
    if (argc < 2) {
        fprintf(stderr, "usage: %s %s\n%s --help explains the options, %s(1) the rest\n",
                tool->name, tool->synopsis[0], tool->name, tool->name);
        exit(EXIT_USAGE);
    }

    struct operands found = {.tool = tool, .words = argv + 1, .table = table};
    struct walk walk = {.tool = tool, .table = table, .next = argv + 1};
    while (*walk.next) {
        char *word = *walk.next++;
        if (strcmp(word, "--") == 0) {
            if (tool->has_command) {
                found.command = walk.next;
                break;
            }
            while (*walk.next)
                found.words[found.count++] = *walk.next++;
        } else if (strncmp(word, "--", 2) == 0) {
            parse_name(&walk, word);
        } else if (word[0] == '-' && word[1] && !is_number(tool, word)) {
            parse_letters(&walk, word);
        } else {
            found.words[found.count++] = word;
            while (tool->is_prefix && *walk.next)
                found.words[found.count++] = *walk.next++;
        }
    }
    if (!found.command)
        found.words[found.count] = NULL;
    found.given = walk.given;
    return found;
}

void options_operand(struct operands *operands, const char *what, parse_function *parse,
                     void *value)
{
    if (operands->count == 0)
        diag_die(EXIT_USAGE, "%s is missing (usage: %s %s)", what, operands->tool->name,
                 operands->tool->synopsis[0]);
    const char *word = *operands->words++;
    operands->count--;
    const char *why = parse(word, value);
    if (why)
        diag_die(parse_status(why), "%s '%s': %s", what, word, why);
}

void options_end(const struct operands *operands)
{
    if (operands->count > 0)
        diag_die(EXIT_USAGE, "%s: one operand too many (usage: %s %s)", operands->words[0],
                 operands->tool->name, operands->tool->synopsis[0]);
}

/* Returns NULL if the table has no such option. */
static const struct tool_option *find_option(const struct operands *operands, const char *name)
{
    for (const struct tool_option *option = operands->table; option->name; option++)
        if (strcmp(option->name, name) == 0)
            return option;
    return NULL;
}

bool options_given(const struct operands *operands, const char *name)
{
    if (strcmp(name, command_word) == 0)
        return operands->command;
    const struct tool_option *option = find_option(operands, name);
    return option && operands->given >> (option - operands->table) & 1;
}

/* Writes into FORM how the option NAME is written: -k, --max, COMMAND. */
static const char *form_of(const struct operands *operands, const char *name, char form[static 32])
{
    const struct tool_option *option = find_option(operands, name);
    if (option && option->letter)
        snprintf(form, 32, "-%c", option->letter);
    else
        snprintf(form, 32, "%s%s", option ? "--" : "", name);
    return form;
}

/* Takes the next of the WORDS, which are separated by blanks. Returns false at the end. */
static bool next_word(const char **words, char word[static 32])
{
    *words += strspn(*words, " ");
    size_t length = strcspn(*words, " "), kept = length < 31 ? length : 31;
    memcpy(word, *words, kept);
    word[kept] = '\0';
    *words += length;
    return length > 0;
}

/* How many of the WORDS were given. The first of them goes into GIVEN. */
static int count_given(const struct operands *operands, const char *words, char given[static 32])
{
    char word[32];
    int count = 0;
    while (next_word(&words, word))
        if (options_given(operands, word) && count++ == 0)
            memcpy(given, word, sizeof word);
    return count;
}

/* Writes WORDS into TEXT as options are written, LAST before the last: `-n, -a and -f`. */
static const char *list_of(const struct operands *operands, const char *words, const char *last,
                           char text[static 128])
{
    char word[32], form[32];
    size_t used = 0;
    *text = '\0';
    while (used < 128 && next_word(&words, word)) {
        bool is_last = words[strspn(words, " ")] == '\0';
        const char *comma = used == 0 ? "" : is_last ? last : ", ";
        used +=
            (size_t)snprintf(text + used, 128 - used, "%s%s", comma, form_of(operands, word, form));
    }
    return text;
}

static bool has_word(const char *words, const char *name)
{
    char word[32];
    while (next_word(&words, word))
        if (strcmp(word, name) == 0)
            return true;
    return false;
}

/* The first option that was given and is neither EXCEPT nor among ALLOWED; NULL if there is none.
 */
static const char *find_foreign(const struct operands *operands, const char *allowed,
                                const char *except)
{
    for (const struct tool_option *option = operands->table; option->name; option++)
        if (options_given(operands, option->name) && strcmp(option->name, except) != 0 &&
            !has_word(allowed, option->name))
            return option->name;
    return NULL;
}

/* What stands beside the option of RULE and is not among those it goes with; NULL if nothing does.
 */
static const char *find_other(const struct operands *operands, const struct option_rule *rule)
{
    const char *other = find_foreign(operands, rule->only, rule->option);
    if (!other && operands->command && !has_word(rule->only, command_word))
        other = command_word;
    return other;
}

__attribute__((format(printf, 2, 3))) static _Noreturn void
refuse_by_rule(const struct option_rule *rule, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (rule->because)
        diag_die(EXIT_USAGE, "%s (%s)", text, rule->because);
    diag_die(EXIT_USAGE, "%s", text);
}

static void check_rule(const struct operands *operands, const struct option_rule *rule,
                       const struct object_name *name)
{
    char given[32], form[32], other[32], list[128];
    if (rule->only_one && count_given(operands, rule->only_one, given) > 1)
        refuse_by_rule(rule, "only one of %s", list_of(operands, rule->only_one, " and ", list));
    if (!rule->option || !options_given(operands, rule->option))
        return;

    form_of(operands, rule->option, form);
    if (rule->with && count_given(operands, rule->with, given) == 0)
        refuse_by_rule(rule, "%s needs %s", form, list_of(operands, rule->with, " or ", list));
    if (rule->without && count_given(operands, rule->without, given) > 0)
        refuse_by_rule(rule, "%s does not go with %s", form, form_of(operands, given, other));

    const char *foreign = rule->only ? find_other(operands, rule) : NULL;
    if (foreign)
        refuse_by_rule(rule, "%s does not go with %s", form_of(operands, foreign, other), form);
    if (rule->family && name && !(rule->family & name->kind))
        refuse_by_rule(rule, "%s: %s is for %s objects", name->text, form,
                       rule->family == OBJECT_NAME_SYSV ? "System V" : "POSIX");
}

void options_check(const struct operands *operands, const struct object_name *name)
{
    if (operands->command && !operands->command[0])
        diag_die(EXIT_USAGE, "COMMAND is missing after --");
    const struct option_rule *rule = operands->tool->rules;
    for (; rule && (rule->option || rule->only_one); rule++)
        check_rule(operands, rule, name);
}

void options_allow(const struct operands *operands, const char *allowed, const char *what)
{
    char form[32];
    const char *foreign = find_foreign(operands, allowed, "");
    if (foreign)
        diag_die(EXIT_USAGE, "%s does not go with %s", form_of(operands, foreign, form), what);
}
