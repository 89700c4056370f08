/* shmput: puts standard input into shared memory
 *
 * A POSIX object is written in place, so that processes which have it mapped see it, and locked
 * meanwhile: shmget never reads half a put. A new one gets its lock before its name. A System V
 * segment has a fixed size and no lock; its input is held back until its size is known to fit.
 * Where a put into an existing POSIX object fails half way, the object keeps what was written; one
 * that the put itself created is gone again. */

#include "deadline.h"
#include "diag.h"
#include "exits.h"
#include "io.h"
#include "objname.h"
#include "options.h"
#include "segment.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const synopsis[] = {
    "[-cx] [-m MODE] [-o OFF] [--size SIZE] [-t TIME] NAME < data",
    NULL,
};

static const struct tool tool = {
    .name = "shmput",
    .purpose = "Put standard input into POSIX or System V shared memory",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct segment_put how = {.mode = 0600, .offset = -1, .size = -1, .timeout = DEADLINE_NEVER};
    const struct option table[] = {
        {'c', "create", NULL, NULL, &how.creates, "create also for -o, or as private"},
        {OPTION_EXCLUSIVE(&how.is_exclusive)},
        {OPTION_MODE(&how.mode)},
        {'o', "offset", "OFF", parse_size, &how.offset, "write from this byte on, keep the rest"},
        {OPTION_SIZE(&how.size)},
        {OPTION_TIMEOUT(&how.timeout)},
        {0},
    };
    struct objname name;
    struct segment segment;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", objname_parse, &name);
    options_end(&operands);
    if (name.kind == OBJNAME_PRIVATE && !how.creates)
        diag_die(EXIT_USAGE, "private: only with -c");
    if (how.size >= 0 && how.offset > how.size)
        diag_die(EXIT_USAGE, "--offset is past --size");
    how.creates = how.creates || how.is_exclusive || how.offset < 0;

    if (!io_is_open_for(STDIN_FILENO, O_RDONLY)) {
        errno = EBADF;
        diag_die(EXIT_FAILED, "%s: read stdin: %m", name.text);
    }
    stop_catch(); /* what is created and not yet filled would be left behind */
    if (segment_put(&segment, &name, &how, STDIN_FILENO) < 0) {
        int errnum = errno;
        if (errnum == EINTR && stop_signal())
            stop_die();
        diag_die(exits_for(errnum), "%s: %s: %m%s", name.text, segment.what,
                 errnum == ENOENT && !how.creates && !*segment.hint ? " (-c creates it)"
                                                                    : segment.hint);
    }
    if (name.kind == OBJNAME_PRIVATE) {
        printf("id:%d\n", segment.id);
        if (io_end() < 0)
            diag_die(EXIT_FAILED, "stdout: write: %m (the segment is id:%d)", segment.id);
    }
    return EXIT_DONE;
}
