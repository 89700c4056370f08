#include "queue/in_flight.h"

#include "cli/diag.h"
#include "stream/pipe_receipt.h"
#include "sys/interrupt.h"
#include "sys/io.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FULL = 65536 }; /* bytes of messages in hand */

/* Nanoseconds after which a process that waits for room looks whether the queue is still there. */
static const int64_t look_around = 5000000000;

/* Adds SIZE bytes. Returns 0, or -1 with errno. */
static int append(struct in_flight_bytes *bytes, const void *data, size_t size)
{
    size_t needed = bytes->size + size;
    if (needed >= bytes->capacity) { /* the empty message has a place too */
        char *larger = realloc(bytes->data, needed + FULL);
        if (!larger)
            return -1;
        bytes->data = larger;
        bytes->capacity = needed + FULL;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size = needed;
    return 0;
}

static void tell_loss(const struct in_flight *in_flight, size_t size, long tag)
{
    const char *why = strerror(errno), *hint = queue_hint(in_flight->queue, errno, NULL);
    diag_warn("%s: put back: %s%s; a message of %zu bytes with %s %ld is lost",
              in_flight->queue->name.text, why, hint, size, queue_tag_name(in_flight->queue), tag);
}

ssize_t in_flight_take(struct in_flight *in_flight, const struct queue_selector *choice,
                       const struct deadline *deadline)
{
    struct in_flight_message *message = &in_flight->messages[in_flight->count];
    const char *data;
    ssize_t size = queue_receive(in_flight->queue, &data, &message->tag, choice, deadline);
    if (size < 0)
        return -1;
    if (in_flight->count == 0)
        in_flight->bodies.size = 0;
    message->begin = in_flight->bodies.size;
    message->size = (size_t)size;
    if (append(&in_flight->bodies, data, message->size) == 0)
        return in_flight->count++, size;

    struct deadline now = deadline_after(0); /* no memory: back with it, while it is still there */
    if (queue_send(in_flight->queue, data, message->size, message->tag, &now) < 0)
        tell_loss(in_flight, message->size, message->tag);
    return errno = ENOMEM, -1;
}

bool in_flight_is_full(const struct in_flight *in_flight)
{
    return in_flight->count == IN_FLIGHT_MAX || in_flight->bodies.size >= FULL;
}

const char *in_flight_body(const struct in_flight *in_flight, int number)
{
    return in_flight->bodies.data + in_flight->messages[number].begin;
}

/* The kernel takes messages for a POSIX queue that has been removed, and nobody can receive them.
 */
int in_flight_forward(const struct in_flight *in_flight, int number, struct queue *queue,
                      int64_t timeout)
{
    if (queue_is_removed(queue))
        return errno = EIDRM, -1;
    const struct in_flight_message *message = &in_flight->messages[number];
    struct deadline deadline = deadline_after(timeout);
    return queue_send(queue, in_flight_body(in_flight, number), message->size, message->tag,
                      &deadline);
}

/* The whole life of the process that waits for room. It holds nothing open that others wait for,
 * and what ends its session or its group must not end it. */
static _Noreturn void keep(const struct in_flight *in_flight, int first)
{
    int ignored = chdir("/");
    (void)ignored;
    setsid();
    interrupt_ignore();
    int needed = queue_descriptor(in_flight->queue);
    if (needed > 0)
        io_close_range(0, (unsigned)needed - 1);
    io_close_range(needed < 0 ? 0 : (unsigned)needed + 1, UINT_MAX);
    for (int i = first; i < in_flight->count; i++)
        while (in_flight_forward(in_flight, i, in_flight->queue, look_around) < 0)
            if ((errno != ETIMEDOUT && errno != EINTR) || queue_is_removed(in_flight->queue))
                _exit(0);
    _exit(0);
}

static void tell_fate(struct in_flight *in_flight, int back, const char *detail, pid_t keeper)
{
    char subject[32], *fate = in_flight->fate;
    bool is_one = back == 1;
    const char *verb = keeper <= 0 ? "went" : is_one ? "goes" : "go";
    snprintf(subject, sizeof subject, is_one ? "the message" : "%d messages", back);
    int used = snprintf(fate, sizeof in_flight->fate, "%s%s %s back to the end of %s %s in %s",
                        subject, detail, verb, is_one ? "its" : "their",
                        queue_tag_name(in_flight->queue), in_flight->queue->name.text);
    if (keeper > 0 && used < (int)sizeof in_flight->fate)
        snprintf(fate + used, sizeof in_flight->fate - (size_t)used,
                 " when there is room (process %d waits for it)", (int)keeper);
}

int in_flight_requeue(struct in_flight *in_flight, int first, const char *detail)
{
    int lost = 0, i;
    pid_t keeper = 0;
    *in_flight->fate = '\0';
    for (i = first; i < in_flight->count && keeper <= 0; i++) {
        int result = in_flight_forward(in_flight, i, in_flight->queue, 0);
        if (result < 0 && errno == EAGAIN) {
            keeper = fork();
            if (keeper == 0)
                keep(in_flight, i);
            if (keeper < 0) /* then here; a signal gives it up */
                result = in_flight_forward(in_flight, i, in_flight->queue, DEADLINE_NEVER);
        }
        if (result == 0 || keeper > 0)
            continue;
        tell_loss(in_flight, in_flight->messages[i].size, in_flight->messages[i].tag);
        lost++;
    }
    int back = in_flight->count - first - lost;
    if (back > 0)
        tell_fate(in_flight, back, detail, keeper);
    in_flight->count = 0;
    return lost > 0 ? -1 : keeper > 0;
}

/* Puts the messages from FIRST on back after stdout failed with errno. */
static int give_up(struct in_flight *in_flight, int first, const char *detail)
{
    int errnum = errno;
    int result = in_flight_requeue(in_flight, first, detail);
    errno = errnum;
    if (errnum != EINTR)
        diag_warn("stdout: write: %m%s%s", *in_flight->fate ? "; " : "", in_flight->fate);
    else if (*in_flight->fate && (result > 0 || *detail))
        diag_warn("%s", in_flight->fate);
    return -1;
}

/* Lays the records one behind the other; ENDS are where each ends. Returns 0, or -1 with errno. */
static int lay_out(struct in_flight *in_flight, const struct message_format *layout,
                   size_t ends[IN_FLIGHT_MAX])
{
    in_flight->records.size = 0;
    if (append(&in_flight->records, "", 0) < 0) /* a place even for records without a byte */
        return -1;
    for (int i = 0; i < in_flight->count; i++) {
        struct message_record record;
        const struct in_flight_message *message = &in_flight->messages[i];
        message_format_fill(layout, &record, message->tag, in_flight_body(in_flight, i),
                            message->size);
        for (int piece = 0; piece < record.count; piece++)
            if (append(&in_flight->records, record.pieces[piece].iov_base,
                       record.pieces[piece].iov_len) < 0)
                return -1;
        ends[i] = in_flight->records.size;
    }
    return 0;
}

/* Writes the records. Returns how many are whole, and in CUT whether part of the next is written;
 * with errno where those are not all. */
static int write_records(const struct in_flight *in_flight, const size_t ends[IN_FLIGHT_MAX],
                         bool *cut)
{
    const struct in_flight_bytes *records = &in_flight->records;
    int whole = 0;
    for (size_t done = 0, more;; done += more) {
        int result =
            io_write_counted(STDOUT_FILENO, records->data + done, records->size - done, &more);
        while (whole < in_flight->count && ends[whole] <= done + more)
            whole++;
        *cut = done + more > (whole > 0 ? ends[whole - 1] : 0);
        if (result == 0 || errno != EINTR || !*cut || !interrupt_defer_once())
            return whole;
        diag_note("stdout: the rest of the record is written first (a second signal gives it up)");
    }
}

/* Waits for the reader; puts the last message back where it left. Returns as in_flight_deliver
 * does. */
static int settle(struct in_flight *in_flight, const struct pipe_receipt *handover,
                  int64_t patience)
{
    int64_t unread;
    do {
        struct deadline deadline = deadline_after(patience);
        unread = pipe_receipt_wait(handover, &deadline);
        patience = ack_grace;
    } while (unread < 0 && errno == EINTR && interrupt_defer_once());
    if (unread <= 0)
        return unread == 0;

    if ((size_t)unread > in_flight->records.size)
        diag_warn("stdout: nobody read the last %zu bytes of the messages before",
                  (size_t)unread - in_flight->records.size);
    errno = EPIPE;
    return give_up(in_flight, in_flight->count - 1, ", which nobody read,");
}

int in_flight_deliver(struct in_flight *in_flight, const struct message_format *layout,
                      int64_t patience)
{
    struct pipe_receipt handover;
    size_t ends[IN_FLIGHT_MAX];
    bool is_cut;
    if (lay_out(in_flight, layout, ends) < 0)
        return give_up(in_flight, 0, "");

    pipe_receipt_begin(&handover, patience != 0 ? STDOUT_FILENO : -1);
    int whole = write_records(in_flight, ends, &is_cut), left = in_flight->count - whole;
    const char *detail = !is_cut     ? ""
                         : left == 1 ? ", part of which was written,"
                                     : ", the first of them written in part,";
    int result =
        left > 0 ? give_up(in_flight, whole, detail) : settle(in_flight, &handover, patience);
    pipe_receipt_end(&handover);
    in_flight->count = 0;
    return result;
}
