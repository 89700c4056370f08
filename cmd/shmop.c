/* shmop: atomic operations on one number in shared memory or in a mapped file
 *
 * The number is a cell of 4 or 8 bytes, aligned to its size, in native byte order: what a C program
 * calls _Atomic int64_t. Each operation alone is atomic, also against programs that change the cell
 * by atomic operations of their own; several on one command line together are not. Every change
 * wakes all that wait. shmop takes no lock and respects none of shmput. All operations are parsed
 * before the first is done. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "memory/cell.h"
#include "memory/segment.h"
#include "sys/deadline.h"
#include "sys/io.h"
#include "sys/program.h"

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

static void check_word(const struct verb *verb, const char *word, const char *why)
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
        check_word(operation.verb, word, cell_parse_order(word, &operation.order));
    }
    for (int i = 0; i < operation.verb->values; i++) {
        const char *word = next_word(operands, operation.verb);
        check_word(operation.verb, word, cell_parse(type, word, &operation.values[i]));
    }
    return operation;
}

static _Noreturn void end_with_failure(const struct target *target)
{
    exit(diag_fail(target->segment.name.text, &target->cell.failure));
}

static void print_value(const struct target *target, cell_value value)
{
    if (printf("%s\n", cell_text(target->cell.type, value)) < 0 || fflush(stdout) != 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static bool is_gone(void *segment)
{
    return segment_is_removed(segment);
}

static int wait_until(struct target *target, const struct operation *operation)
{
    const struct deadline deadline = deadline_after(target->timeout);
    return cell_wait(&target->cell, operation->order, operation->values[0], &deadline, is_gone,
                     &target->segment);
}

/* Prints the value and ends with exit status 1 if it is not the expected one. */
static int compare_and_set(struct target *target, const struct operation *operation)
{
    cell_value found;
    if (cell_exchange(&target->cell, operation->values[0], operation->values[1], &found) < 0)
        return -1;
    if (found == operation->values[0])
        return 0;
    print_value(target, found);
    exit(EXIT_NO);
}

static int perform(struct target *target, const struct operation *operation)
{
    cell_value old, new;
    const struct verb *verb = operation->verb;
    target->cell.verb = verb->name;
    switch (verb->action) {
    case GET:
        if (cell_get(&target->cell, &old) < 0)
            return -1;
        print_value(target, old);
        return 0;
    case CHANGE:
    case SWAP:
        if (cell_change(&target->cell, verb->change, operation->values[0], &old, &new) < 0)
            return -1;
        if (verb->prints)
            print_value(target, verb->action == SWAP ? old : new);
        return 0;
    case CAS:
        return compare_and_set(target, operation);
    case WAIT:
        return wait_until(target, operation);
    default:
        return cell_wake(&target->cell);
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
            "  max V, min V               make it at least V, at most V; print the new value\n"
            "  or V, and V                set the bits of V, keep only them; print the new value\n"
            "  swap V                     make it V; print the old value\n"
            "  cas OLD NEW                make it NEW if it is OLD; else print it and exit 1\n"
            "  wait OP V                  wait until it compares so; OP is eq ne lt le gt ge\n"
            "  wake                       wake all that wait\n",
};

static void check_values(const struct object_name *name, const struct segment_map *how)
{
    if (name->kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: no name to find it by (shmput -c prints one, id:N)");
    if (how->offset % how->length != 0 || how->offset > INT64_MAX - how->length)
        diag_die(EXIT_USAGE, "--offset %lld: not a multiple of the %lld bytes of a cell",
                 (long long)how->offset, (long long)how->length);
    if (how->size >= 0 && how->size < how->offset + how->length)
        diag_die(EXIT_USAGE, "--size: the cell ends behind it");
}

/* Parses all operations, so that a wrong one is refused before anything is done. Returns whether
 * one of them prints; sets how->writes. */
static bool check_operations(struct operands left, enum cell_type type, struct segment_map *how)
{
    bool prints = false;
    if (left.count == 0)
        diag_die(EXIT_USAGE, "VERB is missing (usage: %s %s)", left.tool->name,
                 left.tool->synopsis[0]);
    while (left.count > 0) {
        const struct verb *verb = parse_operation(&left, type).verb;
        how->writes =
            how->writes || verb->action == CHANGE || verb->action == SWAP || verb->action == CAS;
        prints = prints || verb->prints;
    }
    return prints;
}

static void perform_all(struct target *target, struct operands operands)
{
    while (operands.count > 0) {
        struct operation operation = parse_operation(&operands, target->cell.type);
        if (perform(target, &operation) < 0)
            end_with_failure(target);
    }
}

int main(int argc, char **argv)
{
    struct segment_map how = {.mode = 0600, .size = -1};
    struct target target = {.cell.type = CELL_I64, .timeout = DEADLINE_NEVER};
    const struct tool_option table[] = {
        {OPTION_CREATE(&how.creates)},
        {OPTION_EXCLUSIVE(&how.is_exclusive)},
        {OPTION_MODE(&how.mode)},
        {OPTION_OFFSET(&how.offset)},
        {OPTION_SIZE(&how.size)},
        {0, "type", "TYPE", cell_parse_type, &target.cell.type, "u32, i32, u64 or i64 (i64)"},
        {OPTION_TIMEOUT(&target.timeout)},
        {0},
    };
    struct object_name name;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse_or_file, &name);
    how.creates = how.creates || how.is_exclusive;
    how.length = cell_size(target.cell.type);
    check_values(&name, &how);

    bool prints = check_operations(operands, target.cell.type, &how);
    if (prints && !io_is_open_for(STDOUT_FILENO, O_WRONLY)) /* before anything changes */
        diag_die(EXIT_ERROR, "stdout: write: %m");
    if (segment_map(&target.segment, &name, &how, &target.cell.memory) < 0)
        return diag_fail(name.text, &target.segment.failure);
    perform_all(&target, operands);
    if (prints && program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return EXIT_DONE;
}
