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
int peer_group_fail(struct peer_group *group, const char *format, ...)
{
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    if (!group->why[0])
        vsnprintf(group->why, sizeof group->why, format, arguments);
    va_end(arguments);
    errno = saved;
    return -1;
}

int peer_group_fail_at(struct peer_group *group, const char *what)
{
    return peer_group_fail(group, "%s: %s: %m", group->name, what);
}

/* Of all failures this is the one that is told: what was received is gone. */
int peer_group_fail_output(struct peer_group *group)
{
    const char *what = errno == ETIMEDOUT ? "wait for room" : "write";
    if (errno == EINTR) { /* of which nobody speaks */
        diag_warn("stdout: %zu bytes are lost", fanin_discard(&group->fanin));
        return -1;
    }
    group->why[0] = '\0';
    return peer_group_fail(group, "stdout: %s: %m; %zu bytes are lost", what,
                           fanin_discard(&group->fanin));
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

static int fail_to_send(struct peer_group *group)
{
    if (group->is_stream)
        return peer_group_fail_at(group, "send");
    return peer_group_fail(group, "%s: send message %llu: %m", group->name,
                           (unsigned long long)group->fanout.number);
}

/* PEER gets nothing more, because it is gone (errno), and did not get all that was sent: unless it
 * is one of many the hub has failed, and goes on only with what still comes. */
static void lose(struct peer_group *group, struct peer *peer)
{
    int errnum = errno;
    deafen(peer);
    if (group->is_for_many)
        return;
    fail_to_send(group);
    group->lost = group->lost ? group->lost : errnum;
}

static void turn_away(struct peer_group *group, struct peer *peer, const char *why)
{
    diag_warn("%s: client, pid %d: turned away: %s", group->name, peer->pid, why);
    peer->sender.has_ended = true;
    deafen(peer);
}

/* At the end of stdin PEER, once it has got all, is told so. */
static void finish(struct peer_group *group, struct peer *peer)
{
    if (!group->fanout.is_ended || peer->receiver.is_deaf || fanout_waits_for(&peer->receiver))
        return;
    if (fanout_end(&group->fanout, &peer->receiver) < 0)
        lose(group, peer);
    if (!group->is_dgram)
        shutdown(peer->fd, SHUT_WR);
    deafen(peer);
}

/* The answer found its receiver gone. The server goes on, and its status will tell. */
static void lose_answer(struct peer_group *group, struct peer *peer)
{
    diag_warn("%s: send message %llu: %m (it is lost with its receiver)", group->name,
              (unsigned long long)group->fanout.number);
    group->answer_to.length = 0;
    peer_group_fail(group, "%s: not every message found its receiver", group->name);
    group->lost = group->lost ? group->lost : errno;
    peer->receiver.is_owed = false;
}

int peer_send(struct peer_group *group, struct peer *peer)
{
    const struct datagram_name *to = group->answer_to.length > 0 ? &group->answer_to : NULL;
    if (fanout_send(&group->fanout, &peer->receiver, to) == 0) {
        /* unix(7): POLLOUT says nothing of one that the socket is not connected to */
        group->is_retrying = to && peer->receiver.is_owed;
        finish(group, peer);
    } else if (errno == EAGAIN) {
        turn_away(group, peer, "it does not read");
    } else if (errno == EMSGSIZE && group->is_stream) {
        turn_away(group, peer, too_long);
    } else if (errno == EMSGSIZE) {
        return peer_group_fail(group, "%s: send message %llu: %m (net.core.wmem_max is %lld)",
                               group->name, (unsigned long long)group->fanout.number,
                               (long long)limits_read("net.core.wmem_max", -1));
    } else if (to) {
        lose_answer(group, peer);
    } else if (has_left(errno)) {
        lose(group, peer);
    } else if (group->is_for_many) {
        turn_away(group, peer, strerror(errno));
    } else { /* who is still there may wait for what does not come, and so would this */
        return fail_to_send(group);
    }
    return 0;
}

int peer_offer(struct peer_group *group, struct peer *peer)
{
    if (group->fanout.is_ended) {
        finish(group, peer);
        return 0;
    }
    if (fanout_offer(&group->fanout, &peer->receiver) < 0)
        turn_away(group, peer, too_long);
    return peer->receiver.is_owed ? peer_send(group, peer) : 0;
}

bool peer_group_has_enough(const struct peer_group *group)
{
    return group->wanted > 0 && group->received >= group->wanted;
}

/* Receiving from PEER failed with errno. */
static int end_receiving(struct peer_group *group, struct peer *peer)
{
    if (errno == ECONNRESET) { /* it left before it had read all; what it sent still comes */
        lose(group, peer);
        return 0;
    }
    if (!group->is_for_many) {
        peer->sender.has_ended = true;
        deafen(peer);
        return peer_group_fail_at(group, "receive");
    }
    if (errno == EBADMSG)
        turn_away(group, peer, "not a whole netstring");
    else if (errno == EMSGSIZE)
        turn_away(group, peer, "a netstring over 1 MiB");
    else
        turn_away(group, peer, strerror(errno));
    return 0;
}

static bool admits(const void *server, const struct datagram_origin *origin)
{
    return server_admits(server, &origin->sender, -1);
}

static void note_origin(struct peer_group *group, const struct peer *peer,
                        const struct datagram_origin *origin)
{
    group->received += !group->is_stream;
    if (group->is_dgram && group->server && origin->from.length > 0)
        group->answer_to = origin->from;
    if (origin->had_descriptors && !group->has_told_descriptors) {
        diag_warn("%s: pid %d sent descriptors; they are closed", group->name,
                  group->is_stream ? peer->pid : origin->sender.pid);
        group->has_told_descriptors = true;
    }
}

int peer_receive(struct peer_group *group, struct peer *peer)
{
    int turns = group->is_stream ? 1 : TURN;
    for (int i = 0;
         i < turns && fanin_wants(&group->fanin, &peer->sender) && !peer_group_has_enough(group);
         i++) {
        struct datagram_origin origin = {0};
        int got = group->is_stream
                      ? fanin_receive_bytes(&group->fanin, &peer->sender, &origin)
                      : fanin_receive_message(&group->fanin, &peer->sender, &origin,
                                              group->is_dgram && group->server ? admits : NULL,
                                              group->server);
        if (got < 0 && errno == EPERM)
            continue;
        if (got < 0)
            return errno == EAGAIN ? 0 : end_receiving(group, peer);
        if (got > 0)
            note_origin(group, peer, &origin);
    }
    return 0;
}

int peer_join(struct peer_group *group, struct peer *peer, int fd, pid_t pid)
{
    *peer = (struct peer){.fd = fd, .pid = pid};
    if (!group->is_stream && datagram_prepare(fd) < 0)
        return peer_group_fail_at(group, "prepare");
    fanout_join(&group->fanout, &peer->receiver, fd);
    fanin_join(&group->fanin, &peer->sender, fd);
    finish(group, peer);
    return 0;
}

void peer_leave(struct peer_group *group, struct peer *peer)
{
    if (peer->receiver.missed > 0)
        diag_warn("%s: client, pid %d: missed %llu records: it did not read fast enough",
                  group->name, peer->pid, (unsigned long long)peer->receiver.missed);
    fanin_leave(&group->fanin, &peer->sender);
    fanout_leave(&peer->receiver);
    close(peer->fd);
}

bool peer_is_done(const struct peer *peer)
{
    return peer->sender.has_ended && peer->receiver.is_deaf;
}

void peer_hang_up(struct peer_group *group, struct peer *peer)
{
    int errnum = 0;
    socklen_t length = sizeof errnum;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &errnum, &length);
    errno = errnum;
    if (errnum && !peer->receiver.is_deaf)
        lose(group, peer);
    deafen(peer);
}
