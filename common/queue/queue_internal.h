/* queue_internal: what a family of message queues does for queue.c, and what it gets from there */
#ifndef QUEUE_INTERNAL_H
#define QUEUE_INTERNAL_H

#include "queue/queue.h"

/* The functions of queue.h, each for one family. */
struct queue_family {
    int (*open)(struct queue *queue, enum queue_access access,
                const struct queue_creation *creation);
    const char *(*hint)(struct queue *queue, int errnum, const struct queue_creation *creation);
    int64_t (*msgsize)(struct queue *queue);
    const char *(*msgsize_limit)(struct queue *queue);
    int (*send)(struct queue *queue, const void *data, size_t size, long tag,
                const struct deadline *deadline);
    /* leaves the message in queue->message */
    ssize_t (*receive)(struct queue *queue, const struct queue_selector *choice,
                       const struct deadline *deadline);
    /* copies the message at PLACE in the line; NULL where the kernel cannot */
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

/* Makes room for a message of SIZE bytes; the one in hand stays. Returns 0, or -1 with errno. */
int queue_reserve(struct queue *queue, size_t size);

/* A hint made of FORMAT; good until the next one. */
const char *queue_hint_format(struct queue *queue, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The hint that ASKED, what was wanted, is over LIMIT of the kernel, with its value. */
const char *queue_hint_limit(struct queue *queue, const char *asked, const char *limit);

#endif
