/* shmop: atomic operations on one number in shared memory or in a mapped file
 *
 * The number is a cell of 4 or 8 bytes, aligned to its size, in native byte order: what a C program
 * calls _Atomic int64_t. Each operation alone is atomic, also against programs that change the cell
 * by atomic operations of their own; several on one command line are not. Every change wakes those
 * who wait. No lock is taken, and none of shmput is respected. All operations are understood before
 * the first is done. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "memory/cell.h"
#include "memory/segment.h"
#include "sys/deadline.h"
#include "sys/io.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum action { GET, CHANGE, SWAP, CAS, WAIT, WAKE };

struct verb {
    const char *name;
    enum action action;
    enum cell_change change; /* of CHANGE and SWAP */
    int values;
    bool prints;
    const char *form;
};

static const struct verb verbs[] = {
    {"get", GET, 0, 0, true, "get"},
    {"set", CHANGE, CELL_SET, 1, false, "set V"},
    {"add", CHANGE, CELL_ADD, 1, true, "add V"},
    {"sub", CHANGE, CELL_SUB, 1, true, "sub V"},
    {"max", CHANGE, CELL_MAX, 1, true, "max V"},
    {"min", CHANGE, CELL_MIN, 1, true, "min V"},
    {"or", CHANGE, CELL_OR, 1, true, "or V"},
    {"and", CHANGE, CELL_AND, 1, true, "and V"},
    {"swap", SWAP, CELL_SET, 1, true, "swap V"},
    {"cas", CAS, 0, 2, true, "cas OLD NEW"},
    {"wait", WAIT, 0, 1, false, "wait OP V"},
    {"wake", WAKE, 0, 0, false, "wake"},
};

struct operation {
    const struct verb *verb;
    enum cell_order order;
    cell_value values[2];
};

struct target {
    struct segment segment;
    struct cell cell;
    int64_t timeout;
};

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, word) == 0)
            return &verbs[i];
    diag_die(EXIT_USAGE,
             "%s: no verb (get, set, add, sub, max, min, or, and, swap, cas, wait, wake)", word);
}

static const char *next_word(struct operands *operands, const struct verb *verb)
{
    if (operands->count == 0)
        diag_die(EXIT_USAGE, "%s: a value is missing (%s)", verb->name, verb->form);
    operands->count--;
    return *operands->words++;
}

static void refuse_word(const struct verb *verb, const char *word, const char *why)
{
    if (why)
        diag_die(EXIT_USAGE, "%s '%s': %s", verb->name, word, why);
}

static struct operation parse_operation(struct operands *operands, enum cell_type type)
{
    struct operation operation = {.verb = find_verb(*operands->words++)};
    operands->count--;
    if (operation.verb->action == WAIT) {
        const char *word = next_word(operands, operation.verb);
        refuse_word(operation.verb, word, cell_parse_order(word, &operation.order));
    }
    for (int i = 0; i < operation.verb->values; i++) {
        const char *word = next_word(operands, operation.verb);
        refuse_word(operation.verb, word, cell_parse(type, word, &operation.values[i]));
    }
    return operation;
}

static _Noreturn void fail(const struct target *target, const char *what)
{
    int errnum = errno;
    const char *hint = errnum == EFAULT   ? " (cut by another program, or no room for the page)"
                       : errnum == ERANGE ? " (the cell cannot hold the result)"
                                          : "";
    diag_die(exit_status_of(errnum), "%s: %s: %m%s", target->segment.name.text, what, hint);
}

