#include "socket/peer.h"

#include "cli/diag.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TURN = 64 }; /* messages of one peer before it is the next one's turn */

int peer_fail(struct peer_shared *shared, const char *what)
{
    if (shared->failure.errnum)
        return -1;
    failure_set(&shared->failure, "%s", what);
    shared->failure.is_error = errno != ETIMEDOUT;
    return -1;
}

static bool has_left(int errnum)
{
    return errnum == EPIPE || errnum == ECONNRESET || errnum == ECONNREFUSED ||
           errnum == ENOTCONN || errnum == ENOENT;
}

static int fail_to_send(struct peer_shared *shared)
{
    char what[64];
    if (shared->type == SOCK_STREAM)
        return peer_fail(shared, "send");
    snprintf(what, sizeof what, "send message %llu", (unsigned long long)shared->fanout.end);
    return peer_fail(shared, what);
}

/* PEER is gone (errno), and did not get all that was sent. The tool has failed, unless the peer is
 * one of many, but it still receives what comes. */
static void lose(struct peer_shared *shared, struct peer *peer)
{
    fanout_close(&peer->receiver);
    if (!shared->is_for_many)
        fail_to_send(shared);
}

static void turn_away(struct peer_shared *shared, struct peer *peer, const char *why)
{
    diag_warn("%s: client, pid %d: turned away: %s", shared->name, peer->pid, why);
    peer->sender.has_ended = true;
    fanout_close(&peer->receiver);
}

/* At the end of stdin shuts down the sending side, once PEER has got all. */
static void finish_sending(struct peer_shared *shared, struct peer *peer)
{
    if (!shared->fanout.is_ended || peer->receiver.send_closed || peer_has_pending(shared, peer))
        return;
    if (fanout_end(&shared->fanout, &peer->receiver) < 0)
        lose(shared, peer);
    if (shared->type != SOCK_DGRAM)
        shutdown(peer->fd, SHUT_WR);
    fanout_close(&peer->receiver);
}

/* The receiver of the answer is gone (errno). The server goes on, and its status will report it. */
static void lose_answer(struct peer_shared *shared, struct peer *peer)
{
    diag_warn("%s: send message %llu: %m (it is lost with its receiver)", shared->name,
              (unsigned long long)shared->fanout.end);
    shared->answer_to.length = 0;
    fanout_skip(&shared->fanout, &peer->receiver);
    if (!shared->failure.errnum) {
        peer_fail(shared, "send");
        failure_set_why(&shared->failure, "not every message found its receiver");
    }
}

static int fail_to_send_so_long(struct peer_shared *shared)
{
    if (!shared->failure.errnum) {
        fail_to_send(shared);
        failure_add_hint(&shared->failure, "net.core.wmem_max is %lld",
                         (long long)limits_read("net.core.wmem_max", -1));
    }
    return -1;
}

int peer_send(struct peer_shared *shared, struct peer *peer)
{
    const struct datagram_name *to = shared->answer_to.length > 0 ? &shared->answer_to : NULL;
    if (fanout_send(&shared->fanout, &peer->receiver, to) == 0) {
        /* unix(7): POLLOUT is about the peer that the socket is connected to, not about TO */
        shared->is_retrying = to && peer_has_pending(shared, peer);
        finish_sending(shared, peer);
        return 0;
    }
    if (errno == EMSGSIZE)
        return fail_to_send_so_long(shared);
    if (to)
        lose_answer(shared, peer);
    else if (has_left(errno))
        lose(shared, peer);
    else if (shared->is_for_many)
        turn_away(shared, peer, strerror(errno));
    else /* a peer that is still there may wait for what does not come, and this tool for the peer
          */
        return fail_to_send(shared);
    return 0;
}

void peer_overtake(struct peer_shared *shared, struct peer *peer)
{
    if (!fanout_is_behind(&shared->fanout, &peer->receiver) ||
        fanout_overtake(&shared->fanout, &peer->receiver) == 0)
        return;
    turn_away(shared, peer,
              errno == EAGAIN     ? "it does not read"
              : errno == EMSGSIZE ? "it stopped reading within a long record"
                                  : strerror(errno));
}

bool peer_has_pending(const struct peer_shared *shared, const struct peer *peer)
{
    return fanout_has_pending(&shared->fanout, &peer->receiver);
}

