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

/* Not everything is spliced:
 * - A write that blocks inside splice(2) keeps the pipe locked for everybody: no terminals, and
 *   only sockets that do not block.
 * - Unlike write(2), splice(2) does not lock the file offset. Others may write to the file that is
 *   stdout at the same time, and one would overwrite the other.
 * - Out of a socket, the descriptors that came along would be dropped silently. */
static bool can_splice(const struct flow *flow)
{
    bool is_file = flow->to_type == S_IFREG || flow->to_type == S_IFBLK;
    if (flow->may_block && (flow->to_type == S_IFSOCK || isatty(flow->to)))
        return false;
    return flow->from_type == S_IFIFO && !(is_file && flow->to == STDOUT_FILENO);
}

int flow_start(struct flow *flow, int from, int to, const struct fdpass *rights)
{
    *flow = (struct flow){
        .from = from,
        .to = to,
        .from_type = type_of(from),
        .to_type = type_of(to),
        .may_block = !(fcntl(to, F_GETFL) & O_NONBLOCK),
    };
    flow->rights = rights;
    flow->splices = !rights && can_splice(flow);
    bool is_readable = io_is_open_for(from, O_RDONLY);
    if (is_readable && io_is_open_for(to, O_WRONLY))
        return 0;
    flow->is_write_error = is_readable;
    flow->error = errno;
    return -1;
}

static enum flow_step fail_step(struct flow *flow, bool is_write_error)
{
    if (errno == EAGAIN)
        return FLOW_WOULD_BLOCK;
    if (errno != EINTR && errno != ETIMEDOUT) {
        flow->error = errno;
        flow->is_write_error = is_write_error;
    }
    return FLOW_FAILED;
}

/* splice(2) refuses files opened to append, among others (EINVAL); those get the buffer. It does
 * not report which end failed, but reading a pipe never does. */
static enum flow_step splice_once(struct flow *flow, const struct deadline *deadline)
{
    ssize_t moved;
    do
        moved = splice(flow->from, NULL, flow->to, NULL, SPLICE_SIZE, SPLICE_F_NONBLOCK);
    while (moved < 0 && deadline_should_retry(deadline));

    if (moved < 0 && errno == EINVAL) {
        flow->splices = false;
        return FLOW_MOVED;
    }
    if (moved < 0 && errno == EPIPE)
        return FLOW_NO_READER;
    if (moved < 0)
        return fail_step(flow, true);
    flow->moved += moved;
    return moved > 0 ? FLOW_MOVED : FLOW_ENDED;
}

/* Without room for control data the kernel closes descriptors that come along and sets MSG_CTRUNC.
 */
static ssize_t receive(struct flow *flow)
{
    struct iovec piece = {flow->buffer, BUFFER_SIZE};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t got = recvmsg(flow->from, &message, 0);
    if (got >= 0 && message.msg_flags & MSG_CTRUNC)
        flow->had_descriptors = true;
    return got;
}

static enum flow_step fill_buffer(struct flow *flow, const struct deadline *deadline)
{
    if (flow->has_ended)
        return FLOW_ENDED;
    if (!flow->buffer && !(flow->buffer = malloc(BUFFER_SIZE)))
        return fail_step(flow, false);
    ssize_t got;
    do
        got = flow->from_type == S_IFSOCK ? receive(flow)
                                          : read(flow->from, flow->buffer, BUFFER_SIZE);
    while (got < 0 && deadline_should_retry(deadline));
    if (got < 0)
        return fail_step(flow, false);

    flow->has_ended = got == 0;
    if (got == 0 && !flow->rights)
        return FLOW_ENDED;
    if (got == 0)
        flow->buffer[got++] = '\0';
    flow->start = 0;
    flow->end = (size_t)got;
    return FLOW_MOVED;
}

static ssize_t send_with_rights(struct flow *flow, const char *data, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t done = fdpass_send(flow->to, &message, flow->rights);
    if (done > 0)
        flow->rights = NULL;
    return done;
}

static ssize_t write_some(struct flow *flow, const char *data, size_t size)
{
    if (flow->rights)
        return send_with_rights(flow, data, size);
    if (flow->to_type == S_IFSOCK)
        return send(flow->to, data, size, MSG_DONTWAIT);
    if (flow->may_block && (flow->to_type == S_IFIFO || flow->to_type == S_IFCHR))
        return io_write_ready(flow->to, data, size);
    return write(flow->to, data, size);
}

static enum flow_step empty_buffer(struct flow *flow, const struct deadline *deadline)
{
    ssize_t done;
    do
        done = write_some(flow, flow->buffer + flow->start, flow_held(flow));
    while (done < 0 && deadline_should_retry(deadline));
    if (done < 0)
        return fail_step(flow, true);
    flow->start += (size_t)done;
    flow->moved += done;
    return FLOW_MOVED;
}

/* The buffer's calls may block: an end may be a terminal, or another process may have been faster
 * than this one since poll(2). */
enum flow_step flow_step(struct flow *flow, const struct deadline *deadline)
{
    if (flow->splices)
        return splice_once(flow, deadline);
    deadline_arm(deadline);
    enum flow_step step =
        flow_held(flow) > 0 ? empty_buffer(flow, deadline) : fill_buffer(flow, deadline);
    deadline_disarm(deadline);
    return step;
}

size_t flow_held(const struct flow *flow)
{
    return flow->end - flow->start;
}

void flow_end(struct flow *flow)
{
    free(flow->buffer);
    flow->buffer = NULL;
}
