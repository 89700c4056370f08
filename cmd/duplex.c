/* duplex: runs two commands, the stdout of each being the stdin of the other
 *
 * Two pipes and nothing else lie between them: what one writes is in the pipe until the other reads
 * it, and each sees the end of its input when the other has closed its output. So they may lock
 * each other up where both write and neither reads, and only there. With --log a process of its own
 * stands in each direction, which writes down what passes; neither waits for the other. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "stream/tee.h"
#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/limits.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST, SECOND, COMMANDS, FIRST_LOGGER = COMMANDS, SECOND_LOGGER, CHILDREN };
enum choice { FAILED, OF_FIRST, OF_SECOND, WORST };

struct log {
    const char *path; /* NULL: none */
    int fd;
};

struct options {
    enum choice choice;
    struct log log;
    int64_t size; /* of the pipes, 0: as they are */
};

/* One direction: WRITER's stdout is OUT, READER's stdin is IN. They are the ends of one pipe; or of
 * two, with a logger between them, which reads FROM one and writes TO the other. */
struct direction {
    int out, in;
    int from, to; /* -1: no logger */
    pid_t logger; /* 0: none */
};

static _Noreturn void fail(const char *object, const char *what)
{
    diag_die(EXIT_TOOL_FAILED, "%s: %s: %m", object, what);
}

/* Returns both ends, the reading one first. */
static void open_pipe(int ends[2], int64_t size)
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        fail("pipe", "open");
    int wanted = size < INT_MAX ? (int)size : INT_MAX;
    if (size > 0 && fcntl(ends[1], F_SETPIPE_SZ, wanted) < 0)
        diag_die(EXIT_TOOL_FAILED, "pipe: set its size to %lld: %m (fs.pipe-max-size is %lld)",
                 (long long)size, (long long)limits_read("fs.pipe-max-size", -1));
}

static void close_direction(const struct direction *direction)
{
    close(direction->out);
    close(direction->in);
}

/* The logger's whole life. It goes on through signals: the ends of the two commands end it. */
static _Noreturn void log_direction(int from, int to, const struct log *log, char mark)
{
    interrupt_ignore();
    const char *what;
    if (tee_run(from, to, log->fd, mark, &what) < 0)
        fail(log->path, what);
    _exit(EXIT_DONE);
}

/* Opens the pipes of one direction. */
static struct direction open_direction(const struct options *options)
{
    int near[2], far[2];
    open_pipe(near, options->size);
    if (!options->log.path)
        return (struct direction){.out = near[1], .in = near[0], .from = -1, .to = -1};
    open_pipe(far, options->size);
    return (struct direction){.out = near[1], .in = far[0], .from = near[0], .to = far[1]};
}

/* A logger must hold nothing but its own two ends. */
static void start_loggers(struct direction *ways, const struct log *log)
{
    static const char marks[COMMANDS] = {'>', '<'};
    for (int i = FIRST; i < COMMANDS; i++) {
        const struct direction *other = &ways[COMMANDS - 1 - i];
        ways[i].logger = fork();
        if (ways[i].logger < 0)
            fail(log->path, "fork");
        if (ways[i].logger == 0) {
            close_direction(&ways[i]);
            close_direction(other);
            close(other->from);
            close(other->to);
            log_direction(ways[i].from, ways[i].to, log, marks[i]);
        }
    }
    for (int i = FIRST; i < COMMANDS; i++) {
        close(ways[i].from);
        close(ways[i].to);
    }
}

static pid_t start(char **command, int in, int out)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    interrupt_release();
    exec_set_descriptor(command, in, STDIN_FILENO);
    exec_set_descriptor(command, out, STDOUT_FILENO);
    exec_command(command);
}

static void pass_on(int signal, const pid_t *pids)
{
    for (int i = 0; i < COMMANDS; i++)
        if (pids[i] > 0)
            kill(pids[i], signal);
}

/* Waits for all children; STATUS gets theirs. Returns that of the command that failed before the
 * other, 0 where none did. */
