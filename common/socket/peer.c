#include "socket/peer.h"

#include "cli/diag.h"
#include "sys/limits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TURN = 64 }; /* messages of one peer before it is the next one's turn */

static const char too_long[] = "it stopped reading within a long record";

/* Notes what failed first. Returns -1, with errno as it was. */
int hub_fail(struct hub *hub, const char *format, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    if (!hub->why[0])
        vsnprintf(hub->why, sizeof hub->why, format, arguments);
    va_end(arguments);
    errno = saved;
    return -1;
}

int hub_fail_at(struct hub *hub, const char *what)
{
    return hub_fail(hub, "%s: %s: %m", hub->name, what);
}

/* Of all failures this is the one that is told: what was received is gone. */
int hub_fail_output(struct hub *hub)
{
    const char *what = errno == ETIMEDOUT ? "wait for room" : "write";
    if (errno == EINTR) { /* of which nobody speaks */
        diag_warn("stdout: %zu bytes are lost", fanin_discard(&hub->fanin));
        return -1;
    }
    hub->why[0] = '\0';
    return hub_fail(hub, "stdout: %s: %m; %zu bytes are lost", what, fanin_discard(&hub->fanin));
}

/* PEER gets nothing more. */
static void deafen(struct peer *peer)
{
    peer->receiver.is_deaf = true;
    peer->receiver.is_owed = false;
    fanout_leave(&peer->receiver);
}

static bool has_left(int errnum)
{
    return errnum == EPIPE || errnum == ECONNRESET || errnum == ECONNREFUSED ||
           errnum == ENOTCONN || errnum == ENOENT;
}

static int fail_to_send(struct hub *hub)
{
    if (hub->is_stream)
        return hub_fail_at(hub, "send");
    return hub_fail(hub, "%s: send message %llu: %m", hub->name,
                    (unsigned long long)hub->fanout.number);
}

/* PEER gets nothing more, because it is gone (errno), and did not get all that was sent: unless it
 * is one of many the exchange has failed, and goes on only with what still comes. */
static void lose(struct hub *hub, struct peer *peer)
{
    int errnum = errno;
    deafen(peer);
    if (hub->is_for_many)
        return;
    fail_to_send(hub);
    hub->lost = hub->lost ? hub->lost : errnum;
}

static void turn_away(struct hub *hub, struct peer *peer, const char *why)
{
    diag_warn("%s: client, pid %d: turned away: %s", hub->name, peer->pid, why);
    peer->sender.has_ended = true;
    deafen(peer);
}

/* At the end of stdin PEER, once it has got all, is told so. */
static void finish(struct hub *hub, struct peer *peer)
{
    if (!hub->fanout.is_ended || peer->receiver.is_deaf || fanout_waits_for(&peer->receiver))
        return;
    if (fanout_end(&hub->fanout, &peer->receiver) < 0)
        lose(hub, peer);
    if (!hub->is_dgram)
        shutdown(peer->fd, SHUT_WR);
    deafen(peer);
}

/* The answer found its receiver gone. The server goes on, and its status will tell. */
static void lose_answer(struct hub *hub, struct peer *peer)
{
    diag_warn("%s: send message %llu: %m (it is lost with its receiver)", hub->name,
              (unsigned long long)hub->fanout.number);
    hub->answer_to.length = 0;
    hub_fail(hub, "%s: not every message found its receiver", hub->name);
    hub->lost = hub->lost ? hub->lost : errno;
    peer->receiver.is_owed = false;
}

int peer_send(struct hub *hub, struct peer *peer)
{
    const struct datagram_name *to = hub->answer_to.length > 0 ? &hub->answer_to : NULL;
    if (fanout_send(&hub->fanout, &peer->receiver, to) == 0) {
        /* unix(7): POLLOUT says nothing of one that the socket is not connected to */
        hub->is_retrying = to && peer->receiver.is_owed;
        finish(hub, peer);
    } else if (errno == EAGAIN) {
        turn_away(hub, peer, "it does not read");
    } else if (errno == EMSGSIZE && hub->is_stream) {
        turn_away(hub, peer, too_long);
    } else if (errno == EMSGSIZE) {
        return hub_fail(hub, "%s: send message %llu: %m (net.core.wmem_max is %lld)", hub->name,
                        (unsigned long long)hub->fanout.number,
                        (long long)kernel_limit("net.core.wmem_max", -1));
    } else if (to) {
        lose_answer(hub, peer);
    } else if (has_left(errno)) {
        lose(hub, peer);
    } else if (hub->is_for_many) {
        turn_away(hub, peer, strerror(errno));
    } else { /* who is still there may wait for what does not come, and so would this */
        return fail_to_send(hub);
    }
    return 0;
}

