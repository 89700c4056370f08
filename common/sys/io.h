/* io: reads and writes whole, past EINTR and short transfers; knows nothing of what the bytes are
 *
 * Descriptors 0, 1 and 2 are shared with the shell, so O_NONBLOCK is never set on them; where
 * somebody else did, these functions wait. They return -1 with errno; EINTR only after a signal
 * that interrupt_catch noted. */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Whether FD is open to read (MODE is O_RDONLY) or to write (O_WRONLY); else errno is EBADF. */
bool io_is_open_for(int fd, int mode);

/* After a call on FD failed: whether to call again. Where FD is non-blocking it waits for EVENTS,
 * of poll(2). */
bool io_should_retry(int fd, short events);

/* Whether one more descriptor can be had. */
bool io_has_descriptor(void);

/* Whether FD is a file, or a device but no terminal: nobody reads there as it comes. */
bool io_is_file(int fd);

/* Whether two looks at a file were at the same file: device and inode. */
bool io_is_same_file(const struct stat *file, const struct stat *other);

/* Whether what is written to FD can still be read by somebody: not where it is a pipe or socket
 * whose other end is closed. */
bool io_has_reader(int fd);

/* One read: returns the bytes, 0 at the end. */
ssize_t io_read(int fd, void *data, size_t size);

/* Reads until SIZE bytes are there or the end; *DONE counts them, also where it fails. Returns 0.
 */
int io_read_counted(int fd, void *data, size_t size, size_t *done);

/* The same, returning the count. */
ssize_t io_read_full(int fd, void *data, size_t size);

/* Makes TEXT, of SIZE bytes, a string of what is at the beginning of the file at PATH. Returns its
 * length. */
ssize_t io_read_text(const char *path, char *text, size_t size);

/* Reads one byte more, if there is one. Returns 1 or 0. */
int io_read_one(int fd);

/* Writes all of it; *DONE counts the bytes, also where it fails. Returns 0. */
int io_write_counted(int fd, const void *data, size_t size, size_t *done);

/* The same without the count. */
int io_write(int fd, const void *data, size_t size);

/* The same at OFFSET of a file. */
int io_write_at(int fd, const void *data, size_t size, int64_t offset);

/* The same for several pieces; changes PIECES. */
int io_writev(int fd, struct iovec *pieces, int count);

/* Takes the blocks of LENGTH bytes of a file from OFFSET on, and makes the file that long where it
 * is shorter: fallocate(2). Returns 0; EOPNOTSUPP where the file system cannot. */
int io_allocate(int fd, int64_t offset, int64_t length);

/* One write of as much as a pipe, socket or terminal takes without waiting, though FD blocks.
 * Returns the bytes; -1 with errno EAGAIN where it takes nothing. */
ssize_t io_write_ready(int fd, const void *data, size_t size);

/* Closes FD on the way out of something that failed. Keeps errno, returns -1. */
int close_keep_errno(int fd);

/* Closes the descriptors FIRST to LAST, those of them that are open. */
void io_close_range(unsigned first, unsigned last);

/* Bytes that a pipe or stream socket holds and nobody has read yet; -1 with errno if FD has no such
 * count. */
int io_unread(int fd);

/* Bytes that a regular file on FD still has to give; -1 where that is not known. */
int64_t io_bytes_left(int fd);

/* Whether FD is a pipe or FIFO. */
int io_is_pipe(int fd);

/* Lets a pipe hold 1 MiB where the kernel allows it; fewer, larger transfers are faster. */
void io_enlarge_pipe(int fd);

#endif
