/* shm_file: POSIX objects as the files below /dev/shm that they are, and the protocol of their
 * locks
 *
 * Locks are those of file_lock.h, on the file of the object itself:
 *
 *   part              bytes                 the holder may
 *   SHM_LOCK_CONTENT  all but the last one  shared: read; exclusive: write
 *   SHM_LOCK_NAME     the last one          exclusive: give the name to another object, or remove
 *                                           the name beside
 *   SHM_LOCK_ALL      all                   both; so has another program that locks with l_len 0
 *
 * "The name beside" is a second name, made from the hash of the first, that an atomic put needs for
 * the moment between linkat(2) and rename(2).
 *
 *   operation      steps, in this order               a kill after this step leaves
 *   get            CONTENT shared                     all as it was
 *                  reads, closes
 *   put in place,  CONTENT exclusive                  all as it was
 *   the object     NAME, if it is free: removes a
 *   exists           stale name beside, releases NAME
 *                  writes                             new bytes, then old ones; the object up to 4
 *                                                       MiB too long, with zeros
 *                  trims, closes
 *   put in place,  opens a file without a name, sets  nothing
 *   no object        its mode, CONTENT exclusive
 *                  links it to the name               an object with a part of the input
 *                  writes, trims, closes
 *   atomic put     fills a file without a name; no    all as it was
 *                    lock, for nobody else has it
 *                  if the name is free: links it      the new object
 *                  else NAME of the old object
 *                  links it to the name beside        the old object, and a stale name beside
 *                  renames that over the name         the new object
 *                  closes the old object
 *   take           ALL exclusive                      all as it was
 *                  writes it to stdout                the object, which is printed again
 *                  removes the name, closes           nothing
 *   remove         NAME, if it is free: removes a     the object
 *                    stale name beside
 *                  removes the name, closes           nothing
 *
 * No operation waits for one lock while it holds another, so none can deadlock. An operation that
 * has waited for a lock looks whether the object still has a name, and opens the name again if not.
 * A name beside that exists while nobody holds NAME is stale: its maker was killed. Locks end with
 * their process. */
#ifndef SHM_FILE_H
#define SHM_FILE_H

#include "memory/segment_internal.h"
#include "sys/dev_shm.h"
#include "sys/file_lock.h"

#include <sys/stat.h>

#define SHM_PATH_MAX (sizeof DEV_SHM_DIRECTORY + 256) /* a slash and a name of 255 bytes */

enum shm_lock_part { SHM_LOCK_CONTENT, SHM_LOCK_NAME, SHM_LOCK_ALL };

/* Functions here that return -1 set errno and the failure of the segment, but for shm_file_lock and
 * shm_file_is_named, which set errno alone. */

void shm_file_path(const struct segment *segment, char path[static SHM_PATH_MAX]);

/* failure_set with WHAT. But if the directory itself is missing, errno becomes ENOSYS: then nobody
 * will create the object, and -c does not either. */
int shm_file_set_failure(struct segment *segment, const char *what);

/* Returns 1 if the name is that of the file that FD has open, else 0; -1 if it cannot be found out.
 */
int shm_file_is_named(const struct segment *segment, int fd);

/* Locks PART of the file that FD has open. Returns 0; -1 with errno of file_lock_range. */
int shm_file_lock(int fd, enum file_lock_kind kind, enum shm_lock_part part,
                  const struct deadline *deadline);

/* Opens the object; ACCESS is O_RDONLY, O_RDWR or O_PATH. Returns the descriptor. */
int shm_file_open(struct segment *segment, int access);

/* Opens the object and locks PART of it, exclusive if ACCESS is O_RDWR. Sets the segment's id and
 * size. Returns 0. */
int shm_file_open_locked(struct segment *segment, int access, enum shm_lock_part part,
                         const struct deadline *deadline);

/* Fails with EMLINK, which names WHAT, if the file of STATUS has another name: a hard link, by
 * which its content or its mode is somebody else's affair too. Else returns 0. */
int shm_file_check_links(struct segment *segment, const struct stat *status, const char *what);

/* Opens a new file without a name, which only the owner may open yet. Returns the descriptor. */
int shm_file_create_unnamed(struct segment *segment);

/* Gives the file that FD has open the name. Returns 0; errno is EEXIST if the name is taken. */
int shm_file_publish(struct segment *segment, int fd);

/* Moves the name to the file that FD has open, by the name beside. The caller holds SHM_LOCK_NAME
 * of the object that loses the name. Returns 0. */
int shm_file_publish_over(struct segment *segment, int fd);

/* Removes a stale name beside the object that FD has open to write, if SHM_LOCK_NAME is free. */
void shm_file_remove_stale(const struct segment *segment, int fd);

/* Makes the open object at least SIZE bytes long and allocates all its pages, so that a full file
 * system shows here and not when a page is written. Returns 0. */
int shm_file_allocate(struct segment *segment, int64_t size);

/* Removes the name, if it belongs to shared memory. Returns 0. */
int shm_file_remove(struct segment *segment);

/* Removes the name if it still is that of the object that the segment has open. */
void shm_file_discard(struct segment *segment);

#endif