int peer_offer(struct hub *hub, struct peer *peer)
{
    if (hub->fanout.is_ended) {
        finish(hub, peer);
        return 0;
    }
    if (fanout_offer(&hub->fanout, &peer->receiver) < 0)
        turn_away(hub, peer, too_long);
    return peer->receiver.is_owed ? peer_send(hub, peer) : 0;
}

bool hub_has_enough(const struct hub *hub)
{
    return hub->wanted > 0 && hub->received >= hub->wanted;
}

/* Receiving from PEER failed with errno. */
static int end_receiving(struct hub *hub, struct peer *peer)
{
    if (errno == ECONNRESET) { /* it left before it had read all; what it sent still comes */
        lose(hub, peer);
        return 0;
    }
    if (!hub->is_for_many) {
        peer->sender.has_ended = true;
        deafen(peer);
        return hub_fail_at(hub, "receive");
    }
    if (errno == EBADMSG)
        turn_away(hub, peer, "not a whole netstring");
    else if (errno == EMSGSIZE)
        turn_away(hub, peer, "a netstring over 1 MiB");
    else
        turn_away(hub, peer, strerror(errno));
    return 0;
}

static bool admits(const void *server, const struct datagram_origin *origin)
{
    return server_admits(server, &origin->sender, -1);
}

static void note_origin(struct hub *hub, const struct peer *peer,
                        const struct datagram_origin *origin)
{
    hub->received += !hub->is_stream;
    if (hub->is_dgram && hub->server && origin->from.length > 0)
        hub->answer_to = origin->from;
    if (origin->had_descriptors && !hub->has_told_descriptors) {
        diag_warn("%s: pid %d sent descriptors; they are closed", hub->name,
                  hub->is_stream ? peer->pid : origin->sender.pid);
        hub->has_told_descriptors = true;
    }
}

int peer_receive(struct hub *hub, struct peer *peer)
{
    int turns = hub->is_stream ? 1 : TURN;
    for (int i = 0; i < turns && fanin_wants(&hub->fanin, &peer->sender) && !hub_has_enough(hub);
         i++) {
        struct datagram_origin origin = {0};
        int got =
            hub->is_stream
                ? fanin_receive_bytes(&hub->fanin, &peer->sender, &origin)
                : fanin_receive_message(&hub->fanin, &peer->sender, &origin,
                                        hub->is_dgram && hub->server ? admits : NULL, hub->server);
        if (got < 0 && errno == EPERM)
            continue;
        if (got < 0)
            return errno == EAGAIN ? 0 : end_receiving(hub, peer);
        if (got > 0)
            note_origin(hub, peer, &origin);
    }
    return 0;
}

int peer_join(struct hub *hub, struct peer *peer, int fd, pid_t pid)
{
    *peer = (struct peer){.fd = fd, .pid = pid};
    if (!hub->is_stream && datagram_prepare(fd) < 0)
        return hub_fail_at(hub, "prepare");
    fanout_join(&hub->fanout, &peer->receiver, fd);
    fanin_join(&hub->fanin, &peer->sender, fd);
    finish(hub, peer);
    return 0;
}

void peer_leave(struct hub *hub, struct peer *peer)
{
    if (peer->receiver.missed > 0)
        diag_warn("%s: client, pid %d: missed %llu records: it did not read fast enough", hub->name,
                  peer->pid, (unsigned long long)peer->receiver.missed);
    fanin_leave(&hub->fanin, &peer->sender);
    fanout_leave(&peer->receiver);
    close(peer->fd);
}

bool peer_is_done(const struct peer *peer)
{
    return peer->sender.has_ended && peer->receiver.is_deaf;
}

void peer_hang_up(struct hub *hub, struct peer *peer)
{
    int errnum = 0;
    socklen_t length = sizeof errnum;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &errnum, &length);
    errno = errnum;
    if (errnum && !peer->receiver.is_deaf)
        lose(hub, peer);
    deafen(peer);
}
