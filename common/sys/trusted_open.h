/* trusted_open: opens what is there by a path that may be a symbolic link */
#ifndef TRUSTED_OPEN_H
#define TRUSTED_OPEN_H

/* open(2) without O_CREAT. A link is followed only as with fs.protected_symlinks, whether that is
 * set or not: in a directory that everybody may write into, such as /tmp, it must belong to this
 * process's user or to the directory's. EACCES: it does not. */
int trusted_open(const char *path, int flags);

#endif
