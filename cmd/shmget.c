/* shmget: prints, describes or removes shared memory
 *
 * A POSIX object is read under a shared lock, so that what is printed is what one shmput wrote. To
 * take it the lock is exclusive, and the object goes only when all of it is written: a taker that
 * is killed in between leaves it, and it is printed twice. Following it, the kernel tells when a
 * writer has closed it or another object got its name; versions that come faster than they are
 * printed are passed over, the last one never. A System V segment has no lock: where it may change
 * meanwhile, take a semaphore around both sides (semop run). Programs that map the memory and
 * ignore the lock are not held back by it. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/object_name.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "memory/segment.h"
#include "sys/deadline.h"
#include "sys/io.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static _Noreturn void fail(const struct segment *segment)
{
    int errnum = errno;
    diag_die(exit_status_of(errnum), "%s: %s: %m%s", segment->name.text, segment->what,
             errnum == ENOENT && !*segment->hint ? " (shmput creates it)" : segment->hint);
}

static void print_status(const struct object_name *name, bool json)
{
    struct segment segment;
    struct segment_status status;
    if (segment_stat(&segment, name, &status) < 0)
        fail(&segment);

    report_object(json, name->text, segment.is_sysv);
    report_number("size", status.size);
    report_owner(status.mode, status.uid, status.gid);
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
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

static void end_output(void)
{
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
}

/* The content as it is, or as a netstring. */
static void print_content(struct segment *segment, const struct segment_get *how, bool is_netstring)
{
    char head[32];
    int64_t length;
    if (segment_measure(segment, how, &length) < 0)
        fail(segment);
    int size = is_netstring ? snprintf(head, sizeof head, "%lld:", (long long)length) : 0;
    if (io_write(STDOUT_FILENO, head, (size_t)size) < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
    if (segment_get(segment, how, STDOUT_FILENO) < 0)
        fail(segment);
    if (is_netstring && io_write(STDOUT_FILENO, ",", 1) < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

/* Prints COUNT versions of the object; for ever where that is 0. The last one is taken only when
 * stdout has closed without an error. */
static void print_versions(struct segment *segment, const struct segment_get *how,
                           bool is_netstring, int64_t count)
{
    for (int64_t printed = 1;; printed++) {
        print_content(segment, how, is_netstring);
        if (printed == count)
            end_output();
        if (how->takes && segment_take(segment) < 0)
            fail(segment);
        if (printed == count)
            return;
        if (segment_wait_next(segment, how) < 0)
            fail(segment);
    }
}

static const char *const synopsis[] = {
    "[-o OFF] [-L LEN] [-f [-n N]] [--wait] [--take] [--snapshot] [-N] [-t TIME] [-P] NAME > data",
    "--stat [-j] NAME",
    "--remove NAME",
    NULL,
};

static const struct option_rule rules[] = {
    {.only_one = "stat remove"},
    {.only_one = "take snapshot"},
    {"stat", .only = "json"},
    {"remove", .only = ""},
    {"json", .with = "stat"},
    {"count", .with = "follow"},
    {0},
};

static const struct tool tool = {
    .name = "shmget",
    .purpose = "Print, describe or remove POSIX or System V shared memory",
    .synopsis = synopsis,
    .rules = rules,
};

/* What goes with what. */
static void check(const struct segment_get *how, const struct object_name *name)
{
    if (name->kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; shmput -c printed the name, id:N");
    if (object_name_is_sysv(name) && how->follows)
        diag_die(EXIT_USAGE, "%s: -f: the kernel does not tell when a System V segment changes",
                 name->text);
    if (object_name_is_sysv(name) && how->takes)
        diag_die(EXIT_USAGE,
                 "%s: --take: a System V segment has no lock (semop run -c 1 /lock -- sh -c "
                 "'shmget %s && shmget --remove %s')",
                 name->text, name->text, name->text);
}

int main(int argc, char **argv)
{
    struct segment_get how = {.length = -1, .timeout = DEADLINE_NEVER};
    bool stat = false, json = false, removes = false, is_netstring = false, shows_progress = false;
    int64_t count = 0, total;
    const struct tool_option table[] = {
        {OPTION_OFFSET(&how.offset)},
        {OPTION_LENGTH(&how.length)},
        {'f', "follow", NULL, NULL, &how.follows, "print it again whenever a writer has finished"},
        {OPTION_COUNT(&count, "with -f: stop after N versions")},
        {0, "wait", NULL, NULL, &how.waits, "wait until the object exists"},
        {0, "take", NULL, NULL, &how.takes, "print and remove it, locked against other takers"},
        {0, "snapshot", NULL, NULL, &how.is_copied,
         "copy it first, so that no writer waits for us"},
        {'N', "netstring", NULL, NULL, &is_netstring, "print each version as a netstring"},
        {OPTION_TIMEOUT(&how.timeout)},
        {OPTION_PROGRESS(&shows_progress)},
        {OPTION_STAT(&stat)},
        {OPTION_JSON(&json)},
        {OPTION_REMOVE(&removes)},
        {0},
    };
    struct object_name name;
    struct segment segment;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    options_end(&operands);
    options_check(&operands, &name);
    check(&how, &name);

    if (stat) {
        print_status(&name, json);
        return EXIT_DONE;
    }
    if (removes) {
        if (segment_remove(&segment, &name) < 0)
            fail(&segment);
        return EXIT_DONE;
    }

    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, "stdout: write: %m");
    if (segment_open(&segment, &name, &how) < 0)
        fail(&segment);
    if (shows_progress)
        progress_start(how.follows || segment_measure(&segment, &how, &total) < 0 ? -1 : total);
    print_versions(&segment, &how, is_netstring, how.follows ? count : 1);
    progress_end();
    return EXIT_DONE;
}
