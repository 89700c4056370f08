#include "sys/limits.h"

#include "sys/io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int64_t limits_read(const char *name, int64_t fallback)
{
    char path[128], text[32];
    int start = snprintf(path, sizeof path, "/proc/sys/");
    snprintf(path + start, sizeof path - (size_t)start, "%s", name);
    for (char *at = path + start; *at; at++)
        if (*at == '.')
            *at = '/';

    if (io_read_text(path, text, sizeof text) <= 0)
        return fallback;
    return strtoll(text, NULL, 10);
}

void limits_hint(int errnum, char *hint, size_t size)
{
    static const char file_max[] = "fs.file-max";
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    long long files;
    *hint = '\0';
    switch (errnum) {
    case EMFILE:
        getrlimit(RLIMIT_NOFILE, &limit);
        snprintf(hint, size, " (ulimit -n is %llu)", (unsigned long long)limit.rlim_cur);
        break;
    case ENFILE: /* then only root can open the file with the limit */
        files = (long long)limits_read(file_max, -1);
        if (files < 0)
            snprintf(hint, size, " (%s)", file_max);
        else
            snprintf(hint, size, " (%s is %lld)", file_max, files);
        break;
    case EFBIG:
        getrlimit(RLIMIT_FSIZE, &limit);
        if (limit.rlim_cur == RLIM_INFINITY)
            snprintf(hint, size, " (over the file system's limit)");
        else
            snprintf(hint, size, " (ulimit -f is %llu bytes)", (unsigned long long)limit.rlim_cur);
        break;
    default:
        break;
    }
}
