/* fdpass: open descriptors that go along with bytes or a message over a Unix socket */
#ifndef FDPASS_H
#define FDPASS_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { FDPASS_MAX = 253 }; /* SCM_MAX_FD: the most that the kernel lets go along */

struct fdpass {
    int fds[FDPASS_MAX];
    int count;
};

/* N: one descriptor more, which is open. VALUE is a struct fdpass. */
parse_function fdpass_parse;

/* sendmsg(2) with the descriptors in RIGHTS (NULL: none); MESSAGE has no control data yet. It does
 * not wait. Returns the bytes, or -1 with errno. */
ssize_t fdpass_send(int fd, struct msghdr *message, const struct fdpass *rights);

/* Waits until DEADLINE for the first bytes or message of FD, and takes the descriptors that came
 * with them, close-on-exec. The bytes stay for the next reader of FD, except an empty message or a
 * single NUL, which only carried descriptors. Returns 0; -1 with errno and FAILURE: ENOMSG none
 * came, EMFILE not all of them could be opened (those that were are closed), EPIPE FD was at its
 * end, ETIMEDOUT. */
int fdpass_receive(int fd, struct fdpass *rights, const struct deadline *deadline,
                   struct failure *failure);

/* Gives the descriptors the numbers from 3 up, open across exec, and sets the environment that
 * sd_listen_fds(3) reads. Closes whatever had these numbers. Returns 0; -1 with errno and FAILURE.
 */
int fdpass_export_listen_fds(const struct fdpass *rights, struct failure *failure);

#endif
