#include "custody.h"

#include "diag.h"
#include "handover.h"
#include "io.h"
#include "stop.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds after which a process that waits for room looks whether the queue is still there. */
static const int64_t look_around = 5000000000;

int custody_send(const struct custody *message, struct queue *queue, int64_t timeout)
{
    struct deadline deadline = deadline_in(timeout);
    return queue_send(queue, message->data, message->size, message->tag, &deadline);
}

/* The whole life of the process that waits for room. It holds nothing open that others wait for,
 * and what ends its session or its group must not end it. */
static _Noreturn void keep(const struct custody *message)
{
    int ignored = chdir("/");
    (void)ignored;
    setsid();
    stop_ignore();
    int needed = queue_descriptor(message->queue);
    if (needed > 0)
        io_close_range(0, (unsigned)needed - 1);
    io_close_range(needed < 0 ? 0 : (unsigned)needed + 1, UINT_MAX);
    while (custody_send(message, message->queue, look_around) < 0)
        if ((errno != ETIMEDOUT && errno != EINTR) || queue_is_removed(message->queue))
            break;
    _exit(0);
}

/* Writes what became of the message, with errno where it is lost, to its fate. */
static enum custody_end tell(struct custody *message, enum custody_end end, pid_t keeper)
{
    const char *tag_name = queue_tag_name(message->queue), *queue = message->queue->name.text;
    char *fate = message->fate;
    size_t room = sizeof message->fate;
    if (end == CUSTODY_BACK)
        snprintf(fate, room, "went back to the end of its %s in %s", tag_name, queue);
    else if (end == CUSTODY_WAITS)
        snprintf(
            fate, room,
            "goes back to the end of its %s in %s when there is room (process %d waits for it)",
            tag_name, queue, (int)keeper);
    else {
        const char *why = strerror(errno), *hint = queue_hint(message->queue, errno, NULL);
        snprintf(fate, room, "(%zu bytes, %s %ld) is lost: put back: %s%s", message->size, tag_name,
                 message->tag, why, hint);
    }
    return end;
}

enum custody_end custody_return(struct custody *message)
{
    if (custody_send(message, message->queue, 0) == 0)
        return tell(message, CUSTODY_BACK, 0);
    if (errno != EAGAIN)
        return tell(message, CUSTODY_LOST, 0);

    pid_t keeper = fork();
    if (keeper == 0)
        keep(message);
    if (keeper > 0)
        return tell(message, CUSTODY_WAITS, keeper);
    bool is_back = custody_send(message, message->queue, DEADLINE_NEVER) == 0; /* then here */
    return tell(message, is_back ? CUSTODY_BACK : CUSTODY_LOST, 0);
}

static size_t bytes_of(const struct iovec *pieces, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    return bytes;
}

/* Puts the message back after stdout failed with errno; DETAIL says more of it. */
static int give_up(struct custody *message, const char *detail)
{
    int errnum = errno;
    enum custody_end end = custody_return(message);
    errno = errnum;
    if (errnum != EINTR)
        diag_warn("stdout: write: %m; the message%s %s", detail, message->fate);
    else if (end != CUSTODY_BACK || *detail)
        diag_warn("the message%s %s", detail, message->fate);
    return -1;
}

/* Returns 0; -1 with errno, where LEFT counts the bytes that were not written. */
static int write_pieces(struct iovec *pieces, int count, size_t bytes, size_t *left)
{
    for (;;) {
        int result = io_writev(STDOUT_FILENO, pieces, count);
        int errnum = errno;
        *left = bytes_of(pieces, count);
        if (result == 0 || errnum != EINTR || *left == bytes || !stop_pardon())
            return errno = errnum, result;
        diag_note("stdout: the rest of the record is written first (a second signal gives it up)");
    }
}

/* Waits for the reader, and puts the message back where it left. Returns as custody_write does. */
static int settle(struct custody *message, const struct handover *handover, size_t bytes,
                  int64_t patience)
{
    int64_t unread;
    do {
        struct deadline deadline = deadline_in(patience);
        unread = handover_wait(handover, &deadline);
        patience = custody_grace;
    } while (unread < 0 && errno == EINTR && stop_pardon());
    if (unread <= 0)
        return unread == 0;

    if ((size_t)unread > bytes)
        diag_warn("stdout: nobody read the last %zu bytes of the messages before",
                  (size_t)unread - bytes);
    errno = EPIPE;
    return give_up(message, ", which nobody read,");
}

int custody_write(struct custody *message, struct iovec *pieces, int count, int64_t patience)
{
    struct handover handover;
    size_t bytes = bytes_of(pieces, count), left;
    handover_begin(&handover, patience != 0 ? STDOUT_FILENO : -1);
    int result = write_pieces(pieces, count, bytes, &left) < 0
                     ? give_up(message, left < bytes ? ", part of which was written," : "")
                     : settle(message, &handover, bytes, patience);
    handover_end(&handover);
    return result;
}
