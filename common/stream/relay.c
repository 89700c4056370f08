#include "stream/relay.h"

#include "cli/diag.h"
#include "cli/progress.h"
#include "stream/flow.h"
#include "sys/deadline.h"
#include "sys/io.h"

#include <errno.h>
#include <poll.h>
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
    bool waits_for_room; /* the next wait is for TO, not FROM; a guess while pages move */
    bool is_blocked;     /* the last step moved nothing */
    bool is_over;
    bool has_warned; /* of descriptors that came with the bytes */
};

static enum flow_step break_way(struct way *way)
{
    way->mover.error = errno = EPIPE;
    way->mover.is_write_error = true;
    return FLOW_FAILED;
}

/* What a reader has left in its pipe is lost with it. */
static enum flow_step end_way(struct way *way)
{
    const struct relay_flow *flow = way->flow;
    if (flow->shuts_down && way->mover.to_type == S_IFIFO && io_unread(flow->to) > 0 &&
        !io_has_reader(flow->to))
        return break_way(way);

    way->is_over = true;
    flow_end(&way->mover);
    if (flow->shuts_down && shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK)
        close(flow->to);
    return FLOW_ENDED;
}

/* Nobody reads TO any more. That is an ordinary end if FROM has nothing for it: a pipe or socket
 * that is empty and yet ready is at its end. Otherwise stdout will miss something; only a peer may
 * simply need no more. A source that is empty just now may be in the middle of its work: it gets a
 * moment to show that. */
static enum flow_step end_without_reader(struct way *way)
{
    struct pollfd from = {way->flow->from, POLLIN, 0};
    bool is_ready = poll(&from, 1, way->flow->shuts_down ? GRACE : 0) > 0;
    if (io_unread(way->flow->from) <= 0 && (is_ready || way->flow->shuts_down))
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
    if (way->mover.had_descriptors && !way->has_warned) {
        diag_warn("%s: descriptors came with the bytes; they are closed", way->flow->from_name);
        way->has_warned = true;
    }
}

/* Takes one step and notes what to wait for next. While pages move, nothing says whether FROM or TO
 * held up a step: the guess stays until IS_READY, poll(2), has just proved it wrong. */
static enum flow_step advance(struct way *way, bool is_ready, const struct deadline *deadline)
{
    int64_t before = way->mover.moved;
    enum flow_step step = flow_step(&way->mover, deadline);
    if (step == FLOW_ENDED)
        return end_way(way);
    if (step == FLOW_NO_READER)
        return end_without_reader(way);

    way->is_blocked = step == FLOW_WOULD_BLOCK;
    if (!way->mover.splices)
        way->waits_for_room = flow_held(&way->mover) > 0;
    else if (way->is_blocked && is_ready)
        way->waits_for_room = !way->waits_for_room;
    note_progress(way, before);
    return step;
}

static void set_polls(const struct way *way, struct pollfd *from, struct pollfd *to)
{
    *from = (struct pollfd){.fd = -1};
    *to = (struct pollfd){.fd = -1};
    if (way->is_over)
        return;
    if (!way->waits_for_room)
        *from = (struct pollfd){way->flow->from, POLLIN, 0};
    *to = (struct pollfd){way->flow->to, way->waits_for_room ? POLLOUT : 0, 0};
}

/* Whether the peer takes no more. After any other error the peer may still wait for the end of its
 * input, which never comes. */
static bool has_lost_peer(const struct way *way)
{
    return way->flow->shuts_down && way->mover.is_write_error &&
           (way->mover.error == EPIPE || way->mover.error == ECONNRESET);
}

/* The peer of WAY takes no more, so WAY has failed. OTHER goes on with what still comes. A FIFO
 * that nobody ever opened to write gives nothing, and poll(2) would not say so; hence one step now.
 */
static enum flow_step go_on_without(struct way *way, struct way *other,
                                    const struct deadline *deadline)
{
    way->is_over = true;
    return other->is_over || other->waits_for_room ? FLOW_MOVED : advance(other, false, deadline);
}

