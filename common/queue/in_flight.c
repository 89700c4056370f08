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
static int append(struct custody_bytes *bytes, const void *data, size_t size)
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

static void tell_loss(const struct custody *custody, size_t size, long tag)
{
    const char *why = strerror(errno), *hint = queue_hint(custody->queue, errno, NULL);
    diag_warn("%s: put back: %s%s; a message of %zu bytes with %s %ld is lost",
              custody->queue->name.text, why, hint, size, queue_tag_name(custody->queue), tag);
}

ssize_t custody_receive(struct custody *custody, const struct queue_choice *choice,
                        const struct deadline *deadline)
{
    struct custody_message *message = &custody->messages[custody->count];
    const char *data;
    ssize_t size = queue_receive(custody->queue, &data, &message->tag, choice, deadline);
    if (size < 0)
        return -1;
    if (custody->count == 0)
        custody->bodies.size = 0;
    message->begin = custody->bodies.size;
    message->size = (size_t)size;
    if (append(&custody->bodies, data, message->size) == 0)
        return custody->count++, size;

    struct deadline now = deadline_in(0); /* no memory: back with it, while it is still there */
    if (queue_send(custody->queue, data, message->size, message->tag, &now) < 0)
        tell_loss(custody, message->size, message->tag);
    return errno = ENOMEM, -1;
}

bool custody_is_full(const struct custody *custody)
{
    return custody->count == CUSTODY_MOST || custody->bodies.size >= FULL;
}

const char *custody_body(const struct custody *custody, int number)
{
    return custody->bodies.data + custody->messages[number].begin;
}

/* The kernel takes messages for a POSIX queue that has been removed, and nobody can receive them.
 */
int custody_send(const struct custody *custody, int number, struct queue *queue, int64_t timeout)
{
    if (queue_is_removed(queue))
        return errno = EIDRM, -1;
    const struct custody_message *message = &custody->messages[number];
    struct deadline deadline = deadline_in(timeout);
    return queue_send(queue, custody_body(custody, number), message->size, message->tag, &deadline);
}

/* The whole life of the process that waits for room. It holds nothing open that others wait for,
 * and what ends its session or its group must not end it. */
static _Noreturn void keep(const struct custody *custody, int first)
{
    int ignored = chdir("/");
    (void)ignored;
    setsid();
    stop_ignore();
    int needed = queue_descriptor(custody->queue);
    if (needed > 0)
        io_close_range(0, (unsigned)needed - 1);
    io_close_range(needed < 0 ? 0 : (unsigned)needed + 1, UINT_MAX);
    for (int i = first; i < custody->count; i++)
        while (custody_send(custody, i, custody->queue, look_around) < 0)
            if ((errno != ETIMEDOUT && errno != EINTR) || queue_is_removed(custody->queue))
                _exit(0);
    _exit(0);
}

static void tell_fate(struct custody *custody, int back, const char *detail, pid_t keeper)
{
    char subject[32], *fate = custody->fate;
    bool is_one = back == 1;
    const char *verb = keeper <= 0 ? "went" : is_one ? "goes" : "go";
    snprintf(subject, sizeof subject, is_one ? "the message" : "%d messages", back);
    int used = snprintf(fate, sizeof custody->fate, "%s%s %s back to the end of %s %s in %s",
                        subject, detail, verb, is_one ? "its" : "their",
                        queue_tag_name(custody->queue), custody->queue->name.text);
    if (keeper > 0 && used < (int)sizeof custody->fate)
        snprintf(fate + used, sizeof custody->fate - (size_t)used,
                 " when there is room (process %d waits for it)", (int)keeper);
}

