#include "stream/relay.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/progress.h"
#include "stream/flow.h"
#include "sys/deadline.h"
#include "sys/io.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LONG_TRANSFER = 1 << 18, /* from here on larger pipes pay */
    GRACE = 100,             /* milliseconds for a source that may have more */
};

struct way {
    struct flow mover;
    const struct relay_flow *flow;
    bool waits_for_room; /* what to wait for is TO, not FROM; while pages move, a guess */
    bool is_blocked;     /* the last step moved nothing */
    bool is_over;
    bool has_told_descriptors;
};

/* Bytes that a pipe or stream socket holds; 0 also for what cannot tell. */
static int bytes_in(int fd)
{
    int count;
    return ioctl(fd, FIONREAD, &count) < 0 ? 0 : count;
}

static enum flow_step break_way(struct way *way)
{
    way->mover.error = errno = EPIPE;
    way->mover.is_write_error = true;
    return FLOW_FAILED;
}

/* What a reader left behind in its pipe is lost with it. */
static enum flow_step end_way(struct way *way)
{
    const struct relay_flow *flow = way->flow;
    struct pollfd to = {.fd = flow->to};
    if (flow->shuts_down && way->mover.to_type == S_IFIFO && bytes_in(flow->to) > 0 &&
        poll(&to, 1, 0) > 0)
        return break_way(way);
    way->is_over = true;
    flow_end(&way->mover);
    if (flow->shuts_down && shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK)
        close(flow->to);
    return FLOW_ENDED;
}

/* TO is gone. That is an end like any other where FROM has nothing for it: a pipe or socket that is
 * empty and yet ready is at its end. Else a peer needs no more, but stdout will miss something. A
 * source that is empty just now may be in the middle of its work: it gets a moment to show that. */
static enum flow_step desert(struct way *way)
{
    struct pollfd from = {way->flow->from, POLLIN, 0};
    bool is_ready = poll(&from, 1, way->flow->shuts_down ? GRACE : 0) > 0;
    if (bytes_in(way->flow->from) == 0 && (is_ready || way->flow->shuts_down))
        return end_way(way);
    return break_way(way);
}

static void note_progress(struct way *way, int64_t before)
{
    int64_t moved = way->mover.moved;
    if (!way->flow->is_unmetered)
        progress_add(moved - before);
    if (before < LONG_TRANSFER && moved >= LONG_TRANSFER) {
        io_enlarge_pipe(way->flow->from);
        io_enlarge_pipe(way->flow->to);
    }
    if (way->mover.had_descriptors && !way->has_told_descriptors) {
        diag_warn("%s: descriptors came with the bytes; they are closed", way->flow->from_name);
        way->has_told_descriptors = true;
    }
}

/* Takes one step, and notes what to wait for next. Where pages move that is FROM or TO, whichever
 * was the last to hold up; IS_READY says that poll has just told that this one does not. */
static enum flow_step advance(struct way *way, bool is_ready, const struct deadline *deadline)
{
    int64_t before = way->mover.moved;
    enum flow_step step = flow_step(&way->mover, deadline);
    if (step == FLOW_ENDED)
        return end_way(way);
    if (step == FLOW_DESERTED)
        return desert(way);

