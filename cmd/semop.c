/* semop: locks and counting limits around commands, by POSIX and System V semaphores
 *
 * A semaphore is a number that never goes below 0. To take is to wait until it is above 0 and make
 * it one less; to give is to make it one more. The kernel or the C library does each in one step.
 *
 * `run` takes and becomes COMMAND. When COMMAND has ended, in any way, what was taken is given
 * back: by the kernel's undo (System V), or by a guardian process (POSIX). What `wait` and `try`
 * took is given back only by a `post`. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "semaphore/semaphore.h"
#include "semaphore/semaphore_report.h"
#include "sys/exec.h"
#include "sys/program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    const struct verb *verb;
    struct object_name name;
    struct semaphore_how how;
    bool json;
    int64_t by;
    int64_t timeout;
    int not_acquired; /* of -E, -1 without */
    struct operands operands;
    char **command;
    struct semaphore semaphore;
};

struct verb {
    const char *name;
    const char *options; /* those that it takes */
    void (*function)(struct request *request);
    int sign; /* of what change_value does: -1 takes, 1 gives, 0 waits for zero */
};

/* ENOENT: the file of an ftok: name, or the semaphore. */
static const char *missing_hint(const struct request *request)
{
    const struct object_name *name = &request->name;
    if (name->kind == OBJECT_NAME_FTOK && access(name->path, F_OK) < 0)
        return "ftok: wants a file that exists";
    if (name->kind == OBJECT_NAME_ID || request->how.access == SEMAPHORE_REMOVE)
        return "";
    return request->command ? "-c VALUE creates it" : "semop create makes it";
}

static _Noreturn void exit_failed(struct request *request)
{
    struct failure *failure = &request->semaphore.failure;
    int errnum = failure->errnum;
    bool is_busy = !failure->is_error && (errnum == EAGAIN || errnum == ETIMEDOUT);
    if (errnum == ENOENT && !failure->is_error)
        failure_add_hint(failure, "%s", missing_hint(request));

    failure->is_error = failure->is_error || (request->command && !is_busy);
    int status = diag_fail(request->name.text, failure);
    if (is_busy && request->not_acquired >= 0)
        exit(request->not_acquired);
    exit(request->command ? exit_status_beside_command(status) : status);
}

static void open_semaphore(struct request *request, enum semaphore_access access)
{
    request->how.what = request->verb->name;
    request->how.access = access;
    if (semaphore_open(&request->semaphore, &request->name, &request->how) < 0)
        exit_failed(request);
}

