#include "relay.h"

#include "deadline.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SPLICE_SIZE = 1 << 20,
    BUFFER_SIZE = 1 << 17,
    LONG_TRANSFER = 1 << 18, /* from here on larger pipes pay */
};

enum step { MOVED, ENDED, WOULD_BLOCK, FAILED };

struct way {
    struct relay_flow *flow;
    bool splices;        /* pages move; else by way of the buffer */
    bool may_block;      /* it is the only way: nobody else is held up */
    bool is_pipe;        /* TO is: a write of PIPE_BUF bytes does not block after POLLOUT */
    bool waits_for_room; /* the next thing to wait for is TO, not FROM */
    bool is_blocked;     /* the last step moved nothing: EAGAIN */
    bool is_over;
    int64_t moved;
    char *buffer;
    size_t start, end; /* of what was read and not yet written */
};

static mode_t type_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) < 0 ? 0 : status.st_mode & S_IFMT;
}

static enum step blame(struct way *way, bool is_write_error)
{
    if (errno == EAGAIN)
        return WOULD_BLOCK;
    if (errno != EINTR && errno != ETIMEDOUT) {
        way->flow->error = errno;
        way->flow->is_write_error = is_write_error;
    }
    return FAILED;
}

/* splice(2) does not tell which of its ends failed. */
static bool is_error_of_writing(int errnum)
{
    return errnum == EPIPE || errnum == ENOSPC || errnum == EFBIG || errnum == EDQUOT;
}

/* The kernel has no splice for terminals, files opened to append and other such pairs. */
static enum step splice_once(struct way *way, const struct deadline *deadline)
{
    unsigned flags = SPLICE_F_MOVE | (way->may_block ? 0 : SPLICE_F_NONBLOCK);
    ssize_t moved;
    do
        moved = splice(way->flow->from, NULL, way->flow->to, NULL, SPLICE_SIZE, flags);
    while (moved < 0 && deadline_goes_on(deadline));

    if (moved < 0 && errno == EINVAL) {
        way->splices = false;
        return MOVED;
    }
    if (moved < 0)
        return blame(way, is_error_of_writing(errno));
    way->moved += moved;
    return moved > 0 ? MOVED : ENDED;
}

static enum step fill_buffer(struct way *way, const struct deadline *deadline)
{
    if (!way->buffer && !(way->buffer = malloc(BUFFER_SIZE)))
        return blame(way, false);
    ssize_t got;
    do
        got = read(way->flow->from, way->buffer, BUFFER_SIZE);
    while (got < 0 && deadline_goes_on(deadline));
    if (got <= 0)
        return got < 0 ? blame(way, false) : ENDED;
    way->start = 0;
    way->end = (size_t)got;
    return MOVED;
}

static enum step empty_buffer(struct way *way, const struct deadline *deadline)
{
    size_t size = way->end - way->start;
    if (!way->may_block && way->is_pipe && size > PIPE_BUF)
        size = PIPE_BUF;
    ssize_t put;
    do
        put = write(way->flow->to, way->buffer + way->start, size);
    while (put < 0 && deadline_goes_on(deadline));
    if (put < 0)
        return blame(way, true);
    way->start += (size_t)put;
    way->moved += put;
    return MOVED;
}

static enum step step_once(struct way *way, const struct deadline *deadline)
{
    if (way->start < way->end)
        return empty_buffer(way, deadline);
    if (way->splices)
        return splice_once(way, deadline);
    return fill_buffer(way, deadline);
}

static void end_way(struct way *way)
{
    way->is_over = true;
    free(way->buffer);
    if (!way->flow->shuts_down)
        return;
    if (shutdown(way->flow->to, SHUT_WR) < 0 && errno == ENOTSOCK)
        close(way->flow->to);
}

/* Takes one step, and notes what to wait for next. After EAGAIN that is the other end: FROM was
 * ready, so TO is full. */
