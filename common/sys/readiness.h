/* readiness: the mark by which a process reports that it is ready, in a file, a FIFO or a
 * descriptor
 */
#ifndef READINESS_H
#define READINESS_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

struct readiness {
    const char *text; /* as it was written; NULL: no mark */
    int fd;
    struct failure failure; /* of readiness_open and readiness_mark */
};

/* A path, or fd:N for a descriptor that is open. VALUE is a struct readiness. */
parse_function readiness_parse;

/* Opens it before there is anything to be ready for: a file is emptied, or created with mode 0600;
 * with a FIFO it waits for the reader until DEADLINE. Returns 0; -1 with errno, ETIMEDOUT without a
 * reader. */
int readiness_open(struct readiness *ready, const struct deadline *deadline);

/* Writes LINE in one write and closes it, unless it is a standard descriptor. Returns 0, or -1 with
 * errno. */
int readiness_mark(struct readiness *ready, const char *line);

/* Sends READY=1 to the service manager, if $NOTIFY_SOCKET (sd_notify(3)) names one, and removes
 * that variable, so that no COMMAND speaks for this process. Returns 0, also without a manager; -1
 * with errno. */
int readiness_notify(void);

#endif
