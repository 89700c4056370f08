/* fifocat: reads or writes a named pipe, or both ways over two
 *
 * The bytes between writer and reader live in the kernel's pipe, which exists while somebody has it
 * open; the name alone holds nothing. So opening waits for the other side, and what no reader has
 * taken when the last end closes is lost. With -k this process has both ends open: a reader goes
 * on through writers that come and go, and a writer stays until all it wrote has been read. */

#include "diag.h"
#include "exits.h"
#include "fifo.h"
#include "io.h"
#include "options.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct options {
    bool creates, is_exclusive, writes, keeps;
    mode_t mode;
    int64_t timeout;
    const char *in; /* of -r; NULL for one way only */
};

static _Noreturn void fail(const char *path, const char *what)
{
    int errnum = errno;
    if (errnum == ENOTSUP)
        diag_die(EXIT_FAILED, "%s: open FIFO: it is none", path);
    if (errnum == ENXIO) /* open(2): nobody has it open for reading */
        diag_die(EXIT_NO, "%s: %s: there is none", path, what);
    diag_die(exits_for(errnum), "%s: %s: %m%s", path, what,
             errnum == ENOENT ? " (-c creates it)" : "");
}

/* What exists is left as it is; whether it is a FIFO shows when it is opened. */
static void create(const char *path, const struct options *options)
{
    if (fifo_create(path, options->mode) < 0 && (errno != EEXIST || options->is_exclusive))
        fail(path, "create FIFO");
}

static int open_end(const char *path, const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    int fd = options->keeps    ? fifo_open_keeper(path)
             : options->writes ? fifo_open_writer(path, &deadline)
                               : fifo_open_reader(path, &deadline);
    if (fd < 0)
        fail(path, errno == ENOENT || errno == EACCES ? "open FIFO"
                   : options->writes                  ? "wait for a reader"
                                                      : "wait for a writer");
    return fd;
}

/* Moves the bytes; FROM and TO name the ends of each flow in messages. */
static void run(struct relay_flow *flows, int count, const char *const *from, const char *const *to,
                int64_t timeout)
{
    if (relay_run(flows, count, timeout) == 0)
        return;
    for (int i = 0; i < count; i++) {
        errno = flows[i].error;
        if (errno && flows[i].is_write_error)
            diag_die(EXIT_FAILED, "%s: write: %m", to[i]);
        if (errno)
            diag_die(EXIT_FAILED, "%s: read: %m", from[i]);
    }
    errno = ETIMEDOUT;
    diag_die(EXIT_NO, "%s: wait for data or room: %m", to[0]);
}

static void read_fifo(const char *path, const struct options *options)
{
    int fd = open_end(path, options);
    struct relay_flow flow = {.from = fd, .to = STDOUT_FILENO};
    run(&flow, 1, &path, (const char *const[]){"stdout"}, options->timeout);
}

static void write_fifo(const char *path, const struct options *options)
{
    int fd = open_end(path, options);
    struct relay_flow flow = {.from = STDIN_FILENO, .to = fd};
    run(&flow, 1, (const char *const[]){"stdin"}, &path, options->timeout);

    struct deadline deadline = deadline_in(options->timeout);
    if (options->keeps && fifo_drain(fd, &deadline) < 0)
        fail(path, "wait for a reader of the rest");
}

/* The reading end is opened without waiting, so that two who face each other never both wait for
 * the other's writer. */
static void run_both_ways(const char *out, const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    int in_fd = fifo_open_listener(options->in);
    if (in_fd < 0)
        fail(options->in, "open FIFO");
    int out_fd = fifo_open_writer(out, &deadline);
    if (out_fd < 0)
        fail(out, "wait for a reader");
    if (fcntl(out_fd, F_SETFL, O_NONBLOCK) < 0)
        fail(out, "set flags");

    struct relay_flow flows[] = {{.from = STDIN_FILENO, .to = out_fd, .shuts_down = true},
                                 {.from = in_fd, .to = STDOUT_FILENO}};
    run(flows, 2, (const char *const[]){"stdin", options->in}, (const char *const[]){out, "stdout"},
        options->timeout);
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

    if (options.creates || options.is_exclusive) {
        if (options.in)
            create(options.in, &options);
        create(path, &options);
    }
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