static int advance(struct way *way, const struct deadline *deadline)
{
    int64_t before = way->moved;
    enum step step = step_once(way, deadline);
    if (step == FAILED)
        return -1;
    way->is_blocked = step == WOULD_BLOCK;
    if (step == ENDED)
        end_way(way);
    else if (way->is_blocked)
        way->waits_for_room = !way->waits_for_room;
    else
        way->waits_for_room = way->start < way->end;

    if (before < LONG_TRANSFER && way->moved >= LONG_TRANSFER) {
        io_enlarge_pipe(way->flow->from);
        io_enlarge_pipe(way->flow->to);
    }
    return 0;
}

/* A descriptor that is closed, or open the other way round, is to be told before anything moves. */
static int check_access(struct relay_flow *flow)
{
    int from = fcntl(flow->from, F_GETFL), to = fcntl(flow->to, F_GETFL);
    bool is_from_wrong = from < 0 || (from & O_ACCMODE) == O_WRONLY;
    if (!is_from_wrong && to >= 0 && (to & O_ACCMODE) != O_RDONLY)
        return 0;
    flow->is_write_error = !is_from_wrong;
    flow->error = errno = EBADF;
    return -1;
}

static int start_way(struct way *way, struct relay_flow *flow, bool may_block)
{
    flow->error = 0;
    flow->is_write_error = false;
    mode_t from = type_of(flow->from), to = type_of(flow->to);
    bool is_private = from == S_IFIFO || from == S_IFSOCK;
    *way = (struct way){
        .flow = flow,
        .may_block = may_block,
        .is_pipe = to == S_IFIFO,
        .splices = is_private && (from == S_IFIFO || to == S_IFIFO),
    };
    return check_access(flow);
}

/* One way alone: blocking calls, which need no poll. */
static int run_alone(struct way *way, int64_t idle)
{
    while (!way->is_over) {
        struct deadline deadline = deadline_in(idle);
        deadline_begin(&deadline);
        int result = advance(way, &deadline);
        deadline_end(&deadline);
        if (result < 0)
            return -1;

        /* only where somebody else set O_NONBLOCK; nothing tells on which side, so in turn */
        struct pollfd wait = {way->flow->from, POLLIN, 0};
        if (way->waits_for_room)
            wait = (struct pollfd){way->flow->to, POLLOUT, 0};
        if (way->is_blocked && deadline_poll(&wait, 1, &deadline) < 0)
            return -1;
    }
    return 0;
}

static void add_poll(const struct way *way, struct pollfd *from, struct pollfd *to)
{
    *from = (struct pollfd){.fd = -1};
    *to = (struct pollfd){.fd = -1};
    if (way->is_over)
        return;
    if (!way->waits_for_room)
        *from = (struct pollfd){way->flow->from, POLLIN, 0};
    if (way->waits_for_room || way->flow->shuts_down)
        *to = (struct pollfd){way->flow->to, way->waits_for_room ? POLLOUT : 0, 0};
}

/* The peer is gone. What FROM still has cannot be sent, and trying says so; where it has nothing,
 * the way is at its end. */
static bool is_deserted(const struct way *way, const struct pollfd *from, const struct pollfd *to)
{
    return way->flow->shuts_down && (to->revents & (POLLERR | POLLHUP)) && !from->revents &&
           !way->waits_for_room;
}

static int run_both(struct way *ways, int64_t idle)
{
    struct deadline never = deadline_in(DEADLINE_NEVER);
    while (!ways[0].is_over || !ways[1].is_over) {
        struct pollfd fds[4];
        struct deadline deadline = deadline_in(idle);
        for (int i = 0; i < 2; i++)
            add_poll(&ways[i], &fds[2 * i], &fds[2 * i + 1]);
        if (deadline_poll(fds, 4, &deadline) < 0)
            return -1;

        for (int i = 0; i < 2; i++) {
            const struct pollfd *from = &fds[2 * i], *to = &fds[2 * i + 1];
            if (is_deserted(&ways[i], from, to))
                end_way(&ways[i]);
            else if ((from->revents || to->revents) && advance(&ways[i], &never) < 0)
                return -1;
        }
    }
    return 0;
}

int relay_run(struct relay_flow *flows, int count, int64_t idle)
{
    struct way ways[2];
    for (int i = 0; i < count; i++)
        if (start_way(&ways[i], &flows[i], count == 1) < 0)
            return -1;
    return count == 1 ? run_alone(&ways[0], idle) : run_both(ways, idle);
}
