/* semop: locks and counting limits around commands, by POSIX and System V semaphores
 *
 * A semaphore is a number that never goes below 0: to take is to wait until it is above 0 and make
 * it one less, to give is to make it one more; the kernel or the C library does each in one step.
 * `run` takes, becomes COMMAND, and what was taken comes back when COMMAND has ended, however it
 * ends: from the kernel's undo (System V), or from a guardian process beside it (POSIX). Nothing
 * gives back what `wait` and `try` took but a `post`. */

#include "diag.h"
#include "exits.h"
#include "io.h"
#include "objname.h"
#include "options.h"
#include "parse.h"
#include "report.h"
#include "semaphores.h"
#include "spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    const struct verb *verb;
    struct objname name;
    int value;       /* the VALUE operand */
    int first_value; /* of -c, -1 without */
    mode_t mode;     /* of -m, no_mode without */
    bool is_exclusive, json;
    int64_t timeout;
    char **command;
    struct semaphore semaphore;
};

struct verb {
    const char *name;
    const char *options; /* the letters of those it takes */
    bool has_value;
    void (*act)(struct request *request);
};

static const mode_t no_mode = (mode_t)-1;

/* ENOENT: the file of an ftok: name, or the semaphore. */
static const char *missing_hint(const struct request *request)
{
    const struct objname *name = &request->name;
    if (name->kind == OBJNAME_FTOK && access(name->path, F_OK) < 0)
        return " (ftok: wants a file that exists)";
    if (name->kind == OBJNAME_ID)
        return "";
    return request->command ? " (-c VALUE creates it)" : " (semop create makes it)";
}

static _Noreturn void fail(struct request *request)
{
    int errnum = errno;
    const char *name = request->name.text, *verb = request->verb->name;
    const char *why = semaphores_why(&request->semaphore, errnum);
    const char *hint = errnum == ENOENT ? missing_hint(request) : "";

    if (!request->command)
        diag_die(exits_for(errnum), "%s: %s: %s%s", name, verb, why, hint);
    if (errnum != EAGAIN && errnum != ETIMEDOUT)
        diag_die(EXIT_TOOL_FAILED, "%s: %s: %s%s", name, verb, why, hint);
    diag_note("%s: %s: %s", name, verb, why);
    exit(EXIT_NOT_ACQUIRED);
}

static void open_semaphore(struct request *request, enum semaphores_access access,
                           const struct semaphores_creation *creation)
{
    if (semaphores_open(&request->semaphore, &request->name, access, creation) < 0)
        fail(request);
}

static void create(struct request *request)
{
    struct semaphores_creation creation = {
        .is_exclusive = request->is_exclusive,
        .mode = request->mode == no_mode ? 0600 : request->mode,
        .value = request->value,
    };
    open_semaphore(request, SEMAPHORES_USE, &creation);
    if (request->name.kind != OBJNAME_PRIVATE)
        return;
    printf("id:%d\n", request->semaphore.id);
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m (the semaphore is id:%d)", request->semaphore.id);
}

static void run(struct request *request)
{
    struct semaphores_creation creation = {
        .mode = request->mode == no_mode ? 0600 : request->mode,
        .value = request->first_value,
    };
    open_semaphore(request, SEMAPHORES_USE, request->first_value < 0 ? NULL : &creation);
    struct deadline deadline = deadline_in(request->timeout);
    if (semaphores_hold(&request->semaphore, &deadline) < 0)
        fail(request);
    spawn_exec(request->command);
}

static void take(struct request *request)
{
    open_semaphore(request, SEMAPHORES_USE, NULL);
    struct deadline deadline = deadline_in(request->timeout);
    if (semaphores_take(&request->semaphore, &deadline) < 0)
        fail(request);
}

static void try(struct request *request)
{
    request->timeout = 0;
    take(request);
}

static void post(struct request *request)
{
    open_semaphore(request, SEMAPHORES_USE, NULL);
    if (semaphores_post(&request->semaphore) < 0)
        fail(request);
}

