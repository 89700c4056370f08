/* fanin: the records of many senders to standard output, each whole
 *
 * They are written as fast as the reader of stdout takes them, and nothing waits for that reader
 * here. The first part of a stream's record waits with its sender, up to FANIN_ROOM bytes. If the
 * record is longer, its sender has stdout to itself until the record ends. Netstrings are kept up
 * to FANIN_NETSTRING_MAX bytes instead, because nothing can mend one whose sender leaves in the
 * middle. */
#ifndef FANIN_H
#define FANIN_H

#include "socket/datagram.h"
#include "stream/record.h"
#include "sys/deadline.h"

enum { FANIN_ROOM = 8192, FANIN_NETSTRING_MAX = 1 << 20 };

struct sender {
    int fd;
    bool has_ended; /* sends nothing more */
    /* private */
    char *partial; /* the first part of a record */
    size_t held;   /* its bytes */
    struct record_scanner scanner;
};

struct fanin {
    enum record_form form;
    /* private: data[start..end) is to be written */
    bool is_file; /* stdout takes all at once */
    bool is_unmetered;
    int holder; /* descriptor of the sender that has stdout to itself, or -1 */
    char *data;
    size_t capacity, start, end;
};

/* Whether a message of ORIGIN may come in. */
typedef bool fanin_admits(const void *context, const struct datagram_origin *origin);

/* If IS_UNMETERED, what is received does not count for the progress meter. */
void fanin_start(struct fanin *fanin, enum record_form form, bool is_unmetered);

void fanin_join(const struct fanin *fanin, struct sender *sender, int fd);
void fanin_leave(struct fanin *fanin, struct sender *sender);

/* Whether more of SENDER may be received now. */
bool fanin_wants(const struct fanin *fanin, const struct sender *sender);

/* Receives what a stream has brought. Returns 1, or 0 at its end; -1 with errno: EAGAIN nothing has
 * come, EBADMSG not a netstring, EMSGSIZE a netstring too long, ECONNRESET the peer left before it
 * had read all. ORIGIN reports whether descriptors came along. */
int fanin_receive_bytes(struct fanin *fanin, struct sender *sender, struct datagram_origin *origin);

/* The same for one message. If ADMITS, called with CONTEXT, refuses its origin, the message is
 * discarded: -1 with errno EPERM. ADMITS may be NULL. */
int fanin_receive_message(struct fanin *fanin, struct sender *sender,
                          struct datagram_origin *origin, fanin_admits *admits,
                          const void *context);

/* Bytes that wait to be written. */
size_t fanin_waiting(const struct fanin *fanin);

/* Discards them. Returns how many. */
size_t fanin_discard(struct fanin *fanin);

/* Writes what stdout takes without waiting. Returns 0, or -1 with errno. */
int fanin_flush(struct fanin *fanin);

/* Writes all the rest, waiting for the reader of stdout until DEADLINE. Returns 0, or -1 with
 * errno.
 */
int fanin_end(struct fanin *fanin, const struct deadline *deadline);

#endif
