/* options: the one command line grammar: TOOL [OPTION]... OPERAND... [-- COMMAND [ARG]...]
 *
 * A tool describes itself once: a table of options for parsing and --help, and rules for what goes
 * with what. All functions report a wrong command line and end the process with EXIT_USAGE. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cli/object_name.h"
#include "cli/parse.h"

#include <stdbool.h>

struct tool_option {
    char letter;           /* 0: there is only the long form */
    const char *name;      /* the long form, without the dashes; less than 32 bytes */
    const char *argument;  /* the value's name in --help; NULL for a flag */
    parse_function *parse; /* NULL sets a bool; that of a flag gets the option's name */
    void *value;           /* where the value goes */
    const char *help;
};

/* What an option goes with. Options are given by their long names, separated by blanks. COMMAND
 * stands for what follows `--`, as if it were an option. A rule whose option was not given says
 * nothing. */
struct option_rule {
    const char *option;           /* NULL with ONLY_ONE */
    const char *with;             /* needs one of these */
    const char *without;          /* goes with none of these */
    const char *only;             /* goes with nothing but these */
    const char *only_one;         /* at most one of these */
    enum object_name_kind family; /* is for names of this family alone; 0: for all */
    const char *because;          /* the reason, in parentheses after the message; or NULL */
};

struct tool {
    const char *name;
    const char *purpose;             /* one line, without a full stop */
    const char *const *synopsis;     /* what follows the name; a line each, NULL last */
    const struct option_rule *rules; /* {0} last; NULL: none */
    bool has_command;                /* what follows `--` is a COMMAND, not more operands */
    bool has_negative_operands;      /* `-5` is an operand */
    bool is_prefix;                  /* options end at the first operand, as in env(1) */
    const char *more;                /* further lines of --help, each ended; or NULL */
};

struct operands {
    const struct tool *tool;
    char **words; /* the operands, in order; they lie in the caller's argv */
    int count;
    char **command; /* what follows `--`, NULL last; NULL: no `--`, or the tool has no COMMAND */
    const struct tool_option *table;
    uint64_t given; /* the options of TABLE that were given: bit N for the Nth */
};

/* The options that mean the same in every tool, as initialisers: {OPTION_CREATE(&is_created)}.
 * The argument is where the value goes: a bool, the int64_t of a time, size or count, a mode_t. */
#define OPTION_CREATE(to)    'c', "create", NULL, NULL, to, "create the object if it does not exist"
#define OPTION_EXCLUSIVE(to) 'x', "exclusive", NULL, NULL, to, "with create: if it exists, exit 1"
#define OPTION_MODE(to)      'm', "mode", "MODE", parse_mode, to, "octal permissions (0600)"
#define OPTION_TIMEOUT(to) \
    't', "timeout", "TIME", parse_time, to, "wait at most TIME, then exit 1; 0 never waits"
#define OPTION_COUNT(to, help) 'n', "count", "N", parse_count, to, help
#define OPTION_FOLLOW(to)      'f', "follow", NULL, NULL, to, "keep going: wait for more"
#define OPTION_OFFSET(to)      'o', "offset", "SIZE", parse_size, to, "begin at this byte"
#define OPTION_LENGTH(to)      'L', "length", "SIZE", parse_size, to, "this many bytes, not all"
#define OPTION_SIZE(to)        0, "size", "SIZE", parse_size, to, "size of an object that is created"
#define OPTION_PROGRESS(to)    'P', "progress", NULL, NULL, to, "show progress on stderr"
#define OPTION_STAT(to)        0, "stat", NULL, NULL, to, "describe the object"
#define OPTION_JSON(to)        'j', "json", NULL, NULL, to, "describe it in JSON"
#define OPTION_REMOVE(to)      0, "remove", NULL, NULL, to, "remove the object"

/* Stores the values of the options, which may stand anywhere before `--`, and returns the operands.
 * Handles --help, --version and --quiet itself. TABLE ends with {0}. */
struct operands options_parse(int argc, char **argv, const struct tool *tool,
                              const struct tool_option *table);

/* Takes the first operand, WHAT in the synopsis, through PARSE into VALUE. */
void options_operand(struct operands *operands, const char *what, parse_function *parse,
                     void *value);

/* Refuses operands that were not taken. */
void options_end(const struct operands *operands);

/* Refuses an empty COMMAND, then what the rules of the tool forbid, in their order. NAME is the
 * object's, for rules about its family; NULL: those are left out. */
void options_check(const struct operands *operands, const struct object_name *name);

/* Whether the option with the long name NAME was given; of COMMAND, whether `--` was. */
bool options_given(const struct operands *operands, const char *name);

/* Refuses an option that was given and is not among ALLOWED, long names separated by blanks. WHAT
 * is what it does not go with. */
void options_allow(const struct operands *operands, const char *allowed, const char *what);

#endif
