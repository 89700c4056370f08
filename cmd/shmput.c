/* shmput: puts standard input into shared memory
 *
 * A POSIX object is written in place, so that processes which have it mapped see it, and locked
 * meanwhile: shmget never reads half a put. A new one gets its lock before its name. With -a it is
 * another object that is filled and then takes over the name. A System V segment has a fixed size
 * and no lock; its input is held back until its size is known to fit. Where a put in place fails
 * half way, the object keeps what was written; one that the put itself created is gone again. */

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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const synopsis[] = {
    "[-cxa] [-m MODE] [-o OFF] [--size SIZE] [--resize] [-t TIME] [-P] NAME < data",
    NULL,
};

static const struct tool tool = {
    .name = "shmput",
    .purpose = "Put standard input into POSIX or System V shared memory",
    .synopsis = synopsis,
};

/* What goes with what; the other families of names come to light when they are opened. */
static void check(const struct segment_put *how, const struct object_name *name)
{
    bool is_sysv = object_name_is_sysv(name);
    if (name->kind == OBJECT_NAME_PRIVATE && !how->creates)
        diag_die(EXIT_USAGE, "private: only with -c");
    if (how->size >= 0 && how->offset > how->size)
        diag_die(EXIT_USAGE, "--offset is past --size");
    if (how->is_atomic && is_sysv)
        diag_die(EXIT_USAGE, "%s: -a: a System V segment cannot take over the name of another",
                 name->text);
    if (how->is_atomic && how->offset >= 0)
        diag_die(EXIT_USAGE, "-a replaces the whole object, -o writes a part of it");
    if (how->resizes && !is_sysv)
        diag_die(EXIT_USAGE, "%s: --resize is for System V; a POSIX object grows and shrinks",
                 name->text);
    if (how->resizes && (how->offset >= 0 || name->kind == OBJECT_NAME_ID))
        diag_die(EXIT_USAGE, "--resize makes the segment anew: not with -o, nor with id:N, "
                             "which would change");
}

int main(int argc, char **argv)
{
    const mode_t none = (mode_t)-1;
    struct segment_put how = {.mode = none, .offset = -1, .size = -1, .timeout = DEADLINE_NEVER};
    const struct tool_option table[] = {
        {'c', "create", NULL, NULL, &how.creates, "create also for -o, or as private"},
        {OPTION_EXCLUSIVE(&how.is_exclusive)},
        {'a', "atomic", NULL, NULL, &how.is_atomic, "readers see the old content or the new"},
        {OPTION_MODE(&how.mode)},
        {'o', "offset", "SIZE", parse_size, &how.offset, "write from this byte on, keep the rest"},
        {OPTION_SIZE(&how.size)},
        {0, "resize", NULL, NULL, &how.resizes, "System V: another size makes the segment anew"},
        {OPTION_TIMEOUT(&how.timeout)},
        {OPTION_PROGRESS(&how.is_metered)},
        {0},
    };
    struct object_name name;
    struct segment segment;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    options_end(&operands);
    check(&how, &name);
    how.has_mode = how.mode != none;
    how.mode = how.has_mode ? how.mode : 0600;
    how.creates = how.creates || how.is_exclusive || how.offset < 0;

    if (!io_is_open_for(STDIN_FILENO, O_RDONLY))
        diag_die(EXIT_ERROR, "%s: read stdin: %m", name.text);
    interrupt_catch(); /* what is created and not yet filled would be left behind */
    if (segment_put(&segment, &name, &how, STDIN_FILENO) < 0) {
        int errnum = errno;
        if (errnum == EINTR && interrupt_signal())
            interrupt_reraise();
        diag_die(exit_status_of(errnum), "%s: %s: %m%s", name.text, segment.what,
                 errnum == ENOENT && !how.creates && !*segment.hint ? " (-c creates it)"
                                                                    : segment.hint);
    }
    progress_end();
    if (name.kind == OBJECT_NAME_PRIVATE) {
        printf("id:%d\n", segment.id);
        if (program_end() < 0)
            diag_die(EXIT_ERROR, "stdout: write: %m; the segment is id:%d", segment.id);
    }
    return EXIT_DONE;
}
