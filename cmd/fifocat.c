/* fifocat: reads or writes a named pipe, or both ways over two
 *
 * The bytes between writer and reader are in the kernel's pipe, which exists as long as a process
 * has it open; the name alone holds nothing. So opening waits for the other side, and what no
 * reader has taken when the last end closes is lost. With -k this process has both ends open: a
 * reader goes on through writers that come and go, and a writer stays until all it wrote has been
 * read. Without -k, a writer has done its work when everything is in the pipe.
 *
 * The bytes of several writers mix; records of at most PIPE_BUF bytes, each written by one write,
 * do not. So --records refuses longer ones; and as a full pipe takes such a record whole or not at
 * all,
 * --full drop can leave it out. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "stream/fifo.h"
#include "stream/fifo_records.h"
#include "stream/relay.h"
#include "sys/deadline.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum full { FULL_BLOCK, FULL_DROP };

struct options {
    bool writes, has_records, is_metered;
    struct fifo_access access;
    enum record_form form;
    enum full full;
    const char *in; /* of -r; NULL for one way only */
};

static _Noreturn void fail(const char *path, const struct failure *failure)
{
    int status = diag_fail(path, failure);
    interrupt_reraise_pending();
    progress_end();
    exit(status);
}

/* From here on nothing is opened. TOTAL is the meter's. */
static void start(const struct options *options, int64_t total)
{
    sandbox_enter(&(struct sandbox){0});
    if (options->is_metered)
        progress_start(total);
}

static void move(const struct relay_flow *flows, int count, const struct options *options)
{
    struct failure failure;
    if (relay_run(flows, count, options->access.timeout, &failure) < 0)
        fail(NULL, &failure);
}

static void read_fifo(const char *path, const struct options *options)
{
    struct failure failure;
    struct relay_flow flow = {.to = STDOUT_FILENO, .from_name = path, .to_name = "stdout"};
    flow.from = fifo_open_reader(path, &options->access, &failure);
    if (flow.from < 0)
        fail(path, &failure);

    interrupt_catch();
    start(options, -1);
    move(&flow, 1, options);
}

static void write_bytes(const char *path, int fd, const struct options *options)
{
    struct relay_flow flow = {.from = STDIN_FILENO,
                              .to = fd,
                              .from_name = "stdin",
                              .to_name = path,
                              .shuts_down = !options->access.keeps};
    move(&flow, 1, options);
}

/* Reports how many records were dropped, however this ends. Returns the exit status. */
static int write_records(const char *path, int fd, const struct options *options)
{
    struct fifo_records records = {.fd = fd,
                                   .form = options->form,
                                   .drops = options->full == FULL_DROP,
                                   .idle = options->access.timeout};
    if (records.drops) {
        io_enlarge_pipe(fd);
        interrupt_catch();
    }
    int result = fifo_records_run(&records);

    if (records.dropped > 0)
        diag_note("%s: %llu of %llu records dropped: the pipe was full", path,
                  (unsigned long long)records.dropped, (unsigned long long)records.count);
    interrupt_release();
    if (result < 0)
        fail(path, &records.failure);
    return records.dropped > 0 ? EXIT_NO : EXIT_DONE;
}

static int write_fifo(const char *path, const struct options *options)
{
    struct failure failure;
    int fd = fifo_open_writer(path, &options->access, &failure), status = EXIT_DONE;
    if (fd < 0)
        fail(path, &failure);

    start(options, io_bytes_left(STDIN_FILENO));
    if (options->has_records)
        status = write_records(path, fd, options);
    else
        write_bytes(path, fd, options);
    if (options->access.keeps && fifo_drain(fd, options->access.timeout, &failure) < 0)
        fail(path, &failure);
    return status;
}

