#include "socket/fanout.h"

#include "cli/progress.h"
#include "sys/io.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_SIZE = 65536,
    MESSAGE_MAX = 4 << 20, /* the kernel needs one piece of memory for it, and has no larger */
    REST_MAX = 6144,       /* a thousand receivers may be slow */
};

const char *fanout_parse_slow(const char *text, void *value)
{
    static const char *const words[] = {
        [FANOUT_BLOCK] = "block", [FANOUT_DROP] = "drop", [FANOUT_CLOSE] = "close"};
    for (enum fanout_slow slow = FANOUT_BLOCK; slow <= FANOUT_CLOSE; slow++)
        if (strcmp(text, words[slow]) == 0) {
            *(enum fanout_slow *)value = slow;
            return NULL;
        }
    return "not block, drop or close";
}

void fanout_start(struct fanout *fanout, bool is_stream, enum record_form form)
{
    fanout->is_stream = is_stream;
    record_start(&fanout->reader, STDIN_FILENO, form, MESSAGE_MAX);
    record_scan_start(&fanout->scanner, form, UINT64_MAX);
}

/* Walks over the piece in hand, so that FRAME stands at its end. */
static int find_joint(struct fanout *fanout)
{
    size_t at = 0;
    bool is_found = !fanout->scanner.is_inside;
    fanout->joint = 0;
    while (at < fanout->size) {
        ssize_t step = record_scan(&fanout->scanner, fanout->data + at, fanout->size - at);
        if (step < 0)
            return -1;
        at += (size_t)step;
        if (!is_found)
            fanout->joint = at;
        is_found = true;
    }
    return 0;
}

static int take_bytes(struct fanout *fanout, bool may_read)
{
    if (!may_read)
        return errno = EAGAIN, -1;
    if (!fanout->bytes && !(fanout->bytes = malloc(PIECE_SIZE)))
        return -1;
    ssize_t got = io_read(STDIN_FILENO, fanout->bytes, PIECE_SIZE);
    if (got <= 0)
        return (int)got;
    fanout->data = fanout->bytes;
    fanout->size = (size_t)got;
    return find_joint(fanout) < 0 ? -1 : 1;
}

int fanout_take(struct fanout *fanout, bool may_read)
{
    int got = fanout->is_stream
                  ? take_bytes(fanout, may_read)
                  : record_take(&fanout->reader, may_read, &fanout->data, &fanout->size);
    fanout->is_ended = got == 0;
    fanout->number += got > 0;
    if (got > 0)
        progress_add((int64_t)fanout->size);
    return got;
}

const char *fanout_error(struct fanout *fanout)
{
    if (!fanout->is_stream && errno == EMSGSIZE)
        snprintf(fanout->why, sizeof fanout->why, "%s (net.core.wmem_max is %lld)",
                 record_error(&fanout->reader), (long long)limits_read("net.core.wmem_max", -1));
    else if (!fanout->is_stream)
        snprintf(fanout->why, sizeof fanout->why, "%s", record_error(&fanout->reader));
    else if (errno == EBADMSG)
        snprintf(fanout->why, sizeof fanout->why, "not netstrings");
    else
        snprintf(fanout->why, sizeof fanout->why, "read: %m");
    return fanout->why;
}

void fanout_join(const struct fanout *fanout, struct receiver *receiver, int fd)
{
    *receiver = (struct receiver){
        .fd = fd, .is_late = fanout->scanner.is_inside, .has_rights = !fanout->rights};
}

void fanout_leave(struct receiver *receiver)
{
    free(receiver->rest);
    receiver->rest = NULL;
}

/* The end of the record that byte AT of the piece belongs to; AT itself where one ends there. SIZE
 * and *IS_OPEN where it goes on behind the piece. */
static size_t find_end(const struct fanout *fanout, size_t at, bool *is_open)
{
    struct record_scanner scanner;
    record_scan_start(&scanner, fanout->scanner.form, UINT64_MAX);
    size_t end = fanout->joint;
    while (end < at)
        end += (size_t)record_scan(&scanner, fanout->data + end, fanout->size - end);
    *is_open = end == fanout->size && fanout->scanner.is_inside;
    return end;
}

/* Records that begin in the piece from AT on. */
static uint64_t count_records(const struct fanout *fanout, size_t at)
{
    struct record_scanner scanner;
    uint64_t count = 0;
    record_scan_start(&scanner, fanout->scanner.form, UINT64_MAX);
    for (; at < fanout->size; count++)
        at += (size_t)record_scan(&scanner, fanout->data + at, fanout->size - at);
    return count;
}

