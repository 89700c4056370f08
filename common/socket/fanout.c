#include "socket/fanout.h"

#include "cli/progress.h"
#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    QUEUE_SIZE = 131072,
    BEHIND = QUEUE_SIZE / 2, /* bytes, beyond which a receiver is too far behind */
    READ_SIZE = 65536,
    PARTIAL_MAX = 6144,    /* bytes; a thousand receivers may stop within a record */
    MESSAGE_MAX = 4 << 20, /* the kernel needs one piece of memory for it, and has no larger */
};

/* The place of a record that has not begun yet. */
static const uint64_t not_yet = UINT64_MAX;

const char *fanout_parse_slow(const char *text, void *value)
{
    static const char *const words[] = {
        [FANOUT_BLOCK] = "block", [FANOUT_DROP] = "drop", [FANOUT_CLOSE] = "close", NULL};
    int slow = parse_word(text, words);
    if (slow < 0)
        return "not block, drop or close";
    *(enum fanout_slow *)value = (enum fanout_slow)slow;
    return NULL;
}

void fanout_start(struct fanout *fanout, enum record_form form)
{
    record_start(&fanout->reader, STDIN_FILENO, form, MESSAGE_MAX);
    record_scan_start(&fanout->scanner, form, UINT64_MAX);
}

/* The place of the next record. */
static uint64_t next_record(const struct fanout *fanout)
{
    return fanout->is_stream && fanout->scanner.is_inside ? not_yet : fanout->end;
}

void fanout_join(const struct fanout *fanout, struct receiver *receiver, int fd)
{
    *receiver =
        (struct receiver){.fd = fd, .place = next_record(fanout), .has_rights = !fanout->rights};
}

static void free_partial_record(struct receiver *receiver)
{
    free(receiver->partial_record);
    receiver->partial_record = NULL;
}

void fanout_close(struct receiver *receiver)
{
    receiver->send_closed = true;
    free_partial_record(receiver);
}

static const char *bytes_at(const struct fanout *fanout, uint64_t place)
{
    return fanout->queue + (place - fanout->start);
}

/* Scans the record that begins at PLACE. Returns where it ends, or where the queue does. */
static uint64_t end_of_record(const struct fanout *fanout, uint64_t place)
{
    struct record_scanner scanner;
    record_scan_start(&scanner, fanout->scanner.form, UINT64_MAX);
    return place +
           (uint64_t)record_scan(&scanner, bytes_at(fanout, place), (size_t)(fanout->end - place));
}

/* The first place from PLACE on where a record begins. */
static uint64_t find_boundary(const struct fanout *fanout, uint64_t place)
{
    uint64_t boundary = fanout->boundary;
    while (boundary < place)
        boundary = end_of_record(fanout, boundary);
    return boundary == fanout->end ? next_record(fanout) : boundary;
}

void fanout_release(struct fanout *fanout, uint64_t place)
{
    size_t size = (size_t)(fanout->end - place);
    bool is_worth_moving = fanout->end - fanout->start == QUEUE_SIZE && size <= BEHIND;
    if (fanout->is_stream && size > 0 && !is_worth_moving)
        return;
    if (fanout->is_stream) {
        fanout->boundary = size > 0 ? find_boundary(fanout, place) : next_record(fanout);
        if (size > 0)
            memmove(fanout->queue, bytes_at(fanout, place), size);
    }
    fanout->start = place;
}

bool fanout_is_full(const struct fanout *fanout)
{
    return fanout->end - fanout->start >= (fanout->is_stream ? QUEUE_SIZE : 1);
}

bool fanout_is_behind(const struct fanout *fanout, const struct receiver *receiver)
{
    return !receiver->send_closed && receiver->place < fanout->end &&
           (!fanout->is_stream || fanout->end - receiver->place > BEHIND);
}

/* Records that begin in the queue from PLACE on. */
static uint64_t count_records(const struct fanout *fanout, uint64_t place)
{
    uint64_t count = 0;
    for (; place < fanout->end; count++)
        place = end_of_record(fanout, place);
    return count;
}

/* Copies the queue up to BOUNDARY. */
static int keep_partial_record(const struct fanout *fanout, struct receiver *receiver,
                               uint64_t boundary)
{
    uint64_t size = boundary - receiver->place;
    if (size > PARTIAL_MAX)
        return errno = EMSGSIZE, -1;
    receiver->partial_record = malloc((size_t)size);
    if (!receiver->partial_record)
        return -1;
    memcpy(receiver->partial_record, bytes_at(fanout, receiver->place), (size_t)size);
    receiver->partial_size = (size_t)size;
    return 0;
}

/* A record that a receiver has got in part and whose end has not come is too long to keep, since
 * the receiver is so far behind: not_yet is far beyond PARTIAL_MAX. */
int fanout_overtake(const struct fanout *fanout, struct receiver *receiver)
{
    if (fanout->slow == FANOUT_CLOSE)
        return errno = EAGAIN, -1;
    if (!fanout->is_stream) {
        receiver->missed++;
        fanout_skip(fanout, receiver);
        return 0;
    }
    uint64_t boundary = find_boundary(fanout, receiver->place);
    if (boundary > receiver->place && keep_partial_record(fanout, receiver, boundary) < 0)
        return -1;
    receiver->missed += count_records(fanout, boundary);
    receiver->place = next_record(fanout);
    return 0;
}

void fanout_skip(const struct fanout *fanout, struct receiver *receiver)
{
    receiver->place = fanout->end;
}

