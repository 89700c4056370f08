/* shmget: prints, describes or removes shared memory
 *
 * A POSIX object is read under a shared lock, so that what is printed is what one shmput wrote. To
 * take it, the lock is exclusive, and the object is removed only when all of it is written: a taker
 * that is killed before leaves it, and it is printed twice. common/memory/shm_file.h has the
 * protocol. When following, the kernel reports that a writer has closed the object or that another
 * object got its name; versions that come faster than they are printed are skipped, but never the
 * last one. A System V segment has no lock: if it may change while it is read, hold a semaphore on
 * both sides (semop run). Programs that map the memory and ignore the lock are not held back by it.
 */

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
#include "sys/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void end_with_failure(const struct segment *segment)
{
    exit(diag_fail(segment->name.text, &segment->failure));
}

static void print_status(const struct object_name *name, bool json)
{
    struct segment segment;
    struct segment_status status;
    if (segment_stat(&segment, name, &status) < 0)
        end_with_failure(&segment);

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

static void write_frame(const char *text, size_t size)
{
    if (io_write(STDOUT_FILENO, text, size) < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
}

/* Prints the content as it is, or as a netstring. */
static void print_content(struct segment *segment, const struct segment_get *how, bool is_netstring)
{
    char head[32];
    int64_t length;
    if (segment_measure(segment, how, &length) < 0)
        end_with_failure(segment);
    if (is_netstring) {
        int size = snprintf(head, sizeof head, "%lld:", (long long)length);
        write_frame(head, (size_t)size);
    }
    if (segment_get(segment, how, STDOUT_FILENO) < 0)
        end_with_failure(segment);
    if (is_netstring)
        write_frame(",", 1);
}

/* Prints COUNT versions of the object, or versions for ever if COUNT is 0. The last one is taken
 * only when stdout has closed without an error. */
static void print_versions(struct segment *segment, const struct segment_get *how,
                           bool is_netstring, int64_t count)
{
    for (int64_t printed = 1;; printed++) {
        print_content(segment, how, is_netstring);
        if (printed == count && program_end() < 0)
            diag_die(EXIT_ERROR, "stdout: close: %m");
        if (how->takes && segment_take(segment) < 0)
            end_with_failure(segment);
        if (printed == count)
            return;
        if (segment_wait_next(segment, how) < 0)
            end_with_failure(segment);
    }
}

static void get_content(const struct object_name *name, const struct segment_get *how,
                        bool is_netstring, bool shows_progress, int64_t count)
{
    struct segment segment;
    int64_t total;
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, "stdout: write: %m");
    if (segment_open_to_get(&segment, name, how) < 0)
        end_with_failure(&segment);
    sandbox_enter(&(struct sandbox){.folder = segment.folder});
    if (shows_progress)
        progress_start(how->follows || segment_measure(&segment, how, &total) < 0 ? -1 : total);
    print_versions(&segment, how, is_netstring, how->follows ? count : 1);
    progress_end();
}

static void remove_object(const struct object_name *name)
{
    struct segment segment;
    if (segment_remove(&segment, name) < 0)
        end_with_failure(&segment);
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
    {"stat", .only = "json timeout"},
    {"remove", .only = "timeout"},
    {"json", .with = "stat"},
    {"count", .with = "follow"},
    {"follow", .family = OBJECT_NAME_POSIX,
     .because = "the kernel does not report that a System V segment has changed"},
    {"take", .family = OBJECT_NAME_POSIX,
     .because = "a System V segment has no lock; semop run takes one"},
    {0},
};

static const struct tool tool = {
    .name = "shmget",
    .purpose = "Print, describe or remove POSIX or System V shared memory",
    .synopsis = synopsis,
    .rules = rules,
};

int main(int argc, char **argv)
{
    struct segment_get how = {.length = -1, .timeout = DEADLINE_NEVER};
    bool stat = false, json = false, removes = false, is_netstring = false, shows_progress = false;
    int64_t count = 0;
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

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "NAME", object_name_parse, &name);
    options_end(&operands);
    options_check(&operands, &name);
    if (name.kind == OBJECT_NAME_PRIVATE)
        diag_die(EXIT_USAGE, "private: only to create; shmput -c printed the name, id:N");

    if (stat)
        print_status(&name, json);
    else if (removes)
        remove_object(&name);
    else
        get_content(&name, &how, is_netstring, shows_progress, count);
    return EXIT_DONE;
}
