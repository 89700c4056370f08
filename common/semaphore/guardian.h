/* guardian: a process beside this one that takes something for it, and gives it back when this one
 * has ended in any way
 *
 * The guardian itself takes, so at no moment something is taken that nobody would give back. It is
 * no child of this process, shares no descriptor, session or process group with it, and ends when
 * it has given back. Only SIGKILL ends it before. */
#ifndef GUARDIAN_H
#define GUARDIAN_H

#include "cli/failure.h"
#include "sys/deadline.h"

struct guardian_ops {
    const char *name; /* of the guardian in ps(1), at most 15 bytes */
    /* Waits until DEADLINE. Returns 0; -1 with errno, in the end ETIMEDOUT or EAGAIN. It is called
     * again and again, with deadlines that are near. */
    int (*take)(void *object, const struct deadline *deadline);
    void (*give_back)(void *object);
    void *object; /* memory only: the guardian keeps no descriptors */
};

/* Starts a guardian and waits until it has taken. From then on the guardian gives back when this
 * process, or what it becomes by exec, has ended. If this process dies while it waits, the guardian
 * stops waiting. Returns 0; -1 with errno: that of take, which is the caller's to explain, or one
 * of the guardian's own with FAILURE, such as EOWNERDEAD if it was killed. */
int guardian_start(const struct guardian_ops *ops, const struct deadline *deadline,
                   struct failure *failure);

#endif