static int keep_rest(struct receiver *receiver, const char *data, size_t size)
{
    if (receiver->rest_size + size > REST_MAX)
        return errno = EMSGSIZE, -1;
    if (size == 0)
        return 0;
    char *rest = realloc(receiver->rest, receiver->rest_size + size);
    if (!rest)
        return -1;
    memcpy(rest + receiver->rest_size, data, size);
    receiver->rest = rest;
    receiver->rest_size += size;
    return 0;
}

/* RECEIVER gets of the piece no more than what ends the record that stands at AT. */
static int drop_from(const struct fanout *fanout, struct receiver *receiver, size_t at)
{
    size_t end = find_end(fanout, at, &receiver->is_rest_open);
    receiver->is_owed = false;
    receiver->is_late = fanout->scanner.is_inside && !receiver->is_rest_open;
    receiver->missed += count_records(fanout, end);
    return keep_rest(receiver, fanout->data + at, end - at);
}

int fanout_offer(const struct fanout *fanout, struct receiver *receiver)
{
    if (receiver->is_deaf)
        return 0;
    if (receiver->rest) {
        if (receiver->is_rest_open)
            return drop_from(fanout, receiver, 0);
        size_t from = receiver->is_late ? fanout->joint : 0;
        receiver->missed += count_records(fanout, from);
        receiver->is_late = fanout->scanner.is_inside;
        return 0;
    }
    receiver->is_owed = !receiver->is_late || fanout->joint < fanout->size;
    receiver->sent = receiver->is_late ? fanout->joint : 0;
    receiver->is_late =
        receiver->is_late && fanout->joint == fanout->size && fanout->scanner.is_inside;
    return 0;
}

/* Sends from DATA on. Returns the bytes, or -1 with errno. */
static ssize_t send_bytes(const struct fanout *fanout, struct receiver *receiver, const char *data,
                          size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t sent =
        fdpass_send(receiver->fd, &message, receiver->has_rights ? NULL : fanout->rights);
    if (sent > 0)
        receiver->has_rights = true;
    return sent;
}

static int send_rest(const struct fanout *fanout, struct receiver *receiver)
{
    ssize_t sent = send_bytes(fanout, receiver, receiver->rest, receiver->rest_size);
    if (sent < 0)
        return errno == EAGAIN ? 0 : -1;
    receiver->rest_size -= (size_t)sent;
    memmove(receiver->rest, receiver->rest + sent, receiver->rest_size);
    if (receiver->rest_size == 0)
        fanout_leave(receiver);
    return 0;
}

/* RECEIVER has no room for what is still owed. */
static int be_slow(const struct fanout *fanout, struct receiver *receiver)
{
    switch (fanout->slow) {
    case FANOUT_CLOSE:
        return errno = EAGAIN, -1;
    case FANOUT_DROP:
        if (fanout->is_stream)
            return drop_from(fanout, receiver, receiver->sent);
        receiver->is_owed = false;
        receiver->missed++;
        return 0;
    default:
        return 0;
    }
}

int fanout_send(const struct fanout *fanout, struct receiver *receiver,
                const struct datagram_name *to)
{
    if (receiver->rest)
        return send_rest(fanout, receiver);
    if (!fanout->is_stream) {
        const struct fdpass *rights = receiver->has_rights ? NULL : fanout->rights;
        if (datagram_send(receiver->fd, fanout->data, fanout->size, to, rights) < 0)
            return errno == EAGAIN ? be_slow(fanout, receiver) : -1;
        receiver->has_rights = true;
        receiver->is_owed = false;
        return 0;
    }
    while (receiver->sent < fanout->size) {
        ssize_t sent = send_bytes(fanout, receiver, fanout->data + receiver->sent,
                                  fanout->size - receiver->sent);
        if (sent < 0)
            return errno == EAGAIN ? be_slow(fanout, receiver) : -1;
        receiver->sent += (size_t)sent;
    }
    receiver->is_owed = false;
    return 0;
}

bool fanout_waits_for(const struct receiver *receiver)
{
    return receiver->is_owed || receiver->rest;
}

int fanout_end(const struct fanout *fanout, struct receiver *receiver)
{
    if (receiver->has_rights)
        return 0;
    receiver->has_rights = true;
    if (!fanout->is_stream)
        return datagram_send(receiver->fd, NULL, 0, NULL, fanout->rights);
    receiver->has_rights = false;
    return send_bytes(fanout, receiver, "", 1) < 0 ? -1 : 0;
}
