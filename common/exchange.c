#include "diag.h"
#include "exchange_state.h"
#include "feed.h"
#include "outlet.h"
#include "peer.h"
#include "server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RETRY = 10000000, /* nanoseconds between two tries where poll(2) cannot tell */
    FEW = 4,          /* peers to have room for at first */
};

int exchange_fail(struct exchange_state *s, const char *format, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    if (!s->exchange->why[0])
        vsnprintf(s->exchange->why, sizeof s->exchange->why, format, arguments);
    va_end(arguments);
    errno = saved;
    return -1;
}

int exchange_fail_at(struct exchange_state *s, const char *what)
{
    return exchange_fail(s, "%s: %s: %m", s->exchange->name, what);
}

void exchange_deafen(struct peer *peer)
{
    peer->is_deaf = true;
    peer->is_owed = false;
}

void exchange_lose(struct exchange_state *s, struct peer *peer)
{
    int errnum = errno;
    unsigned long long number = s->feed.number;
    const char *name = s->exchange->name;
    exchange_deafen(peer);
    if (s->is_for_many)
        return;
    if (s->is_stream)
        exchange_fail(s, "%s: send: %m", name);
    else
        exchange_fail(s, "%s: send message %llu: %m", name, number);
    s->lost = s->lost ? s->lost : errnum;
}

/* For one more peer. */
static int make_room(struct exchange_state *s)
{
    if (s->count < s->capacity)
        return 0;
    size_t capacity = s->capacity ? 2 * s->capacity : FEW;
    struct peer *peers = realloc(s->peers, capacity * sizeof *peers);
    if (peers)
        s->peers = peers;
    struct pollfd *polls = realloc(s->polls, (EXCHANGE_PEERS + capacity) * sizeof *polls);
    if (polls)
        s->polls = polls;
    if (!peers || !polls)
        return exchange_fail_at(s, "serve a client");
    s->capacity = capacity;
    return 0;
}

static int add_peer(struct exchange_state *s, int fd, pid_t pid)
{
    if (make_room(s) < 0)
        return -1;
    if (!s->is_stream && datagram_prepare(fd) < 0)
        return exchange_fail_at(s, "prepare");
    struct peer *peer = &s->peers[s->count++];
    peer_start(peer, fd, pid, s->exchange->form, feed_is_inside(&s->feed));
    if (s->feed.is_ended) {
        shutdown(fd, SHUT_WR);
        exchange_deafen(peer);
    }
    return 0;
}

static void remove_peer(struct exchange_state *s, struct peer *peer)
{
    if (s->holder == peer->fd)
        s->holder = -1;
    peer_close(peer);
    *peer = s->peers[--s->count];
    s->is_crowded = false;
}

static int admit_clients(struct exchange_state *s)
{
    struct ucred client;
    int fd;
    while (s->server->fd >= 0 && (fd = server_accept(s->server, &client)) >= 0) {
        if (add_peer(s, fd, client.pid) < 0)
            return -1;
        if (++s->accepted == s->exchange->clients)
            server_close(s->server);
    }
    if (s->server->fd < 0 || errno == EAGAIN)
        return 0;
    if (s->count == 0)
        return exchange_fail_at(s, "accept");
    if (!s->has_told_crowd)
        diag_warn("%s: accept: %m (the next clients wait until one leaves; ulimit -n)",
                  s->exchange->name);
    s->is_crowded = s->has_told_crowd = true;
    return 0;
}

bool exchange_has_enough(const struct exchange_state *s)
{
    return s->exchange->messages > 0 && s->received >= s->exchange->messages;
}

static bool is_over(const struct exchange_state *s)
{
    if (exchange_has_enough(s))
        return true;
    if (s->is_dgram)
        return !s->server && (s->lost || (s->feed.is_ended && s->exchange->messages == 0));
    return s->count == 0 && (!s->server || s->server->fd < 0);
}

/* What PEER is waited for: data, room, or that it leaves. A peer that has hung up and may not be
 * read yet is left out, or poll(2) would never wait. */
static struct pollfd watch(const struct exchange_state *s, const struct peer *peer)
{
    bool is_read = exchange_may_receive(s, peer);
    bool waits_for_room = peer->is_owed && !s->is_retrying;
    bool may_leave = peer->has_ended && !peer->is_deaf;
    short events = (short)((is_read ? POLLIN : 0) | (waits_for_room ? POLLOUT : 0));
    return (struct pollfd){.fd = events || may_leave ? peer->fd : -1, .events = events};
}

static void watch_all(struct exchange_state *s)
{
    bool admits = s->server && !s->is_dgram && !s->is_crowded;
    struct pollfd *polls = s->polls;
    polls[EXCHANGE_LISTENER] = (struct pollfd){admits ? s->server->fd : -1, POLLIN, 0};
    polls[EXCHANGE_INPUT] = (struct pollfd){exchange_wants_input(s) ? STDIN_FILENO : -1, POLLIN, 0};
    polls[EXCHANGE_OUTPUT] =
        (struct pollfd){outlet_is_empty(&s->outlet) ? -1 : STDOUT_FILENO, POLLOUT, 0};
    for (size_t i = 0; i < s->count; i++)
        polls[EXCHANGE_PEERS + i] = watch(s, &s->peers[i]);
}

