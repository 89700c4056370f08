#include "datagram.h"
#include "diag.h"
#include "exchange_state.h"
#include "feed.h"
#include "kernel.h"

#include <errno.h>

int exchange_send(struct exchange_state *s, struct peer *peer)
{
    const struct feed *feed = &s->feed;
    if (s->is_stream) {
        if (peer_send_bytes(peer, feed) < 0)
            exchange_lose(s, peer);
        return 0;
    }

    const struct datagram_name *to = s->answer_to.length > 0 ? &s->answer_to : NULL;
    if (datagram_send(peer->fd, feed->data, feed->size, to) == 0) {
        peer->is_owed = false;
    } else if (errno == EMSGSIZE) {
        return exchange_fail(s, "%s: send message %llu: %m (net.core.wmem_max is %lld)",
                             s->exchange->name, (unsigned long long)feed->number,
                             (long long)kernel_limit("net.core.wmem_max", -1));
    } else if (errno == EAGAIN) {
        s->is_retrying = to; /* unix(7): POLLOUT says nothing of one it is not connected to */
    } else if (to) {
        diag_warn("%s: send message %llu: %m (it is lost with its receiver)", s->exchange->name,
                  (unsigned long long)feed->number);
        s->answer_to.length = 0;
        exchange_fail(s, "%s: not every message found its receiver", s->exchange->name);
        exchange_lose(s, peer);
        peer->is_deaf = false;
    } else {
        exchange_lose(s, peer);
    }
    return 0;
}

bool exchange_wants_input(const struct exchange_state *s)
{
    bool is_heard = false;
    for (size_t i = 0; i < s->count; i++) {
        if (s->peers[i].is_owed)
            return false;
        is_heard = is_heard || !s->peers[i].is_deaf;
    }
    bool has_receiver = !s->is_dgram || !s->server || s->answer_to.length > 0;
    return is_heard && has_receiver && !s->feed.is_ended;
}

static void end_input(struct exchange_state *s)
{
    for (size_t i = 0; i < s->count && !s->is_dgram; i++) {
        shutdown(s->peers[i].fd, SHUT_WR);
        exchange_deafen(&s->peers[i]);
    }
}

int exchange_move_input(struct exchange_state *s, bool may_read)
{
    while (exchange_wants_input(s)) {
        int got = feed_take(&s->feed, may_read);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got < 0)
            return exchange_fail(s, "stdin: %s", feed_error(&s->feed));
        if (got == 0)
            end_input(s);
        may_read = false;
        for (size_t i = 0; got > 0 && i < s->count; i++) {
            peer_offer(&s->peers[i], &s->feed);
            if (s->peers[i].is_owed && exchange_send(s, &s->peers[i]) < 0)
                return -1;
        }
    }
    return 0;
}
