/* shmget: prints, describes or removes shared memory
 *
 * A POSIX object is read under a shared lock, so that what is printed is what one shmput wrote.
 * A System V segment has no lock: where it may change meanwhile, take a semaphore around both
 * sides (semop run). Programs that map the memory and ignore the lock are not held back by it. */

#include "deadline.h"
#include "diag.h"
#include "exits.h"
#include "io.h"
#include "objname.h"
#include "options.h"
#include "report.h"
#include "segment.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static _Noreturn void fail(const struct segment *segment)
{
    int errnum = errno;
    diag_die(exits_for(errnum), "%s: %s: %m%s", segment->name.text, segment->what,
             errnum == ENOENT && !*segment->hint ? " (shmput creates it)" : segment->hint);
}

static void print_status(const struct objname *name, bool json)
{
    struct segment segment;
    struct segment_status status;
    if (segment_stat(&segment, name, &status) < 0)
        fail(&segment);

    report_start(json);
    report_text("name", name->text);
    report_text("family", segment.is_sysv ? "sysv" : "posix");
    report_number("size", status.size);
    report_mode("mode", status.mode);
    report_number("uid", status.uid);
    report_number("gid", status.gid);
    report_time("modified", status.modified);
    if (segment.is_sysv) {
        report_number("id", segment.id);
        char key[16];
        snprintf(key, sizeof key, "0x%08x", (unsigned)status.key);
        report_text("key", key);
        report_number("attached", status.attached);
        report_number("creator", status.creator);
        report_number("last_user", status.last_user);
        report_time("attach_time", status.attach_time);
        report_time("detach_time", status.detach_time);
        report_time("changed", status.changed);
    }
    report_end();
    if (io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

static const char *const synopsis[] = {
    "[-o OFF] [-L LEN] [-t TIME] NAME > data",
    "--stat [-j] NAME",
    "--remove NAME",
    NULL,
};

static const struct tool tool = {
    .name = "shmget",
    .purpose = "Print, describe or remove POSIX or System V shared memory",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    int64_t offset = 0, length = -1, timeout = DEADLINE_NEVER;
    bool stat = false, json = false, removes = false;
    const struct option table[] = {
        {OPTION_OFFSET(&offset)},
        {OPTION_LENGTH(&length)},
        {OPTION_TIMEOUT(&timeout)},
        {OPTION_STAT(&stat)},
        {OPTION_JSON(&json)},
        {OPTION_REMOVE(&removes)},
        {0},
    };
    struct objname name;
    struct segment segment;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", objname_parse, &name);
    options_end(&operands);
    options_only_one(stat + removes, "--stat and --remove");
    if (name.kind == OBJNAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; shmput -c printed the name, id:N");
    if (json && !stat)
        diag_die(EXIT_USAGE, "-j goes with --stat");

    if (stat) {
        print_status(&name, json);
    } else if (removes) {
        if (segment_remove(&segment, &name) < 0)
            fail(&segment);
    } else {
        if (segment_open(&segment, &name, timeout) < 0 ||
            segment_get(&segment, offset, length, STDOUT_FILENO) < 0)
            fail(&segment);
        if (io_end() < 0)
            diag_die(EXIT_FAILED, "stdout: close: %m");
    }
    return EXIT_DONE;
}
