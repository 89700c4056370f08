#include "sys/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_lock_range(int fd, enum file_lock_kind kind, int64_t start, int64_t length,
                    const struct deadline *deadline)
{
    struct flock range = {
        .l_type = kind == FILE_LOCK_SHARED ? F_RDLCK : F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = start,
        .l_len = length,
    };
    if (fcntl(fd, F_OFD_SETLK, &range) == 0)
        return 0;
    if ((errno != EAGAIN && errno != EACCES) || deadline_is_now(deadline))
        return -1;

    int result;
    deadline_arm(deadline);
    do
        result = fcntl(fd, F_OFD_SETLKW, &range);
    while (result < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    return result;
}

void file_lock_release(int fd, int64_t start, int64_t length)
{
    struct flock range = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    fcntl(fd, F_OFD_SETLK, &range);
}
