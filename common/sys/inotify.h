/* inotify: waits until files change, by inotify(7) */
#ifndef INOTIFY_H
#define INOTIFY_H

#include "cli/failure.h"
#include "sys/deadline.h"

#include <stdint.h>
#include <sys/inotify.h> /* the masks */

/* Returns a descriptor that watches nothing yet. Returns -1 if that fails; the failure names the
 * limit that was met. */
int inotify_open(struct failure *failure);

/* Watches the file or directory PATH for the events of MASK (inotify(7)). Returns what
 * inotify_remove takes, or -1 with a failure as above. */
int inotify_add(int watch, const char *path, uint32_t mask, struct failure *failure);
void inotify_remove(int watch, int added);

/* Waits until a watched file has an event, or a watched directory has one that names NAME. Returns
 * 0; -1 with errno, ETIMEDOUT or EINTR. */
int inotify_wait(int watch, const char *name, const struct deadline *deadline);

/* Forgets the events that have come so far. */
void inotify_drain(int watch);

#endif
