#include "peer.h"

#include "datagram.h"
#include "frame.h"
#include "outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 8192 };

void peer_start(struct peer *peer, int fd, pid_t pid, enum record_form form, bool is_late)
{
    *peer = (struct peer){.fd = fd, .pid = pid, .is_late = is_late};
    frame_start(&peer->frame, form);
}

void peer_close(struct peer *peer)
{
    close(peer->fd);
    free(peer->partial);
}

void peer_offer(struct peer *peer, const struct feed *feed)
{
    if (peer->is_deaf)
        return;
    peer->is_owed = !peer->is_late || feed->joint < feed->size;
    peer->sent = peer->is_late ? feed->joint : 0;
    peer->is_late = peer->is_late && feed->joint == feed->size && feed_is_inside(feed);
}

int peer_send_bytes(struct peer *peer, const struct feed *feed)
{
    while (peer->sent < feed->size) {
        ssize_t sent = send(peer->fd, feed->data + peer->sent, feed->size - peer->sent,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return errno == EAGAIN ? 0 : -1;
        if (sent > 0)
            peer->sent += (size_t)sent;
    }
    peer->is_owed = false;
    return 0;
}

/* Keeps the SIZE bytes at DATA, in no more memory than they need: a thousand peers may wait. */
static int hold(struct peer *peer, const char *data, size_t size)
{
    if (size == 0) {
        free(peer->partial);
        peer->partial = NULL;
    } else {
        char *partial = realloc(peer->partial, size);
        if (!partial)
            return -1;
        memcpy(partial, data, size);
        peer->partial = partial;
    }
    peer->held = size;
    return 0;
}

/* A last record without its terminator gets it, so that another's does not stick to it. */
static int end_stream(struct peer *peer, struct outlet *outlet, char *held)
{
    bool is_torn = peer->frame.is_inside;
    peer->is_long = false;
    peer->frame.is_inside = false;
    if (!is_torn)
        return 0;
    if (peer->frame.form == RECORD_NETSTRING)
        return errno = EBADMSG, -1;
    outlet_add(outlet, peer->held + frame_tail(peer->frame.form, held + peer->held));
    return hold(peer, NULL, 0);
}

/* Walks over DATA from FROM on, SIZE bytes in all, to find in *END where the last record that is
 * whole ends, 0 if none does. Returns 0, or -1 where something that is no record follows it. */
static int find_last_end(struct frame *frame, const char *data, size_t from, size_t size,
                         size_t *end)
{
    *end = 0;
    while (from < size) {
        ssize_t step = frame_next(frame, data + from, size - from);
        if (step < 0)
            return -1;
        from += (size_t)step;
        if (!frame->is_inside)
            *end = from;
    }
    return 0;
}

int peer_receive_bytes(struct peer *peer, struct outlet *outlet)
{
    char *data = outlet_room(outlet, peer->held + READ_SIZE);
    if (!data)
        return -1;
    if (peer->held > 0)
        memcpy(data, peer->partial, peer->held);
    ssize_t got = recv(peer->fd, data + peer->held, READ_SIZE, MSG_DONTWAIT);
    if (got < 0)
        return -1;
    if (got == 0)
        return end_stream(peer, outlet, data);

    size_t size = peer->held + (size_t)got, whole;
    if (find_last_end(&peer->frame, data, peer->held, size, &whole) < 0) {
        outlet_add(outlet, whole);
        return -1;
    }
    size_t rest = size - whole;
    bool goes_on_long = peer->is_long && whole == 0;
    peer->is_long = goes_on_long || rest > PEER_ROOM;
    if (peer->frame.form != RECORD_NETSTRING && peer->is_long) {
        whole = size;
        rest = 0;
    }
    if (rest > PEER_NETSTRING_MAX)
        return errno = EMSGSIZE, -1;
    if (hold(peer, data + size - rest, rest) < 0)
        return -1;
    outlet_add(outlet, whole);
    return 1;
}

int peer_receive_message(struct peer *peer, struct outlet *outlet, const struct server *server,
                         struct datagram_origin *origin)
{
    char head[FRAME_HEAD_SIZE];
    ssize_t size = datagram_size(peer->fd);
    if (size < 0)
        return -1;
    size_t before = frame_head(outlet->form, (size_t)size, head);
    char *data = outlet_room(outlet, before + (size_t)size + FRAME_TAIL_SIZE);
    if (!data)
        return -1;
    int got = datagram_receive(peer->fd, data + before, (size_t)size, origin);
    if (got <= 0)
        return got;
    if (server && !server_admits(server, &origin->sender))
        return errno = EPERM, -1;
    memcpy(data, head, before);
    outlet_add(outlet,
               before + (size_t)size + frame_tail(outlet->form, data + before + (size_t)size));
    return 1;
}
