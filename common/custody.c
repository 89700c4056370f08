#include "custody.h"

#include "diag.h"
#include "handover.h"
#include "io.h"
#include "stop.h"

#include <errno.h>
#include <unistd.h>

int custody_send(const struct custody *message, struct queue *queue, int64_t timeout)
{
    struct deadline deadline = deadline_in(timeout);
    return queue_send(queue, message->data, message->size, message->tag, &deadline);
}

/* Whether a wait that ended with errno may begin again. */
static bool may_wait(void)
{
    return (errno == EAGAIN || errno == EINTR) && (!stop_signal() || stop_pardon());
}

bool custody_return(const struct custody *message)
{
    struct queue *queue = message->queue;
    int result = custody_send(message, queue, 0);
    if (result < 0 && may_wait()) {
        diag_note("%s: put back: the queue is full; waiting for room (a second signal gives the "
                  "message up)",
                  queue->name.text);
        do
            result = custody_send(message, queue, DEADLINE_NEVER);
        while (result < 0 && may_wait());
    }
    if (result == 0)
        return true;
    const char *hint = queue_hint(queue, errno, NULL);
    diag_warn("%s: put back: %m%s; a message of %zu bytes with %s %ld is lost", queue->name.text,
              hint, message->size, queue_tag_name(queue), message->tag);
    return false;
}

static size_t bytes_of(const struct iovec *pieces, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += pieces[i].iov_len;
    return bytes;
}

/* Returns 0; 1 where a signal came before anything was written, and the message is back; -1 with
 * errno. LEFT counts the bytes that were not written. */
static int write_pieces(const struct custody *message, struct iovec *pieces, int count,
                        size_t *left)
{
    size_t bytes = bytes_of(pieces, count);
    for (;;) {
        int result = io_writev(STDOUT_FILENO, pieces, count);
        *left = bytes_of(pieces, count);
        if (result == 0 || errno != EINTR)
            return result;
        if (*left == bytes && custody_send(message, message->queue, 0) == 0)
            return 1;
        errno = EINTR;
        if (!stop_pardon())
            return -1;
        diag_note("%s: the message in hand is written first (a second signal gives it up)",
                  message->queue->name.text);
    }
}

/* Puts the message back after stdout failed with errno. */
static int return_unwritten(const struct custody *message, const char *detail)
{
    int errnum = errno;
    bool is_back = custody_return(message);
    errno = errnum;
    if (is_back)
        diag_warn("stdout: write: %m; the message%s went back to the end of its %s in %s", detail,
                  queue_tag_name(message->queue), message->queue->name.text);
    else
        diag_warn("stdout: write: %m");
    return -1;
}

/* Returns as custody_write does. */
static int settle(const struct custody *message, const struct handover *handover, size_t bytes,
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
    return return_unwritten(message, ", which nobody read,");
}

int custody_write(const struct custody *message, struct iovec *pieces, int count, int64_t patience)
{
    struct handover handover;
    size_t bytes = bytes_of(pieces, count), left;
    handover_begin(&handover, patience != 0 ? STDOUT_FILENO : -1);
    int result = write_pieces(message, pieces, count, &left);
    if (result == 0)
        result = settle(message, &handover, bytes, patience);
    else if (result > 0)
        result = -1;
    else
        result = return_unwritten(message, left < bytes ? ", part of which was written," : "");
    handover_end(&handover);
    return result;
}
