/* queue_internal: what a family of message queues provides to queue.c, and what it gets from there
 */
#ifndef QUEUE_INTERNAL_H
#define QUEUE_INTERNAL_H

#include "queue/queue.h"

/* The functions of queue.h, each for one family. They return -1 with errno; queue.c fills the
 * failure. */
struct queue_family {
    int (*open)(struct queue *queue, enum queue_access access);
    int (*create)(struct queue *queue, enum queue_access access,
                  const struct queue_creation *creation);
    /* adds to the failure of open or create which limit was met; CREATION may be NULL */
    void (*add_open_hint)(struct queue *queue, const struct queue_creation *creation);
    /* adds to the failure of a send that the queue is full */
    void (*add_full_hint)(struct queue *queue);
    int64_t (*msgsize)(struct queue *queue);
    const char *(*msgsize_limit)(struct queue *queue);
    int (*send)(struct queue *queue, const void *data, size_t size, long tag,
                const struct deadline *deadline);
    /* leaves the message in queue->message */
    ssize_t (*receive)(struct queue *queue, const struct queue_selector *selector,
                       const struct deadline *deadline);
    /* copies the message at PLACE in the queue; NULL: the kernel has no such call */
    ssize_t (*peek)(struct queue *queue, long place);
    int (*status)(struct queue *queue, struct queue_status *status);
    void (*waiting)(struct queue *queue, int64_t *receivers, int64_t *senders);
    int (*remove)(struct object_name *name);
};

extern const struct queue_family queue_posix, queue_sysv;

/* As msgsnd(2) and msgrcv(2) want it; mq_send and mq_receive take the text alone. */
struct queue_message {
    long tag;
    char text[];
};

/* Makes room for a message of SIZE bytes and keeps the present one. Returns 0, or -1 with errno. */
int queue_reserve(struct queue *queue, size_t size);

/* Adds the hint that ASKED exceeds LIMIT of the kernel, with the limit's value. */
void queue_add_limit_hint(struct queue *queue, const char *asked, const char *limit);

#endif
