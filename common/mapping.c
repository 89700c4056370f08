#include "mapping.h"

#include "io.h"
#include "pages.h"
#include "progress.h"

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
static int open_window(const struct mapping_range *range, int protection, struct window *window)
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
static int check_cut(struct mapping_range *range)
{
    struct stat status;
    if (fstat(range->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_size >= range->offset + range->moved)
        return 0;
    range->moved = status.st_size > range->offset ? status.st_size - range->offset : 0;
    return errno = EFAULT, -1;
}

/* A pipe can only fail by EPIPE. */
static int give_pages(struct mapping_range *range, int to)
{
    struct pages_source source = {.file = range->fd};
    int result = pages_give(&source, range->offset, range->length, to, &range->moved);
    range->is_file_error = result < 0 && errno != EPIPE;
    return result;
}

static int write_window(struct mapping_range *range, int to)
{
    struct window window;
    range->is_file_error = true;
    if (open_window(range, PROT_READ, &window) < 0)
        return -1;
    size_t put = 0;
    int result = io_write_counted(to, window.bytes, window.size, &put);
    close_window(&window);
    range->moved += (int64_t)put;
    progress_add((int64_t)put);
    if (result == 0)
        result = check_cut(range);
    range->is_file_error = errno == EFAULT;
    return result;
}

int mapping_write_out(struct mapping_range *range, int to)
{
    range->moved = 0;
    if (range->length >= PAGES_WORTH && io_is_pipe(to))
        return give_pages(range, to);
    while (range->moved < range->length)
        if (write_window(range, to) < 0)
            return -1;
    return 0;
}

/* Returns 1 where the window is full, 0 at the end of FROM. */
static int read_window(struct mapping_range *range, int from)
{
    struct window window;
    range->is_file_error = true;
    if (open_window(range, PROT_READ | PROT_WRITE, &window) < 0)
        return -1;
    size_t got = 0;
    int result = io_read_counted(from, window.bytes, window.size, &got);
    close_window(&window);
    range->moved += (int64_t)got;
    progress_add((int64_t)got);
    if (result == 0)
        result = check_cut(range);
    range->is_file_error = errno == EFAULT;
    return result < 0 ? -1 : got == window.size;
}

int mapping_read_in(struct mapping_range *range, int from)
{
    int result = 1;
    for (range->moved = 0; result > 0 && range->moved < range->length;)
        result = read_window(range, from);
    return result < 0 ? -1 : 0;
}
