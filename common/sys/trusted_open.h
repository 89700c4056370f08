/* trusted_open: opens an existing file by a path that may be a symbolic link */
#ifndef TRUSTED_OPEN_H
#define TRUSTED_OPEN_H

/* open(2) without O_CREAT. A symbolic link is followed as if fs.protected_symlinks were set,
 * whether it is or not: in a directory that everybody may write into, such as /tmp, the link must
 * belong to this process's user or to the owner of the directory. Else errno is EACCES. */
int trusted_open(const char *path, int flags);

#endif
