#include "queue/consumer.h"

#include "cli/diag.h"
#include "cli/progress.h"
#include "queue/byte_buffer.h"
#include "queue/in_flight.h"
#include "stream/pipe_receipt.h"
#include "stream/run_filter.h"
#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long, in nanoseconds, the reader of a pipe has to read a message: before this process ends;
 * and with -a, before it is taken for one that waits for that end. */
static const int64_t ack_grace = 100000000, ack_limit = 5000000000;

/* The records of the messages in flight, one after the other. */
struct batch {
    struct byte_buffer records;
    size_t ends[IN_FLIGHT_MAX];
};

const char *consumer_parse_retries(const char *text, void *value)
{
    if (strcmp(text, "0") != 0)
        return parse_count(text, value) ? "not a number of retries (0 or more)" : NULL;
    *(int64_t *)value = 0;
    return NULL;
}

/* The failure of the queue is the consumer's. */
static int note_queue_failure(struct consumer *consumer)
{
    consumer->failure = consumer->queue->failure;
    return -1;
}

/* Whatever OBJECT failed with, it is no mere "no". */
static int note_failure(struct consumer *consumer, const char *object, const char *what)
{
    failure_set(&consumer->failure, "%s", what);
    consumer->failure.object = object;
    consumer->failure.is_error = true;
    return -1;
}

int consumer_plan(struct consumer *consumer, int64_t *bytes)
{
    struct queue_status status;
    *bytes = -1;
    if (consumer->follows)
        consumer->count = INT64_MAX;
    else if (consumer->count == 0)
        consumer->count = 1;
    consumer->patience = consumer->follows ? DEADLINE_NEVER : consumer->takes_all ? ack_limit : 0;
    if (!consumer->takes_all)
        return 0;

    if (queue_status(consumer->queue, &status) < 0)
        return note_queue_failure(consumer);
    consumer->count = status.messages > 0 ? status.messages : 1;
    if (consumer->selector.type == 0)
        *bytes = status.bytes;
    return 0;
}

static bool is_complete(const struct consumer *consumer)
{
    return consumer->taken == consumer->count;
}

/* Takes one message, waiting at most TIMEOUT. Returns 1; 0 if -a has taken all there were; -1 with
 * the failure, EINTR also after a signal that came since the last one. */
static int take_message(struct consumer *consumer, struct in_flight *in_flight, int64_t timeout)
{
    const struct deadline deadline = deadline_after(consumer->takes_all ? 0 : timeout);
    if (interrupt_is_pending()) {
        errno = EINTR;
        return failure_set(&consumer->failure, "receive");
    }
    ssize_t size = in_flight_take(in_flight, &consumer->selector, &deadline);
    if (size >= 0) {
        consumer->taken++;
        progress_add(size);
        return 1;
    }
    if (errno == ENOMSG && consumer->takes_all && consumer->taken > 0)
        return 0;
    return note_queue_failure(consumer);
}

/* Puts the messages in flight back, and adds to the failure what became of them. WHICH is "", or
 * tells what happened to the first before. */
static void put_back(struct consumer *consumer, struct in_flight *in_flight, const char *which)
{
    const struct queue *queue = consumer->queue;
    const char *tag = queue_tag_name(queue);
    int left = in_flight->count, lost = in_flight_requeue(in_flight), back = left - lost;
    consumer->has_lost = consumer->has_lost || lost > 0;

    if (back == 1)
        failure_add_consequence(&consumer->failure,
                                "the message%s went back to the end of its %s in %s", which, tag,
                                queue->name.text);
    else if (back > 1)
        failure_add_consequence(&consumer->failure,
                                "%d messages%s went back to the end of their %s in %s", back, which,
                                tag, queue->name.text);
}

/* Puts the messages back after stdout failed with errno. */
static int put_back_unwritten(struct consumer *consumer, struct in_flight *in_flight,
                              const char *which)
{
    int errnum = errno;
    note_failure(consumer, "stdout", "write");
    put_back(consumer, in_flight, which);
    if (errnum == EINTR && *which) /* else nobody needs to know */
        diag_warn("stdout: write: %m%s", consumer->failure.detail);
    return -1;
}