/* Scans what stands in the queue behind end, SIZE bytes, and moves end there. */
static int add_to_queue(struct fanout *fanout, size_t size)
{
    const char *data = bytes_at(fanout, fanout->end);
    for (size_t at = 0; at < size;) {
        ssize_t step = record_scan(&fanout->scanner, data + at, size - at);
        if (step < 0)
            return -1;
        at += (size_t)step;
        fanout->end += (uint64_t)step;
        if (fanout->boundary == not_yet)
            fanout->boundary = next_record(fanout);
    }
    return 0;
}

static int take_bytes(struct fanout *fanout, bool may_read)
{
    if (!may_read)
        return errno = EAGAIN, -1;
    if (!fanout->queue && !(fanout->queue = malloc(QUEUE_SIZE)))
        return -1;
    size_t room = QUEUE_SIZE - (size_t)(fanout->end - fanout->start);
    ssize_t got = io_read(STDIN_FILENO, fanout->queue + (QUEUE_SIZE - room),
                          room < READ_SIZE ? room : READ_SIZE);
    if (got <= 0)
        return (int)got;
    progress_add(got);
    return add_to_queue(fanout, (size_t)got) < 0 ? -1 : 1;
}

static int take_message(struct fanout *fanout, bool may_read)
{
    int got = record_take(&fanout->reader, may_read, &fanout->message, &fanout->message_size);
    if (got <= 0)
        return got;
    fanout->end++;
    progress_add((int64_t)fanout->message_size);
    return 1;
}

/* Notes why fanout_take failed. */
static void explain(struct fanout *fanout, struct failure *failure)
{
    if (fanout->is_stream)
        failure_set(failure, "read");
    else
        *failure = fanout->reader.failure;
    failure->object = "stdin";
    failure->is_error = true;
    if (fanout->is_stream && errno == EBADMSG)
        failure_set_why(failure, "not netstrings");
    if (errno == EMSGSIZE)
        failure_add_hint(failure, "net.core.wmem_max is %lld",
                         (long long)limits_read("net.core.wmem_max", -1));
}

int fanout_take(struct fanout *fanout, bool may_read, struct failure *failure)
{
    fanout->fresh = fanout->end;
    int got = fanout->is_stream ? take_bytes(fanout, may_read) : take_message(fanout, may_read);
    fanout->is_ended = got == 0;
    if (got < 0 && errno != EAGAIN)
        explain(fanout, failure);
    return got;
}

bool fanout_offer(const struct fanout *fanout, struct receiver *receiver)
{
    if (receiver->place == not_yet)
        receiver->place = find_boundary(fanout, fanout->fresh);
    return fanout_has_pending(fanout, receiver) && !receiver->partial_record &&
           receiver->place >= fanout->fresh;
}

bool fanout_has_pending(const struct fanout *fanout, const struct receiver *receiver)
{
    return !receiver->send_closed && (receiver->partial_record || receiver->place < fanout->end);
}

/* Sends up to SIZE bytes. Returns how many, 0 if there is no room; -1 with errno. */
static ssize_t send_bytes(const struct fanout *fanout, struct receiver *receiver, const char *data,
                          size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t sent =
        fdpass_send(receiver->fd, &message, receiver->has_rights ? NULL : fanout->rights);
    if (sent < 0)
        return errno == EAGAIN ? 0 : -1;
    receiver->has_rights = true;
    return sent;
}

static int send_message(const struct fanout *fanout, struct receiver *receiver,
                        const struct datagram_name *to)
{
    const struct fdpass *rights = receiver->has_rights ? NULL : fanout->rights;
    if (datagram_send(receiver->fd, fanout->message, fanout->message_size, to, rights) < 0)
        return errno == EAGAIN ? 0 : -1;
    receiver->has_rights = true;
    fanout_skip(fanout, receiver);
    return 0;
}

/* Returns 1 once it is sent, 0 if there is no room for all of it; -1 with errno. */
static int send_partial_record(const struct fanout *fanout, struct receiver *receiver)
{
    ssize_t sent = send_bytes(fanout, receiver, receiver->partial_record, receiver->partial_size);
    if (sent < 0)
        return -1;
    receiver->partial_size -= (size_t)sent;
    memmove(receiver->partial_record, receiver->partial_record + sent, receiver->partial_size);
    if (receiver->partial_size > 0)
        return 0;
    free_partial_record(receiver);
    return 1;
}

int fanout_send(const struct fanout *fanout, struct receiver *receiver,
                const struct datagram_name *to)
{
    if (!fanout->is_stream)
        return send_message(fanout, receiver, to);
    if (receiver->partial_record) {
        int result = send_partial_record(fanout, receiver);
        if (result <= 0)
            return result;
    }
    while (receiver->place < fanout->end) {
        ssize_t sent = send_bytes(fanout, receiver, bytes_at(fanout, receiver->place),
                                  (size_t)(fanout->end - receiver->place));
        if (sent <= 0)
            return (int)sent;
        receiver->place += (uint64_t)sent;
    }
    return 0;
}

int fanout_end(const struct fanout *fanout, struct receiver *receiver)
{
    if (receiver->has_rights)
        return 0;
    if (!fanout->is_stream)
        return datagram_send(receiver->fd, NULL, 0, NULL, fanout->rights);
    return send_bytes(fanout, receiver, "", 1) < 0 ? -1 : 0;
}
