/* fifocat: reads or writes a named pipe, or both ways over two
 *
 * The bytes between writer and reader live in the kernel's pipe, which exists while somebody has it
 * open; the name alone holds nothing. So opening waits for the other side, and what no reader has
 * taken when the last end closes is lost. With -k this process has both ends open: a reader goes
 * on through writers that come and go, and a writer stays until all it wrote has been read. Without
 * it, a writer has done its work when all is in the pipe.
 *
 * Bytes of several writers mix; a record that goes in by one write of at most PIPE_BUF bytes does
 * not. So --records writes each by itself, and what is longer is refused; and a full pipe takes
 * such a record whole or not at all, so --full drop can leave it out. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "stream/fifo.h"
#include "stream/fifo_records.h"
#include "stream/record.h"
#include "stream/relay.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum full { FULL_UNSAID, FULL_BLOCK, FULL_DROP };

struct options {
    bool creates, is_exclusive, writes, keeps, has_records, is_metered;
    enum record_form form;
    enum full full;
    mode_t mode;
    int64_t timeout;
    const char *in; /* of -r; NULL for one way only */
};

static _Noreturn void fail(const char *path, const char *what, const char *hint)
{
    diag_die(exit_status_of(errno), "%s: %s: %m%s", path, what, hint);
}

/* What was tried is to open PATH, unless the wait for the other side was in vain. */
static _Noreturn void fail_open(const char *path, const char *wait, const struct options *options)
{
    switch (errno) {
    case ETIMEDOUT:
        fail(path, wait, "");
    case ENXIO: /* open(2): nobody has it open for reading */
    case EAGAIN:
        diag_die(EXIT_NO, "%s: %s: there is none", path, wait);
    case ENOTSUP:
        diag_die(EXIT_ERROR, "%s: open FIFO: it is no FIFO", path);
    case ENOENT:
        fail(path, "open FIFO",
             options->creates ? " (-c follows no symbolic link)" : " (-c creates it)");
    case EACCES:
        fail(path, "open FIFO", options->keeps ? " (-k opens it to read and to write)" : "");
    default:
        fail(path, "open FIFO", "");
    }
}

/* What exists is left as it is; whether it is a FIFO shows when it is opened. With -x both FIFOs
 * are new or none: UNDO, if any, has just been created. */
static void create(const char *path, const char *undo, const struct options *options)
{
    if (fifo_create(path, options->mode) == 0 || (errno == EEXIST && !options->is_exclusive))
        return;
    int saved = errno;
    if (undo && options->is_exclusive)
        unlink(undo);
    errno = saved;
    fail(path, "create FIFO", "");
}

static int open_reader(const char *path, const struct options *options)
{
    struct deadline deadline = deadline_after(options->timeout);
    int fd = options->keeps ? fifo_open_keeper(path) : fifo_open_reader(path, &deadline);
    if (fd < 0)
        fail_open(path, errno == EAGAIN ? "wait for data" : "wait for a writer", options);
    return fd;
}

static int open_writer(const char *path, const struct options *options)
{
    struct deadline deadline = deadline_after(options->timeout);
    int fd = options->keeps ? fifo_open_keeper(path) : fifo_open_writer(path, &deadline);
    if (fd < 0)
        fail_open(path, "wait for a reader", options);
    return fd;
}

static void run(struct relay_flow *flows, int count, int64_t idle)
{
    if (relay_run(flows, count, idle) == 0)
        return;
    int status = relay_tell(flows, count);
    if (interrupt_signal())
        interrupt_reraise();
    progress_end();
    exit(status);
}

static void read_fifo(const char *path, const struct options *options)
{
    struct relay_flow flow = {.from = open_reader(path, options),
                              .to = STDOUT_FILENO,
                              .from_name = path,
                              .to_name = "stdout"};
    sandbox_enter(&(struct sandbox){0});
    interrupt_catch();
    if (options->is_metered)
        progress_start(-1);
    run(&flow, 1, options->timeout);
}

static void wait_for_readers(const char *path, int fd, int64_t idle)
{
    if (fifo_drain(fd, idle) == 0)
        return;
    char hint[64] = "";
    int saved = errno, unread = fifo_unread(fd);
    if (unread > 0)
        snprintf(hint, sizeof hint, " (%d bytes are unread)", unread);
    errno = saved;
    fail(path, "wait for a reader of the rest", hint);
}

static void write_bytes(const char *path, int fd, const struct options *options)
{
    struct relay_flow flow = {.from = STDIN_FILENO,
                              .to = fd,
                              .from_name = "stdin",
                              .to_name = path,
                              .shuts_down = !options->keeps};
    run(&flow, 1, options->timeout);
}

/* How many records were left out is told however this ends. Returns the exit status. */
static int write_records(const char *path, int fd, const struct options *options)
{
    struct fifo_records records = {.fd = fd,
                                   .form = options->form,
                                   .drops = options->full == FULL_DROP,
                                   .idle = options->timeout};
    if (records.drops) {
        io_enlarge_pipe(fd);
        interrupt_catch();
    }
    int result = fifo_records_run(&records), errnum = errno;
    if (records.dropped > 0)
        diag_note("%s: %llu of %llu records dropped: the pipe was full", path,
                  (unsigned long long)records.dropped, (unsigned long long)records.count);
    interrupt_release();
    if (result < 0)
        diag_die(errnum == ETIMEDOUT ? EXIT_NO : EXIT_ERROR, "%s: %s",
                 records.is_input_error ? "stdin" : path, fifo_records_error(&records));
    return records.dropped > 0 ? EXIT_NO : EXIT_DONE;
}

