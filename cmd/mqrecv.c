/* mqrecv: takes messages from a POSIX or System V message queue
 *
 * Each message taken is written to standard output as one record, or is the standard input of one
 * run of COMMAND, before the next is taken. While a message is in hand INT, TERM, HUP, QUIT and
 * ALRM wait. Where stdout does not take it, where it is a pipe whose reader leaves it unread, or
 * where COMMAND fails, it goes back into the queue, behind the others of its priority or type, or
 * with --dead into another queue. A full queue is waited for by a process of its own. A message is
 * lost where the queue is gone or this process may only receive, and the error says so; and without
 * a word by SIGKILL between taking and writing. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "queue/consumer.h"
#include "queue/in_flight.h"
#include "queue/message_format.h"
#include "queue/queue.h"
#include "queue/queue_report.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    struct object_name name, dead_name;
    struct queue queue, dead;
    struct queue_selector choice;
    struct message_format layout;
    struct consumer job;
    int64_t count, timeout, patience;
    bool takes_all, follows, peeks, describes, json, removes, has_meter;
};

/* Ends after something failed with errno and no message is in hand. */
static _Noreturn void fail(struct request *request, const char *what)
{
    int errnum = errno, status = exit_status_of(errnum);
    if (errnum == EINTR)
        interrupt_reraise_pending();
    if (request->job.command)
        status = errnum == ENOMSG || errnum == ETIMEDOUT ? EXIT_NOT_ACQUIRED : EXIT_TOOL_FAILED;
    const char *hint = queue_hint(&request->queue, errnum, NULL), *why = strerror(errnum);
    if (errnum == ENOMSG)
        why = request->choice.type ? "no message of this type" : "the queue is empty";

    progress_end();
    diag_die(status, "%s: %s: %s%s", request->queue.name.text, what, why, hint);
}

static _Noreturn void fail_write(int errnum)
{
    errno = errnum;
    diag_die(EXIT_ERROR, "stdout: write: %m");
}

static void open_queue(struct request *request, struct queue *queue, const struct object_name *name,
                       enum queue_access access)
{
    if (queue_open(queue, name, access, NULL) == 0)
        return;
    int errnum = errno;
    const char *hint = queue_hint(queue, errnum, NULL);
    diag_die(request->job.command ? EXIT_TOOL_FAILED : exit_status_of(errnum),
             "%s: open queue: %m%s", name->text,
             errnum == ENOENT && !*hint ? " (mqsend -c creates it)" : hint);
}

/* Into a pipe -a and -f put one message at a time: what its reader leaves unread goes back, and
 * what it has no time for is there for others. -n asked for N; the last alone is waited for. */
static int write_records(struct request *request, struct in_flight *in_flight, bool is_last)
{
    int64_t patience = is_last && !request->patience ? ack_grace : request->patience;
    int result = in_flight_deliver(in_flight, &request->layout, patience);
    if (result == 0) /* the reader waits for the end of this process, it seems */
        request->patience = 0;
    return result < 0 ? EXIT_ERROR : EXIT_DONE;
}

/* Several messages are written at once only where nobody waits for them at the other end, and none
 * is waited for while there is one in hand. */
static void take(struct request *request)
{
    bool writes = !request->job.command, gathers = writes && io_is_file(STDOUT_FILENO);
    int64_t limit = request->takes_all ? 0 : request->timeout;
    struct in_flight in_flight = {.queue = &request->queue};
    for (int64_t taken = 0; taken < request->count;) {
        struct deadline deadline = deadline_after(in_flight.count > 0 ? 0 : limit);
        if (writes && !gathers && !io_has_reader(STDOUT_FILENO)) /* told before one is taken */
            fail_write(EPIPE);
        ssize_t size = in_flight_take(&in_flight, &request->choice, &deadline);
        if (size >= 0) {
            taken++;
            progress_add(size);
        } else if (in_flight.count == 0) {
            if (request->takes_all && taken > 0 && errno == ENOMSG)
                return;
            fail(request, "receive");
        }
        bool is_last = taken == request->count;
        if (size >= 0 && !is_last && gathers && !in_flight_is_full(&in_flight) &&
            !interrupt_signal())
            continue;
        int status = writes ? write_records(request, &in_flight, is_last)
                            : consumer_run(&request->job, &in_flight);
        interrupt_reraise_pending();
        if (status != EXIT_DONE)
            exit(status);
    }
}

/* Shows COUNT messages, or all there are. */
static void peek(struct request *request)
{
    long place = 0;
    for (int64_t shown = 0; shown < request->count; shown++) {
        struct message_record record;
        const char *data;
        long tag;
        ssize_t size = queue_peek(&request->queue, &data, &tag, &request->choice, &place);
        if (size < 0 && request->takes_all && shown > 0 && errno == ENOMSG)
            return;
        if (size < 0)
            fail(request, "peek");
        message_format_fill(&request->layout, &record, tag, data, (size_t)size);
        if (io_writev(STDOUT_FILENO, record.pieces, record.count) < 0)
            fail_write(errno);
        progress_add(size);
    }
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
    {0},
};

static const struct tool tool = {
    .name = "mqrecv",
    .purpose = "Take messages from a POSIX or System V message queue",
    .synopsis = synopsis,
    .rules = rules,
    .has_command = true,
    .more = "With COMMAND it ends with the status of one that failed; 124: no message in time,\n"
            "125: mqrecv itself failed, 126: COMMAND cannot be run, 127: COMMAND not found.\n",
};