/* Lays out the records. Returns 0, or -1 with errno. */
static int lay_out(const struct consumer *consumer, const struct in_flight *in_flight,
                   struct batch *batch)
{
    batch->records.size = 0;
    if (!batch->records.data && byte_buffer_append(&batch->records, "", 0) < 0)
        return -1;
    for (int i = 0; i < in_flight->count; i++) {
        struct message_record record;
        const struct in_flight_message *message = &in_flight->messages[i];
        message_format_fill(&consumer->format, &record, message->tag, in_flight_body(in_flight, i),
                            message->size);
        for (int piece = 0; piece < record.count; piece++)
            if (byte_buffer_append(&batch->records, record.pieces[piece].iov_base,
                                   record.pieces[piece].iov_len) < 0)
                return -1;
        batch->ends[i] = batch->records.size;
    }
    return 0;
}

/* Writes the records of COUNT messages. After a first signal it finishes the record that it has
 * begun. Returns how many are written whole, and in *IS_CUT whether a part of the next is; with
 * errno if those are not all. */
static int write_records(const struct batch *batch, int count, bool *is_cut)
{
    const struct byte_buffer *records = &batch->records;
    int whole = 0;
    for (size_t done = 0, more;; done += more) {
        int result =
            io_write_counted(STDOUT_FILENO, records->data + done, records->size - done, &more);
        while (whole < count && batch->ends[whole] <= done + more)
            whole++;
        *is_cut = done + more > (whole > 0 ? batch->ends[whole - 1] : 0);
        if (result == 0 || errno != EINTR || !*is_cut || !interrupt_defer_once())
            return whole;
        diag_warn("stdout: the rest of the record is written first (a second signal stops that)");
    }
}

/* Writes the messages in flight. Returns 0; -1 with the failure, when those that were not written
 * are put back. */
static int write_messages(struct consumer *consumer, struct in_flight *in_flight,
                          struct batch *batch)
{
    int count = in_flight->count, whole = 0;
    bool is_cut = false;
    if (lay_out(consumer, in_flight, batch) == 0)
        whole = write_records(batch, count, &is_cut);
    if (whole == count)
        return 0;

    in_flight_done(in_flight, whole);
    return put_back_unwritten(consumer, in_flight,
                              !is_cut              ? ""
                              : whole + 1 == count ? ", part of which was written,"
                                                   : ", the first of them written in part,");
}

/* What is there at once is written at once, and nothing is waited for while a message is in
 * flight. */
static int write_to_file(struct consumer *consumer)
{
    struct in_flight in_flight = {.queue = consumer->queue};
    struct batch batch = {.records = {0}};
    while (!is_complete(consumer)) {
        int result = take_message(consumer, &in_flight, consumer->timeout);
        if (result <= 0)
            return result;
        while (!is_complete(consumer) && !in_flight_is_full(&in_flight) && result > 0)
            result = take_message(consumer, &in_flight, 0);
        if (write_messages(consumer, &in_flight, &batch) < 0)
            return -1;
        in_flight_done(&in_flight, in_flight.count);
    }
    return 0;
}

/* Waits at most PATIENCE until the reader has read the record of SIZE bytes, after a signal at most
 * ack_grace. Returns 0; -1 with the failure if the reader exited before, when the message is put
 * back. */
static int wait_for_reader(struct consumer *consumer, struct in_flight *in_flight,
                           const struct pipe_receipt *receipt, size_t size, int64_t patience)
{
    int64_t unread;
    do {
        const struct deadline deadline = deadline_after(patience);
        unread = pipe_receipt_wait(receipt, &deadline);
        patience = ack_grace;
    } while (unread < 0 && errno == EINTR && interrupt_defer_once());
    if (unread < 0) /* it waits for the end of this process, as it seems */
        consumer->patience = 0;
    if (unread <= 0)
        return 0;

    if ((size_t)unread > size)
        diag_warn("stdout: the last %zu bytes of the messages before were not read",
                  (size_t)unread - size);
    errno = EPIPE;
    return put_back_unwritten(consumer, in_flight, ", which nobody read,");
}