static void end_output(void)
{
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static void create_semaphore(struct request *request)
{
    open_semaphore(request, SEMAPHORE_USE);
    if (request->name.kind != OBJECT_NAME_PRIVATE)
        return;
    printf("id:%d\n", request->semaphore.id);
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m; the semaphore is id:%d", request->semaphore.id);
}

/* Does OPS, then becomes COMMAND if there is one. */
static void operate(struct request *request, const struct semaphore_op *ops, size_t count)
{
    open_semaphore(request, SEMAPHORE_USE);
    struct deadline deadline = deadline_after(request->timeout);
    if (semaphore_operate(&request->semaphore, ops, count, &deadline) < 0)
        exit_failed(request);
    if (request->command)
        exec_command(request->command);
}

static void change_value(struct request *request)
{
    const struct semaphore_op op = {
        .index = request->how.index,
        .delta = request->verb->sign * (int)request->by,
        .is_undone = request->command != NULL,
    };
    operate(request, &op, 1);
}

static void try_to_take(struct request *request)
{
    request->timeout = 0;
    change_value(request);
}

/* The operands are OP... */
static void operate_on_set(struct request *request)
{
    size_t count = (size_t)request->operands.count;
    struct semaphore_op *ops = calloc(count + 1, sizeof *ops);
    if (!ops)
        diag_die(EXIT_ERROR, "remember %zu operations: %m", count);

    bool is_undone = false;
    for (size_t i = 0; i < count || i == 0; i++) {
        options_operand(&request->operands, "OP", semaphore_parse_op, &ops[i]);
        is_undone = is_undone || ops[i].is_undone;
    }
    if (is_undone && !request->command)
        diag_die(EXIT_USAGE,
                 "undo needs a COMMAND (the undo comes when the process has ended, which"
                 " would be semop itself, at once)");
    if (request->command && !is_undone)
        diag_die(EXIT_USAGE,
                 "COMMAND needs an OP with :undo, such as 0:-1:undo (without one, use &&"
                 " of the shell)");
    operate(request, ops, count);
}

static void print_value(struct request *request)
{
    open_semaphore(request, SEMAPHORE_READ);
    int value = semaphore_value(&request->semaphore);
    if (value < 0)
        exit_failed(request);
    printf("%d\n", value);
    end_output();
}

static void set_value(struct request *request)
{
    open_semaphore(request, SEMAPHORE_USE);
    if (semaphore_set(&request->semaphore, request->how.value) < 0)
        exit_failed(request);
}

static void describe(struct request *request)
{
    open_semaphore(request, SEMAPHORE_READ);
    if (semaphore_report(&request->semaphore, request->json) < 0)
        exit_failed(request);
    end_output();
}

static void remove_semaphore(struct request *request)
{
    open_semaphore(request, SEMAPHORE_REMOVE);
    if (semaphore_remove(&request->semaphore) < 0)
        exit_failed(request);
}

static const struct verb verbs[] = {
    {"create", "exclusive mode nsems", create_semaphore, 0},
    {"run", "create mode nsems timeout index by exit-code", change_value, -1},
    {"wait", "timeout index by exit-code", change_value, -1},
    {"try", "index by exit-code", try_to_take, -1},
    {"post", "index by", change_value, 1},
    {"zero", "timeout index exit-code", change_value, 0},
    {"get", "index", print_value, 0},
    {"set", "index", set_value, 0},
    {"ops", "timeout exit-code", operate_on_set, 0},
    {"stat", "index json", describe, 0},
    {"remove", "", remove_semaphore, 0},
};

static const char *parse_verb(const char *text, void *value)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(text, verbs[i].name) == 0) {
            *(const struct verb **)value = &verbs[i];
            return NULL;
        }
    return "not one of create, run, wait, try, post, zero, get, set, ops, stat, remove";
}

/* Refuses a name or a value that does not go with the verb or the family. */
static void check_values(const struct request *request)
{
    const struct object_name *name = &request->name;
    int value = request->how.value, max = semaphore_max(name);
    if (!object_name_is_sysv(name) && request->verb->function == operate_on_set)
        diag_die(EXIT_USAGE, "%s: ops is for System V objects", name->text);
    if (name->kind == OBJECT_NAME_PRIVATE && request->verb->function != create_semaphore)
        diag_die(EXIT_USAGE, "private: only with create, which prints the name, id:N");
    if (value > max || request->by > max)
        diag_die(EXIT_USAGE, "%s '%" PRId64 "': too large (a System V semaphore holds at most %d)",
                 value > max ? "VALUE" : "-b", value > max ? value : request->by, max);
    if (request->how.creates && request->how.index >= request->how.count)
        diag_die(EXIT_USAGE, "-i %d: the set to create has only %" PRId64, request->how.index,
                 request->how.count);
    if (request->not_acquired > 255)
        diag_die(EXIT_USAGE, "-E '%d': too large for an exit status", request->not_acquired);
}

static void check_command(const struct request *request)
{
    const struct operands *operands = &request->operands;
    bool is_run = strcmp(request->verb->name, "run") == 0;
    if (is_run && operands->count > 0)
        diag_die(EXIT_USAGE, "%s: COMMAND goes after --", operands->words[0]);
    if (is_run && !request->command)
        diag_die(EXIT_USAGE, "COMMAND is missing (usage: semop run NAME -- COMMAND [ARG]...)");
    if (request->verb->function == operate_on_set)
        return;
    if (!is_run && request->command)
        diag_die(EXIT_USAGE, "only run and ops take a COMMAND");
    options_end(operands);
}

