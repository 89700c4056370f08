/* readiness: the mark by which a process tells that it is ready, in a file, a FIFO or a descriptor
 */
#ifndef READINESS_H
#define READINESS_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

struct readiness {
    const char *text; /* as it was written; NULL for no mark */
    int fd;
    struct failure failure; /* why readiness_open or readiness_mark returned -1 */
};

/* A path, or fd:N for a descriptor that is open. VALUE is a struct readiness. */
parse_function readiness_parse;

/* Opens it, before there is anything to be ready for: a file is emptied, or created with mode 0600;
 * a FIFO waits for its reader until DEADLINE. Returns 0, or -1 with errno. */
int readiness_open(struct readiness *ready, const struct deadline *deadline);

/* Writes LINE in one write and closes it, but for the standard descriptors. Returns 0, or -1 with
 * errno. */
int readiness_mark(struct readiness *ready, const char *line);

/* Tells the service manager, if one listens, that the service is ready: sends READY=1 to
 * $NOTIFY_SOCKET (sd_notify(3)), and takes that out of the environment, so that no COMMAND speaks
 * in our name. Returns 0, also without one; -1 with errno. */
int readiness_notify(void);

#endif
