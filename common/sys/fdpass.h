/* fdpass: open descriptors that go along with bytes or a message over a Unix socket */
#ifndef FDPASS_H
#define FDPASS_H

#include "cli/parse.h"
#include "sys/deadline.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { FDPASS_MAX = 253 }; /* SCM_MAX_FD: as many as the kernel lets go along */

struct fdpass {
    int fds[FDPASS_MAX];
    int count;
};

/* N: one descriptor more, which is open. VALUE is a struct fdpass. */
parse_function fdpass_parse;

/* sendmsg(2) with what of RIGHTS there is (NULL: nothing); MESSAGE has no control data yet. It does
 * not wait. Returns the bytes, or -1 with errno. */
ssize_t fdpass_send(int fd, struct msghdr *message, const struct fdpass *rights);

/* Waits until DEADLINE for the first bytes or message of FD, and takes the descriptors that came
 * with them, close-on-exec. The bytes stay for who reads FD next, but for what stands there only to
 * carry them: an empty message, or a single NUL. Returns 0; -1 with errno: ENOMSG none came, EMFILE
 * not all of them could be opened (those that were are closed), EPIPE FD was at its end, ETIMEDOUT.
 */
int fdpass_receive(int fd, struct fdpass *rights, const struct deadline *deadline);

/* Gives them the numbers from 3 up, open over an exec, and says so in the environment as
 * sd_listen_fds(3) reads it. To be called where what is open from 3 up is no longer used. Returns
 * 0, or -1 with errno. */
int fdpass_export_listen_fds(const struct fdpass *rights);

#endif
