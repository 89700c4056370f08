/* io: reads and writes whole, past EINTR and short transfers, whatever the bytes are
 *
 * Descriptors 0, 1 and 2 are shared with the shell, so O_NONBLOCK is never set on them; if another
 * program has set it, these functions wait. They return -1 with errno; EINTR only after a signal
 * that interrupt_catch noted. */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Whether FD is open to read (MODE is O_RDONLY) or to write (O_WRONLY); if not, errno is EBADF. */
bool io_is_open_for(int fd, int mode);

/* After a call on FD failed: whether to call again. If FD does not block, first waits for EVENTS,
 * of poll(2). */
bool io_should_retry(int fd, short events);

/* Whether the process may open one more descriptor; if not, errno says why. */
bool io_has_descriptor(void);

/* Whether FD is a regular file, or a device other than a terminal: nobody waits for what is written
 * there. */
bool io_is_file(int fd);

/* Whether both are the status of the same file: device and inode. */
bool io_is_same_file(const struct stat *file, const struct stat *other);

/* Whether anybody can still read what is written to FD: not if it is a pipe or socket whose other
 * end is closed. */
bool io_has_reader(int fd);

/* One read: returns the bytes, 0 at the end. */
ssize_t io_read(int fd, void *data, size_t size);

/* Reads SIZE bytes, or up to the end. *DONE counts them, even if it fails. Returns 0. */
int io_read_counted(int fd, void *data, size_t size, size_t *done);

/* The same, but returns the count. */
ssize_t io_read_full(int fd, void *data, size_t size);

/* Reads the beginning of the file at PATH into TEXT, SIZE bytes, as a string. Returns its length.
 */
ssize_t io_read_text(const char *path, char *text, size_t size);

/* Reads one more byte and drops it. Returns 1, or 0 at the end. */
int io_read_one(int fd);

/* Writes SIZE bytes. *DONE counts them, even if it fails. Returns 0. */
int io_write_counted(int fd, const void *data, size_t size, size_t *done);

/* The same without the count. */
int io_write(int fd, const void *data, size_t size);

/* The same at OFFSET of a file. */
int io_write_at(int fd, const void *data, size_t size, int64_t offset);

/* The same for COUNT pieces; changes PIECES. */
int io_writev(int fd, struct iovec *pieces, int count);

/* Allocates the blocks of LENGTH bytes of a file from OFFSET on, and makes a shorter file longer:
 * fallocate(2). Returns 0; EOPNOTSUPP if the file system cannot. */
int io_allocate(int fd, int64_t offset, int64_t length);

/* One write of as much as a pipe, socket or terminal takes without waiting, even if FD blocks.
 * Returns the bytes; -1 with errno EAGAIN if it takes nothing. */
ssize_t io_write_ready(int fd, const void *data, size_t size);

/* Closes FD after something failed. Keeps errno, returns -1. */
int close_keep_errno(int fd);

/* Closes those of the descriptors FIRST to LAST that are open. */
void io_close_range(unsigned first, unsigned last);

/* Bytes that a pipe or stream socket holds and nobody has read yet; -1 with errno if FD has no such
 * count. */
int io_unread(int fd);

/* Bytes from the offset to the end of a regular file on FD; -1 if that is not known. */
int64_t io_bytes_left(int fd);

/* Whether FD is a pipe or FIFO. */
bool io_is_pipe(int fd);

/* Enlarges a pipe to 1 MiB if the kernel allows it: fewer, larger transfers are faster. */
void io_enlarge_pipe(int fd);

#endif
