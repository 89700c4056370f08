#include "socket/hub.h"

#include "cli/diag.h"
#include "socket/datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RETRY = 10000000, /* nanoseconds between two tries if poll(2) cannot report room */
    GRACE = 100,      /* milliseconds for a stdin that may have more for a peer that has left */
    FEW = 4,          /* peers to have room for at first */
};

enum { LISTENER, INPUT, OUTPUT, PEERS }; /* places in polls */

/* Makes room for one more peer. */
static int reserve_peer(struct hub *hub)
{
    if (hub->count < hub->capacity)
        return 0;
    size_t capacity = hub->capacity ? 2 * hub->capacity : FEW;
    struct peer *peers = realloc(hub->peers, capacity * sizeof *peers);
    if (peers)
        hub->peers = peers;
    struct pollfd *polls = realloc(hub->polls, (PEERS + capacity) * sizeof *polls);
    if (polls)
        hub->polls = polls;
    if (!peers || !polls)
        return peer_fail(&hub->shared, "serve a client");
    hub->capacity = capacity;
    return 0;
}

static int add_peer(struct hub *hub, int fd, pid_t pid)
{
    if (reserve_peer(hub) < 0)
        return -1;
    return peer_join(&hub->shared, &hub->peers[hub->count++], fd, pid);
}

static void remove_done(struct hub *hub)
{
    for (size_t i = hub->count; i-- > 0;) {
        if (!peer_is_done(&hub->peers[i]))
            continue;
        peer_leave(&hub->shared, &hub->peers[i]);
        hub->peers[i] = hub->peers[--hub->count];
        if (hub->shared.server)
            server_resume(hub->shared.server);
    }
}

static int accept_clients(struct hub *hub)
{
    struct server *server = hub->shared.server;
    struct ucred client;
    int fd;
    while (server->fd >= 0 && (fd = server_accept(server, &client)) >= 0) {
        if (add_peer(hub, fd, client.pid) < 0)
            return -1;
        if (++hub->accepted == hub->clients)
            server_close(server);
    }
    if (server->fd < 0 || errno == EAGAIN)
        return 0;
    if (hub->count == 0)
        return peer_fail(&hub->shared, "accept");
    server_pause(server);
    return 0;
}

/* Takes what all receivers have got out of the queue. Returns whether there is a receiver. */
static bool release_queue(struct hub *hub)
{
    uint64_t place = hub->shared.fanout.end;
    bool has_receiver = false;
    for (size_t i = 0; i < hub->count; i++) {
        const struct receiver *receiver = &hub->peers[i].receiver;
        if (receiver->send_closed)
            continue;
        has_receiver = true;
        if (receiver->place < place)
            place = receiver->place;
    }
    fanout_release(&hub->shared.fanout, place);
    return has_receiver;
}

/* Whether stdin may be read: somebody gets what it brings, and nobody holds it up. */
static bool wants_input(struct hub *hub)
{
    const struct peer_shared *shared = &hub->shared;
    bool answers = shared->type == SOCK_DGRAM && shared->server;
    if (shared->fanout.is_ended || (answers && shared->answer_to.length == 0))
        return false;
    if (!release_queue(hub))
        return false;
    return shared->fanout.slow != FANOUT_BLOCK || !fanout_is_full(&shared->fanout);
}

/* Overtakes the peers that are too far behind for more of stdin, as the policy allows. */
static void make_room(struct hub *hub)
{
    if (!fanout_is_full(&hub->shared.fanout))
        return;
    for (size_t i = 0; i < hub->count; i++)
        peer_overtake(&hub->shared, &hub->peers[i]);
    release_queue(hub);
}

