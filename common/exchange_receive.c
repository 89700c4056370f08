#include "datagram.h"
#include "diag.h"
#include "exchange_state.h"
#include "outlet.h"
#include "peer.h"

#include <errno.h>

enum { TURN = 64 }; /* messages of one peer before it is the next one's turn */

bool exchange_may_receive(const struct exchange_state *s, const struct peer *peer)
{
    if (peer->has_ended || outlet_is_full(&s->outlet))
        return false;
    bool may_be_short = s->exchange->form == RECORD_NETSTRING && !peer->is_long;
    return s->holder < 0 || s->holder == peer->fd || may_be_short;
}

/* Receiving from PEER failed with errno. */
static int end_receiving(struct exchange_state *s, struct peer *peer)
{
    if (errno == ECONNRESET) { /* it left before it had read all; what it sent still comes */
        exchange_lose(s, peer);
        return 0;
    }
    peer->has_ended = true;
    exchange_deafen(peer);
    if (!s->is_for_many)
        return exchange_fail_at(s, "receive");
    bool is_no_record = errno == EBADMSG;
    bool is_too_long = errno == EMSGSIZE;
    if (is_no_record || is_too_long)
        diag_warn("%s: client, pid %d: turned away: %s", s->exchange->name, peer->pid,
                  is_no_record ? "not a whole netstring" : "a netstring over 1 MiB");
    else
        diag_warn("%s: client, pid %d: receive: %m", s->exchange->name, peer->pid);
    return 0;
}

static void note_message(struct exchange_state *s, const struct datagram_origin *origin)
{
    s->received++;
    if (s->is_dgram && s->server && origin->from.length > 0)
        s->answer_to = origin->from;
    if (origin->had_descriptors && !s->has_told_descriptors) {
        diag_warn("%s: pid %d sent descriptors with a message; they are closed", s->exchange->name,
                  origin->sender.pid);
        s->has_told_descriptors = true;
    }
}

int exchange_receive(struct exchange_state *s, struct peer *peer)
{
    int turns = s->is_stream ? 1 : TURN;
    for (int i = 0; i < turns && exchange_may_receive(s, peer) && !exchange_has_enough(s); i++) {
        struct datagram_origin origin = {0};
        int got = s->is_stream ? peer_receive_bytes(peer, &s->outlet)
                               : peer_receive_message(peer, &s->outlet, s->server, &origin);
        if (got < 0 && errno == EPERM)
            continue;
        if (got < 0)
            return errno == EAGAIN ? 0 : end_receiving(s, peer);
        if (got == 0)
            peer->has_ended = true;
        else if (!s->is_stream)
            note_message(s, &origin);
    }
    if (peer->is_long && s->holder < 0)
        s->holder = peer->fd;
    else if (!peer->is_long && s->holder == peer->fd)
        s->holder = -1;
    return 0;
}
