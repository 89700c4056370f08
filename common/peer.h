/* peer: one of those a socket exchanges records with: what it still gets, and its records on their
 * way to stdout
 *
 * A record of a stream goes to stdout whole. One that has not all come yet waits here, up to
 * PEER_ROOM bytes; one that is longer makes its peer a long one, which has to have stdout to itself
 * until the record ends. Netstrings, which nothing can mend when the peer leaves in the middle, are
 * kept up to PEER_NETSTRING_MAX bytes instead. */
#ifndef PEER_H
#define PEER_H

#include "datagram.h"
#include "feed.h"
#include "outlet.h"
#include "server.h"

enum { PEER_ROOM = 8192, PEER_NETSTRING_MAX = 1 << 20 };

struct peer {
    int fd;
    pid_t pid;
    bool is_deaf;   /* gets nothing more */
    bool has_ended; /* sends nothing more */
    bool is_owed;   /* some of the piece in hand */
    bool is_long;   /* has begun a record that is longer than PEER_ROOM */
    /* private */
    bool is_late;  /* gets nothing of the record that was under way when it came */
    size_t sent;   /* bytes of the piece in hand */
    char *partial; /* the beginning of a record */
    size_t held;   /* its bytes */
    struct frame frame;
};

void peer_start(struct peer *peer, int fd, pid_t pid, enum record_form form, bool is_late);
void peer_close(struct peer *peer);

/* The piece in hand of FEED is for PEER too. */
void peer_offer(struct peer *peer, const struct feed *feed);

/* Sends what of a stream's piece is owed and finds room. Returns 0, or -1 with errno. */
int peer_send_bytes(struct peer *peer, const struct feed *feed);

/* Moves what has come of a stream: whole records to OUTLET. Returns 1, 0 at the peer's end; -1 with
 * errno: EAGAIN nothing has come, EBADMSG no netstring, EMSGSIZE one too long, ECONNRESET it left
 * without reading all it was sent. */
int peer_receive_bytes(struct peer *peer, struct outlet *outlet);

/* Moves one message to OUTLET. Returns and errno the same, and EPERM where SERVER (NULL: none) does
 * not admit who sent it: then it is gone. */
int peer_receive_message(struct peer *peer, struct outlet *outlet, const struct server *server,
                         struct datagram_origin *origin);

#endif
