#include "sys/open_or_create.h"

#include <errno.h>

enum { TRIES = 100 };

int open_or_create(const struct open_or_create *how, void *object)
{
    for (int i = 0; i < TRIES; i++) {
        int result = how->is_exclusive ? (errno = ENOENT, -1) : how->open(object);
        if (result >= 0 || errno != ENOENT || !how->creates)
            return result;
        result = how->create(object);
        if (result >= 0 || errno != EEXIST || how->is_exclusive)
            return result;
    }
    return errno = ELOOP, -1;
}
