#include "memory/map_copy.h"

#include "cli/progress.h"
#include "memory/splice.h"
#include "sys/io.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WINDOW_SIZE = 4 << 20, /* mapping costs little beside copying, and output begins at once */
};

struct window {
    char *memory; /* as mapped, from a page boundary on */
    size_t mapped;
    char *bytes; /* the next bytes of the range */
    size_t size;
};

/* Maps what comes next of RANGE. Pages to read are mapped at once; pages to write only as they are
 * written, for each of them takes a block on disk. */
static int open_window(const struct map_range *range, int protection, struct window *window)
{
    int flags = MAP_SHARED | (protection & PROT_WRITE ? 0 : MAP_POPULATE);
    int64_t at = range->offset + range->moved;
    int64_t left = range->length - range->moved;
    size_t lead = (size_t)(at % sysconf(_SC_PAGESIZE));

    window->size = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
    window->mapped = lead + window->size;
    void *memory = mmap(NULL, window->mapped, protection, flags, range->fd, at - (off_t)lead);
    if (memory == MAP_FAILED)
        return -1;
    window->memory = memory;
    window->bytes = window->memory + lead;
    return 0;
}

static void close_window(struct window *window)
{
    int saved = errno;
    munmap(window->memory, window->mapped);
    errno = saved;
}

/* What is cut off inside the last page of a file reads as zeros and takes writes, without a fault.
 */
static int check_cut(struct map_range *range)
{
    struct stat status;
    if (fstat(range->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_size >= range->offset + range->moved)
        return 0;
    range->moved = status.st_size > range->offset ? status.st_size - range->offset : 0;
    return errno = EFAULT, -1;
}

/* A pipe can only fail by EPIPE. */
static int give_pages(struct map_range *range, int to)
{
    struct splice_source source = {.file = range->fd};
    int result = splice_gift(&source, range->offset, range->length, to, &range->moved);
    range->is_file_error = result < 0 && errno != EPIPE;
    return result;
}

/* Moves what one window holds: out to FD, or in from FD, which may come to its end before. Returns
 * 1 where all of the window is moved, 0 at the end of FD. */
static int move_window(struct map_range *range, int protection, int fd)
{
    struct window window;
    range->is_file_error = true;
    if (open_window(range, protection, &window) < 0)
        return -1;
    size_t moved = 0;
    int result = protection & PROT_WRITE ? io_read_counted(fd, window.bytes, window.size, &moved)
                                         : io_write_counted(fd, window.bytes, window.size, &moved);
    close_window(&window);
    range->moved += (int64_t)moved;
    progress_add((int64_t)moved);
    if (result == 0)
        result = check_cut(range);
    range->is_file_error = result < 0 && errno == EFAULT;
    return result < 0 ? -1 : moved == window.size;
}

static int move_windows(struct map_range *range, int protection, int fd)
{
    int result = 1;
    for (range->moved = 0; result > 0 && range->moved < range->length;)
        result = move_window(range, protection, fd);
    return result < 0 ? -1 : 0;
}

int map_copy_out(struct map_range *range, int to)
{
    if (range->length >= SPLICE_WORTH && io_is_pipe(to))
        return give_pages(range, to);
    return move_windows(range, PROT_READ, to);
}

int map_copy_in(struct map_range *range, int from)
{
    return move_windows(range, PROT_READ | PROT_WRITE, from);
}
