/* mmapcat: reads or writes a range of a file through a mapping
 *
 * The range is locked while it is read (shared) or written (exclusive), so that cooperating
 * processes may work on neighbouring ranges at once; programs that ignore the lock are not held
 * back. Writing never shortens the file, and lengthens it only by --size. Where the length of the
 * input is known its blocks are reserved before a page is touched; else a full disk shows as an
 * error at the byte that met it, and what came before is written. A long range goes into a pipe by
 * pages of our own instead, which is faster (common/pages.h). */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "memory/map_copy.h"
#include "memory/map_file.h"
#include "sys/file_lock.h"
#include "sys/inotify.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

struct options {
    struct map_file_open open;
    bool follows, syncs, shows_progress;
    int64_t offset, length, size, timeout; /* length and size: -1 where not given */
};

/* What this run has created, and nothing of it stays where the run fails. */
static struct map_file *unfinished;

static void discard_unfinished(void)
{
    if (unfinished)
        map_file_discard(unfinished);
}

static _Noreturn void fail(const struct map_file *file, const char *what)
{
    int errnum = errno;
    if (errnum == EINTR && interrupt_signal()) {
        discard_unfinished();
        interrupt_reraise();
    }
    if (errnum == ENOTSUP)
        diag_die(EXIT_ERROR, "%s: %s: it is %s", file->path, what, file->kind);
    diag_die(exit_status_of(errnum), "%s: %s: %m", file->path, what);
}

static void open_file(struct map_file *file, const char *path, const struct options *options)
{
    if (map_file_open(file, path, &options->open) < 0) {
        if (errno == ENOENT && options->open.writes)
            diag_die(EXIT_NO, "%s: %s: %m (-c --size SIZE creates it)", path, file->what);
        if (errno == ENOSPC)
            diag_die(EXIT_ERROR, "%s: %s %lld bytes at 0: %m", path, file->what,
                     (long long)options->open.size);
        fail(file, file->what);
    }
    if (file->is_created) {
        unfinished = file;
        atexit(discard_unfinished);
    }
}

static void lock(struct map_file *file, const struct map_range *range,
                 const struct options *options)
{
    struct deadline deadline = deadline_after(options->timeout);
    enum file_lock_kind kind = options->open.writes ? FILE_LOCK_EXCLUSIVE : FILE_LOCK_SHARED;
    /* a length of 0 would lock all that follows */
    if (range->length > 0 &&
        file_lock_range(range->fd, kind, range->offset, range->length, &deadline) < 0)
        fail(file, "lock range");
}

static _Noreturn void refuse_range(const struct map_file *file, const struct options *options,
                                   int64_t length, int64_t size)
{
    diag_die(EXIT_ERROR, "%s: range %lld+%lld: it ends at %lld%s", file->path,
             (long long)options->offset, (long long)(length < 0 ? 0 : length), (long long)size,
             options->open.writes ? " (--size lengthens the file)" : "");
}

/* The first byte that the options mean. */
static int64_t start_of(const struct map_file *file, const struct options *options)
{
    int64_t offset = options->offset < 0 ? file->size + options->offset : options->offset;
    if (offset < 0)
        refuse_range(file, options, options->length, file->size);
    return offset;
}

/* The range of LENGTH bytes, or -1 for all that follow, that the options mean in the file when it
 * has SIZE bytes. */
static struct map_range choose_range(const struct map_file *file, const struct options *options,
                                     int64_t length, int64_t size)
{
    int64_t offset = start_of(file, options), left = size - offset;
    if (length < 0)
        length = left;
    if (left < 0 || length > left)
        refuse_range(file, options, length, size);
    return (struct map_range){.fd = file->fd, .offset = offset, .length = length};
}

static _Noreturn void fail_as_cut(const struct map_file *file, int64_t at)
{
    diag_die(EXIT_ERROR, "%s: read at byte %lld: cut by another program", file->path,
             (long long)at);
}

static void print_range(struct map_file *file, struct map_range *range,
                        const struct options *options)
{
    lock(file, range, options);
    if (map_copy_out(range, STDOUT_FILENO) < 0) {
        if (errno == EFAULT)
            fail_as_cut(file, range->offset + range->moved);
        if (range->is_file_error)
            fail(file, "map");
        diag_die(EXIT_ERROR, "stdout: write: %m");
    }
    if (range->length > 0)
        file_lock_release(range->fd, range->offset, range->length);
}

/* inotify(7) does not see what other machines do to a network file system: so once a second the
 * file is looked at anyway. */
static void wait_for_change(const struct map_file *file, int watch, const struct deadline *deadline)
{
    static const int64_t second = 1000000000;
    int64_t remaining = deadline_remaining(deadline);
    const struct deadline turn = deadline_after(remaining < second ? remaining : second);
    if (inotify_wait(watch, "", &turn) < 0 && (errno != ETIMEDOUT || remaining <= second))
        fail(file, "wait for more");
}

/* Goes on from byte AT as the file grows, LEFT bytes, or for ever where that is -1. */
static void follow(struct map_file *file, const struct options *options, int64_t at, int64_t left)
{
    int watch = inotify_open();
    if (watch < 0 || inotify_add(watch, file->path, IN_MODIFY) < 0) {
        char hint[64];
        inotify_hint(hint, sizeof hint);
        diag_die(exit_status_of(errno), "%s: watch: %m%s", file->path, hint);
    }
    struct deadline deadline = deadline_after(options->timeout);
    while (left != 0) {
        if (map_file_measure(file) < 0)
            fail(file, file->what);
        if (file->size < at)
            fail_as_cut(file, file->size);
        if (file->size == at) {
            wait_for_change(file, watch, &deadline);
            continue;
        }
        int64_t more = file->size - at, length = left < 0 || more < left ? more : left;
        struct map_range range = {.fd = file->fd, .offset = at, .length = length};
        print_range(file, &range, options);
        at += length;
        left -= left < 0 ? 0 : length;
        deadline = deadline_after(options->timeout);
    }
}