static void get(struct request *request)
{
    open_semaphore(request, SEMAPHORES_READ, NULL);
    int value = semaphores_value(&request->semaphore);
    if (value < 0)
        fail(request);
    printf("%d\n", value);
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

static void set(struct request *request)
{
    open_semaphore(request, SEMAPHORES_USE, NULL);
    if (semaphores_set(&request->semaphore, request->value) < 0)
        fail(request);
}

static void print_status(struct request *request)
{
    struct semaphores_status status;
    open_semaphore(request, SEMAPHORES_READ, NULL);
    if (semaphores_status(&request->semaphore, &status) < 0)
        fail(request);

    report_start(request->json);
    report_text("name", request->name.text);
    report_text("family", request->semaphore.is_sysv ? "sysv" : "posix");
    report_number("value", status.value);
    if (request->semaphore.is_sysv) {
        report_number("id", request->semaphore.id);
        report_number("waiting", status.waiting);
        report_number("waiting_for_zero", status.waiting_for_zero);
        report_number("last_pid", status.last_pid);
        report_time("operated", status.operated);
        report_time("changed", status.changed);
    }
    report_mode("mode", status.mode);
    report_number("uid", status.uid);
    report_number("gid", status.gid);
    report_end();
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

static void remove_semaphore(struct request *request)
{
    open_semaphore(request, SEMAPHORES_REMOVE, NULL);
    if (semaphores_remove(&request->semaphore) < 0)
        fail(request);
}

static const struct verb verbs[] = {
    {"create", "xm", true, create},
    {"run", "cmt", false, run},
    {"wait", "t", false, take},
    {"try", "", false, try},
    {"post", "", false, post},
    {"get", "", false, get},
    {"set", "", true, set},
    {"stat", "j", false, print_status},
    {"remove", "", false, remove_semaphore},
};

static const char *parse_verb(const char *text, void *value)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(text, verbs[i].name) == 0) {
            *(const struct verb **)value = &verbs[i];
            return NULL;
        }
    return "not one of create, run, wait, try, post, get, set, stat, remove";
}

static const char *parse_value(const char *text, void *value)
{
    uint64_t number;
    const char *end = parse_digits(text, 10, INT_MAX, &number);
    if (!end)
        return "too large (a semaphore holds at most 2147483647)";
    if (end == text || *end)
        return "not a value (0 or more)";
    *(int *)value = (int)number;
    return NULL;
}

static void check_value(const struct request *request, int value)
{
    int max = semaphores_max(&request->name);
    if (value > max)
        diag_die(EXIT_USAGE, "VALUE '%d': too large (a System V semaphore holds at most %d)", value,
                 max);
}

static void check_option(const struct request *request, char letter, bool is_given)
{
    if (is_given && !strchr(request->verb->options, letter))
        diag_die(EXIT_USAGE, "-%c does not go with %s", letter, request->verb->name);
}

static void check_command(const struct request *request, const struct operands *operands)
{
    bool is_run = request->verb->act == run;
    if (is_run && operands->count > 0)
        diag_die(EXIT_USAGE, "%s: COMMAND goes after --", operands->words[0]);
    if (is_run && (!request->command || !request->command[0]))
        diag_die(EXIT_USAGE, "COMMAND is missing (usage: semop run NAME -- COMMAND [ARG]...)");
    if (!is_run && request->command)
        diag_die(EXIT_USAGE, "only run takes a COMMAND");
    options_end(operands);
}

static const char *const synopsis[] = {
    "VERB [OPTION]... NAME [ARGUMENT]...",
    "create [-x] [-m MODE] NAME VALUE",
    "run [-c VALUE] [-m MODE] [-t TIME] NAME -- COMMAND [ARG]...",
    "wait [-t TIME] NAME",
    "try NAME",
    "post NAME",
    "get NAME",
    "set NAME VALUE",
    "stat [-j] NAME",
    "remove NAME",
    NULL,
};

static const struct tool tool = {
    .name = "semop",
    .purpose = "Lock and limit commands by a POSIX or System V semaphore",
    .synopsis = synopsis,
    .has_command = true,
    .more = "run ends with COMMAND's status; 124: not acquired in time, 125: semop itself failed,\n"
            "126: COMMAND cannot be run, 127: COMMAND not found.\n",
};

int main(int argc, char **argv)
{
    struct request request = {.first_value = -1, .mode = no_mode, .timeout = DEADLINE_NEVER};
    const struct option table[] = {
        {'c', "create", "VALUE", parse_value, &request.first_value,
         "run: create the semaphore with VALUE if there is none"},
        {OPTION_EXCLUSIVE(&request.is_exclusive)},
        {OPTION_MODE(&request.mode)},
        {OPTION_TIMEOUT(&request.timeout)},
        {OPTION_JSON(&request.json)},
        {0},
    };

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    request.command = operands.command;
    options_operand(&operands, "VERB", parse_verb, &request.verb);
    options_operand(&operands, "NAME", semaphores_parse_name, &request.name);
    if (request.verb->has_value)
        options_operand(&operands, "VALUE", parse_value, &request.value);
    check_command(&request, &operands);
    check_option(&request, 'c', request.first_value >= 0);
    check_option(&request, 'x', request.is_exclusive);
    check_option(&request, 'm', request.mode != no_mode);
    check_option(&request, 't', request.timeout != DEADLINE_NEVER);
    check_option(&request, 'j', request.json);
    check_value(&request, request.value);
    check_value(&request, request.first_value);
    if (request.name.kind == OBJNAME_PRIVATE && request.verb->act != create)
        diag_die(EXIT_USAGE, "private: only with create, which prints the name, id:N");

    request.verb->act(&request);
    return EXIT_DONE;
}
