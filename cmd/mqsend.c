/* mqsend: sends messages to a POSIX or System V message queue
 *
 * The operands are the messages, or else the records of standard input. Each is sent before the
 * next is read, in order, and waits for room in the queue. A message is in the queue whole or not
 * at all. What was sent stays sent when a later message fails, and the error reports how many that
 * are. The kernel orders the messages: POSIX by priority, System V by arrival. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "queue/queue.h"
#include "stream/record.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRIORITY_MAX = 32767 }; /* MQ_PRIO_MAX of mq_send(3), less one */

struct request {
    struct object_name name;
    struct queue_creation creation;
    bool creates, is_tagged, has_meter;
    int64_t priority, type; /* 0: not given, or 0 */
    int64_t timeout;
    enum record_form form;
};

struct sender {
    const struct request *request;
    struct queue queue;
    long tag; /* unless the record begins with it */
    uint64_t sent;
};

static const char *parse_priority(const char *text, void *value)
{
    uint64_t priority;
    const char *end = parse_digits(text, 10, PRIORITY_MAX, &priority);
    if (!end || end == text || *end)
        return "not a priority (0 to 32767)";
    *(int64_t *)value = (int64_t)priority;
    return NULL;
}

static const char *parse_msgsize(const char *text, void *value)
{
    int64_t size;
    const char *why = parse_size(text, &size);
    if (why || size == 0)
        return why ? why : "not a message size (1 or more)";
    *(int64_t *)value = size;
    return NULL;
}

static const char *parse_type(const char *text, void *value)
{
    return parse_count(text, value) ? "not a type (1 or more)" : NULL;
}

static void send_message(struct sender *sender, const char *data, size_t size, long tag)
{
    const struct deadline deadline = deadline_after(sender->request->timeout);
    if (queue_send(&sender->queue, data, size, tag, &deadline) == 0) {
        sender->sent++;
        return;
    }
    struct failure *failure = &sender->queue.failure;
    unsigned long long sent = sender->sent;
    snprintf(failure->what, sizeof failure->what, "send message %llu", sent + 1);
    failure_add_consequence(failure, "%llu sent", sent);
    exit(diag_fail(sender->queue.name.text, failure));
}

/* WHAT names the kind of record in a message. */
static void send_record(struct sender *sender, const char *data, size_t size, const char *what)
{
    if (!sender->request->is_tagged) {
        send_message(sender, data, size, sender->tag);
        return;
    }
    uint64_t tag, min = sender->queue.is_sysv, max = min ? LONG_MAX : PRIORITY_MAX;
    const char *tab = memchr(data, '\t', size); /* without one, the digits might not end */
    if (!tab || tab == data || parse_digits(data, 10, max, &tag) != tab || tag < min)
        diag_die(EXIT_ERROR, "%s %llu does not begin with a %s and a tab (--tagged); %llu sent",
                 what, (unsigned long long)sender->sent + 1,
                 min ? "type (1 or more)" : "priority (0 to 32767)",
                 (unsigned long long)sender->sent);
    send_message(sender, tab + 1, size - (size_t)(tab + 1 - data), (long)tag);
}

static void send_stdin(struct sender *sender)
{
    enum { TAG = 20 }; /* bytes of the longest tag and its tab */
    struct record_reader reader;
    const char *data;
    size_t size;
    int got;

    int64_t limit = queue_msgsize(&sender->queue);
    if (limit < 0)
        exit(diag_fail(sender->queue.name.text, &sender->queue.failure));
    record_start(&reader, STDIN_FILENO, sender->request->form,
                 (size_t)limit + (sender->request->is_tagged ? TAG : 0));
    for (uint64_t taken = 0; (got = record_next(&reader, &data, &size)) > 0; taken = reader.taken) {
        send_record(sender, data, size, "stdin: record");
        progress_add((int64_t)(reader.taken - taken));
    }
    if (got == 0)
        return;

    if (reader.failure.errnum == EMSGSIZE)
        failure_add_hint(&reader.failure, "%s", queue_msgsize_limit(&sender->queue));
    failure_add_consequence(&reader.failure, "%llu sent", (unsigned long long)sender->sent);
    reader.failure.is_error = true;
    exit(diag_fail("stdin", &reader.failure));
}