/* If the length of stdin is known, the meter counts that alone. */
static void run_both_ways(const char *out, const struct options *options)
{
    struct failure failure;
    int fds[2];
    if (fifo_open_both(options->in, out, &options->access, fds, &failure) < 0)
        fail(out, &failure);

    int64_t total = io_bytes_left(STDIN_FILENO);
    struct relay_flow flows[] = {{.from = STDIN_FILENO,
                                  .to = fds[1],
                                  .from_name = "stdin",
                                  .to_name = out,
                                  .shuts_down = true},
                                 {.from = fds[0],
                                  .to = STDOUT_FILENO,
                                  .from_name = options->in,
                                  .to_name = "stdout",
                                  .is_unmetered = total >= 0}};
    start(options, total);
    move(flows, 2, options);
}

/* Before anything is opened: a writer that met a reader without stdout would lose its bytes. */
static void check_standard(bool reads_stdin, bool writes_stdout)
{
    struct failure failure;
    if (reads_stdin && !io_is_open_for(STDIN_FILENO, O_RDONLY))
        failure_set(&failure, "read"), fail("stdin", &failure);
    if (writes_stdout && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        failure_set(&failure, "write"), fail("stdout", &failure);
}

static const char *parse_full(const char *text, void *value)
{
    static const char *const words[] = {[FULL_BLOCK] = "block", [FULL_DROP] = "drop", NULL};
    int full = parse_word(text, words);
    if (full < 0)
        return "not block or drop";
    *(enum full *)value = (enum full)full;
    return NULL;
}

static const char *const synopsis[] = {
    "[-cxkP] [-m MODE] [-t TIME] FIFO > data",
    "-w [-cxkP] [-m MODE] [-t TIME] FIFO < data",
    "-w [OPTION]... [--records] [-0 | -W | -N] [--full POLICY] FIFO < data",
    "-r IN -w [-cxP] [-m MODE] [-t TIME] OUT < data > data",
    NULL,
};

static const struct option_rule rules[] = {
    {"read", .with = "write"},
    {"keep", .without = "read"},
    {"records", .with = "write", .without = "read"},
    {"full", .with = "write", .without = "read"},
    {"null", .with = "write", .without = "read"},
    {"whole", .with = "write", .without = "read"},
    {"netstring", .with = "write", .without = "read"},
    {0},
};

static const struct tool tool = {
    .name = "fifocat",
    .purpose = "Read or write a named pipe, or both ways over two",
    .synopsis = synopsis,
    .rules = rules,
};

int main(int argc, char **argv)
{
    struct options options = {.access = {.mode = 0600, .timeout = DEADLINE_NEVER}};
    struct fifo_access *access = &options.access;
    const struct tool_option table[] = {
        {'w', "write", NULL, NULL, &options.writes, "write stdin to the FIFO"},
        {'r', "read", "IN", parse_path, &options.in, "both ways: read the FIFO IN"},
        {'k', "keep", NULL, NULL, &access->keeps, "stay while the other side comes and goes"},
        {0, "records", NULL, NULL, &options.has_records, "write each record by one write"},
        {0, "full", "POLICY", parse_full, &options.full, "without room: block, or drop records"},
        {RECORD_OPTION_NULL(&options.form)},
        {RECORD_OPTION_WHOLE(&options.form)},
        {RECORD_OPTION_NETSTRING(&options.form)},
        {OPTION_CREATE(&access->creates)},
        {OPTION_EXCLUSIVE(&access->is_exclusive)},
        {OPTION_MODE(&access->mode)},
        {OPTION_TIMEOUT(&access->timeout)},
        {OPTION_PROGRESS(&options.is_metered)},
        {0},
    };
    const char *path;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, options.in ? "OUT" : "FIFO", parse_path, &path);
    options_end(&operands);
    options_check(&operands, NULL);
    access->creates = access->creates || access->is_exclusive;
    options.has_records =
        options.has_records || options_given(&operands, "full") || options.form != RECORD_LINE;

    bool writes_stdout = options.in || !options.writes;
    check_standard(options.writes, writes_stdout);
    int status = EXIT_DONE;
    if (options.in)
        run_both_ways(path, &options);
    else if (options.writes)
        status = write_fifo(path, &options);
    else
        read_fifo(path, &options);

    progress_end();
    if (writes_stdout && program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return status;
}
