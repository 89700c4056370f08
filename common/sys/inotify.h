/* inotify: waits until files change, by inotify(7) */
#ifndef INOTIFY_H
#define INOTIFY_H

#include "sys/deadline.h"

#include <stddef.h>
#include <stdint.h>

/* Returns a descriptor on which nothing is watched yet; -1 with errno. */
int inotify_open(void);

/* Watches the file or directory PATH for the events of MASK (inotify(7)). Returns what
 * inotify_remove takes, or -1 with errno. */
int inotify_add(int watch, const char *path, uint32_t mask);
void inotify_remove(int watch, int added);

/* Writes into HINT by which limit of inotify's the two failed with errno, as limits_hint does; ""
 * where it was none. Keeps errno. */
void inotify_hint(char *hint, size_t size);

/* Waits until a watched file has an event, or a watched directory one that names NAME. Returns 0;
 * -1 with errno, ETIMEDOUT or EINTR. */
int inotify_wait(int watch, const char *name, const struct deadline *deadline);

/* Forgets the events that there are. */
void inotify_drain(int watch);

#endif