    way->is_blocked = step == FLOW_WOULD_BLOCK;
    if (!way->mover.splices)
        way->waits_for_room = flow_held(&way->mover) > 0;
    else if (way->is_blocked && is_ready)
        way->waits_for_room = !way->waits_for_room;
    note_progress(way, before);
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

/* Whether the peer takes no more. After any other error it may still wait for an end of what it
 * gets, which never comes. */
static bool is_deserted(const struct way *way)
{
    return way->flow->shuts_down && way->mover.is_write_error &&
           (way->mover.error == EPIPE || way->mover.error == ECONNRESET);
}

/* OTHER's peer takes no more. Its flow has failed, and this one goes on with what is still to come;
 * which is nothing, and poll would not say so, where nobody ever opened a FIFO to write to it. */
static enum flow_step go_on_alone(struct way *way, struct way *other,
                                  const struct deadline *deadline)
{
    other->is_over = true;
    return way->is_over || way->waits_for_room ? FLOW_MOVED : advance(way, false, deadline);
}

/* Waits until one of the ways can go on, and takes a step in each that can. Returns 1 where bytes
 * moved or a way ended, 0 where not, -1 with errno. */
static int go_round(struct way *ways, int count, const struct deadline *deadline)
{
    struct pollfd fds[4];
    bool polls = count > 1 || !ways->mover.splices || ways->is_blocked;
    int result = 0;

    for (int i = 0; i < count; i++)
        add_poll(&ways[i], &fds[2 * i], &fds[2 * i + 1]);
    if (polls && deadline_poll(fds, 2 * (nfds_t)count, deadline) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        struct way *way = &ways[i];
        const struct pollfd *from = &fds[2 * i], *to = &fds[2 * i + 1];
        enum flow_step step = FLOW_WOULD_BLOCK;
        if (way->is_over)
            continue;
        if (polls && to->revents && !from->revents && !way->waits_for_room)
            step = desert(way);
        else if (!polls || from->revents || to->revents)
            step = advance(way, polls, deadline);
        if (step == FLOW_FAILED && is_deserted(way) && count > 1)
            step = go_on_alone(&ways[1 - i], way, deadline);
        if (step == FLOW_FAILED)
            return -1;
        if (step != FLOW_WOULD_BLOCK)
            result = 1;
    }
    return result;
}

static int run(struct way *ways, int count, int64_t idle)
{
    struct deadline deadline = deadline_after(idle);
    while (!ways[0].is_over || !ways[count - 1].is_over) {
        int result = go_round(ways, count, &deadline);
        if (result < 0)
            return -1;
        if (result > 0 && idle != DEADLINE_NEVER)
            deadline = deadline_after(idle);
    }
    return 0;
}

/* What was in hand when a signal came still goes where there is room for it. */
static void flush(struct way *way)
{
    struct deadline now = deadline_after(0);
    if (flow_held(&way->mover) > 0)
        flow_step(&way->mover, &now);
    errno = EINTR;
}

static void tell_rest(const struct way *way, struct relay_flow *flow)
{
    flow->error = way->mover.error;
    flow->is_write_error = way->mover.is_write_error;
    flow->waits_for = way->is_over && !flow->error ? RELAY_NOTHING
                      : way->waits_for_room        ? RELAY_ROOM
                                                   : RELAY_DATA;
    flow->lost = (int64_t)flow_held(&way->mover);
    if (flow->error == EPIPE && flow->shuts_down && way->mover.to_type == S_IFIFO)
        flow->lost += bytes_in(flow->to);
}

int relay_run(struct relay_flow *flows, int count, int64_t idle)
{
    struct way ways[2] = {0};
    int result = 0;
    for (int i = 0; i < count; i++) {
        ways[i].flow = &flows[i];
        if (result == 0)
            result = flow_start(&ways[i].mover, flows[i].from, flows[i].to, flows[i].rights);
    }
    if (result == 0)
        result = run(ways, count, idle);
    for (int i = 0; i < count && result < 0 && errno == EINTR; i++)
        flush(&ways[i]);

    int errnum = result < 0 ? errno : 0;
    for (int i = count; i-- > 0;) {
        tell_rest(&ways[i], &flows[i]);
        if (flows[i].error)
            errnum = flows[i].error;
    }
    errno = errnum;
    return errnum ? -1 : 0;
}

/* Of several flows the one that failed; after a time limit the one that waits for room, else the
 * last that waits at all. */
static const struct relay_flow *find_culprit(const struct relay_flow *flows, int count)
{
    const struct relay_flow *culprit = flows;
    for (int i = 0; i < count; i++)
        if (flows[i].error)
            return &flows[i];
    for (int i = 0; i < count; i++)
        if (flows[i].waits_for != RELAY_NOTHING && culprit->waits_for != RELAY_ROOM)
            culprit = &flows[i];
    return culprit;
}

int relay_tell(const struct relay_flow *flows, int count)
{
    int errnum = errno;
    if (errnum == EINTR)
        return EXIT_ERROR;

    const struct relay_flow *flow = find_culprit(flows, count);
    bool is_to = flow->error ? flow->is_write_error : flow->waits_for == RELAY_ROOM;
    const char *where = is_to ? flow->to_name : flow->from_name;
    const char *what = flow->error ? (is_to ? "write" : "read")
                       : is_to     ? "wait for room"
                                   : "wait for data";
    char loss[64] = "";
    if (is_to && flow->lost > 0)
        snprintf(loss, sizeof loss, "; %lld bytes are lost", (long long)flow->lost);
    errno = errnum;
    if (errnum != ETIMEDOUT) {
        diag_warn("%s: %s: %m%s", where, what, loss);
        return EXIT_ERROR;
    }
    diag_note("%s: %s: %m%s", where, what, loss);
    return EXIT_NO;
}
