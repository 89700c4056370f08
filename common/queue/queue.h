/* queue: a POSIX or System V message queue; only this module knows which of the two it is
 *
 * A message has a tag: in a POSIX queue its priority (0 to 32767, highest first), in a System V
 * queue its type (1 or more; messages come in the order of sending, or those of one type). */
#ifndef QUEUE_H
#define QUEUE_H

#include "cli/failure.h"
#include "cli/object_name.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stdint.h>
#include <sys/types.h>

/* A function that fails returns -1 with errno, and fills FAILURE. */
struct queue {
    struct object_name name;
    int id; /* mqd_t or msqid */
    bool is_sysv;
    struct failure failure;
    /* private: the functions of its family, and the last message received */
    const struct queue_family *family;
    struct queue_message *message;
    size_t capacity;
};

enum queue_access { QUEUE_SEND, QUEUE_RECEIVE, QUEUE_DESCRIBE };

struct queue_creation {
    bool is_exclusive; /* fail with EEXIST if the queue exists */
    mode_t mode;
    int64_t maxmsg;  /* messages, 0 for the system's default */
    int64_t msgsize; /* bytes of the largest message, 0 for the system's default */
};

/* Which messages of a System V queue to take, as in msgrcv(2). */
struct queue_selector {
    int64_t type;    /* 0: any; above 0: this type; below 0: the lowest type up to -type */
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
    pid_t last_sender, last_receiver; /* System V; 0: none yet */
    pid_t notified;                   /* POSIX: the process that mq_notify(3) notifies; 0: none */
    time_t used;                      /* POSIX: the last creation, sending or receiving */
    time_t sent, received, changed;   /* System V; 0: never */
};

/* Opens the queue; creates it if it does not exist and CREATION is not NULL. A caller that may
 * receive but not send can open for QUEUE_RECEIVE; then queue_send fails with EACCES. */
int queue_open(struct queue *queue, const struct object_name *name, enum queue_access access,
               const struct queue_creation *creation);

/* What a tag of QUEUE is: "priority" or "type". */
const char *queue_tag_name(const struct queue *queue);

/* Returns the bytes of the largest message. */
int64_t queue_msgsize(struct queue *queue);

/* The name of the limit on those bytes: `kernel.msgmax`. */
const char *queue_msgsize_limit(struct queue *queue);

/* Sends one message and waits for room until DEADLINE. Returns 0; errno of a failure: EMSGSIZE,
 * EIDRM (System V: the queue was removed), EAGAIN if it is full and DEADLINE is now, ETIMEDOUT if
 * it stayed full, EACCES, EINTR after a signal. */
int queue_send(struct queue *queue, const void *data, size_t size, long tag,
               const struct deadline *deadline);

/* The same, but fails with EIDRM also if a POSIX queue has been removed, because nobody could open
 * it to receive the message. It notices a removal before it sends, and while it waits. */
int queue_send_checked(struct queue *queue, const void *data, size_t size, long tag,
                       const struct deadline *deadline);

/* Takes one message and waits for it until DEADLINE. *DATA is valid until the next call. Returns
 * its size in bytes; errno as for queue_send, but ENOMSG if there is none and DEADLINE is now. */
ssize_t queue_receive(struct queue *queue, const char **data, long *tag,
                      const struct queue_selector *selector, const struct deadline *deadline);

/* System V: copies the first message that SELECTOR would take, from *PLACE in the queue on (0: the
 * first), and sets *PLACE to the place after it. A selector of the lowest type counts as one of any
 * type. Never waits. Returns as queue_receive does; errno ENOSYS if the kernel cannot do it. */
ssize_t queue_peek(struct queue *queue, const char **data, long *tag,
                   const struct queue_selector *selector, long *place);

/* Whether two open queues are the same one. */
bool queue_is_same(const struct queue *queue, const struct queue *other);

int queue_status(struct queue *queue, struct queue_status *status);

/* Removes a queue that need not be open. */
int queue_remove(const struct object_name *name, struct failure *failure);

/* Counts the threads that wait in QUEUE to receive and to send, as blocked_threads_count does. */
void queue_waiting(struct queue *queue, int64_t *receivers, int64_t *senders);

#endif
