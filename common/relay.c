#include "relay.h"

#include "deadline.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SPLICE_SIZE = 1 << 20,
    BUFFER_SIZE = 1 << 17,
    LONG_TRANSFER = 1 << 18, /* from here on larger pipes pay */
};

enum step { MOVED, ENDED, DESERTED, WOULD_BLOCK, FAILED };

struct way {
    struct relay_flow *flow;
    mode_t from, to;     /* of what type they are */
    bool splices;        /* pages move; else by way of the buffer */
    bool may_block;      /* TO does: it is shared, and nothing may be set on it */
    bool waits_for_room; /* what to wait for is TO, not FROM; while pages move, a guess */
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

/* Bytes that a pipe or stream socket holds; 0 also for what cannot tell. */
static int bytes_in(int fd)
{
    int count;
    return ioctl(fd, FIONREAD, &count) < 0 ? 0 : count;
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

/* splice(2) has no way to files opened to append, and some others; the buffer has. Of errors but
 * EPIPE it does not tell which end failed, but reading a pipe never does. */
static enum step splice_once(struct way *way, const struct deadline *deadline)
{
    ssize_t moved;
    do
        moved = splice(way->flow->from, NULL, way->flow->to, NULL, SPLICE_SIZE, SPLICE_F_NONBLOCK);
    while (moved < 0 && deadline_goes_on(deadline));

    if (moved < 0 && errno == EINVAL) {
        way->splices = false;
        return MOVED;
    }
    if (moved < 0 && errno == EPIPE)
        return DESERTED;
    if (moved < 0)
        return blame(way, way->from == S_IFIFO);
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

/* After POLLOUT a pipe takes PIPE_BUF bytes without blocking, pipe(7), and a terminal mostly. */
static enum step empty_buffer(struct way *way, const struct deadline *deadline)
{
    const char *data = way->buffer + way->start;
    size_t size = way->end - way->start;
    if (way->may_block && (way->to == S_IFIFO || way->to == S_IFCHR) && size > PIPE_BUF)
        size = PIPE_BUF;
    ssize_t put;
    do
        put = way->to == S_IFSOCK ? send(way->flow->to, data, size, MSG_DONTWAIT)
                                  : write(way->flow->to, data, size);
    while (put < 0 && deadline_goes_on(deadline));
    if (put < 0)
        return blame(way, true);
    way->start += (size_t)put;
    way->moved += put;
    return MOVED;
}

/* The buffer may block, where an end is a terminal or somebody else was faster. */
static enum step step_once(struct way *way, const struct deadline *deadline)
{
    if (way->splices)
        return splice_once(way, deadline);
    deadline_begin(deadline);
    enum step step =
        way->start < way->end ? empty_buffer(way, deadline) : fill_buffer(way, deadline);
    deadline_end(deadline);
    return step;
}

/* What a reader left behind in its pipe is lost with it. */
static enum step end_way(struct way *way)
{
    struct relay_flow *flow = way->flow;
    struct pollfd to = {.fd = flow->to};
    if (flow->shuts_down && way->to == S_IFIFO && bytes_in(flow->to) > 0 && poll(&to, 1, 0) > 0) {
        errno = EPIPE;
        return blame(way, true);
    }
    way->is_over = true;
    free(way->buffer);
    if (flow->shuts_down && shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK)
        close(flow->to);
    return ENDED;
}

/* TO is gone. That is an end like any other where FROM has nothing for it: a pipe or socket that is
 * empty and yet ready is at its end. Else a peer needs no more, but stdout will miss something. */
static enum step desert(struct way *way)
{
    struct pollfd from = {way->flow->from, POLLIN, 0};
    bool is_ready = poll(&from, 1, 0) > 0;
    if (bytes_in(way->flow->from) == 0 && (is_ready || way->flow->shuts_down))
        return end_way(way);
    errno = EPIPE;
    return blame(way, true);
}

/* Takes one step, and notes what to wait for next. Where pages move that is FROM or TO, whichever
 * was the last to hold up; IS_READY says that poll has just told that this one does not. */
static enum step advance(struct way *way, bool is_ready, const struct deadline *deadline)
{
    int64_t before = way->moved;
    enum step step = step_once(way, deadline);
    if (step == ENDED)
        return end_way(way);
    if (step == DESERTED)
        return desert(way);

    way->is_blocked = step == WOULD_BLOCK;
    if (!way->splices)
        way->waits_for_room = way->start < way->end;
    else if (way->is_blocked && is_ready)
        way->waits_for_room = !way->waits_for_room;

    if (before < LONG_TRANSFER && way->moved >= LONG_TRANSFER) {
        io_enlarge_pipe(way->flow->from);
        io_enlarge_pipe(way->flow->to);
    }
    return step;
}

static void add_poll(const struct way *way, struct pollfd *from, struct pollfd *to)
{
    *from = (struct pollfd){.fd = -1};
    *to = (struct pollfd){.fd = -1};
    if (way->is_over)
        return;
    if (!way->waits_for_room)
        *from = (struct pollfd){way->flow->from, POLLIN, 0};
    *to = (struct pollfd){way->flow->to, way->waits_for_room ? POLLOUT : 0, 0};
}

/* OTHER's peer takes no more. Its flow has failed, and this one goes on with what is still to come;
 * which is nothing, and poll would not say so, where nobody ever opened a FIFO to write to it. */
static enum step go_on_alone(struct way *way, struct way *other, const struct deadline *deadline)
{
    other->is_over = true;
    return way->is_over || way->waits_for_room ? MOVED : advance(way, false, deadline);
}

/* Waits until one of the ways can go on, and takes a step in each that can. Returns 1 where bytes
 * moved or a way ended, 0 where not, -1 with errno. */
static int go_round(struct way *ways, int count, const struct deadline *deadline)
{
    struct pollfd fds[4];
    bool polls = count > 1 || !ways->splices || ways->is_blocked;
    int result = 0;

    for (int i = 0; i < count; i++)
        add_poll(&ways[i], &fds[2 * i], &fds[2 * i + 1]);
    if (polls && deadline_poll(fds, 2 * (nfds_t)count, deadline) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        struct way *way = &ways[i];
        const struct pollfd *from = &fds[2 * i], *to = &fds[2 * i + 1];
        enum step step = WOULD_BLOCK;
        if (way->is_over)
            continue;
        if (polls && to->revents && !from->revents && !way->waits_for_room)
            step = desert(way);
        else if (!polls || from->revents || to->revents)
            step = advance(way, polls, deadline);
        if (step == FAILED && way->flow->is_write_error && way->flow->shuts_down && count > 1)
            step = go_on_alone(&ways[1 - i], way, deadline);
        if (step == FAILED)
            return -1;
        if (step != WOULD_BLOCK)
            result = 1;
    }
    return result;
}

static int run(struct way *ways, int count, int64_t idle)
{
    struct deadline deadline = deadline_in(idle);
    while (!ways[0].is_over || !ways[count - 1].is_over) {
        int result = go_round(ways, count, &deadline);
        if (result < 0)
            return -1;
        if (result > 0 && idle != DEADLINE_NEVER)
            deadline = deadline_in(idle);
    }
    return 0;
}

/* A write that blocks inside splice(2) keeps the pipe locked, for everybody. So nothing goes that
 * way into terminals, and into sockets only where they do not block. */
static bool can_splice(const struct way *way)
{
    if (way->from == S_IFSOCK)
        return way->to == S_IFIFO;
    if (way->may_block && (way->to == S_IFSOCK || isatty(way->flow->to)))
        return false;
    return way->from == S_IFIFO;
}

/* A descriptor that is closed, or open the other way round, is told before anything moves. */
static int start_way(struct way *way, struct relay_flow *flow)
{
    *way = (struct way){
        .flow = flow,
        .from = type_of(flow->from),
        .to = type_of(flow->to),
        .may_block = !(fcntl(flow->to, F_GETFL) & O_NONBLOCK),
    };
    way->splices = can_splice(way);
    flow->waits_for = RELAY_NOTHING;
    flow->lost = 0;
    bool is_readable = io_is_open_for(flow->from, O_RDONLY);
    bool is_sound = is_readable && io_is_open_for(flow->to, O_WRONLY);
    flow->error = is_sound ? 0 : (errno = EBADF);
    flow->is_write_error = is_readable && !is_sound;
    return is_sound ? 0 : -1;
}

static void tell_rest(const struct way *way)
{
    struct relay_flow *flow = way->flow;
    int saved = errno;
    if (!way->is_over)
        flow->waits_for = way->waits_for_room ? RELAY_ROOM : RELAY_DATA;
    flow->lost = (int64_t)(way->end - way->start);
    if (flow->error == EPIPE && flow->shuts_down && way->to == S_IFIFO)
        flow->lost += bytes_in(flow->to);
    errno = saved;
}

int relay_run(struct relay_flow *flows, int count, int64_t idle)
{
    struct way ways[2] = {0};
    for (int i = 0; i < count; i++)
        if (start_way(&ways[i], &flows[i]) < 0)
            return -1;

    int result = run(ways, count, idle);
    for (int i = 0; i < count; i++)
        tell_rest(&ways[i]);
    for (int i = 0; i < count && result == 0; i++)
        if (flows[i].error)
            errno = flows[i].error, result = -1;
    return result;
}
