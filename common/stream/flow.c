#include "stream/flow.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPLICE_SIZE = 1 << 20, BUFFER_SIZE = 1 << 17 };

static mode_t type_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) < 0 ? 0 : status.st_mode & S_IFMT;
}

/* A write that blocks inside splice(2) keeps the pipe locked, for everybody. So nothing goes that
 * way into terminals, and into sockets only where they do not block. Nor into a file that is
 * stdout: others may write to it at the same time, and unlike write(2), splice(2) does not lock the
 * place where it stands, so one would overwrite the other. And out of sockets nothing does: the
 * descriptors that came along would be dropped without a word. */
static bool can_splice(const struct pump *pump)
{
    bool is_file = pump->to_type == S_IFREG || pump->to_type == S_IFBLK;
    if (pump->may_block && (pump->to_type == S_IFSOCK || isatty(pump->to)))
        return false;
    return pump->from_type == S_IFIFO && !(is_file && pump->to == STDOUT_FILENO);
}

int pump_start(struct pump *pump, int from, int to, const struct fdpass *rights)
{
    *pump = (struct pump){
        .from = from,
        .to = to,
        .from_type = type_of(from),
        .to_type = type_of(to),
        .may_block = !(fcntl(to, F_GETFL) & O_NONBLOCK),
    };
    pump->rights = rights;
    pump->splices = !rights && can_splice(pump);
    bool is_readable = io_is_open_for(from, O_RDONLY);
    if (is_readable && io_is_open_for(to, O_WRONLY))
        return 0;
    pump->is_write_error = is_readable;
    pump->error = errno;
    return -1;
}

static enum pump_step blame(struct pump *pump, bool is_write_error)
{
    if (errno == EAGAIN)
        return PUMP_WOULD_BLOCK;
    if (errno != EINTR && errno != ETIMEDOUT) {
        pump->error = errno;
        pump->is_write_error = is_write_error;
    }
    return PUMP_FAILED;
}

/* splice(2) has no way to files opened to append, and some others; the buffer has. Of errors but
 * EPIPE it does not tell which end failed, but reading a pipe never does. */
static enum pump_step splice_once(struct pump *pump, const struct deadline *deadline)
{
    ssize_t moved;
    do
        moved = splice(pump->from, NULL, pump->to, NULL, SPLICE_SIZE, SPLICE_F_NONBLOCK);
    while (moved < 0 && deadline_goes_on(deadline));

    if (moved < 0 && errno == EINVAL) {
        pump->splices = false;
        return PUMP_MOVED;
    }
    if (moved < 0 && errno == EPIPE)
        return PUMP_DESERTED;
    if (moved < 0)
        return blame(pump, true);
    pump->moved += moved;
    return moved > 0 ? PUMP_MOVED : PUMP_ENDED;
}

/* recv(2) without a word about descriptors: MSG_CTRUNC is that word, and the kernel closes them. */
static ssize_t receive(struct pump *pump)
{
    struct iovec piece = {pump->buffer, BUFFER_SIZE};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t got = recvmsg(pump->from, &message, 0);
    if (got >= 0 && message.msg_flags & MSG_CTRUNC)
        pump->had_descriptors = true;
    return got;
}

static enum pump_step fill_buffer(struct pump *pump, const struct deadline *deadline)
{
    if (pump->has_ended)
        return PUMP_ENDED;
    if (!pump->buffer && !(pump->buffer = malloc(BUFFER_SIZE)))
        return blame(pump, false);
    ssize_t got;
    do
        got = pump->from_type == S_IFSOCK ? receive(pump)
                                          : read(pump->from, pump->buffer, BUFFER_SIZE);
    while (got < 0 && deadline_goes_on(deadline));
    if (got < 0)
        return blame(pump, false);
    pump->has_ended = got == 0;
    if (got == 0 && !pump->rights)
        return PUMP_ENDED;
    if (got == 0)
        pump->buffer[got++] = '\0';
    pump->start = 0;
    pump->end = (size_t)got;
    return PUMP_MOVED;
}

static ssize_t put_with_rights(struct pump *pump, const char *data, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t done = fdpass_send(pump->to, &message, pump->rights);
    if (done > 0)
        pump->rights = NULL;
    return done;
}

static ssize_t put(struct pump *pump, const char *data, size_t size)
{
    if (pump->rights)
        return put_with_rights(pump, data, size);
    if (pump->to_type == S_IFSOCK)
        return send(pump->to, data, size, MSG_DONTWAIT);
    if (pump->may_block && (pump->to_type == S_IFIFO || pump->to_type == S_IFCHR))
        return io_write_ready(pump->to, data, size);
    return write(pump->to, data, size);
}

static enum pump_step empty_buffer(struct pump *pump, const struct deadline *deadline)
{
    ssize_t done;
    do
        done = put(pump, pump->buffer + pump->start, pump_held(pump));
    while (done < 0 && deadline_goes_on(deadline));
    if (done < 0)
        return blame(pump, true);
    pump->start += (size_t)done;
    pump->moved += done;
    return PUMP_MOVED;
}

/* The buffer may block, where an end is a terminal or somebody else was faster. */
enum pump_step pump_step(struct pump *pump, const struct deadline *deadline)
{
    if (pump->splices)
        return splice_once(pump, deadline);
    deadline_begin(deadline);
    enum pump_step step =
        pump_held(pump) > 0 ? empty_buffer(pump, deadline) : fill_buffer(pump, deadline);
    deadline_end(deadline);
    return step;
}

size_t pump_held(const struct pump *pump)
{
    return pump->end - pump->start;
}

void pump_end(struct pump *pump)
{
    free(pump->buffer);
    pump->buffer = NULL;
}
