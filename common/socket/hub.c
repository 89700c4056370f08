#include "socket/hub.h"

#include "cli/diag.h"
#include "cli/exit.h"
#include "socket/datagram.h"
#include "socket/fanin.h"
#include "socket/fanout.h"
#include "socket/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RETRY = 10000000, /* nanoseconds between two tries where poll(2) cannot tell */
    GRACE = 100,      /* milliseconds for a stdin that may have more for a peer that has gone */
    FEW = 4,          /* peers to have room for at first */
};

enum { LISTENER, INPUT, OUTPUT, PEERS }; /* places in POLLS */

struct round {
    const struct hub *hub;
    struct peer_group *group;
    struct peer *peers;
    struct pollfd *polls;
    size_t count, capacity; /* of peers */
    size_t next;            /* the peer whose turn comes first */
    int64_t accepted;
    struct deadline idle;
};

/* For one more peer. */
static int make_room(struct round *round)
{
    if (round->count < round->capacity)
        return 0;
    size_t capacity = round->capacity ? 2 * round->capacity : FEW;
    struct peer *peers = realloc(round->peers, capacity * sizeof *peers);
    if (peers)
        round->peers = peers;
    struct pollfd *polls = realloc(round->polls, (PEERS + capacity) * sizeof *polls);
    if (polls)
        round->polls = polls;
    if (!peers || !polls) {
        peer_group_fail_at(round->group, "serve a client");
        return -1;
    }
    round->capacity = capacity;
    return 0;
}

static int add_peer(struct round *round, int fd, pid_t pid)
{
    if (make_room(round) < 0)
        return -1;
    return peer_join(round->group, &round->peers[round->count++], fd, pid);
}

static void remove_done(struct round *round)
{
    for (size_t i = round->count; i-- > 0;) {
        if (!peer_is_done(&round->peers[i]))
            continue;
        peer_leave(round->group, &round->peers[i]);
        round->peers[i] = round->peers[--round->count];
        if (round->group->server)
            server_resume(round->group->server);
    }
}

static int admit_clients(struct round *round)
{
    struct server *server = round->group->server;
    struct ucred client;
    int fd;
    while (server->fd >= 0 && (fd = server_accept(server, &client)) >= 0) {
        if (add_peer(round, fd, client.pid) < 0)
            return -1;
        if (++round->accepted == round->hub->clients)
            server_close(server);
    }
    if (server->fd < 0 || errno == EAGAIN)
        return 0;
    if (round->count == 0)
        return peer_group_fail_at(round->group, "accept");
    server_pause(server);
    return 0;
}

/* Whether stdin may be read: somebody hears, and everybody has the last piece. */
static bool wants_input(const struct round *round)
{
    const struct peer_group *group = round->group;
    bool is_heard = false;
    for (size_t i = 0; i < round->count; i++) {
        if (round->peers[i].receiver.is_owed)
            return false;
        is_heard = is_heard || !round->peers[i].receiver.is_deaf;
    }
    bool has_receiver = !group->is_dgram || !group->server || group->answer_to.length > 0;
    return is_heard && has_receiver && !group->fanout.is_ended;
}

/* Reads stdin, once and only where MAY_READ, and sends what it brings. Returns 0, or -1. */
static int move_input(struct round *round, bool may_read)
{
    while (wants_input(round)) {
        int got = fanout_take(&round->group->fanout, may_read);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got < 0)
            return peer_group_fail(round->group, "stdin: %s", fanout_error(&round->group->fanout));
        may_read = false;
        for (size_t i = 0; i < round->count; i++)
            if (peer_offer(round->group, &round->peers[i]) < 0)
                return -1;
    }
    return 0;
}

static bool is_over(const struct round *round)
{
    const struct peer_group *group = round->group;
    if (peer_group_has_enough(group))
        return true;
    if (group->is_dgram)
        return !group->server && (group->lost || (group->fanout.is_ended && group->wanted == 0));
    return round->count == 0 && (!group->server || group->server->fd < 0);
}

/* What PEER is waited for: data, room, or that it leaves. A peer that has hung up and may not be
 * read yet is left out, or poll(2) would never wait. */
static struct pollfd watch(const struct peer_group *group, const struct peer *peer)
{
    bool is_read = fanin_wants(&group->fanin, &peer->sender);
    bool waits_for_room = fanout_waits_for(&peer->receiver) && !group->is_retrying;
    bool may_leave = peer->sender.has_ended && !peer->receiver.is_deaf;
    short events = (short)((is_read ? POLLIN : 0) | (waits_for_room ? POLLOUT : 0));
    return (struct pollfd){.fd = events || may_leave ? peer->fd : -1, .events = events};
}

static void watch_all(struct round *round)
{
    const struct peer_group *group = round->group;
    bool has_listener = group->server && !group->is_dgram;
    struct pollfd *polls = round->polls, none = {.fd = -1};
    polls[LISTENER] = has_listener ? server_watch(group->server) : none;
    polls[INPUT] = wants_input(round) ? (struct pollfd){STDIN_FILENO, POLLIN, 0} : none;
    polls[OUTPUT] =
        fanin_waiting(&group->fanin) ? (struct pollfd){STDOUT_FILENO, POLLOUT, 0} : none;
    for (size_t i = 0; i < round->count; i++)
        polls[PEERS + i] = watch(group, &round->peers[i]);
}