static int wait_for_all(pid_t *pids, int *status)
{
    int passed_on = 0, failed = EXIT_DONE, left = 0, raw;
    for (int i = 0; i < CHILDREN; i++)
        left += pids[i] > 0;
    while (left > 0) {
        if (interrupt_signal() != passed_on) {
            passed_on = interrupt_signal();
            if (!interrupt_is_from_terminal())
                pass_on(passed_on, pids);
        }
        pid_t pid = wait(&raw);
        for (int i = 0; i < CHILDREN && pid > 0; i++) {
            if (pid != pids[i])
                continue;
            pids[i] = 0;
            left--;
            status[i] = exec_exit_status(raw);
            if (i < COMMANDS && failed == EXIT_DONE)
                failed = status[i];
        }
    }
    return failed;
}

/* Runs both and returns the exit status. */
static int run(char **commands[COMMANDS], struct direction *ways, const struct options *options)
{
    if (options->log.path)
        start_loggers(ways, &options->log);
    pid_t pids[CHILDREN] = {
        [FIRST] = start(commands[FIRST], ways[SECOND].in, ways[FIRST].out),
        [SECOND] = start(commands[SECOND], ways[FIRST].in, ways[SECOND].out),
        [FIRST_LOGGER] = ways[FIRST].logger,
        [SECOND_LOGGER] = ways[SECOND].logger,
    };
    bool has_started = pids[FIRST] > 0 && pids[SECOND] > 0;
    if (!has_started)
        diag_warn("fork: %m");
    close_direction(&ways[FIRST]);
    close_direction(&ways[SECOND]);

    int status[CHILDREN] = {0}, failed = wait_for_all(pids, status);
    if (interrupt_signal())
        interrupt_reraise();
    if (!has_started || status[FIRST_LOGGER] || status[SECOND_LOGGER])
        return EXIT_TOOL_FAILED;
    switch (options->choice) {
    case OF_FIRST:
        return status[FIRST];
    case OF_SECOND:
        return status[SECOND];
    case WORST:
        return status[FIRST] > status[SECOND] ? status[FIRST] : status[SECOND];
    default:
        return failed;
    }
}

static const char *parse_choice(const char *text, void *value)
{
    static const char *const words[] = {
        [FAILED] = "failed", [OF_FIRST] = "first", [OF_SECOND] = "second", [WORST] = "worst"};
    for (enum choice choice = FAILED; choice <= WORST; choice++)
        if (strcmp(text, words[choice]) == 0) {
            *(enum choice *)value = choice;
            return NULL;
        }
    return "not first, second, worst or failed";
}

static const char *const synopsis[] = {
    "[--status WHOSE] [--log FILE] [--size SIZE] COMMAND [ARG]... -- COMMAND [ARG]...",
    NULL,
};

static const struct tool tool = {
    .name = "duplex",
    .purpose = "Run two commands, the stdout of each being the stdin of the other",
    .synopsis = synopsis,
    .is_prefix = true,
};

int main(int argc, char **argv)
{
    struct options options = {.choice = FAILED};
    const struct tool_option table[] = {
        {0, "status", "WHOSE", parse_choice, &options.choice,
         "exit as first, second, worst, or who failed first"},
        {0, "log", "FILE", parse_path, &options.log.path,
         "write both directions there, marked > and <"},
        {0, "size", "SIZE", parse_size, &options.size, "capacity of the pipes"},
        {0},
    };

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    int first = 0;
    while (first < operands.count && strcmp(operands.words[first], "--") != 0)
        first++;
    char **second = operands.words + first + 1;
    if (first == 0)
        diag_die(EXIT_USAGE, "the first COMMAND is missing (usage: duplex %s)", *synopsis);
    if (first + 1 >= operands.count)
        diag_die(EXIT_USAGE, "the second COMMAND is missing, after -- (usage: duplex %s)",
                 *synopsis);
    operands.words[first] = NULL;

    /* A log is created, or emptied, once there is something to write into it. */
    struct direction ways[COMMANDS] = {open_direction(&options), open_direction(&options)};
    if (options.log.path && (options.log.fd = tee_open(options.log.path)) < 0)
        fail(options.log.path, "open log");
    child_status_enable();
    interrupt_catch();
    return run((char **[]){operands.words, second}, ways, &options);
}
