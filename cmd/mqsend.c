/* mqsend: sends messages to a POSIX or System V message queue
 *
 * The operands are the messages, or else the records of standard input. Each is sent before the
 * next is read, in order, and waits for room in the queue. A message is in the queue whole or not
 * at all; what was sent stays sent when a later one fails, and the error tells how many those are.
 * The kernel orders the messages: POSIX by priority, System V by arrival. */

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
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PRIORITY_MAX = 32767 }; /* MQ_PRIO_MAX of mq_send(3), less one */

struct sender {
    struct queue queue;
    long tag;
    bool is_tagged;
    int64_t timeout;
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
    struct deadline deadline = deadline_after(sender->timeout);
    if (queue_send(&sender->queue, data, size, tag, &deadline) < 0) {
        int errnum = errno;
        const char *hint = queue_hint(&sender->queue, errnum == ETIMEDOUT ? EAGAIN : errnum, NULL);
        errno = errnum;
        diag_die(exit_status_of(errnum), "%s: send message %llu: %m%s; %llu sent",
                 sender->queue.name.text, (unsigned long long)sender->sent + 1, hint,
                 (unsigned long long)sender->sent);
    }
    sender->sent++;
}

/* WHERE says of which record a message speaks. */
static void send_record(struct sender *sender, const char *data, size_t size, const char *where)
{
    if (!sender->is_tagged) {
        send_message(sender, data, size, sender->tag);
        return;
    }
    uint64_t tag, min = sender->queue.is_sysv, max = min ? LONG_MAX : PRIORITY_MAX;
    const char *tab = memchr(data, '\t', size); /* without one, the digits might not end */
    if (!tab || tab == data || parse_digits(data, 10, max, &tag) != tab || tag < min)
        diag_die(EXIT_ERROR, "%s %llu does not begin with a %s and a tab (--tagged); %llu sent",
                 where, (unsigned long long)sender->sent + 1,
                 min ? "type (1 or more)" : "priority (0 to 32767)",
                 (unsigned long long)sender->sent);
    send_message(sender, tab + 1, size - (size_t)(tab + 1 - data), (long)tag);
}

static void send_stdin(struct sender *sender, enum record_form form)
{
    enum { TAG = 20 }; /* bytes of the longest tag and its tab */
    struct record_reader reader;
    const char *data;
    size_t size;
    int got;

    int64_t limit = queue_msgsize(&sender->queue);
    if (limit < 0)
        diag_die(EXIT_ERROR, "%s: read attributes: %m", sender->queue.name.text);
    record_start(&reader, STDIN_FILENO, form, (size_t)limit + (sender->is_tagged ? TAG : 0));
    for (uint64_t taken = 0; (got = record_next(&reader, &data, &size)) > 0; taken = reader.taken) {
        send_record(sender, data, size, "stdin: record");
        progress_add((int64_t)(reader.taken - taken));
    }
    if (got == 0)
        return;
    bool is_large = errno == EMSGSIZE;
    const char *why = record_error(&reader);
    diag_die(EXIT_ERROR, "stdin: %s%s%s%s; %llu sent", why, is_large ? " (" : "",
             is_large ? queue_msgsize_limit(&sender->queue) : "", is_large ? ")" : "",
             (unsigned long long)sender->sent);
}

static void open_queue(struct queue *queue, const struct object_name *name,
                       const struct queue_creation *creation)
{
    if (queue_open(queue, name, QUEUE_SEND, creation) < 0) {
        int errnum = errno;
        const char *hint = queue_hint(queue, errnum, creation);
        diag_die(exit_status_of(errnum), "%s: open queue: %m%s", name->text,
                 errnum == ENOENT && !creation && !*hint ? " (-c creates it)" : hint);
    }
    if (name->kind == OBJECT_NAME_PRIVATE) {
        printf("id:%d\n", queue->id);
        if (program_end() < 0)
            diag_die(EXIT_ERROR, "stdout: write: %m; the queue is id:%d", queue->id);
    }
}

static const char *const synopsis[] = {
    "[OPTION]... NAME MESSAGE...",
    "[OPTION]... [-0 | -W | -N] NAME < records",
    NULL,
};

static const struct tool tool = {
    .name = "mqsend",
    .purpose = "Send messages to a POSIX or System V message queue",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct sender sender = {.timeout = DEADLINE_NEVER};
    struct queue_creation creation = {.mode = 0600};
    int64_t priority = -1, type = -1;
    bool creates = false, has_meter = false;
    enum record_form form = RECORD_LINE;
    const struct tool_option table[] = {
        {OPTION_CREATE(&creates)},
        {OPTION_EXCLUSIVE(&creation.is_exclusive)},
        {OPTION_MODE(&creation.mode)},
        {0, "maxmsg", "N", parse_count, &creation.maxmsg, "messages the new queue holds"},
        {0, "msgsize", "SIZE", parse_msgsize, &creation.msgsize,
         "largest message of the new queue"},
        {'p', "priority", "PRIO", parse_priority, &priority, "POSIX: 0 to 32767, highest first"},
        {'T', "type", "TYPE", parse_type, &type, "System V: 1 or more"},
        {RECORD_OPTION_TAGGED(&sender.is_tagged)},
        {OPTION_TIMEOUT(&sender.timeout)},
        {RECORD_OPTION_NULL(&form)},
        {RECORD_OPTION_WHOLE(&form)},
        {RECORD_OPTION_NETSTRING(&form)},
        {OPTION_PROGRESS(&has_meter)},
        {0},
    };
    struct object_name name;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    creates = creates || creation.is_exclusive;
    bool is_sysv = object_name_is_sysv(&name);
    if (priority >= 0 && is_sysv)
        diag_die(EXIT_USAGE, "%s: -p is for POSIX queues; a System V queue has types (-T)",
                 name.text);
    if (type >= 0 && !is_sysv)
        diag_die(EXIT_USAGE, "%s: -T is for System V queues; a POSIX queue has priorities (-p)",
                 name.text);
    if (sender.is_tagged && (priority >= 0 || type >= 0))
        diag_die(EXIT_USAGE, "--tagged takes it from the record; no -p or -T with it");
    if (is_sysv && (creation.maxmsg > 0) != (creation.msgsize > 0))
        diag_die(EXIT_USAGE, "%s: a System V queue needs both --maxmsg and --msgsize", name.text);
    if (name.kind == OBJECT_NAME_PRIVATE && !creates)
        diag_die(EXIT_USAGE, "private: only with -c");
    sender.tag = (long)(is_sysv ? (type > 0 ? type : 1) : (priority > 0 ? priority : 0));

    open_queue(&sender.queue, &name, creates ? &creation : NULL);
    if (operands.count == 0)
        sandbox_enter(&(struct sandbox){0});
    if (has_meter)
        progress_start(operands.count == 0 ? io_bytes_left(STDIN_FILENO) : -1);
    if (operands.count == 0)
        send_stdin(&sender, form);
    for (int i = 0; i < operands.count; i++) {
        size_t size = strlen(operands.words[i]);
        send_record(&sender, operands.words[i], size, "MESSAGE");
        progress_add((int64_t)size);
    }
    progress_end();
    return EXIT_DONE;
}
