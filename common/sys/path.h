/* path: what a path tells without a look at the file system */
#ifndef PATH_H
#define PATH_H

#include <limits.h>

/* Writes the directory of PATH, which is no longer than PATH_MAX, into DIRECTORY: what stands
 * before the last component, "." if nothing does. Returns DIRECTORY. */
char *path_directory(const char *path, char directory[static PATH_MAX]);

#endif