/* Following, what of the range is not there yet may come. */
static void read_file(struct map_file *file, const struct options *options)
{
    int64_t rest = file->size - start_of(file, options), length = options->length;
    if (options->follows && rest >= 0 && (length < 0 || length > rest))
        length = rest;
    struct map_range range = choose_range(file, options, length, file->size);
    if (options->shows_progress)
        progress_start(options->length < 0 && !options->follows ? range.length : options->length);
    print_range(file, &range, options);
    if (options->follows)
        follow(file, options, range.offset + range.length,
               options->length < 0 ? -1 : options->length - range.length);
    progress_end();
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
}

static void reserve(struct map_file *file, int64_t offset, int64_t length)
{
    if (map_file_allocate(file, offset, length) < 0)
        diag_die(EXIT_ERROR, "%s: %s %lld bytes at %lld: %m", file->path, file->what,
                 (long long)length, (long long)offset);
}

static void fill_range(const struct map_file *file, struct map_range *range)
{
    if (map_copy_in(range, STDIN_FILENO) == 0)
        return;
    if (errno == EFAULT)
        diag_die(EXIT_ERROR, "%s: write at byte %lld: cut by another program, or the disk is full",
                 file->path, (long long)(range->offset + range->moved));
    if (range->is_file_error || errno == EINTR)
        fail(file, "map");
    diag_die(EXIT_ERROR, "stdin: read: %m");
}

/* The input's length may be known; else the rest of the file is the range. The range is locked
 * before the file is made longer: who follows the file waits for what is written there. */
static void write_file(struct map_file *file, const struct options *options)
{
    int64_t size = options->size > file->size ? options->size : file->size;
    int64_t left = io_bytes_left(STDIN_FILENO), length = options->length;
    if (left >= 0 && (length < 0 || left < length))
        length = left;

    struct map_range range = choose_range(file, options, length, size);
    lock(file, &range, options);
    if (size > file->size)
        reserve(file, file->size, size - file->size);
    if (left >= 0)
        reserve(file, range.offset, range.length);
    if (options->shows_progress)
        progress_start(left < 0 ? -1 : range.length);
    fill_range(file, &range);

    bool is_full = options->length < 0 && range.moved == range.length;
    int rest = is_full ? io_read_one(STDIN_FILENO) : 0;
    if (rest < 0)
        diag_die(EXIT_ERROR, "stdin: read: %m");
    if (rest > 0)
        diag_die(EXIT_ERROR, "%s: write past byte %lld: the file ends there (--size lengthens it)",
                 file->path, (long long)size);
    if (options->syncs && map_file_sync(file) < 0)
        fail(file, file->what);
    unfinished = NULL;
    progress_end();
}

static const char *const synopsis[] = {
    "[-o OFF] [-L LEN] [-f] [-t TIME] [-P] FILE > data",
    "-w [-cx] [-m MODE] [--size SIZE] [-o OFF] [-L LEN] [-t TIME] [--sync] [-P] FILE < data",
    NULL,
};

static const struct tool tool = {
    .name = "mmapcat",
    .purpose = "Read or write a range of a file through a memory mapping",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct options options = {
        .open.mode = 0600, .length = -1, .size = -1, .timeout = DEADLINE_NEVER};
    const struct tool_option table[] = {
        {'w', "write", NULL, NULL, &options.open.writes, "write stdin into the file"},
        {OPTION_CREATE(&options.open.creates)},
        {OPTION_EXCLUSIVE(&options.open.is_exclusive)},
        {OPTION_MODE(&options.open.mode)},
        {0, "size", "SIZE", parse_size, &options.size, "make the file this long if it is shorter"},
        {'o', "offset", "SIZE", parse_signed_size, &options.offset,
         "begin here; -SIZE: from the end"},
        {OPTION_LENGTH(&options.length)},
        {OPTION_FOLLOW(&options.follows)},
        {0, "sync", NULL, NULL, &options.syncs, "return when the data is on disk"},
        {OPTION_TIMEOUT(&options.timeout)},
        {OPTION_PROGRESS(&options.shows_progress)},
        {0},
    };
    const char *path;
    struct map_file file;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "FILE", parse_path, &path);
    options_end(&operands);
    struct map_file_open *open = &options.open;
    open->creates = open->creates || open->is_exclusive;
    open->size = options.size;
    if (!open->writes && (open->creates || options.size >= 0 || options.syncs))
        diag_die(EXIT_USAGE, "-c, -x, --size and --sync go with -w");
    if (open->writes && options.follows)
        diag_die(EXIT_USAGE, "-f does not go with -w");
    if (open->creates && options.size < 0)
        diag_die(EXIT_USAGE, "-c needs --size: a mapping cannot grow with its input");
    if (open->writes ? !io_is_open_for(STDIN_FILENO, O_RDONLY)
                     : !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, open->writes ? "stdin: read: %m" : "stdout: write: %m");

    if (open->creates)
        interrupt_catch(); /* what is created and not yet filled would be left behind */
    open_file(&file, path, &options);
    map_file_sandbox(&file);
    if (open->writes)
        write_file(&file, &options);
    else
        read_file(&file, &options);
    return EXIT_DONE;
}
