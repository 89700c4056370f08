/* mqrecv: takes messages from a POSIX or System V message queue
 *
 * Each message taken is written to standard output as one record before the next is taken. While
 * a message is in hand INT, TERM and HUP wait: where the write fails or is interrupted, the message
 * goes back into the queue, behind the others of its priority or type. It is lost where another
 * signal, such as SIGKILL, comes between taking and writing; and where other processes filled up or
 * removed the queue meanwhile, or this one may only receive: then the error says what is lost. */

#include "diag.h"
#include "exits.h"
#include "io.h"
#include "objname.h"
#include "options.h"
#include "parse.h"
#include "queue.h"
#include "record.h"
#include "report.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct message {
    const char *data;
    size_t size;
    long tag;
};

static const char *parse_choice(const char *text, void *value)
{
    struct queue_choice *choice = value;
    int64_t type;
    bool is_negated = *text == '!', is_bound = *text == '-';
    if (parse_count(text + (is_negated || is_bound), &type))
        return "not a type to receive (5, -5 for the lowest up to 5, !5 for any but 5)";
    *choice = (struct queue_choice){.type = is_bound ? -type : type, .is_negated = is_negated};
    return NULL;
}

static _Noreturn void fail(struct queue *queue, const char *what)
{
    int errnum = errno;
    if (errnum == EINTR && stop_signal())
        stop_die();
    const char *hint = queue_hint(queue, errnum, NULL);
    diag_die(exits_for(errnum), "%s: %s: %m%s", queue->name.text, what, hint);
}

static void open_queue(struct queue *queue, const struct objname *name, enum queue_access access)
{
    if (queue_open(queue, name, access, NULL) == 0)
        return;
    int errnum = errno;
    const char *hint = queue_hint(queue, errnum, NULL);
    diag_die(exits_for(errnum), "%s: open queue: %m%s", name->text,
             errnum == ENOENT && !*hint ? " (mqsend -c creates it)" : hint);
}

/* The write of MESSAGE failed with errno. It goes back, as long as that takes within TIMEOUT. */
static _Noreturn void put_back(struct queue *queue, const struct message *message, int64_t timeout)
{
    const char *name = queue->name.text;
    const char *tag_name = queue->is_sysv ? "type" : "priority";
    int write_error = errno;
    struct deadline deadline = deadline_in(timeout);

    if (queue_send(queue, message->data, message->size, message->tag, &deadline) < 0) {
        const char *hint = queue_hint(queue, errno, NULL);
        diag_warn("%s: put back: %m%s; a message of %zu bytes with %s %ld is lost", name, hint,
                  message->size, tag_name, message->tag);
    } else if (write_error != EINTR) {
        diag_warn("%s: the message that stdout did not take went back to the end of its %s", name,
                  tag_name);
    }
    if (stop_signal())
        stop_die();
    errno = write_error;
    diag_die(EXIT_FAILED, "stdout: write: %m");
}

/* Takes COUNT messages, or as many of them as there are now. */
static void take(struct queue *queue, int64_t count, bool takes_all,
                 const struct queue_choice *choice, enum record_form form, int64_t timeout)
{
    for (int64_t taken = 0; taken < count; taken++) {
        struct deadline deadline = deadline_in(takes_all ? 0 : timeout);
        struct message message;
        ssize_t size = queue_receive(queue, &message.data, &message.tag, choice, &deadline);
        if (size < 0 && takes_all && taken > 0 && exits_for(errno) == EXIT_NO)
            return;
        if (size < 0)
            fail(queue, "receive");
        message.size = (size_t)size;
        if (record_write(STDOUT_FILENO, form, message.data, message.size) < 0)
            put_back(queue, &message, timeout);
        if (stop_signal())
            stop_die();
    }
}

static void print_status(struct queue *queue, bool json)
{
    struct queue_status status;
    if (queue_status(queue, &status) < 0)
        fail(queue, "read status");

    report_start(json);
    report_text("name", queue->name.text);
    report_text("family", queue->is_sysv ? "sysv" : "posix");
    report_number("messages", status.messages);
    report_number("bytes", status.bytes);
    if (queue->is_sysv) {
        report_number("id", queue->id);
        report_number("maxbytes", status.maxbytes);
        report_number("last_sender", status.last_sender);
        report_number("last_receiver", status.last_receiver);
        report_time("sent", status.sent);
        report_time("received", status.received);
        report_time("changed", status.changed);
    } else {
        report_number("maxmsg", status.maxmsg);
        report_number("msgsize", status.msgsize);
    }
    report_mode("mode", status.mode);
    report_number("uid", status.uid);
    report_number("gid", status.gid);
    report_end();
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

static const char *const synopsis[] = {
    "[-n N | -a | -f] [OPTION]... NAME > records",
    "--stat [-j] NAME",
    "--remove NAME",
    NULL,
};

static const struct tool tool = {
    .name = "mqrecv",
    .purpose = "Take messages from a POSIX or System V message queue",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    int64_t count = 0, timeout = DEADLINE_NEVER;
    bool takes_all = false, follows = false, stat = false, json = false, removes = false;
    struct queue_choice choice = {0};
    enum record_form form = RECORD_LINE;
    const struct option table[] = {
        {OPTION_COUNT(&count, "take N messages, not one")},
        {'a', "all", NULL, NULL, &takes_all, "take all there are now; exit 1 if none"},
        {OPTION_FOLLOW(&follows)},
        {'T', "type", "TYPE", parse_choice, &choice, "System V: 5, -5 (lowest up to 5), !5"},
        {OPTION_TIMEOUT(&timeout)},
        {RECORD_OPTION_NULL(&form)},
        {'W', "whole", NULL, record_parse_form, &form, "nothing ends a record"},
        {RECORD_OPTION_NETSTRING(&form)},
        {OPTION_STAT(&stat)},
        {OPTION_JSON(&json)},
        {OPTION_REMOVE(&removes)},
        {0},
    };
    struct objname name;
    struct queue queue;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", objname_parse, &name);
    options_end(&operands);
    options_only_one((count > 0) + takes_all + follows + stat + removes,
                     "-n, -a, -f, --stat and --remove");
    if (name.kind == OBJNAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; mqsend -c printed the name, id:N");
    if (choice.type != 0 && !objname_is_sysv(&name))
        diag_die(EXIT_USAGE, "%s: -T is for System V queues", name.text);
    if (json && !stat)
        diag_die(EXIT_USAGE, "-j goes with --stat");

    if (removes) {
        if (queue_remove(&name) < 0)
            diag_die(exits_for(errno), "%s: remove queue: %m", name.text);
        return EXIT_DONE;
    }
    open_queue(&queue, &name, stat ? QUEUE_DESCRIBE : QUEUE_RECEIVE);
    if (stat) {
        print_status(&queue, json);
        return EXIT_DONE;
    }

    struct queue_status status;
    if (takes_all && queue_status(&queue, &status) < 0)
        fail(&queue, "read status");
    if (takes_all)
        count = status.messages > 0 ? status.messages : 1;
    else if (follows)
        count = INT64_MAX;
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY)) { /* told before a message is taken */
        errno = EBADF;
        diag_die(EXIT_FAILED, "stdout: write: %m");
    }
    stop_catch();
    take(&queue, count > 0 ? count : 1, takes_all, &choice, form, timeout);
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: close: %m");
    return EXIT_DONE;
}
