/* options: the one command line grammar: TOOL [OPTION]... OPERAND... [-- COMMAND [ARG]...]
 *
 * A tool describes itself once. The table gives the parsing and --help; what is wrong with the
 * command line is told, and the process ends with EXIT_USAGE. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cli/object_name.h"
#include "cli/parse.h"

#include <stdbool.h>

struct tool_option {
    char letter;           /* 0 where there is only the long form */
    const char *name;      /* the long form, without its dashes */
    const char *argument;  /* what --help calls the value; NULL for a flag */
    parse_function *parse; /* a flag's is called with the option's name; NULL sets a bool */
    void *value;           /* where the value goes */
    const char *help;
};

/* What an option goes with. Options are written as their long names, several with blanks between;
 * what follows `--` counts as one, COMMAND. */
struct option_rule {
    const char *option;
    const char *with;             /* needs one of these */
    const char *without;          /* goes with none of these */
    const char *only;             /* goes with nothing but these */
    const char *only_one;         /* instead of OPTION: at most one of these */
    enum object_name_kind family; /* is for names of this family; 0: for all */
    const char *because;          /* a reason for the message, or NULL */
};

struct tool {
    const char *name;
    const char *purpose;             /* one line, without a full stop */
    const char *const *synopsis;     /* what follows the name; a line each, NULL last */
    const struct option_rule *rules; /* {0} last; NULL: none */
    bool has_command;                /* what follows `--` is a COMMAND, not more operands */
    bool has_negative_operands;      /* `-5` is no option */
    bool is_prefix;                  /* options end at the first operand, as those of env(1) do */
    const char *more;                /* further lines of --help, each ended; or NULL */
};

struct operands {
    const struct tool *tool;
    char **words; /* the operands, in order; they lie in the caller's argv */
    int count;
    char **command; /* what follows `--`, NULL last; NULL where there was none or no COMMAND */
    const struct tool_option *table;
    uint64_t given; /* which options of TABLE stood there: bit N for the Nth */
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
#define OPTION_PROGRESS(to)    'P', "progress", NULL, NULL, to, "show on stderr how far it is"
#define OPTION_STAT(to)        0, "stat", NULL, NULL, to, "describe the object"
#define OPTION_JSON(to)        'j', "json", NULL, NULL, to, "describe it in JSON"
#define OPTION_REMOVE(to)      0, "remove", NULL, NULL, to, "remove the object"

/* Stores the values of the options, which may stand anywhere before `--`, and returns the operands.
 * Answers --help, --version and --quiet itself. TABLE ends with {0}. */
struct operands options_parse(int argc, char **argv, const struct tool *tool,
                              const struct tool_option *table);

/* Takes the first operand, which the synopsis calls WHAT, through PARSE into VALUE. */
void options_operand(struct operands *operands, const char *what, parse_function *parse,
                     void *value);

/* Refuses operands that nobody took. */
void options_end(const struct operands *operands);

/* Refuses what the rules of the tool refuse, the first of them first, and a COMMAND without a word.
 * NAME is the object's, for rules about its family; NULL: none. */
void options_check(const struct operands *operands, const struct object_name *name);

/* Whether the option of that long name was given; COMMAND: whether `--` was. */
bool options_given(const struct operands *operands, const char *name);

/* Refuses options that were given and are not among ALLOWED, their long names with blanks between.
 * WHAT is what the others do not go with. */
void options_allow(const struct operands *operands, const char *allowed, const char *what);

#endif