/* Waits for something to happen. */
static int wait(struct round *round)
{
    watch_all(round);
    nfds_t count = PEERS + round->count;
    if (round->group->is_retrying && deadline_remaining(&round->idle) > RETRY) {
        struct deadline retry = deadline_after(RETRY);
        if (deadline_poll(round->polls, count, &retry) >= 0 || errno == ETIMEDOUT)
            return 0;
    } else if (deadline_poll(round->polls, count, &round->idle) >= 0) {
        round->idle = deadline_after(round->hub->idle);
        return 0;
    }
    return peer_group_fail_at(round->group, "wait");
}

/* Where stdin has more for PEER, which has gone, that is to be said. */
static int look_for_more(struct round *round)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (round->group->is_for_many || !wants_input(round) || poll(&input, 1, GRACE) <= 0)
        return 0;
    return move_input(round, true);
}

static int attend(struct round *round, struct peer *peer, short events)
{
    struct peer_group *group = round->group;
    bool hung_up = events & (POLLHUP | POLLERR);
    if (fanout_waits_for(&peer->receiver) && (events & POLLOUT || hung_up || group->is_retrying)) {
        group->is_retrying = false;
        if (peer_send(group, peer) < 0)
            return -1;
        if (!peer->receiver.is_owed)
            round->idle = deadline_after(round->hub->idle);
    }
    if (hung_up && peer->sender.has_ended) {
        if (look_for_more(round) < 0)
            return -1;
        peer_hang_up(group, peer);
    }
    return events & (POLLIN | POLLHUP | POLLERR) ? peer_receive(group, peer) : 0;
}

/* One turn of the loop, after wait. */
static int turn(struct round *round)
{
    size_t count = round->count;
    if (round->polls[OUTPUT].revents && fanin_flush(&round->group->fanin) < 0)
        return peer_group_fail_output(round->group);
    /* before a peer that hangs up is noticed: what stdin has by then is lost, and that is to be
     * said */
    if (move_input(round, round->polls[INPUT].revents) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t at = (round->next + i) % count;
        if (attend(round, &round->peers[at], round->polls[PEERS + at].revents) < 0)
            return -1;
    }
    round->next++;
    if (move_input(round, false) < 0)
        return -1;
    remove_done(round);
    return round->polls[LISTENER].revents ? admit_clients(round) : 0;
}

/* Takes the answers that a dgram client has got by now. */
static int drain(struct round *round)
{
    struct peer *peer = round->peers;
    struct peer_group *group = round->group;
    while (!peer_group_has_enough(group) && datagram_size(peer->fd) >= 0) {
        struct deadline deadline = deadline_after(round->hub->idle);
        if (peer_receive(group, peer) < 0)
            return -1;
        if (fanin_end(&group->fanin, &deadline) < 0)
            return peer_group_fail_output(group);
    }
    return 0;
}

static int run(struct round *round)
{
    const struct peer_group *group = round->group;
    int fd = group->server ? group->server->fd : round->hub->fd;
    bool has_one = !group->server || group->is_dgram;
    if (make_room(round) < 0 || (has_one && add_peer(round, fd, 0) < 0))
        return -1;
    round->idle = deadline_after(round->hub->idle);
    while (!is_over(round))
        if (wait(round) < 0 || turn(round) < 0)
            return -1;
    return group->is_dgram && !group->server ? drain(round) : 0;
}

int hub_run(struct hub *hub)
{
    bool is_dgram = hub->type == SOCK_DGRAM;
    struct peer_group *group = &hub->group;
    *group = (struct peer_group){
        .name = hub->name,
        .server = hub->server,
        .is_stream = hub->type == SOCK_STREAM,
        .is_dgram = is_dgram,
        .is_for_many = hub->server && !is_dgram && hub->clients != 1,
        .fanout = {.slow = hub->slow, .rights = hub->rights},
        .wanted = hub->messages,
    };
    fanout_start(&group->fanout, group->is_stream, hub->form);
    fanin_start(&group->fanin, hub->form, hub->meters_input);
    struct round round = {.hub = hub, .group = group};
    int errnum = run(&round) < 0 ? errno : 0;
    free(round.peers);
    free(round.polls);

    /* What was received goes out even where sending has failed; after a signal, or when the time is
     * over, as much as finds room. */
    bool is_late = errnum == EINTR || errnum == ETIMEDOUT;
    struct deadline deadline = deadline_after(is_late ? 0 : hub->idle);
    if (fanin_end(&group->fanin, &deadline) < 0)
        return peer_group_fail_output(group);
    if (group->lost && errnum != EINTR)
        errnum = group->lost;
    errno = errnum;
    return errnum ? -1 : 0;
}

int hub_report(const struct hub *hub)
{
    if (errno == EINTR)
        return EXIT_ERROR;
    if (errno != ETIMEDOUT) {
        diag_warn("%s", hub->group.why);
        return EXIT_ERROR;
    }
    diag_note("%s", hub->group.why);
    return EXIT_NO;
}