/* Reads stdin, once and only if MAY_READ, and sends what it brings. */
static int move_input(struct hub *hub, bool may_read)
{
    struct peer_shared *shared = &hub->shared;
    while (wants_input(hub) && (may_read || !shared->fanout.is_stream)) {
        make_room(hub);
        int got = fanout_take(&shared->fanout, may_read, &shared->failure), errnum = errno;
        if (got < 0 && errnum == EAGAIN)
            return 0;
        may_read = false;
        for (size_t i = 0; i < hub->count; i++)
            if (peer_offer(shared, &hub->peers[i]) < 0)
                return -1;
        if (got < 0)
            return errno = errnum, -1;
    }
    return 0;
}

static bool is_over(const struct hub *hub)
{
    const struct peer_shared *shared = &hub->shared;
    if (peer_has_enough(shared))
        return true;
    if (shared->type != SOCK_DGRAM)
        return hub->count == 0 && (!shared->server || shared->server->fd < 0);
    bool waits_for_answers = shared->wanted > 0;
    return !shared->server &&
           (shared->failure.errnum || (shared->fanout.is_ended && !waits_for_answers));
}

/* What to wait for at PEER: data, room, or that it leaves. A peer that has hung up and may not be
 * read yet is left out, or poll(2) would never wait. */
static struct pollfd poll_of(const struct peer_shared *shared, const struct peer *peer)
{
    bool is_read = fanin_wants(&shared->fanin, &peer->sender);
    bool waits_for_room = peer_has_pending(shared, peer) && !shared->is_retrying;
    bool may_leave = peer->sender.has_ended && !peer->receiver.send_closed;
    short events = (short)((is_read ? POLLIN : 0) | (waits_for_room ? POLLOUT : 0));
    return (struct pollfd){.fd = events || may_leave ? peer->fd : -1, .events = events};
}

static void fill_polls(struct hub *hub)
{
    const struct peer_shared *shared = &hub->shared;
    struct pollfd *polls = hub->polls, none = {.fd = -1};
    bool has_listener = shared->server && shared->type != SOCK_DGRAM;
    bool has_output = fanin_waiting(&shared->fanin) > 0;
    polls[LISTENER] = has_listener ? server_poll(shared->server) : none;
    polls[INPUT] = wants_input(hub) ? (struct pollfd){STDIN_FILENO, POLLIN, 0} : none;
    polls[OUTPUT] = has_output ? (struct pollfd){STDOUT_FILENO, POLLOUT, 0} : none;
    for (size_t i = 0; i < hub->count; i++)
        polls[PEERS + i] = poll_of(shared, &hub->peers[i]);
}

/* Waits for something to happen. */
static int wait_for_event(struct hub *hub)
{
    fill_polls(hub);
    nfds_t count = PEERS + hub->count;
    if (hub->shared.is_retrying && deadline_remaining(&hub->deadline) > RETRY) {
        struct deadline retry = deadline_after(RETRY);
        if (deadline_poll(hub->polls, count, &retry) >= 0 || errno == ETIMEDOUT)
            return 0;
    } else if (deadline_poll(hub->polls, count, &hub->deadline) >= 0) {
        hub->deadline = deadline_after(hub->idle);
        return 0;
    }
    return peer_fail(&hub->shared, "wait");
}

/* If stdin has more for a peer that has left, sending that reports the failure. */
static int look_for_more(struct hub *hub)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (hub->shared.is_for_many || !wants_input(hub) || poll(&input, 1, GRACE) <= 0)
        return 0;
    return move_input(hub, true);
}

/* Does what the EVENTS at PEER allow. */
static int serve_peer(struct hub *hub, struct peer *peer, short events)
{
    struct peer_shared *shared = &hub->shared;
    bool hung_up = events & (POLLHUP | POLLERR);
    bool may_send = events & POLLOUT || hung_up || shared->is_retrying;
    if (may_send && peer_has_pending(shared, peer)) {
        shared->is_retrying = false;
        if (peer_send(shared, peer) < 0)
            return -1;
        if (!peer_has_pending(shared, peer))
            hub->deadline = deadline_after(hub->idle);
    }
    if (hung_up && peer->sender.has_ended) {
        if (look_for_more(hub) < 0)
            return -1;
        peer_hang_up(shared, peer);
    }
    return events & (POLLIN | POLLHUP | POLLERR) ? peer_receive(shared, peer) : 0;
}

