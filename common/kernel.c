#include "kernel.h"

#include "io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int64_t kernel_limit(const char *name, int64_t fallback)
{
    char path[128], text[32];
    int start = snprintf(path, sizeof path, "/proc/sys/");
    snprintf(path + start, sizeof path - (size_t)start, "%s", name);
    for (char *at = path + start; *at; at++)
        if (*at == '.')
            *at = '/';

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fallback;
    ssize_t got = io_read_full(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return fallback;
    text[got] = '\0';
    return strtoll(text, NULL, 10);
}