static int write_to_reader(struct consumer *consumer)
{
    struct in_flight in_flight = {.queue = consumer->queue};
    struct batch batch = {.records = {0}};
    while (!is_complete(consumer)) {
        if (!io_has_reader(STDOUT_FILENO))
            return errno = EPIPE, note_failure(consumer, "stdout", "write");
        int result = take_message(consumer, &in_flight, consumer->timeout);
        if (result <= 0)
            return result;

        struct pipe_receipt receipt;
        int64_t patience = consumer->patience;
        if (is_complete(consumer) && patience == 0)
            patience = ack_grace;
        pipe_receipt_begin(&receipt, patience != 0 ? STDOUT_FILENO : -1);
        result = write_messages(consumer, &in_flight, &batch);
        if (result == 0)
            result = wait_for_reader(consumer, &in_flight, &receipt, batch.records.size, patience);
        pipe_receipt_end(&receipt);
        if (result < 0)
            return -1;
        in_flight_done(&in_flight, 1);
    }
    return 0;
}

static void set_environment(const struct in_flight *in_flight)
{
    bool is_sysv = in_flight->queue->is_sysv;
    setenv("MQ_NAME", in_flight->queue->name.text, 1);
    exec_setenv_number(is_sysv ? "MQ_TYPE" : "MQ_PRIORITY", in_flight->messages[0].tag);
    unsetenv(is_sysv ? "MQ_PRIORITY" : "MQ_TYPE"); /* this mqrecv may be the COMMAND of another */
}

/* Runs COMMAND for the message until it succeeds or has failed often enough; not again after a
 * signal. Returns its last status; -1 with errno if it was not run. */
static int run_command(const struct consumer *consumer, const struct in_flight *in_flight)
{
    int status;
    if (interrupt_signal()) /* it came too late to leave the message in the queue */
        return errno = EINTR, -1;
    set_environment(in_flight);
    int64_t retries = consumer->retries;
    do
        status = run_filter(consumer->command, in_flight_body(in_flight, 0),
                            in_flight->messages[0].size);
    while (status > 0 && !exec_is_missing(status) && !interrupt_signal() && retries-- > 0);
    return status;
}

/* Moves the message of a COMMAND that ended with STATUS to the dead-letter queue. Returns 0, or -1
 * if it does not go there. */
static int bury(struct consumer *consumer, struct in_flight *in_flight, int status)
{
    struct queue *dead = consumer->dead;
    if (!dead || exec_is_missing(status) || interrupt_signal())
        return -1;
    if (in_flight_forward(in_flight, dead, consumer->timeout) == 0) {
        diag_warn("%s: ended with status %d; the message went to %s", consumer->command[0], status,
                  dead->name.text);
        return 0;
    }
    if (errno != EINTR)
        diag_warn("%s: send: %m%s", dead->name.text, dead->failure.detail);
    return -1;
}

static int feed_command(struct consumer *consumer)
{
    struct in_flight in_flight = {.queue = consumer->queue};
    const char *command = consumer->command[0];
    while (!is_complete(consumer)) {
        int result = take_message(consumer, &in_flight, consumer->timeout);
        if (result <= 0)
            return result;

        int status = run_command(consumer, &in_flight);
        if (status == 0) {
            in_flight_done(&in_flight, 1);
        } else if (status < 0 || bury(consumer, &in_flight, status) < 0) {
            note_failure(consumer, command, "run");
            put_back(consumer, &in_flight, "");
            if (status > 0)
                diag_warn("%s: ended with status %d%s", command, status, consumer->failure.detail);
            return status;
        }
    }
    return 0;
}

int consumer_run(struct consumer *consumer)
{
    if (consumer->command)
        return feed_command(consumer);
    return io_is_file(STDOUT_FILENO) ? write_to_file(consumer) : write_to_reader(consumer);
}

int consumer_peek(struct consumer *consumer)
{
    long place = 0, tag;
    for (int64_t shown = 0; shown < consumer->count; shown++) {
        struct message_record record;
        const char *data;
        ssize_t size = queue_peek(consumer->queue, &data, &tag, &consumer->selector, &place);
        if (size < 0 && consumer->takes_all && shown > 0 && errno == ENOMSG)
            return 0;
        if (size < 0)
            return note_queue_failure(consumer);
        message_format_fill(&consumer->format, &record, tag, data, (size_t)size);
        if (io_writev(STDOUT_FILENO, record.pieces, record.count) < 0)
            return note_failure(consumer, "stdout", "write");
        progress_add(size);
    }
    return 0;
}
