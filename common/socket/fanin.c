#include "socket/fanin.h"

#include "cli/progress.h"
#include "sys/io.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENOUGH = 65536, READ_SIZE = 8192 };

void fanin_start(struct fanin *fanin, enum record_form form, bool is_unmetered)
{
    struct stat status;
    bool is_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    *fanin = (struct fanin){
        .form = form, .is_file = is_file, .is_unmetered = is_unmetered, .holder = -1};
}

void fanin_join(const struct fanin *fanin, struct sender *sender, int fd)
{
    *sender = (struct sender){.fd = fd};
    uint64_t limit = fanin->form == RECORD_NETSTRING ? FANIN_NETSTRING_MAX : UINT64_MAX;
    record_scan_start(&sender->scanner, fanin->form, limit);
}

void fanin_leave(struct fanin *fanin, struct sender *sender)
{
    if (fanin->holder == sender->fd)
        fanin->holder = -1;
    free(sender->partial);
}

size_t fanin_waiting(const struct fanin *fanin)
{
    return fanin->end - fanin->start;
}

size_t fanin_discard(struct fanin *fanin)
{
    size_t waiting = fanin_waiting(fanin);
    fanin->start = fanin->end = 0;
    return waiting;
}

/* Whether SENDER is within a record of which more has come than a short one holds. */
static bool is_within_long(const struct sender *sender)
{
    const struct record_scanner *scanner = &sender->scanner;
    uint64_t size = scanner->form == RECORD_NETSTRING ? sender->held : scanner->size;
    return scanner->is_inside && size > FANIN_ROOM;
}

bool fanin_wants(const struct fanin *fanin, const struct sender *sender)
{
    if (sender->has_ended || fanin_waiting(fanin) >= ENOUGH)
        return false;
    bool may_be_short = fanin->form == RECORD_NETSTRING && !is_within_long(sender);
    return fanin->holder < 0 || fanin->holder == sender->fd || may_be_short;
}

/* A sender within a long record has stdout to itself until that ends. */
static void update_holder(struct fanin *fanin, const struct sender *sender)
{
    bool is_long = is_within_long(sender);
    if (is_long && fanin->holder < 0)
        fanin->holder = sender->fd;
    else if (!is_long && fanin->holder == sender->fd)
        fanin->holder = -1;
}

/* Makes room for SIZE more bytes and returns where they go, NULL with errno. */
static char *make_room(struct fanin *fanin, size_t size)
{
    if (fanin->capacity - fanin->end >= size)
        return fanin->data + fanin->end;
    size_t waiting = fanin_waiting(fanin), capacity = 2 * ENOUGH;
    if (waiting > 0)
        memmove(fanin->data, fanin->data + fanin->start, waiting);
    fanin->start = 0;
    fanin->end = waiting;
    while (capacity < waiting + size)
        capacity *= 2;
    if (capacity > fanin->capacity) {
        char *data = realloc(fanin->data, capacity);
        if (!data)
            return NULL;
        fanin->data = data;
        fanin->capacity = capacity;
    }
    return fanin->data + fanin->end;
}

static void add(struct fanin *fanin, size_t size)
{
    fanin->end += size;
    if (!fanin->is_unmetered)
        progress_add((int64_t)size);
}

/* Keeps the SIZE bytes at DATA, in no more memory than they need: there may be a thousand senders.
 */
static int hold(struct sender *sender, const char *data, size_t size)
{
    if (size == 0) {
        free(sender->partial);
        sender->partial = NULL;
    } else {
        char *partial = realloc(sender->partial, size);
        if (!partial)
            return -1;
        memcpy(partial, data, size);
        sender->partial = partial;
    }
    sender->held = size;
    return 0;
}

/* A last record without its terminator gets one, so that the next record does not stick to it. */
static int end_stream(struct fanin *fanin, struct sender *sender, char *held)
{
    bool is_cut_short = sender->scanner.is_inside;
    sender->has_ended = true;
    sender->scanner.is_inside = false;
    update_holder(fanin, sender);
    if (!is_cut_short)
        return 0;
    if (fanin->form == RECORD_NETSTRING)
        return errno = EBADMSG, -1;
    add(fanin, sender->held + record_tail(fanin->form, held + sender->held));
    return hold(sender, NULL, 0);
}