static void print(const struct target *target, cell_value value)
{
    if (printf("%s\n", cell_text(target->cell.type, value)) < 0 || fflush(stdout) != 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static bool is_gone(void *segment)
{
    return segment_is_removed(segment);
}

static void wait_for(struct target *target, const struct operation *operation)
{
    const struct deadline deadline = deadline_after(target->timeout);
    if (cell_wait(&target->cell, operation->order, operation->values[0], &deadline, is_gone,
                  &target->segment) < 0)
        fail(target, "wait");
}

static void hub(struct target *target, const struct operation *operation)
{
    cell_value found;
    if (cell_exchange(&target->cell, operation->values[0], operation->values[1], &found) < 0)
        fail(target, "cas");
    if (found == operation->values[0])
        return;
    print(target, found);
    exit(EXIT_NO);
}

static void perform(struct target *target, const struct operation *operation)
{
    cell_value old, new;
    const struct verb *verb = operation->verb;
    switch (verb->action) {
    case GET:
        if (cell_get(&target->cell, &old) < 0)
            fail(target, verb->name);
        print(target, old);
        break;
    case CHANGE:
    case SWAP:
        if (cell_change(&target->cell, verb->change, operation->values[0], &old, &new) < 0)
            fail(target, verb->name);
        if (verb->prints)
            print(target, verb->action == SWAP ? old : new);
        break;
    case CAS:
        hub(target, operation);
        break;
    case WAIT:
        wait_for(target, operation);
        break;
    case WAKE:
        if (cell_wake(&target->cell) < 0)
            fail(target, verb->name);
        break;
    }
}

static const char *const synopsis[] = {
    "[-cx] [-m MODE] [-o OFF] [--size SIZE] [--type TYPE] [-t TIME] NAME VERB [VALUE]...",
    NULL,
};

static const struct tool tool = {
    .name = "shmop",
    .purpose = "Do atomic operations on a number in shared memory or a mapped file",
    .synopsis = synopsis,
    .has_negative_operands = true,
    .more = "Verbs, any number of them, done in order:\n"
            "  get                        print the value\n"
            "  set V                      make it V\n"
            "  add V, sub V               add or take V; print the new value\n"
            "  max V, min V               make it at least, at most V; print the new value\n"
            "  or V, and V                set, keep the bits of V; print the new value\n"
            "  swap V                     make it V; print the old value\n"
            "  cas OLD NEW                make it NEW if it is OLD; else print it and exit 1\n"
            "  wait OP V                  wait until it is so; OP is eq ne lt le gt ge\n"
            "  wake                       wake all who wait\n",
};

int main(int argc, char **argv)
{
    enum cell_type type = CELL_I64;
    struct segment_map how = {.mode = 0600, .size = -1};
    struct target target = {.timeout = DEADLINE_NEVER};
    const struct tool_option table[] = {
        {OPTION_CREATE(&how.creates)},
        {OPTION_EXCLUSIVE(&how.is_exclusive)},
        {OPTION_MODE(&how.mode)},
        {OPTION_OFFSET(&how.offset)},
        {OPTION_SIZE(&how.size)},
        {0, "type", "TYPE", cell_parse_type, &type, "u32, i32, u64 or i64 (i64)"},
        {OPTION_TIMEOUT(&target.timeout)},
        {0},
    };
    struct object_name name;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse_or_file, &name);
    if (name.kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: no name to find it by (shmput -c prints one, id:N)");
    if (operands.count == 0)
        diag_die(EXIT_USAGE, "VERB is missing (usage: %s %s)", tool.name, synopsis[0]);
    how.creates = how.creates || how.is_exclusive;
    how.length = cell_size(type);
    if (how.offset % how.length != 0 || how.offset > INT64_MAX - how.length)
        diag_die(EXIT_USAGE, "--offset %lld: not a multiple of the %lld bytes of a cell",
                 (long long)how.offset, (long long)how.length);
    if (how.size >= 0 && how.size < how.offset + how.length)
        diag_die(EXIT_USAGE, "--size: the cell ends behind it");

    bool prints = false;
    for (struct operands left = operands; left.count > 0;) {
        const struct verb *verb = parse_operation(&left, type).verb;
        how.writes =
            how.writes || verb->action == CHANGE || verb->action == SWAP || verb->action == CAS;
        prints = prints || verb->prints;
    }
    if (prints && !io_is_open_for(STDOUT_FILENO, O_WRONLY)) /* told before anything changes */
        diag_die(EXIT_ERROR, "stdout: write: %m");

    target.cell.type = type;
    if (segment_map(&target.segment, &name, &how, &target.cell.memory) < 0)
        diag_die(exit_status_of(errno), "%s: %s: %m%s", name.text, target.segment.what,
                 errno == ENOENT && !*target.segment.hint ? " (-c creates it)"
                                                          : target.segment.hint);
    while (operands.count > 0) {
        struct operation operation = parse_operation(&operands, type);
        perform(&target, &operation);
    }
    if (prints && program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return EXIT_DONE;
}
