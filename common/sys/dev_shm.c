#include "sys/dev_shm.h"

#include <errno.h>
#include <unistd.h>

bool dev_shm_is_missing(void)
{
    int saved = errno;
    bool is_missing = saved == ENOENT && access(DEV_SHM_DIRECTORY, F_OK) < 0 && errno == ENOENT;
    errno = saved;
    return is_missing;
}
