/* guardian: a process beside this one that takes something for it, and gives it back when it has
 * ended, however it ends
 *
 * The guardian itself takes, so there is no moment in which something is taken that nobody would
 * give back. It is no child of this process, shares no descriptor, session or process group with
 * it, and ends when it has given back. */
#ifndef GUARDIAN_H
#define GUARDIAN_H

#include "sys/deadline.h"

struct guardian_ops {
    const char *name; /* of the guardian in ps(1), at most 15 bytes */
    /* Waits until DEADLINE. Returns 0; -1 with errno, ETIMEDOUT or EAGAIN in the end. It is called
     * again and again, each time with a deadline that is near. */
    int (*take)(void *object, const struct deadline *deadline);
    void (*give_back)(void *object);
    void *object; /* memory, at most: the guardian keeps no descriptors */
};

/* Starts a guardian and waits until it has taken. From then on the guardian gives back once this
 * process, or what it becomes by exec, has ended. If this process dies while it waits, the guardian
 * gives up. Returns 0; -1 with errno: that of take, EOWNERDEAD the guardian was killed, EUSERS the
 * user has too many processes. */
int guardian_start(const struct guardian_ops *ops, const struct deadline *deadline);

#endif
