#include "cli/exit.h"

#include <errno.h>

int exit_status_of(int errnum)
{
    switch (errnum) {
    case EAGAIN:
    case ETIMEDOUT:
    case ENOMSG:
    case ENOENT:
    case EADDRINUSE:
    case EEXIST:
    case ESRCH:
    case ENXIO:
    case ECONNREFUSED:
        return EXIT_NO;
    default:
        return EXIT_ERROR;
    }
}

int exit_status_beside_command(int status)
{
    switch (status) {
    case EXIT_NO:
        return EXIT_NOT_ACQUIRED;
    case EXIT_ERROR:
        return EXIT_TOOL_FAILED;
    default:
        return status;
    }
}