int custody_return(struct custody *custody, int first, const char *detail)
{
    int lost = 0, i;
    pid_t keeper = 0;
    *custody->fate = '\0';
    for (i = first; i < custody->count && keeper <= 0; i++) {
        int result = custody_send(custody, i, custody->queue, 0);
        if (result < 0 && errno == EAGAIN) {
            keeper = fork();
            if (keeper == 0)
                keep(custody, i);
            if (keeper < 0) /* then here; a signal gives it up */
                result = custody_send(custody, i, custody->queue, DEADLINE_NEVER);
        }
        if (result == 0 || keeper > 0)
            continue;
        tell_loss(custody, custody->messages[i].size, custody->messages[i].tag);
        lost++;
    }
    int back = custody->count - first - lost;
    if (back > 0)
        tell_fate(custody, back, detail, keeper);
    custody->count = 0;
    return lost > 0 ? -1 : keeper > 0;
}

/* Puts the messages from FIRST on back after stdout failed with errno. */
static int give_up(struct custody *custody, int first, const char *detail)
{
    int errnum = errno;
    int result = custody_return(custody, first, detail);
    errno = errnum;
    if (errnum != EINTR)
        diag_warn("stdout: write: %m%s%s", *custody->fate ? "; " : "", custody->fate);
    else if (*custody->fate && (result > 0 || *detail))
        diag_warn("%s", custody->fate);
    return -1;
}

/* Lays the records one behind the other; ENDS are where each ends. Returns 0, or -1 with errno. */
static int lay_out(struct custody *custody, const struct layout *layout, size_t ends[CUSTODY_MOST])
{
    custody->records.size = 0;
    if (append(&custody->records, "", 0) < 0) /* a place even for records without a byte */
        return -1;
    for (int i = 0; i < custody->count; i++) {
        struct layout_record record;
        const struct custody_message *message = &custody->messages[i];
        layout_fill(layout, &record, message->tag, custody_body(custody, i), message->size);
        for (int piece = 0; piece < record.count; piece++)
            if (append(&custody->records, record.pieces[piece].iov_base,
                       record.pieces[piece].iov_len) < 0)
                return -1;
        ends[i] = custody->records.size;
    }
    return 0;
}

/* Writes the records. Returns how many are whole, and in CUT whether part of the next is written;
 * with errno where those are not all. */
static int write_records(const struct custody *custody, const size_t ends[CUSTODY_MOST], bool *cut)
{
    const struct custody_bytes *records = &custody->records;
    int whole = 0;
    for (size_t done = 0, more;; done += more) {
        int result =
            io_write_counted(STDOUT_FILENO, records->data + done, records->size - done, &more);
        while (whole < custody->count && ends[whole] <= done + more)
            whole++;
        *cut = done + more > (whole > 0 ? ends[whole - 1] : 0);
        if (result == 0 || errno != EINTR || !*cut || !stop_pardon())
            return whole;
        diag_note("stdout: the rest of the record is written first (a second signal gives it up)");
    }
}

/* Waits for the reader; puts the last message back where it left. Returns as custody_write does. */
static int settle(struct custody *custody, const struct handover *handover, int64_t patience)
{
    int64_t unread;
    do {
        struct deadline deadline = deadline_in(patience);
        unread = handover_wait(handover, &deadline);
        patience = custody_grace;
    } while (unread < 0 && errno == EINTR && stop_pardon());
    if (unread <= 0)
        return unread == 0;

    if ((size_t)unread > custody->records.size)
        diag_warn("stdout: nobody read the last %zu bytes of the messages before",
                  (size_t)unread - custody->records.size);
    errno = EPIPE;
    return give_up(custody, custody->count - 1, ", which nobody read,");
}

int custody_write(struct custody *custody, const struct layout *layout, int64_t patience)
{
    struct handover handover;
    size_t ends[CUSTODY_MOST];
    bool is_cut;
    if (lay_out(custody, layout, ends) < 0)
        return give_up(custody, 0, "");

    handover_begin(&handover, patience != 0 ? STDOUT_FILENO : -1);
    int whole = write_records(custody, ends, &is_cut), left = custody->count - whole;
    const char *detail = !is_cut     ? ""
                         : left == 1 ? ", part of which was written,"
                                     : ", the first of them written in part,";
    int result = left > 0 ? give_up(custody, whole, detail) : settle(custody, &handover, patience);
    handover_end(&handover);
    custody->count = 0;
    return result;
}
