/* mmapcat: reads or writes a range of a file through a mapping
 *
 * The range is locked while it is read (shared) or written (exclusive), so that cooperating
 * processes may work on neighbouring ranges at once; programs that ignore the lock are not held
 * back. Writing never shortens the file, and lengthens it only by --size. If the length of the
 * input is known, its blocks are allocated before a page is touched. Else a full disk shows as an
 * error at the byte that met it, and what came before is written. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "memory/map_copy.h"
#include "memory/map_file.h"
#include "memory/map_follow.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct options {
    struct map_file_open open; /* its size is --size, -1 if that was not given */
    struct map_follow range;
    bool syncs, shows_progress;
};

/* The file that this run has created: if the run fails, it is removed. */
static struct map_file *unfinished;

static void discard_unfinished(void)
{
    if (unfinished)
        map_file_discard(unfinished);
}

static _Noreturn void end_with_failure(const struct map_file *file, const struct failure *failure)
{
    int status = diag_fail(file->path, failure);
    if (interrupt_signal()) {
        discard_unfinished();
        interrupt_reraise();
    }
    exit(status);
}

static void open_file(struct map_file *file, const char *path, const struct options *options)
{
    if (map_file_open(file, path, &options->open) < 0) {
        if (errno == ENOENT && options->open.writes && !options->open.creates)
            failure_add_hint(&file->failure, "-c --size SIZE creates it");
        end_with_failure(file, &file->failure);
    }
    if (file->is_created) {
        unfinished = file;
        atexit(discard_unfinished);
    }
}

/* From here on the process can only remove what it has created. */
static void enter_sandbox(const struct map_file *file)
{
    char directory[PATH_MAX];
    const char *folder = file->is_created ? path_directory(file->path, directory) : NULL;
    sandbox_enter(&(struct sandbox){.folder = folder});
}

static void read_file(struct map_file *file, struct options *options)
{
    struct map_follow *how = &options->range;
    struct map_range range;
    if (map_follow_open(file, how, &range) < 0)
        end_with_failure(file, &file->failure);
    enter_sandbox(file);
    if (options->shows_progress)
        progress_start(how->length < 0 && !how->follows ? range.length : how->length);
    if (map_follow_read(file, how, &range, STDOUT_FILENO) < 0)
        end_with_failure(file, &file->failure);
    progress_end();
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
}

/* Chooses, locks and allocates the range: of the length of the input if that is known, else the
 * rest of the file. It is locked before the file is lengthened, so that a process that follows the
 * file waits for what is written there. */
static void open_range(struct map_file *file, const struct options *options,
                       struct map_range *range)
{
    const struct map_follow *how = &options->range;
    int64_t size = options->open.size > file->size ? options->open.size : file->size;
    int64_t left = io_bytes_left(STDIN_FILENO), length = how->length;
    if (left >= 0 && (length < 0 || left < length))
        length = left;

    if (map_follow_choose(file, how, length, size, range) < 0) {
        failure_add_hint(&file->failure, "--size lengthens the file");
        end_with_failure(file, &file->failure);
    }
    if (map_follow_lock(file, how, range, true) < 0 ||
        (size > file->size && map_file_allocate(file, file->size, size - file->size) < 0) ||
        (left >= 0 && map_file_allocate(file, range->offset, range->length) < 0))
        end_with_failure(file, &file->failure);
}

/* Fails if the input goes on behind a range that ends with the file. */
static void check_end(const struct map_file *file, const struct options *options,
                      const struct map_range *range)
{
    bool is_full = options->range.length < 0 && range->moved == range->length;
    int rest = is_full ? io_read_one(STDIN_FILENO) : 0;
    if (rest < 0)
        diag_die(EXIT_ERROR, "stdin: read: %m");
    if (rest > 0)
        diag_die(EXIT_ERROR, "%s: write past byte %lld: the file ends there (--size lengthens it)",
                 file->path, (long long)file->size);
}

static void write_file(struct map_file *file, const struct options *options)
{
    struct map_range range;
    open_range(file, options, &range);
    enter_sandbox(file);
    if (options->shows_progress)
        progress_start(io_bytes_left(STDIN_FILENO) < 0 ? -1 : range.length);
    if (map_copy_in(&range, STDIN_FILENO) < 0)
        end_with_failure(file, &range.failure);
    check_end(file, options, &range);
    if (options->syncs && map_file_sync(file) < 0)
        end_with_failure(file, &file->failure);
    unfinished = NULL;
    progress_end();
}

static const char *const synopsis[] = {
    "[-o OFF] [-L LEN] [-f] [-t TIME] [-P] FILE > data",
    "-w [-cx] [-m MODE] [--size SIZE] [-o OFF] [-L LEN] [-t TIME] [--sync] [-P] FILE < data",
    NULL,
};

static const struct option_rule rules[] = {
    {"create", .with = "write"},
    {"exclusive", .with = "write"},
    {"size", .with = "write"},
    {"sync", .with = "write"},
    {"follow", .without = "write"},
    {"create", .with = "size", .because = "a mapping cannot grow with its input"},
    {"exclusive", .with = "size", .because = "a mapping cannot grow with its input"},
    {0},
};

static const struct tool tool = {
    .name = "mmapcat",
    .purpose = "Read or write a range of a file through a memory mapping",
    .synopsis = synopsis,
    .rules = rules,
};

int main(int argc, char **argv)
{
    struct options options = {.open = {.mode = 0600, .size = -1},
                              .range = {.length = -1, .timeout = DEADLINE_NEVER}};
    struct map_file_open *open = &options.open;
    const struct tool_option table[] = {
        {'w', "write", NULL, NULL, &open->writes, "write stdin into the file"},
        {OPTION_CREATE(&open->creates)},
        {OPTION_EXCLUSIVE(&open->is_exclusive)},
        {OPTION_MODE(&open->mode)},
        {0, "size", "SIZE", parse_size, &open->size, "make the file this long if it is shorter"},
        {'o', "offset", "SIZE", parse_signed_size, &options.range.offset,
         "begin here; -SIZE: from the end"},
        {OPTION_LENGTH(&options.range.length)},
        {OPTION_FOLLOW(&options.range.follows)},
        {0, "sync", NULL, NULL, &options.syncs, "return when the data is on disk"},
        {OPTION_TIMEOUT(&options.range.timeout)},
        {OPTION_PROGRESS(&options.shows_progress)},
        {0},
    };
    const char *path;
    struct map_file file;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "FILE", parse_path, &path);
    options_end(&operands);
    options_check(&operands, NULL);
    open->creates = open->creates || open->is_exclusive;
    if (open->writes ? !io_is_open_for(STDIN_FILENO, O_RDONLY)
                     : !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, open->writes ? "stdin: read: %m" : "stdout: write: %m");

    if (open->creates)
        interrupt_catch(); /* what is created and not yet filled would be left behind */
    open_file(&file, path, &options);
    if (open->writes)
        write_file(&file, &options);
    else
        read_file(&file, &options);
    return EXIT_DONE;
}