/* Waits until one of the ways can go on, and takes a step in each that can. Returns 1 if bytes
 * moved or a way ended, 0 if not, -1 with errno. */
static int go_round(struct way *ways, int count, const struct deadline *deadline)
{
    struct pollfd fds[4];
    bool polls = count > 1 || !ways->mover.splices || ways->is_blocked;
    int result = 0;

    for (int i = 0; i < count; i++)
        set_polls(&ways[i], &fds[2 * i], &fds[2 * i + 1]);
    if (polls && deadline_poll(fds, 2 * (nfds_t)count, deadline) < 0)
        return -1;

    for (int i = 0; i < count; i++) {
        struct way *way = &ways[i];
        const struct pollfd *from = &fds[2 * i], *to = &fds[2 * i + 1];
        enum flow_step step = FLOW_WOULD_BLOCK;
        if (way->is_over)
            continue;
        if (polls && to->revents && !from->revents && !way->waits_for_room)
            step = end_without_reader(way);
        else if (!polls || from->revents || to->revents)
            step = advance(way, polls, deadline);

        if (step == FLOW_FAILED && has_lost_peer(way) && count > 1)
            step = go_on_without(way, &ways[1 - i], deadline);
        if (step == FLOW_FAILED)
            return -1;
        if (step != FLOW_WOULD_BLOCK)
            result = 1;
    }
    return result;
}

static int move_all(struct way *ways, int count, int64_t idle)
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

/* What is in hand when a signal comes still goes into TO if there is room. */
static void flush_held(struct way *way)
{
    struct deadline now = deadline_after(0);
    if (flow_held(&way->mover) > 0)
        flow_step(&way->mover, &now);
    errno = EINTR;
}

/* The first way with an error of its own. Without one, time or a signal ended the wait: then a way
 * that waits for room, or else the last that waits at all. NULL: both came to their end. */
static const struct way *find_failed(const struct way *ways, int count)
{
    const struct way *waiting = NULL;
    for (int i = 0; i < count; i++)
        if (ways[i].mover.error)
            return &ways[i];
    for (int i = 0; i < count; i++)
        if (!ways[i].is_over && !(waiting && waiting->waits_for_room))
            waiting = &ways[i];
    return waiting;
}

/* Bytes that came out of FROM and that nobody will read from TO. */
static long long lost_bytes(const struct way *way)
{
    long long lost = (long long)flow_held(&way->mover);
    bool leads_to_pipe = way->flow->shuts_down && way->mover.to_type == S_IFIFO;
    if (way->mover.error == EPIPE && leads_to_pipe && io_unread(way->flow->to) > 0)
        lost += io_unread(way->flow->to);
    return lost;
}

static int report_failure(const struct way *way, struct failure *failure)
{
    int error = way->mover.error;
    bool is_to = error ? way->mover.is_write_error : way->waits_for_room;
    if (error) {
        errno = error;
        failure_set(failure, "%s", is_to ? "write" : "read");
    } else {
        failure_set(failure, "wait for %s", is_to ? "room" : "data");
    }
    failure->object = is_to ? way->flow->to_name : way->flow->from_name;
    failure->is_error = errno != ETIMEDOUT;

    long long lost = is_to ? lost_bytes(way) : 0;
    if (lost > 0)
        failure_add_consequence(failure, "%lld bytes are lost", lost);
    errno = failure->errnum;
    return -1;
}

int relay_run(const struct relay_flow *flows, int count, int64_t idle, struct failure *failure)
{
    struct way ways[2] = {0};
    int result = 0;
    for (int i = 0; i < count; i++) {
        ways[i].flow = &flows[i];
        if (result == 0)
            result = flow_start(&ways[i].mover, flows[i].from, flows[i].to, flows[i].rights);
    }
    if (result == 0)
        result = move_all(ways, count, idle);
    for (int i = 0; i < count && result < 0 && errno == EINTR; i++)
        flush_held(&ways[i]);

    const struct way *failed = find_failed(ways, count);
    return failed ? report_failure(failed, failure) : 0;
}
