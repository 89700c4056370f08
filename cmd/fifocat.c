/* fifocat: reads or writes a named pipe, or both ways over two
 *
 * The bytes between writer and reader live in the kernel's pipe, which exists while somebody has it
 * open; the name alone holds nothing. So opening waits for the other side, and what no reader has
 * taken when the last end closes is lost. With -k this process has both ends open: a reader goes
 * on through writers that come and go, and a writer stays until all it wrote has been read. Without
 * it, a writer has done its work when all is in the pipe. */

#include "diag.h"
#include "exits.h"
#include "fifo.h"
#include "io.h"
#include "options.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct options {
    bool creates, is_exclusive, writes, keeps;
    mode_t mode;
    int64_t timeout;
    const char *in; /* of -r; NULL for one way only */
};

static _Noreturn void fail(const char *path, const char *what, const char *hint)
{
    diag_die(exits_for(errno), "%s: %s: %m%s", path, what, hint);
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
        diag_die(EXIT_FAILED, "%s: open FIFO: it is no FIFO", path);
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
    struct deadline deadline = deadline_in(options->timeout);
    int fd = options->keeps ? fifo_open_keeper(path) : fifo_open_reader(path, &deadline);
    if (fd < 0)
        fail_open(path, errno == EAGAIN ? "wait for data" : "wait for a writer", options);
    return fd;
}

static int open_writer(const char *path, const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    int fd = options->keeps ? fifo_open_keeper(path) : fifo_open_writer(path, &deadline);
    if (fd < 0)
        fail_open(path, "wait for a reader", options);
    return fd;
}

/* Says what happened with errno at END of a flow, and how many BYTES are in which state by it. */
static _Noreturn void fail_flow(const char *end, const char *what, int64_t bytes, const char *state)
{
    char hint[64] = "";
    if (bytes > 0)
        snprintf(hint, sizeof hint, " (%lld bytes are %s)", (long long)bytes, state);
    diag_die(errno == ETIMEDOUT ? EXIT_NO : EXIT_FAILED, "%s: %s: %m%s", end, what, hint);
}

/* Moves the bytes; FROM and TO name the ends of each flow in messages. */
static void run(struct relay_flow *flows, int count, const char *const *from, const char *const *to,
                int64_t timeout)
{
    if (relay_run(flows, count, timeout) == 0)
        return;
    int errnum = errno;
    for (int i = 0; i < count; i++) {
        errno = flows[i].error;
        if (errno && flows[i].is_write_error)
            fail_flow(to[i], "write", flows[i].lost, "lost");
        if (errno)
            fail_flow(from[i], "read", 0, "");
    }
    errno = errnum;
    for (int i = 0; i < count; i++)
        if (flows[i].waits_for == RELAY_ROOM)
            fail_flow(to[i], "wait for room", flows[i].lost, "lost");
    bool is_last_over = flows[count - 1].waits_for == RELAY_NOTHING;
    fail_flow(from[is_last_over ? 0 : count - 1], "wait for data", 0, "");
}

static void read_fifo(const char *path, const struct options *options)
{
    struct relay_flow flow = {.from = open_reader(path, options), .to = STDOUT_FILENO};
    run(&flow, 1, &path, (const char *const[]){"stdout"}, options->timeout);
}

static void write_fifo(const char *path, const struct options *options)
{
    int fd = open_writer(path, options);
    struct relay_flow flow = {.from = STDIN_FILENO, .to = fd, .shuts_down = !options->keeps};
    run(&flow, 1, (const char *const[]){"stdin"}, &path, options->timeout);
    if (options->keeps && fifo_drain(fd, options->timeout) < 0)
        fail_flow(path, "wait for a reader of the rest", fifo_unread(fd), "unread");
}

/* The reading end is opened without waiting, so that two who face each other never both wait for
 * the other's writer. */
static void run_both_ways(const char *out, const struct options *options)
{
    int in_fd = fifo_open_listener(options->in);
    if (in_fd < 0)
        fail_open(options->in, "open FIFO", options);
    struct relay_flow flows[] = {
        {.from = STDIN_FILENO, .to = open_writer(out, options), .shuts_down = true},
        {.from = in_fd, .to = STDOUT_FILENO}};
    run(flows, 2, (const char *const[]){"stdin", options->in}, (const char *const[]){out, "stdout"},
        options->timeout);
}

/* A writer that met a reader without stdout would lose what it writes. */
static void check_standard(bool reads_stdin, bool writes_stdout)
{
    errno = EBADF;
    if (reads_stdin && !io_is_open_for(STDIN_FILENO, O_RDONLY))
        fail("stdin", "read", "");
    if (writes_stdout && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        fail("stdout", "write", "");
}

static const char *const synopsis[] = {
    "[-cxk] [-m MODE] [-t TIME] FIFO > data",
    "-w [-cxk] [-m MODE] [-t TIME] FIFO < data",
    "-r IN -w [-cx] [-m MODE] [-t TIME] OUT < data > data",
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
    const struct option table[] = {
        {'w', "write", NULL, NULL, &options.writes, "write stdin to the FIFO"},
        {'r', "read", "IN", parse_text, &options.in, "both ways: read the FIFO IN"},
        {'k', "keep", NULL, NULL, &options.keeps, "stay while the other side comes and goes"},
        {OPTION_CREATE(&options.creates)},
        {OPTION_EXCLUSIVE(&options.is_exclusive)},
        {OPTION_MODE(&options.mode)},
        {OPTION_TIMEOUT(&options.timeout)},
        {0},
    };
    const char *path;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, options.in ? "OUT" : "FIFO", parse_text, &path);
    options_end(&operands);
    if (options.in && !options.writes)
        diag_die(EXIT_USAGE, "-r goes with -w: fifocat -r IN -w OUT");
    if (options.in && options.keeps)
        diag_die(EXIT_USAGE, "-k is for one way only");
    options.creates = options.creates || options.is_exclusive;
    check_standard(options.writes, options.in || !options.writes);

    if (options.creates && options.in)
        create(options.in, NULL, &options);
    if (options.creates)
        create(path, options.in, &options);
    if (options.in)
        run_both_ways(path, &options);
    else if (options.writes)
        write_fifo(path, &options);
    else
        read_fifo(path, &options);
    if ((options.in || !options.writes) && io_end() < 0)
        diag_die(EXIT_FAILED, "stdout: close: %m");
    return EXIT_DONE;
}
