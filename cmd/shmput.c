/* shmput: puts standard input into shared memory
 *
 * A POSIX object is written in place, so that processes that have it mapped see it, and it is
 * locked while it is written: shmget never reads half a put. A new object gets its lock before its
 * name. With -a another object is filled, and then takes over the name. common/memory/shm_file.h
 * has the protocol. A System V segment has a fixed size and no lock; input of unknown size is
 * held back until it is known to fit. If a put in place fails half way, the object keeps what was
 * written; an object that the put itself created is removed. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "memory/segment.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void end_with_failure(const char *name, const struct failure *failure)
{
    int status = diag_fail(name, failure);
    interrupt_reraise_pending();
    exit(status);
}

static void put_input(struct segment *segment, const struct object_name *name,
                      const struct segment_put *how, bool shows_progress)
{
    if (segment_open_to_put(segment, name, how, STDIN_FILENO) < 0)
        end_with_failure(name->text, &segment->failure);
    sandbox_enter(&(struct sandbox){.folder = segment->folder});
    if (shows_progress)
        progress_start(io_bytes_left(STDIN_FILENO));
    if (segment_put(segment, how, STDIN_FILENO) < 0)
        end_with_failure(name->text, &segment->failure);
    progress_end();
}

static void print_identifier(const struct segment *segment)
{
    printf("id:%d\n", segment->id);
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m; the segment is id:%d", segment->id);
}

static const char *const synopsis[] = {
    "[-cxa] [-m MODE] [-o OFF] [--size SIZE] [--resize] [-t TIME] [-P] NAME < data",
    NULL,
};

static const struct option_rule rules[] = {
    {"atomic", .family = OBJECT_NAME_POSIX},
    {"atomic", .without = "offset"},
    {"resize", .family = OBJECT_NAME_SYSV},
    {"resize", .without = "offset"},
    {0},
};

static const struct tool tool = {
    .name = "shmput",
    .purpose = "Put standard input into POSIX or System V shared memory",
    .synopsis = synopsis,
    .rules = rules,
};

static void check_values(const struct segment_put *how, const struct object_name *name)
{
    if (name->kind == OBJECT_NAME_PRIVATE && !how->creates)
        diag_die(EXIT_USAGE, "private: only with -c");
    if (name->kind == OBJECT_NAME_ID && how->resizes)
        diag_die(EXIT_USAGE, "%s: --resize would change the identifier", name->text);
    if (how->size >= 0 && how->offset > how->size)
        diag_die(EXIT_USAGE, "--offset is past --size");
}

int main(int argc, char **argv)
{
    const mode_t none = (mode_t)-1;
    struct segment_put how = {.mode = none, .offset = -1, .size = -1, .timeout = DEADLINE_NEVER};
    bool shows_progress = false;
    const struct tool_option table[] = {
        {'c', "create", NULL, NULL, &how.creates, "create also with -o, or if NAME is private"},
        {OPTION_EXCLUSIVE(&how.is_exclusive)},
        {'a', "atomic", NULL, NULL, &how.is_atomic, "readers see the old content or the new"},
        {OPTION_MODE(&how.mode)},
        {'o', "offset", "SIZE", parse_size, &how.offset, "write from this byte on, keep the rest"},
        {OPTION_SIZE(&how.size)},
        {0, "resize", NULL, NULL, &how.resizes, "make a segment of another size anew"},
        {OPTION_TIMEOUT(&how.timeout)},
        {OPTION_PROGRESS(&shows_progress)},
        {0},
    };
    struct object_name name;
    struct segment segment;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    options_end(&operands);
    options_check(&operands, &name);
    check_values(&how, &name);
    how.has_mode = how.mode != none;
    how.mode = how.has_mode ? how.mode : 0600;
    how.creates = how.creates || how.is_exclusive || how.offset < 0;

    if (!io_is_open_for(STDIN_FILENO, O_RDONLY))
        diag_die(EXIT_ERROR, "stdin: read: %m");
    interrupt_catch(); /* what is created and not yet filled would be left behind */
    put_input(&segment, &name, &how, shows_progress);
    if (name.kind == OBJECT_NAME_PRIVATE)
        print_identifier(&segment);
    return EXIT_DONE;
}