/* Scans DATA, SIZE bytes in all, from FROM on. *END becomes where the last whole record ends, 0 if
 * none does. Returns 0, or -1 if what follows is no record. */
static int find_last_end(struct record_scanner *scanner, const char *data, size_t from, size_t size,
                         size_t *end)
{
    *end = 0;
    while (from < size) {
        ssize_t step = record_scan(scanner, data + from, size - from);
        if (step < 0)
            return -1;
        from += (size_t)step;
        if (!scanner->is_inside)
            *end = from;
    }
    return 0;
}

int fanin_receive_bytes(struct fanin *fanin, struct sender *sender, struct datagram_origin *origin)
{
    char *data = make_room(fanin, sender->held + READ_SIZE);
    if (!data)
        return -1;
    if (sender->held > 0)
        memcpy(data, sender->partial, sender->held);

    /* Descriptors that come along find no room, so the kernel closes them and sets MSG_CTRUNC. */
    struct iovec piece = {data + sender->held, READ_SIZE};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t got;
    do
        got = recvmsg(sender->fd, &message, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    origin->had_descriptors = message.msg_flags & MSG_CTRUNC;
    if (got == 0)
        return end_stream(fanin, sender, data);

    size_t size = sender->held + (size_t)got, whole;
    if (find_last_end(&sender->scanner, data, sender->held, size, &whole) < 0) {
        add(fanin, whole);
        return -1;
    }
    if (fanin->form != RECORD_NETSTRING && is_within_long(sender))
        whole = size;
    if (hold(sender, data + whole, size - whole) < 0)
        return -1;
    update_holder(fanin, sender);
    add(fanin, whole);
    return 1;
}

int fanin_receive_message(struct fanin *fanin, struct sender *sender,
                          struct datagram_origin *origin, fanin_admits *admits, const void *context)
{
    char head[RECORD_HEAD_SIZE];
    ssize_t size = datagram_size(sender->fd);
    if (size < 0)
        return -1;
    size_t before = record_head(fanin->form, (size_t)size, head);
    char *data = make_room(fanin, before + (size_t)size + RECORD_TAIL_SIZE);
    if (!data)
        return -1;
    int got = datagram_receive(sender->fd, data + before, (size_t)size, origin);
    sender->has_ended = got == 0;
    if (got <= 0)
        return got;
    if (admits && !admits(context, origin))
        return errno = EPERM, -1;
    memcpy(data, head, before);
    add(fanin, before + (size_t)size + record_tail(fanin->form, data + before + (size_t)size));
    return 1;
}

/* A pipe takes PIPE_BUF bytes whole or not at all (pipe(7)). So a write that ends with a record
 * keeps records up to that size whole, also among those of other writers. */
static size_t next_write(const struct fanin *fanin)
{
    const char *data = fanin->data + fanin->start, *end = NULL;
    size_t size = fanin_waiting(fanin);
    if (size <= PIPE_BUF)
        return size;
    if (fanin->form == RECORD_LINE || fanin->form == RECORD_NUL)
        end = memrchr(data, fanin->form == RECORD_LINE ? '\n' : '\0', PIPE_BUF);
    return end ? (size_t)(end - data) + 1 : PIPE_BUF;
}

int fanin_flush(struct fanin *fanin)
{
    while (fanin_waiting(fanin) > 0) {
        const char *data = fanin->data + fanin->start;
        ssize_t put = fanin->is_file ? write(STDOUT_FILENO, data, fanin_waiting(fanin))
                                     : io_write_ready(STDOUT_FILENO, data, next_write(fanin));
        if (put < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        fanin->start += (size_t)put;
    }
    fanin->start = fanin->end = 0;
    return 0;
}

int fanin_end(struct fanin *fanin, const struct deadline *deadline)
{
    struct pollfd room = {STDOUT_FILENO, POLLOUT, 0};
    while (fanin_flush(fanin) == 0) {
        if (fanin_waiting(fanin) == 0)
            return 0;
        if (deadline_poll(&room, 1, deadline) < 0)
            return -1;
    }
    return -1;
}
