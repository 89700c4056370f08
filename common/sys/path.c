#include "sys/path.h"

#include <libgen.h>
#include <stdio.h>

char *path_directory(const char *path, char directory[static PATH_MAX])
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    snprintf(directory, PATH_MAX, "%s", dirname(copy));
    return directory;
}