int peer_offer(struct peer_shared *shared, struct peer *peer)
{
    if (fanout_offer(&shared->fanout, &peer->receiver))
        return peer_send(shared, peer);
    finish_sending(shared, peer);
    return 0;
}

bool peer_has_enough(const struct peer_shared *shared)
{
    return shared->wanted > 0 && shared->received >= shared->wanted;
}

/* Receiving from PEER failed with errno. */
static int fail_to_receive(struct peer_shared *shared, struct peer *peer)
{
    if (errno == ECONNRESET) { /* it left before it had read all; what it sent still comes */
        lose(shared, peer);
        return 0;
    }
    if (!shared->is_for_many) {
        peer->sender.has_ended = true;
        fanout_close(&peer->receiver);
        return peer_fail(shared, "receive");
    }
    turn_away(shared, peer,
              errno == EBADMSG    ? "not a whole netstring"
              : errno == EMSGSIZE ? "a netstring over 1 MiB"
                                  : strerror(errno));
    return 0;
}

static bool admits(const void *server, const struct datagram_origin *origin)
{
    return server_admits(server, &origin->sender, -1);
}

/* Receives once. Returns as fanin does. */
static int receive(struct peer_shared *shared, struct peer *peer, struct datagram_origin *origin)
{
    if (shared->type == SOCK_STREAM)
        return fanin_receive_bytes(&shared->fanin, &peer->sender, origin);
    bool asks = shared->type == SOCK_DGRAM && shared->server;
    return fanin_receive_message(&shared->fanin, &peer->sender, origin, asks ? admits : NULL,
                                 shared->server);
}

static void note_origin(struct peer_shared *shared, const struct peer *peer,
                        const struct datagram_origin *origin)
{
    bool is_stream = shared->type == SOCK_STREAM;
    shared->received += !is_stream;
    if (shared->type == SOCK_DGRAM && shared->server && origin->from.length > 0)
        shared->answer_to = origin->from;
    if (origin->had_descriptors && !shared->has_warned_of_descriptors) {
        diag_warn("%s: pid %d sent descriptors; they are closed", shared->name,
                  is_stream ? peer->pid : origin->sender.pid);
        shared->has_warned_of_descriptors = true;
    }
}

int peer_receive(struct peer_shared *shared, struct peer *peer)
{
    int turns = shared->type == SOCK_STREAM ? 1 : TURN;
    while (turns-- > 0 && fanin_wants(&shared->fanin, &peer->sender) && !peer_has_enough(shared)) {
        struct datagram_origin origin = {0};
        int got = receive(shared, peer, &origin);
        if (got < 0 && errno == EPERM)
            continue;
        if (got < 0)
            return errno == EAGAIN ? 0 : fail_to_receive(shared, peer);
        if (got > 0)
            note_origin(shared, peer, &origin);
    }
    return 0;
}

int peer_join(struct peer_shared *shared, struct peer *peer, int fd, pid_t pid)
{
    *peer = (struct peer){.fd = fd, .pid = pid};
    if (shared->type != SOCK_STREAM && datagram_prepare(fd) < 0)
        return peer_fail(shared, "prepare");
    fanout_join(&shared->fanout, &peer->receiver, fd);
    fanin_join(&shared->fanin, &peer->sender, fd);
    finish_sending(shared, peer);
    return 0;
}

void peer_leave(struct peer_shared *shared, struct peer *peer)
{
    if (peer->receiver.missed > 0)
        diag_warn("%s: client, pid %d: missed %llu records: it did not read fast enough",
                  shared->name, peer->pid, (unsigned long long)peer->receiver.missed);
    fanin_leave(&shared->fanin, &peer->sender);
    fanout_close(&peer->receiver);
    close(peer->fd);
}

bool peer_is_done(const struct peer *peer)
{
    return peer->sender.has_ended && peer->receiver.send_closed;
}

void peer_hang_up(struct peer_shared *shared, struct peer *peer)
{
    int errnum = 0;
    socklen_t length = sizeof errnum;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &errnum, &length);
    errno = errnum;
    if (errnum && !peer->receiver.send_closed)
        lose(shared, peer);
    fanout_close(&peer->receiver);
}