/* Refuses what does not go together. */
static void check(const struct request *request)
{
    const struct message_format *layout = &request->layout;
    bool has_form = layout->form != RECORD_LINE || layout->is_tagged;
    bool waits = request->follows || request->timeout != DEADLINE_NEVER;
    bool is_sysv = object_name_is_sysv(&request->name),
         acts = request->describes || request->removes;

    if (request->name.kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; mqsend -c printed the name, id:N");
    if (request->choice.type != 0 && !is_sysv)
        diag_die(EXIT_USAGE, "%s: -T is for System V queues", request->name.text);
    if (layout->format.is_given && has_form)
        diag_die(EXIT_USAGE, "--format says all of a record; no --tagged, -0, -W or -N with it");

    if (request->peeks && !is_sysv)
        diag_die(
            EXIT_USAGE,
            "%s: --peek is for System V queues; the kernel cannot show what a POSIX queue holds",
            request->name.text);
    if (request->peeks && (waits || request->describes || request->removes || request->job.command))
        diag_die(EXIT_USAGE, "--peek goes with -n or -a, and never waits");
    if (request->peeks && request->choice.type < 0)
        diag_die(EXIT_USAGE, "--peek shows the order of sending; -T takes N or !N with it");

    if (!request->job.command && (request->job.retries > 0 || request->dead_name.kind))
        diag_die(EXIT_USAGE, "--retries and --dead are for a COMMAND");
    if (!request->job.command)
        return;
    if (!request->job.command[0])
        diag_die(EXIT_USAGE, "COMMAND is missing (usage: mqrecv NAME -- COMMAND [ARG]...)");
    if (acts)
        diag_die(EXIT_USAGE, "--stat and --remove run no COMMAND");
    if (layout->format.is_given || has_form)
        diag_die(EXIT_USAGE,
                 "COMMAND gets the message as it is: no --tagged, --format, -0, -W or -N with it");
    if (request->dead_name.kind && object_name_is_sysv(&request->dead_name) != is_sysv)
        diag_die(EXIT_USAGE, "--dead %s: has to be a %s queue, as %s is", request->dead_name.text,
                 is_sysv ? "System V" : "POSIX", request->name.text);
}

/* Opens all there is to open before a message is taken. */
static void begin(struct request *request)
{
    open_queue(request, &request->queue, &request->name,
               request->describes || request->peeks ? QUEUE_DESCRIBE : QUEUE_RECEIVE);
    if (request->dead_name.kind) {
        open_queue(request, &request->dead, &request->dead_name, QUEUE_SEND);
        if (queue_is_same(&request->dead, &request->queue))
            diag_die(EXIT_USAGE, "--dead %s: is the queue %s itself", request->dead_name.text,
                     request->name.text);
        request->job.dead = &request->dead;
        request->job.timeout = request->timeout;
    }
    if (!request->job.command && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        fail_write(errno);
}

/* How many messages to take, and for the meter how many bytes, -1 where that is not known. */
static int64_t plan(struct request *request)
{
    struct queue_status status;
    if (request->follows)
        request->count = INT64_MAX;
    else if (request->count == 0)
        request->count = 1;
    request->patience = request->follows ? DEADLINE_NEVER : request->takes_all ? ack_limit : 0;
    if (!request->takes_all)
        return -1;
    if (queue_status(&request->queue, &status) < 0)
        fail(request, "read status");
    request->count = status.messages > 0 ? status.messages : 1;
    return request->choice.type ? -1 : status.bytes;
}

int main(int argc, char **argv)
{
    struct request request = {.timeout = DEADLINE_NEVER, .layout = MESSAGE_FORMAT_DEFAULT};
    struct message_format *layout = &request.layout;
    const struct tool_option table[] = {
        {OPTION_COUNT(&request.count, "take N messages, not one")},
        {'a', "all", NULL, NULL, &request.takes_all, "take all there are now; exit 1 if none"},
        {OPTION_FOLLOW(&request.follows)},
        {'T', "type", "TYPE", queue_parse_selector, &request.choice,
         "System V: 5, -5 (lowest up to 5), !5"},
        {OPTION_TIMEOUT(&request.timeout)},
        {RECORD_OPTION_NULL(&layout->form)},
        {'W', "whole", NULL, record_parse_form, &layout->form, "nothing ends a record"},
        {RECORD_OPTION_NETSTRING(&layout->form)},
        {RECORD_OPTION_TAGGED(&layout->is_tagged)},
        {0, "format", "FMT", template_parse, &layout->format,
         "a record is FMT: %b body, %s size, %p priority or type"},
        {0, "peek", NULL, NULL, &request.peeks, "System V: show messages and leave them there"},
        {0, "retries", "N", consumer_parse_retries, &request.job.retries,
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
    request.job.command = operands.command;
    options_operand(&operands, "NAME", object_name_parse, &request.name);
    options_end(&operands);
    options_check(&operands, &request.name);
    check(&request);

    if (request.removes) {
        if (queue_remove(&request.name) < 0)
            diag_die(exit_status_of(errno), "%s: remove queue: %m", request.name.text);
        return EXIT_DONE;
    }
    begin(&request);
    if (request.describes) {
        if (queue_report(&request.queue, request.json) < 0)
            fail(&request, "read status");
        if (program_end() < 0)
            fail_write(errno);
        return EXIT_DONE;
    }
    int64_t bytes = plan(&request);
    if (!request.peeks)
        interrupt_catch();
    if (!request.job.command)
        sandbox_enter(&(struct sandbox){0});
    if (request.has_meter)
        progress_start(bytes);
    if (request.peeks)
        peek(&request);
    else
        take(&request);
    progress_end();
    if (!request.job.command && program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return EXIT_DONE;
}
