#include "cli/exit.h"

#include <errno.h>

int exit_status_of(int errnum)
{
    switch (errnum) {
    case EAGAIN:
    case ETIMEDOUT:
    case ENOMSG:
    case ENOENT:
    case EEXIST:
    case ESRCH:
    case ENXIO:
    case ECONNREFUSED:
        return EXIT_NO;
    default:
        return EXIT_ERROR;
    }
}
