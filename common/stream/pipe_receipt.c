#include "stream/pipe_receipt.h"

#include "sys/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

void pipe_receipt_begin(struct pipe_receipt *receipt, int fd)
{
    *receipt = (struct pipe_receipt){.fd = -1};
    if (fd < 0 || !io_is_pipe(fd) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return;
    int before = fcntl(fd, F_GETPIPE_SZ);
    int size = fcntl(fd, F_SETPIPE_SZ, 1); /* becomes one page */
    if (before > 0 && size > 0)
        *receipt = (struct pipe_receipt){.fd = fd, .size = before};
}

int64_t pipe_receipt_wait(const struct pipe_receipt *receipt, const struct deadline *deadline)
{
    int unread = 0;
    struct pollfd end = {.fd = receipt->fd, .events = POLLOUT};
    if (receipt->fd < 0)
        return 0;
    if (deadline_poll(&end, 1, deadline) < 0)
        return -1;
    if (end.revents & POLLERR)
        ioctl(receipt->fd, FIONREAD, &unread);
    return unread;
}

void pipe_receipt_end(struct pipe_receipt *receipt)
{
    if (receipt->fd >= 0)
        fcntl(receipt->fd, F_SETPIPE_SZ, receipt->size);
    receipt->fd = -1;
}