/* What was received and does not go to stdout (errno) is lost: of all failures this is the one to
 * report. After a signal the tool reports none, so it warns. */
static int fail_output(struct hub *hub)
{
    struct failure *failure = &hub->shared.failure;
    int errnum = errno;
    size_t lost = fanin_discard(&hub->shared.fanin);
    failure_set(failure, "%s", errnum == ETIMEDOUT ? "wait for room" : "write");
    failure->object = "stdout";
    failure->is_error = errnum != ETIMEDOUT;
    if (errnum == EINTR)
        diag_warn("stdout: %zu bytes are lost", lost);
    return failure_add_consequence(failure, "%zu bytes are lost", lost);
}

/* One turn of the loop, after wait_for_event. */
static int take_turn(struct hub *hub)
{
    size_t count = hub->count;
    if (hub->polls[OUTPUT].revents && fanin_flush(&hub->shared.fanin) < 0)
        return fail_output(hub);
    /* Before a peer that hangs up is noticed: what stdin has by then is lost, which is a failure */
    if (move_input(hub, hub->polls[INPUT].revents) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t at = (hub->next + i) % count;
        if (serve_peer(hub, &hub->peers[at], hub->polls[PEERS + at].revents) < 0)
            return -1;
    }
    hub->next++;
    if (move_input(hub, false) < 0)
        return -1;
    remove_done(hub);
    return hub->polls[LISTENER].revents ? accept_clients(hub) : 0;
}

/* Receives the answers that a dgram client has got by now. */
static int drain(struct hub *hub)
{
    struct peer *peer = hub->peers;
    while (!peer_has_enough(&hub->shared) && datagram_size(peer->fd) >= 0) {
        struct deadline deadline = deadline_after(hub->idle);
        if (peer_receive(&hub->shared, peer) < 0)
            return -1;
        if (fanin_end(&hub->shared.fanin, &deadline) < 0)
            return fail_output(hub);
    }
    return 0;
}

static int run_loop(struct hub *hub)
{
    const struct peer_shared *shared = &hub->shared;
    bool is_dgram = shared->type == SOCK_DGRAM;
    int fd = shared->server ? shared->server->fd : hub->fd;
    bool has_one = !shared->server || is_dgram;
    if (reserve_peer(hub) < 0 || (has_one && add_peer(hub, fd, 0) < 0))
        return -1;
    hub->deadline = deadline_after(hub->idle);
    while (!is_over(hub))
        if (wait_for_event(hub) < 0 || take_turn(hub) < 0)
            return -1;
    return is_dgram && !shared->server ? drain(hub) : 0;
}

int hub_run(struct hub *hub)
{
    struct peer_shared *shared = &hub->shared;
    shared->is_for_many = shared->server && shared->type != SOCK_DGRAM && hub->clients != 1;
    shared->fanout.is_stream = shared->type == SOCK_STREAM;
    fanout_start(&shared->fanout, hub->form);
    fanin_start(&shared->fanin, hub->form, hub->is_input_meter);
    int errnum = run_loop(hub) < 0 ? errno : 0;
    free(hub->peers);
    free(hub->polls);

    /* What was received goes out even if sending has failed; after a signal, or when the time is
     * over, as much as finds room. */
    bool is_late = errnum == EINTR || errnum == ETIMEDOUT;
    struct deadline deadline = deadline_after(is_late ? 0 : hub->idle);
    if (fanin_end(&shared->fanin, &deadline) < 0)
        return fail_output(hub);
    if (errnum == EINTR) {
        errno = errnum;
        return failure_set(&shared->failure, "wait");
    }
    errno = shared->failure.errnum;
    return errno ? -1 : 0;
}
