/* mqrecv: takes messages from a POSIX or System V message queue
 *
 * Each message taken is written to standard output as one record, or is the standard input of one
 * run of COMMAND, before the next is taken (into a file: before the next batch is). If writing
 * fails, if the reader of a pipe leaves the message unread, or if COMMAND fails, the message goes
 * back behind the others of its priority or type, or with --dead to another queue. INT, TERM, HUP,
 * QUIT and ALRM wait for that. While a queue is full mqrecv waits for room and reports it.
 *
 * A message is lost, and the error reports it, if it has to go back and the queue was removed, if
 * this process may only receive, or if a second signal ends the wait for room. It is lost without a
 * report if SIGKILL comes between taking and writing. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "queue/consumer.h"
#include "queue/message_format.h"
#include "queue/queue.h"
#include "queue/queue_report.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct request {
    struct object_name name, dead_name;
    struct queue queue, dead;
    struct consumer consumer;
    bool peeks, describes, json, removes, has_meter;
};

/* Reports the failure. Returns the exit status. */
static int report_failure(const struct request *request, const char *object,
                          const struct failure *failure)
{
    int status = diag_fail(object, failure);
    return request->consumer.command ? exit_status_beside_command(status) : status;
}

static int report_stdout_failure(const char *what)
{
    struct failure failure;
    failure_set(&failure, "%s", what);
    failure.is_error = true;
    return diag_fail("stdout", &failure);
}

static void open_queue(struct request *request, struct queue *queue, const struct object_name *name,
                       enum queue_access access)
{
    if (queue_open(queue, name, access, NULL) == 0)
        return;
    struct failure *failure = &queue->failure;
    bool can_create = failure->errnum == ENOENT && name->kind != OBJECT_NAME_ID;
    if (can_create && !*failure->detail)
        failure_add_hint(failure, "mqsend -c creates it");
    failure->is_error = request->consumer.command; /* 124 means that no message came in time */
    exit(report_failure(request, name->text, failure));
}

