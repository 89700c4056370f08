#include "queue/in_flight.h"

#include "cli/diag.h"
#include "sys/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FULL = 65536 }; /* bytes of messages */

static void report_loss(const struct in_flight *in_flight, size_t size, long tag)
{
    const struct queue *queue = in_flight->queue;
    errno = queue->failure.errnum;
    diag_warn("%s: put back: %m%s; a message of %zu bytes with %s %ld is lost", queue->name.text,
              queue->failure.detail, size, queue_tag_name(queue), tag);
}

static void report_wait(struct in_flight *in_flight, int left)
{
    char what[32] = "the message";
    if (in_flight->has_reported_wait)
        return;
    in_flight->has_reported_wait = true;
    if (left > 1)
        snprintf(what, sizeof what, "%d messages", left);
    diag_warn("%s: put back: the queue is full; waiting for room (a second signal gives up and "
              "loses %s)",
              in_flight->queue->name.text, what);
}

/* Sends a message back as soon as the queue has room. Fails with EINTR after a second signal. */
static int send_when_there_is_room(struct queue *queue, const char *body, size_t size, long tag)
{
    const struct deadline never = deadline_after(DEADLINE_NEVER);
    bool is_first;
    int result;
    do {
        is_first = !interrupt_is_pending();
        interrupt_defer();
        result = queue_send_checked(queue, body, size, tag, &never);
    } while (result < 0 && errno == EINTR && is_first);
    return result;
}

/* Puts one message back. LEFT messages have to go back, this one included. Returns 0; -1 if it is
 * lost, after reporting that. */
static int put_back(struct in_flight *in_flight, const char *body, size_t size, long tag, int left)
{
    struct queue *queue = in_flight->queue;
    const struct deadline now = deadline_after(0);
    int result = queue_send_checked(queue, body, size, tag, &now);

    if (result < 0 && errno == EAGAIN && !in_flight->has_given_up) {
        report_wait(in_flight, left);
        result = send_when_there_is_room(queue, body, size, tag);
        if (result < 0 && errno == EINTR) {
            in_flight->has_given_up = true;
            result = queue_send_checked(queue, body, size, tag, &now);
        }
    }
    if (result < 0)
        report_loss(in_flight, size, tag);
    return result;
}

ssize_t in_flight_take(struct in_flight *in_flight, const struct queue_selector *selector,
                       const struct deadline *deadline)
{
    struct in_flight_message *message = &in_flight->messages[in_flight->count];
    const char *data;
    ssize_t size = queue_receive(in_flight->queue, &data, &message->tag, selector, deadline);
    if (size < 0)
        return -1;

    if (in_flight->count == 0)
        in_flight->bodies.size = 0;
    message->begin = in_flight->bodies.size;
    message->size = (size_t)size;
    if (byte_buffer_append(&in_flight->bodies, data, message->size) == 0)
        return in_flight->count++, size;

    put_back(in_flight, data, message->size, message->tag, 1);
    errno = ENOMEM;
    return failure_set(&in_flight->queue->failure, "receive");
}

bool in_flight_is_full(const struct in_flight *in_flight)
{
    return in_flight->count == IN_FLIGHT_MAX || in_flight->bodies.size >= FULL;
}

const char *in_flight_body(const struct in_flight *in_flight, int number)
{
    return in_flight->bodies.data + in_flight->messages[number].begin;
}

void in_flight_done(struct in_flight *in_flight, int count)
{
    struct in_flight_message *messages = in_flight->messages;
    in_flight->count -= count;
    memmove(messages, messages + count, (size_t)in_flight->count * sizeof *messages);
}

int in_flight_forward(struct in_flight *in_flight, struct queue *queue, int64_t timeout)
{
    const struct in_flight_message *message = &in_flight->messages[0];
    const char *body = in_flight_body(in_flight, 0);
    const struct deadline now = deadline_after(0), deadline = deadline_after(timeout);
    int result = queue_send_checked(queue, body, message->size, message->tag, &now);

    if (result < 0 && errno == EAGAIN && timeout > 0) {
        diag_warn("%s: send: the queue is full; waiting for room (a signal puts the message back "
                  "into %s)",
                  queue->name.text, in_flight->queue->name.text);
        result = queue_send_checked(queue, body, message->size, message->tag, &deadline);
    }
    if (result == 0)
        in_flight_done(in_flight, 1);
    return result;
}

int in_flight_requeue(struct in_flight *in_flight)
{
    int lost = 0;
    in_flight->has_reported_wait = false;
    for (; in_flight->count > 0; in_flight_done(in_flight, 1)) {
        const struct in_flight_message *message = &in_flight->messages[0];
        const char *body = in_flight_body(in_flight, 0);
        lost += put_back(in_flight, body, message->size, message->tag, in_flight->count) < 0;
    }
    return lost;
}