static const char *const synopsis[] = {
    "VERB [OPTION]... NAME [ARGUMENT]...",
    "create [-x] [-m MODE] [--nsems N] NAME VALUE",
    "run [-c VALUE [-m MODE] [--nsems N]] [-t TIME] [-E N] [-i N] [-b N] NAME -- COMMAND [ARG]...",
    "wait [-t TIME] [-E N] [-i N] [-b N] NAME",
    "try [-E N] [-i N] [-b N] NAME",
    "post [-i N] [-b N] NAME",
    "zero [-t TIME] [-E N] [-i N] NAME",
    "get [-i N] NAME",
    "set [-i N] NAME VALUE",
    "ops [-t TIME] [-E N] NAME INDEX:DELTA[:nowait][:undo]... [-- COMMAND [ARG]...]",
    "stat [-i N] [-j] NAME",
    "remove NAME",
    NULL,
};

static const struct option_rule rules[] = {
    {"nsems", .family = OBJECT_NAME_SYSV},
    {"index", .family = OBJECT_NAME_SYSV},
    {"by", .family = OBJECT_NAME_SYSV},
    {0},
};

static const struct tool tool = {
    .name = "semop",
    .purpose = "Lock and limit commands by a POSIX or System V semaphore",
    .synopsis = synopsis,
    .rules = rules,
    .has_command = true,
    .more = "run ends with COMMAND's status; 124: not acquired in time, 125: semop itself failed,\n"
            "126: COMMAND cannot be run, 127: COMMAND not found.\n",
};

/* All but the OPs of ops is parsed and checked here. */
static void parse_options(int argc, char **argv, struct request *request)
{
    struct semaphore_how *how = &request->how;
    const struct tool_option table[] = {
        {'c', "create", "VALUE", parse_natural, &how->value,
         "run: create the semaphore with VALUE if there is none"},
        {OPTION_EXCLUSIVE(&how->is_exclusive)},
        {OPTION_MODE(&how->mode)},
        {0, "nsems", "N", parse_count, &how->count, "System V: create a set of N semaphores"},
        {'i', "index", "N", parse_natural, &how->index, "System V: number N of the set, from 0"},
        {'b', "by", "N", parse_count, &request->by, "System V: take or give N at once"},
        {OPTION_TIMEOUT(&request->timeout)},
        {'E', "exit-code", "N", parse_natural, &request->not_acquired,
         "the exit status if it is not to be had in time"},
        {OPTION_JSON(&request->json)},
        {0},
    };
    struct operands *operands = &request->operands;
    *operands = options_parse(argc, argv, &tool, table);
    request->command = operands->command;
    options_operand(operands, "VERB", parse_verb, &request->verb);
    options_operand(operands, "NAME", semaphore_parse_name, &request->name);

    const struct verb *verb = request->verb;
    how->creates = verb->function == create_semaphore || options_given(operands, "create");
    options_allow(operands, verb->options, verb->name);
    if (!how->creates)
        options_allow(operands, "timeout index by exit-code json", "run without -c");
    options_check(operands, &request->name);
    if (verb->function == create_semaphore || verb->function == set_value)
        options_operand(operands, "VALUE", parse_natural, &how->value);
    check_command(request);
    check_values(request);
}

int main(int argc, char **argv)
{
    struct request request = {
        .how = {.mode = 0600, .count = 1},
        .by = 1,
        .timeout = DEADLINE_NEVER,
        .not_acquired = -1,
    };
    program_begin();
    parse_options(argc, argv, &request);
    request.verb->function(&request);
    return EXIT_DONE;
}