/* Waits for something to happen. */
static int wait(struct exchange_state *s)
{
    watch_all(s);
    nfds_t count = EXCHANGE_PEERS + s->count;
    if (s->is_retrying && deadline_remaining(&s->idle) > RETRY) {
        struct deadline retry = deadline_in(RETRY);
        if (deadline_poll(s->polls, count, &retry) >= 0 || errno == ETIMEDOUT)
            return 0;
    } else if (deadline_poll(s->polls, count, &s->idle) >= 0) {
        s->idle = deadline_in(s->exchange->idle);
        return 0;
    }
    return exchange_fail_at(s, "wait");
}

/* PEER, which sends no more, has hung up too. */
static void end_sending(struct exchange_state *s, struct peer *peer)
{
    int errnum = 0;
    socklen_t length = sizeof errnum;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &errnum, &length);
    errno = errnum;
    if (errnum && !peer->is_deaf)
        exchange_lose(s, peer);
    exchange_deafen(peer);
}

static int attend(struct exchange_state *s, struct peer *peer, short events)
{
    bool hung_up = events & (POLLHUP | POLLERR);
    if (peer->is_owed && (events & POLLOUT || hung_up || s->is_retrying)) {
        s->is_retrying = false;
        if (exchange_send(s, peer) < 0)
            return -1;
        if (!peer->is_owed)
            s->idle = deadline_in(s->exchange->idle);
    }
    if (hung_up && peer->has_ended)
        end_sending(s, peer);
    return events & (POLLIN | POLLHUP | POLLERR) ? exchange_receive(s, peer) : 0;
}

/* One turn of the loop, after wait. */
static int turn(struct exchange_state *s)
{
    size_t count = s->count;
    if (s->polls[EXCHANGE_OUTPUT].revents && outlet_flush(&s->outlet) < 0)
        return exchange_fail(s, "stdout: write: %m");
    /* before a peer that hangs up is noticed: what stdin has by then is lost, and that is to be
     * said */
    if (exchange_move_input(s, s->polls[EXCHANGE_INPUT].revents) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t at = (s->next + i) % count;
        if (attend(s, &s->peers[at], s->polls[EXCHANGE_PEERS + at].revents) < 0)
            return -1;
    }
    s->next++;
    if (exchange_move_input(s, false) < 0)
        return -1;
    for (size_t i = count; i-- > 0;)
        if (s->peers[i].has_ended && s->peers[i].is_deaf)
            remove_peer(s, &s->peers[i]);
    return s->polls[EXCHANGE_LISTENER].revents ? admit_clients(s) : 0;
}

/* Takes the answers that a dgram client has got by now. */
static int drain(struct exchange_state *s, struct peer *peer)
{
    while (!exchange_has_enough(s) && datagram_size(peer->fd) >= 0)
        if (exchange_receive(s, peer) < 0 || outlet_end(&s->outlet) < 0)
            return -1;
    return 0;
}

static int run(struct exchange_state *s)
{
    s->idle = deadline_in(s->exchange->idle);
    while (!is_over(s))
        if (wait(s) < 0 || turn(s) < 0)
            return -1;
    return s->is_dgram && !s->server ? drain(s, &s->peers[0]) : 0;
}

int exchange_run(struct exchange *exchange)
{
    struct exchange_state s = {
        .exchange = exchange,
        .server = exchange->server,
        .is_stream = exchange->type == SOCK_STREAM,
        .is_dgram = exchange->type == SOCK_DGRAM,
        .holder = -1,
    };
    s.is_for_many = exchange->server && !s.is_dgram && exchange->clients != 1;
    exchange->why[0] = '\0';
    feed_start(&s.feed, s.is_stream, exchange->form);
    outlet_start(&s.outlet, exchange->form);

    int result = make_room(&s);
    if (result == 0 && !s.server)
        result = add_peer(&s, exchange->fd, 0);
    else if (result == 0 && s.is_dgram)
        result = add_peer(&s, s.server->fd, 0);
    if (result == 0)
        result = run(&s);

    /* What was received goes out even where sending has failed. */
    int errnum = result < 0 ? errno : 0;
    if (errnum != EINTR && errnum != ETIMEDOUT && outlet_end(&s.outlet) < 0)
        return exchange_fail(&s, "stdout: write: %m");
    if (s.lost && errnum != EINTR)
        errnum = s.lost;
    errno = errnum;
    return errnum ? -1 : 0;
}

const char *exchange_error(const struct exchange *exchange)
{
    return exchange->why;
}
