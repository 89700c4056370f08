#include "memory/map_copy.h"

#include "cli/progress.h"
#include "sys/io.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WINDOW_SIZE = 1 << 20, /* mapping costs little beside copying, and the meter moves after each */
    LARGE = 1 << 20,       /* a range from which on a larger pipe pays */
};

struct window {
    char *memory; /* as mapped, from a page boundary on */
    size_t mapped;
    char *bytes; /* the next bytes of the range */
    size_t size;
};

int map_copy_refuse_cut(struct failure *failure, int64_t at)
{
    errno = EFAULT;
    failure_set(failure, "read at byte %lld", (long long)at);
    return failure_set_why(failure, "cut by another program");
}

/* Maps what comes next of RANGE. Pages to read are mapped at once. Pages to write are mapped only
 * as they are written: each of them takes a block on disk. */
static int open_window(struct map_range *range, bool writes, struct window *window)
{
    int protection = PROT_READ | (writes ? PROT_WRITE : 0);
    int flags = MAP_SHARED | (writes ? 0 : MAP_POPULATE);
    int64_t at = range->offset + range->moved;
    int64_t left = range->length - range->moved;
    size_t lead = (size_t)(at % sysconf(_SC_PAGESIZE));

    window->size = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
    window->mapped = lead + window->size;
    void *memory = mmap(NULL, window->mapped, protection, flags, range->fd, at - (off_t)lead);
    if (memory == MAP_FAILED) {
        failure_set(&range->failure, "map");
        return -1;
    }
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

/* If a file is truncated inside its last page, the rest of that page reads as zeros and can be
 * written, without a fault. */
static bool is_cut(struct map_range *range)
{
    struct stat status;
    if (fstat(range->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_size >= range->offset + range->moved)
        return false;
    range->moved = status.st_size > range->offset ? status.st_size - range->offset : 0;
    return true;
}

static int refuse_write(struct map_range *range)
{
    errno = EFAULT;
    failure_set(&range->failure, "write at byte %lld", (long long)(range->offset + range->moved));
    return failure_set_why(&range->failure, "cut by another program, or the disk is full");
}

/* Moves what one window holds: out to FD, or in from FD, which may come to its end before. Returns
 * 1 if all of the window is moved, 0 at the end of FD. */
static int move_window(struct map_range *range, bool writes, int fd)
{
    struct window window;
    if (open_window(range, writes, &window) < 0)
        return -1;
    size_t moved = 0;
    int result = writes ? io_read_counted(fd, window.bytes, window.size, &moved)
                        : io_write_counted(fd, window.bytes, window.size, &moved);
    close_window(&window);
    range->moved += (int64_t)moved;
    progress_add((int64_t)moved);

    if ((result < 0 && errno == EFAULT) || (result == 0 && is_cut(range)))
        return writes ? refuse_write(range)
                      : map_copy_refuse_cut(&range->failure, range->offset + range->moved);
    if (result < 0)
        return failure_set_object(&range->failure, writes ? "stdin" : "stdout",
                                  writes ? "read" : "write");
    return moved == window.size;
}

static int move_windows(struct map_range *range, bool writes, int fd)
{
    int result = 1;
    for (range->moved = 0; result > 0 && range->moved < range->length;)
        result = move_window(range, writes, fd);
    return result < 0 ? -1 : 0;
}

int map_copy_out(struct map_range *range, int to)
{
    if (range->length >= LARGE)
        io_enlarge_pipe(to);
    return move_windows(range, false, to);
}

int map_copy_in(struct map_range *range, int from)
{
    return move_windows(range, true, from);
}
