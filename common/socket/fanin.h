/* fanin: the records of many senders to standard output, each whole
 *
 * They are written as fast as the reader of stdout takes them, and it is never waited for; so one
 * that is slow holds up nothing but what is behind it. A record of a stream that has not all come
 * yet waits with its sender, up to FANIN_ROOM bytes; one that is longer makes its sender a long
 * one, which has stdout to itself until the record ends. Netstrings, which nothing can mend when
 * the sender leaves in the middle, are kept up to FANIN_NETSTRING_MAX bytes instead. */
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
    bool is_long;
    char *partial; /* the beginning of a record */
    size_t held;   /* its bytes */
    struct record_scanner scanner;
};

struct fanin {
    enum record_form form;
    /* private: data[start..end) is to be written */
    bool is_file; /* stdout: takes all at once */
    bool is_unmetered;
    int holder; /* the descriptor of the sender that has stdout to itself, or -1 */
    char *data;
    size_t capacity, start, end;
};

/* Whether a message of ORIGIN is let in. */
typedef bool fanin_admits(const void *context, const struct datagram_origin *origin);

/* Where IS_UNMETERED, what it takes in does not count for the progress meter. */
void fanin_start(struct fanin *fanin, enum record_form form, bool is_unmetered);

void fanin_join(const struct fanin *fanin, struct sender *sender, int fd);
void fanin_leave(struct fanin *fanin, struct sender *sender);

/* Whether more of SENDER may be received now. */
bool fanin_wants(const struct fanin *fanin, const struct sender *sender);

/* Takes in what has come of a stream. Returns 1, 0 at its end; -1 with errno: EAGAIN nothing has
 * come, EBADMSG no netstring, EMSGSIZE one too long, ECONNRESET the peer left without reading all
 * it was sent. ORIGIN tells whether descriptors came along. */
int fanin_receive_bytes(struct fanin *fanin, struct sender *sender, struct datagram_origin *origin);

/* Takes in one message. The same; and where it is not to be let in (ADMITS, asked with CONTEXT;
 * NULL: all are) -1 with errno EPERM, and it is gone. */
int fanin_receive_message(struct fanin *fanin, struct sender *sender,
                          struct datagram_origin *origin, fanin_admits *admits,
                          const void *context);

/* Bytes that wait to be written. */
size_t fanin_waiting(const struct fanin *fanin);

/* Forgets them, for they will never be written. Returns how many. */
size_t fanin_discard(struct fanin *fanin);

/* Writes what stdout takes without waiting. Returns 0, or -1 with errno. */
int fanin_flush(struct fanin *fanin);

/* Writes all the rest, and waits for the reader until DEADLINE. Returns 0, or -1 with errno. */
int fanin_end(struct fanin *fanin, const struct deadline *deadline);

#endif
