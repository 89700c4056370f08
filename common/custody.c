#include "custody.h"

#include "diag.h"
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

/* After a write failed with errno. Returns whether the rest is to be written now. */
static bool goes_on(const struct custody *message, bool is_cut)
{
    if (errno != EINTR)
        return false;
    if (!is_cut && custody_send(message, message->queue, 0) == 0)
        stop_obey();
    errno = EINTR;
    if (!stop_pardon())
        return false;
    diag_note("%s: the message in hand is written first (a second signal gives it up)",
              message->queue->name.text);
    return true;
}

int custody_write(const struct custody *message, struct iovec *pieces, int count)
{
    size_t bytes = bytes_of(pieces, count);
    bool is_cut;
    do {
        if (io_writev(STDOUT_FILENO, pieces, count) == 0)
            return 0;
        is_cut = bytes_of(pieces, count) != bytes;
    } while (goes_on(message, is_cut));

    int errnum = errno;
    bool is_back = custody_return(message);
    errno = errnum;
    if (!is_back)
        diag_warn("stdout: write: %m");
    else
        diag_warn("stdout: write: %m; the message%s went back to the end of its %s in %s",
                  is_cut ? ", part of which was written," : "", queue_tag_name(message->queue),
                  message->queue->name.text);
    return -1;
}
