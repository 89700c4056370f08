#include "kernel.h"

#include "io.h"

#include <stdio.h>
#include <stdlib.h>

int64_t kernel_limit(const char *name, int64_t fallback)
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