static int write_fifo(const char *path, const struct options *options)
{
    int fd = open_writer(path, options), status = EXIT_DONE;
    sandbox_enter(&(struct sandbox){0});
    if (options->is_metered)
        progress_start(io_bytes_left(STDIN_FILENO));
    if (options->has_records)
        status = write_records(path, fd, options);
    else
        write_bytes(path, fd, options);
    if (options->keeps)
        wait_for_readers(path, fd, options->timeout);
    return status;
}

/* The reading end is opened without waiting, so that two who face each other never both wait for
 * the other's writer. */
static void run_both_ways(const char *out, const struct options *options)
{
    int in_fd = fifo_open_listener(options->in);
    if (in_fd < 0)
        fail_open(options->in, "open FIFO", options);
    int out_fd = open_writer(out, options);
    sandbox_enter(&(struct sandbox){0});
    int64_t total = io_bytes_left(STDIN_FILENO);
    if (options->is_metered)
        progress_start(total);
    struct relay_flow flows[] = {{.from = STDIN_FILENO,
                                  .to = out_fd,
                                  .from_name = "stdin",
                                  .to_name = out,
                                  .shuts_down = true},
                                 {.from = in_fd,
                                  .to = STDOUT_FILENO,
                                  .from_name = options->in,
                                  .to_name = "stdout",
                                  .is_unmetered = total >= 0}};
    run(flows, 2, options->timeout);
}

/* A writer that met a reader without stdout would lose what it writes. */
static void check_standard(bool reads_stdin, bool writes_stdout)
{
    if (reads_stdin && !io_is_open_for(STDIN_FILENO, O_RDONLY))
        fail("stdin", "read", "");
    if (writes_stdout && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        fail("stdout", "write", "");
}

static const char *parse_full(const char *text, void *value)
{
    enum full *full = value;
    if (strcmp(text, "block") != 0 && strcmp(text, "drop") != 0)
        return "not block or drop";
    *full = *text == 'd' ? FULL_DROP : FULL_BLOCK;
    return NULL;
}

/* Refuses what does not go together. */
static void check(const struct options *options)
{
    if (options->in && !options->writes)
        diag_die(EXIT_USAGE, "-r goes with -w: fifocat -r IN -w OUT");
    if (options->in && options->keeps)
        diag_die(EXIT_USAGE, "-k is for one way only");
    if (options->has_records && (options->in || !options->writes))
        diag_die(EXIT_USAGE, "records (--records, --full, -0, -W, -N) go with -w, one way");
}

static const char *const synopsis[] = {
    "[-cxkP] [-m MODE] [-t TIME] FIFO > data",
    "-w [-cxkP] [-m MODE] [-t TIME] FIFO < data",
    "-w [OPTION]... [--records] [-0 | -W | -N] [--full POLICY] FIFO < data",
    "-r IN -w [-cxP] [-m MODE] [-t TIME] OUT < data > data",
    NULL,
};

static const struct tool tool = {
    .name = "fifocat",
    .purpose = "Read or write a named pipe, or both ways over two",
    .synopsis = synopsis,
};

int main(int argc, char **argv)
{
    struct options options = {.mode = 0600, .timeout = DEADLINE_NEVER};
    const struct tool_option table[] = {
        {'w', "write", NULL, NULL, &options.writes, "write stdin to the FIFO"},
        {'r', "read", "IN", parse_path, &options.in, "both ways: read the FIFO IN"},
        {'k', "keep", NULL, NULL, &options.keeps, "stay while the other side comes and goes"},
        {0, "records", NULL, NULL, &options.has_records, "each record whole: by one write"},
        {0, "full", "POLICY", parse_full, &options.full, "block, or drop: records without room"},
        {RECORD_OPTION_NULL(&options.form)},
        {RECORD_OPTION_WHOLE(&options.form)},
        {RECORD_OPTION_NETSTRING(&options.form)},
        {OPTION_CREATE(&options.creates)},
        {OPTION_EXCLUSIVE(&options.is_exclusive)},
        {OPTION_MODE(&options.mode)},
        {OPTION_TIMEOUT(&options.timeout)},
        {OPTION_PROGRESS(&options.is_metered)},
        {0},
    };
    const char *path;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, options.in ? "OUT" : "FIFO", parse_path, &path);
    options_end(&operands);
    options.creates = options.creates || options.is_exclusive;
    options.has_records =
        options.has_records || options.full != FULL_UNSAID || options.form != RECORD_LINE;
    check(&options);
    check_standard(options.writes, options.in || !options.writes);

    if (options.creates && options.in)
        create(options.in, NULL, &options);
    if (options.creates)
        create(path, options.in, &options);
    int status = EXIT_DONE;
    if (options.in)
        run_both_ways(path, &options);
    else if (options.writes)
        status = write_fifo(path, &options);
    else
        read_fifo(path, &options);
    progress_end();
    if ((options.in || !options.writes) && program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return status;
}
