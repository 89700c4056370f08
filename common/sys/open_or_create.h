/* open_or_create: opens what exists, else creates it, else tries again
 *
 * What exists is opened without O_CREAT or its like: nothing is created through a link, and an
 * object of somebody else is never taken for one that this process has made. Of two processes that
 * create at once one wins, and the other opens. */
#ifndef OPEN_OR_CREATE_H
#define OPEN_OR_CREATE_H

#include <stdbool.h>

struct open_or_create {
    /* Each returns 0 or above, or -1 with errno; ENOENT of open: there is none, EEXIST of create
     * (O_EXCL or IPC_EXCL): there is one. */
    int (*open)(void *object);
    int (*create)(void *object);
    bool creates;      /* else only open is tried */
    bool is_exclusive; /* only create is tried */
};

/* Returns what open or create returned last, with its errno. */
int open_or_create(const struct open_or_create *how, void *object);

#endif
