/* open_or_create: opens what exists, else creates it, else tries again
 *
 * What exists is opened without O_CREAT or its like: nothing is created through a link, and an
 * object of another user is never taken for one that this process has made. If two processes create
 * at the same time, one wins and the other opens. */
#ifndef OPEN_OR_CREATE_H
#define OPEN_OR_CREATE_H

#include <stdbool.h>

struct open_or_create {
    /* Each returns 0 or above, or -1 with errno: open ENOENT if nothing exists; create, with O_EXCL
     * or IPC_EXCL, EEXIST if something does. */
    int (*open)(void *object);
    int (*create)(void *object);
    bool creates;      /* else only open is tried */
    bool is_exclusive; /* only create is tried */
};

/* Returns what open or create returned last, with its errno; -1 with errno ELOOP if each time open
 * found nothing and create something: a symbolic link that leads nowhere. */
int open_or_create(const struct open_or_create *how, void *object);

#endif