static void send_operands(struct sender *sender, const struct operands *operands)
{
    for (int i = 0; i < operands->count; i++) {
        size_t size = strlen(operands->words[i]);
        send_record(sender, operands->words[i], size, "MESSAGE");
        progress_add((int64_t)size);
    }
}

static void open_queue(struct queue *queue, const struct request *request)
{
    const struct object_name *name = &request->name;
    const struct queue_creation *creation = request->creates ? &request->creation : NULL;
    if (queue_open(queue, name, QUEUE_SEND, creation) < 0) {
        struct failure *failure = &queue->failure;
        bool can_create = failure->errnum == ENOENT && name->kind != OBJECT_NAME_ID;
        if (can_create && !creation && !*failure->detail)
            failure_add_hint(failure, "-c creates it");
        exit(diag_fail(name->text, failure));
    }
    if (name->kind == OBJECT_NAME_PRIVATE) {
        printf("id:%d\n", queue->id);
        if (program_end() < 0)
            diag_die(EXIT_ERROR, "stdout: write: %m; the queue is id:%d", queue->id);
    }
}

/* Refuses values that do not go together; the rules below refuse options that do not. */
static void check_values(const struct request *request)
{
    const struct queue_creation *creation = &request->creation;
    bool has_half_a_room = (creation->maxmsg > 0) != (creation->msgsize > 0);
    if (object_name_is_sysv(&request->name) && has_half_a_room)
        diag_die(EXIT_USAGE, "%s: a System V queue needs both --maxmsg and --msgsize",
                 request->name.text);
    if (request->name.kind == OBJECT_NAME_PRIVATE && !request->creates)
        diag_die(EXIT_USAGE, "private: only with -c");
}

static const char *const synopsis[] = {
    "[OPTION]... NAME MESSAGE...",
    "[OPTION]... [-0 | -W | -N] NAME < records",
    NULL,
};

static const struct option_rule rules[] = {
    {"priority", .family = OBJECT_NAME_POSIX, .because = "a System V queue has types, -T"},
    {"type", .family = OBJECT_NAME_SYSV, .because = "a POSIX queue has priorities, -p"},
    {"tagged", .without = "priority type"},
    {0},
};

static const struct tool tool = {
    .name = "mqsend",
    .purpose = "Send messages to a POSIX or System V message queue",
    .synopsis = synopsis,
    .rules = rules,
};

int main(int argc, char **argv)
{
    struct request request = {.creation.mode = 0600, .timeout = DEADLINE_NEVER};
    struct queue_creation *creation = &request.creation;
    const struct tool_option table[] = {
        {OPTION_CREATE(&request.creates)},
        {OPTION_EXCLUSIVE(&creation->is_exclusive)},
        {OPTION_MODE(&creation->mode)},
        {0, "maxmsg", "N", parse_count, &creation->maxmsg, "messages the new queue holds"},
        {0, "msgsize", "SIZE", parse_msgsize, &creation->msgsize,
         "largest message of the new queue"},
        {'p', "priority", "PRIO", parse_priority, &request.priority,
         "POSIX: 0 to 32767, highest first"},
        {'T', "type", "TYPE", parse_type, &request.type, "System V: 1 or more"},
        {RECORD_OPTION_TAGGED(&request.is_tagged)},
        {OPTION_TIMEOUT(&request.timeout)},
        {RECORD_OPTION_NULL(&request.form)},
        {RECORD_OPTION_WHOLE(&request.form)},
        {RECORD_OPTION_NETSTRING(&request.form)},
        {OPTION_PROGRESS(&request.has_meter)},
        {0},
    };

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &request.name);
    options_check(&operands, &request.name);
    request.creates = request.creates || creation->is_exclusive;
    check_values(&request);

    struct sender sender = {.request = &request, .tag = (long)request.priority};
    if (object_name_is_sysv(&request.name))
        sender.tag = request.type > 0 ? (long)request.type : 1;
    open_queue(&sender.queue, &request);
    bool reads_stdin = operands.count == 0;
    if (reads_stdin)
        sandbox_enter(&(struct sandbox){0});
    if (request.has_meter)
        progress_start(reads_stdin ? io_bytes_left(STDIN_FILENO) : -1);
    if (reads_stdin)
        send_stdin(&sender);
    else
        send_operands(&sender, &operands);
    progress_end();
    return EXIT_DONE;
}
