/* queue: a POSIX or System V message queue; the only place that knows which
 *
 * A message has a tag: its priority in a POSIX queue (0 to 32767, highest first), its type in a
 * System V queue (1 up, first in line unless a type is asked for). */
#ifndef QUEUE_H
#define QUEUE_H

#include "cli/object_name.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stdint.h>
#include <sys/types.h>

struct queue {
    struct object_name name;
    int id; /* mqd_t or msqid */
    bool is_sysv;
    /* private: how it is done, the message in hand, and the text of queue_hint */
    const struct queue_family *family;
    struct queue_message *message;
    size_t capacity;
    size_t asked; /* bytes of the message last sent */
    char hint[160];
};

enum queue_access { QUEUE_SEND, QUEUE_RECEIVE, QUEUE_DESCRIBE };

struct queue_creation {
    bool is_exclusive; /* fail with EEXIST where the queue is there */
    mode_t mode;
    int64_t maxmsg;  /* messages, 0 for the system's default */
    int64_t msgsize; /* bytes of the largest message, 0 for the system's default */
};

/* Which messages of a System V queue to take, as msgrcv(2) has it. */
struct queue_selector {
    int64_t type;    /* 0: the first in line; above: of this type; below: lowest type up to -type */
    bool is_negated; /* any but this type */
};

/* TYPE to receive: 5, -5 or !5. VALUE is a struct queue_selector. */
parse_function queue_parse_selector;

struct queue_status {
    int64_t messages, bytes;
    int64_t maxmsg;   /* POSIX */
    int64_t maxbytes; /* System V */
    int64_t msgsize;  /* bytes of the largest message */
    mode_t mode;
    uid_t uid, creator_uid; /* the creator's: System V */
    gid_t gid, creator_gid;
    pid_t last_sender, last_receiver; /* System V; 0 where there was none */
    pid_t notified;                   /* POSIX: whom a message is told by mq_notify(3), 0: nobody */
    time_t used;                      /* POSIX: created, or last sent or received */
    time_t sent, received, changed;   /* System V; 0 where there was none */
};

/* Opens the queue, or creates it where CREATION is not NULL. Returns 0, or -1 with errno; EACCES
 * where ACCESS is not permitted. Who may receive but not send gets the queue all the same. */
int queue_open(struct queue *queue, const struct object_name *name, enum queue_access access,
               const struct queue_creation *creation);

/* What to do about an ERRNUM of the functions here, ` (in parentheses)`; "" when nothing is known.
 * CREATION is what queue_open was called with. Leaves ERRNUM in errno, for %m beside it. */
const char *queue_hint(struct queue *queue, int errnum, const struct queue_creation *creation);

/* What a tag of QUEUE is: "priority" or "type". */
const char *queue_tag_name(const struct queue *queue);

/* Bytes of the largest message, -1 with errno; and what limits it: `kernel.msgmax`. */
int64_t queue_msgsize(struct queue *queue);
const char *queue_msgsize_limit(struct queue *queue);

/* Sends one message, waiting for room until DEADLINE. Returns 0; -1 with errno: EMSGSIZE, EIDRM
 * (System V: the queue is gone), EAGAIN where it is full, ETIMEDOUT where it stayed full, EACCES,
 * EINTR after a signal. */
int queue_send(struct queue *queue, const void *data, size_t size, long tag,
               const struct deadline *deadline);

/* Takes one message; *DATA is good until the next call. Waits until DEADLINE. Returns its bytes;
 * -1 with errno as queue_send, but ENOMSG where there is none. */
ssize_t queue_receive(struct queue *queue, const char **data, long *tag,
                      const struct queue_selector *choice, const struct deadline *deadline);

/* System V: copies the first message that CHOICE would take, from place *PLACE in the line on (0:
 * the first), and sets *PLACE behind it. A choice of the lowest type is taken for one of any type.
 * Never waits. Returns as queue_receive does; -1 with errno ENOSYS where the kernel cannot. */
ssize_t queue_peek(struct queue *queue, const char **data, long *tag,
                   const struct queue_selector *choice, long *place);

/* The descriptor that QUEUE needs, -1 where it needs none. */
int queue_descriptor(const struct queue *queue);

/* Whether somebody removed QUEUE since it was opened. */
bool queue_is_removed(const struct queue *queue);

/* Whether two open queues are one. */
bool queue_is_same(const struct queue *queue, const struct queue *other);

/* Returns 0, or -1 with errno. */
int queue_status(struct queue *queue, struct queue_status *status);
int queue_remove(const struct object_name *name);

/* How many wait in QUEUE to receive and to send, as blocked_threads_count has it. */
void queue_waiting(struct queue *queue, int64_t *receivers, int64_t *senders);

#endif
