#include "sys/trusted_open.h"

#include "sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns 1 if the link at PATH may be followed, 0 if it is no longer a link, -1 with errno. Nobody
 * else can replace a link that may be followed. */
static int may_follow(const char *path)
{
    const mode_t public = S_ISVTX | S_IWOTH;
    struct stat link, directory;
    char folder[PATH_MAX];
    if (lstat(path, &link) < 0)
        return -1;
    if (!S_ISLNK(link.st_mode))
        return 0;
    if (stat(path_directory(path, folder), &directory) < 0)
        return -1;
    if ((directory.st_mode & public) != public || link.st_uid == directory.st_uid ||
        link.st_uid == geteuid())
        return 1;
    return errno = EACCES, -1;
}

int trusted_open(const char *path, int flags)
{
    for (;;) {
        int fd = open(path, flags | O_NOFOLLOW);
        if (fd >= 0 || errno != ELOOP)
            return fd;
        int result = may_follow(path);
        if (result != 0)
            return result < 0 ? -1 : open(path, flags);
    }
}