/* Opens all that is needed before a message is taken. */
static void open_all(struct request *request)
{
    struct consumer *consumer = &request->consumer;
    open_queue(request, &request->queue, &request->name,
               request->describes || request->peeks ? QUEUE_DESCRIBE : QUEUE_RECEIVE);
    consumer->queue = &request->queue;
    if (request->dead_name.kind) {
        open_queue(request, &request->dead, &request->dead_name, QUEUE_SEND);
        if (queue_is_same(&request->dead, &request->queue))
            diag_die(EXIT_USAGE, "--dead %s: is the queue %s itself", request->dead_name.text,
                     request->name.text);
        consumer->dead = &request->dead;
    }
    if (!consumer->command && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        exit(report_stdout_failure("write"));
}

static int remove_queue(const struct request *request)
{
    struct failure failure;
    if (queue_remove(&request->name, &failure) < 0)
        return diag_fail(request->name.text, &failure);
    return EXIT_DONE;
}

static int describe_queue(struct request *request)
{
    if (queue_report(&request->queue, request->json) < 0)
        return diag_fail(request->name.text, &request->queue.failure);
    return program_end() < 0 ? report_stdout_failure("write") : EXIT_DONE;
}

static int consume(struct request *request)
{
    struct consumer *consumer = &request->consumer;
    int64_t bytes;
    if (consumer_plan(consumer, &bytes) < 0)
        return report_failure(request, request->name.text, &consumer->failure);

    if (!request->peeks)
        interrupt_catch();
    if (!consumer->command)
        sandbox_enter(&(struct sandbox){0});
    if (request->has_meter)
        progress_start(bytes);
    int status = request->peeks ? consumer_peek(consumer) : consumer_run(consumer);
    progress_end();
    if (status < 0)
        status = report_failure(request, request->name.text, &consumer->failure);
    else if (consumer->has_lost)
        status = EXIT_TOOL_FAILED;
    interrupt_reraise_pending();
    if (status == EXIT_DONE && !consumer->command && program_end() < 0)
        return report_stdout_failure("close");
    return status;
}

/* Refuses values that do not go together; the rules below refuse options that do not. */
static void check_values(const struct request *request)
{
    bool is_sysv = object_name_is_sysv(&request->name);
    const struct object_name *dead = &request->dead_name;
    if (request->name.kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; mqsend -c printed the name, id:N");
    if (request->peeks && request->consumer.selector.type < 0)
        diag_die(EXIT_USAGE, "--peek shows the order of sending; -T takes N or !N with it");
    if (dead->kind && object_name_is_sysv(dead) != is_sysv)
        diag_die(EXIT_USAGE, "--dead %s: has to be a %s queue, as %s is", dead->text,
                 is_sysv ? "System V" : "POSIX", request->name.text);
}

static const char *const synopsis[] = {
    "[-n N | -a | -f] [OPTION]... NAME > records",
    "[-n N | -a | -f] [--retries N] [--dead QUEUE] NAME -- COMMAND [ARG]...",
    "--peek [-n N | -a] [OPTION]... NAME > records",
    "--stat [-j] NAME",
    "--remove NAME",
    NULL,
};

static const struct option_rule rules[] = {
    {.only_one = "count all follow stat remove"},
    {"json", .with = "stat"},
    {"stat", .only = "json"},
    {"remove", .only = ""},
    {"type", .family = OBJECT_NAME_SYSV},
    {"peek", .family = OBJECT_NAME_SYSV,
     .because = "the kernel cannot show what a POSIX queue holds"},
    {"peek", .without = "follow timeout COMMAND"},
    {"format", .without = "tagged null whole netstring"},
    {"retries", .with = "COMMAND"},
    {"dead", .with = "COMMAND"},
    {"COMMAND", .without = "tagged format null whole netstring",
     .because = "it gets the message as it is"},
    {0},
};

static const struct tool tool = {
    .name = "mqrecv",
    .purpose = "Take messages from a POSIX or System V message queue",
    .synopsis = synopsis,
    .rules = rules,
    .has_command = true,
    .more = "With COMMAND it exits with the status of the COMMAND that failed, or with\n"
            "124: no message in time, 125: mqrecv itself failed, 126: COMMAND cannot be run,\n"
            "127: COMMAND not found.\n",
};

int main(int argc, char **argv)
{
    struct request request = {
        .consumer = {.timeout = DEADLINE_NEVER, .format.template.letters = MESSAGE_FORMAT_LETTERS},
    };
    struct consumer *consumer = &request.consumer;
    struct message_format *format = &consumer->format;
    const struct tool_option table[] = {
        {OPTION_COUNT(&consumer->count, "take N messages, not one")},
        {'a', "all", NULL, NULL, &consumer->takes_all,
         "take all that are there now; exit 1 if none"},
        {OPTION_FOLLOW(&consumer->follows)},
        {'T', "type", "TYPE", queue_parse_selector, &consumer->selector,
         "System V: 5, -5 (lowest up to 5), !5 (any but 5)"},
        {OPTION_TIMEOUT(&consumer->timeout)},
        {RECORD_OPTION_NULL(&format->form)},
        {'W', "whole", NULL, record_parse_form, &format->form, "nothing ends a record"},
        {RECORD_OPTION_NETSTRING(&format->form)},
        {RECORD_OPTION_TAGGED(&format->is_tagged)},
        {0, "format", "FMT", template_parse, &format->template,
         "a record is FMT: %b body, %s size, %p priority or type"},
        {0, "peek", NULL, NULL, &request.peeks, "System V: show messages and leave them there"},
        {0, "retries", "N", consumer_parse_retries, &consumer->retries,
         "run COMMAND up to N times more if it fails"},
        {0, "dead", "QUEUE", object_name_parse, &request.dead_name,
         "where a message goes if COMMAND fails"},
        {OPTION_PROGRESS(&request.has_meter)},
        {OPTION_STAT(&request.describes)},
        {OPTION_JSON(&request.json)},
        {OPTION_REMOVE(&request.removes)},
        {0},
    };

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    consumer->command = operands.command;
    options_operand(&operands, "NAME", object_name_parse, &request.name);
    options_end(&operands);
    options_check(&operands, &request.name);
    check_values(&request);

    if (request.removes)
        return remove_queue(&request);
    open_all(&request);
    return request.describes ? describe_queue(&request) : consume(&request);
}
