/* duplex: runs two commands, the stdout of each being the stdin of the other
 *
 * Two pipes and nothing else lie between them: what one writes is in the pipe until the other reads
 * it, and each sees the end of its input when the other has closed its output. So the two may lock
 * each other up if both write and neither reads, and only then. With --log a process in each
 * direction writes down what passes; neither waits for the other. */

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
 * two pipes, with a logger between them that reads FROM one and writes TO the other. */
struct direction {
    int out, in;
    int from, to; /* -1: no logger */
    pid_t logger; /* 0: none */
};

/* Whatever the errno, duplex itself has failed: 125. */
static _Noreturn void fail(const char *object, struct failure *failure)
{
    failure->is_error = true;
    exit(exit_status_beside_command(diag_fail(object, failure)));
}

/* Returns both ends, the reading one first. */
static void open_pipe(int ends[2], int64_t size)
{
    struct failure failure;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        failure_set(&failure, "open");
        fail("pipe", &failure);
    }
    int wanted = size < INT_MAX ? (int)size : INT_MAX;
    if (size > 0 && fcntl(ends[1], F_SETPIPE_SZ, wanted) < 0) {
        failure_set(&failure, "set its size to %lld", (long long)size);
        if (errno == EPERM)
            failure_add_hint(&failure, "fs.pipe-max-size is %lld",
                             (long long)limits_read("fs.pipe-max-size", -1));
        fail("pipe", &failure);
    }
}

static void close_direction(const struct direction *direction)
{
    close(direction->out);
    close(direction->in);
}

/* The logger's whole life. It ignores signals: it ends when the two commands have ended. */
static _Noreturn void log_direction(int from, int to, const struct log *log, char mark)
{
    interrupt_ignore();
    struct failure failure;
    if (tee_run(from, to, log->fd, mark, &failure) < 0)
        fail(log->path, &failure);
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
        if (ways[i].logger < 0) {
            struct failure failure;
            failure_set(&failure, "fork");
            fail(log->path, &failure);
        }
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

static pid_t start_command(char **command, int in, int out)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    interrupt_release();
    exec_set_descriptor(command, in, STDIN_FILENO);
    exec_set_descriptor(command, out, STDOUT_FILENO);
    exec_command(command);
}

/* A signal that a terminal sent has reached the commands already. */
static void pass_signal_on(int signal, const pid_t *pids)
{
    if (interrupt_is_from_terminal())
        return;
    for (int i = 0; i < COMMANDS; i++)
        if (pids[i] > 0)
            kill(pids[i], signal);
}

/* Waits for all children; STATUS gets theirs. Returns that of the command that failed first, 0 if
 * neither did. */
static int wait_for_all(pid_t *pids, int *status)
{
    int passed_on = 0, failed = EXIT_DONE, left = 0, raw;
    for (int i = 0; i < CHILDREN; i++)
        left += pids[i] > 0;

    while (left > 0) {
        if (interrupt_signal() != passed_on) {
            passed_on = interrupt_signal();
            pass_signal_on(passed_on, pids);
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

static int pick_status(enum choice choice, int failed, const int *status)
{
    switch (choice) {
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

/* Runs both and returns the exit status. */
static int run(char **commands[COMMANDS], struct direction *ways, const struct options *options)
{
    if (options->log.path)
        start_loggers(ways, &options->log);
    pid_t pids[CHILDREN] = {
        [FIRST] = start_command(commands[FIRST], ways[SECOND].in, ways[FIRST].out),
        [SECOND] = start_command(commands[SECOND], ways[FIRST].in, ways[SECOND].out),
        [FIRST_LOGGER] = ways[FIRST].logger,
        [SECOND_LOGGER] = ways[SECOND].logger,
    };
    bool has_started = pids[FIRST] > 0 && pids[SECOND] > 0;
    if (!has_started)
        diag_warn("fork: %m");
    close_direction(&ways[FIRST]);
    close_direction(&ways[SECOND]);

    int status[CHILDREN] = {0}, failed = wait_for_all(pids, status);
    interrupt_reraise_pending();
    if (!has_started || status[FIRST_LOGGER] || status[SECOND_LOGGER])
        return EXIT_TOOL_FAILED;
    return pick_status(options->choice, failed, status);
}

static const char *parse_choice(const char *text, void *value)
{
    static const char *const words[] = {
        [FAILED] = "failed", [OF_FIRST] = "first", [OF_SECOND] = "second", [WORST] = "worst", NULL};
    int choice = parse_word(text, words);
    if (choice < 0)
        return "not first, second, worst or failed";
    *(enum choice *)value = (enum choice)choice;
    return NULL;
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

/* Splits the words at the first `--`. Returns the second command; the first is what is before. */
static char **split_commands(struct operands *operands)
{
    int first = 0;
    while (first < operands->count && strcmp(operands->words[first], "--") != 0)
        first++;
    if (first == 0)
        diag_die(EXIT_USAGE, "the first COMMAND is missing (usage: duplex %s)", *synopsis);
    if (first + 1 >= operands->count)
        diag_die(EXIT_USAGE, "the second COMMAND is missing, after -- (usage: duplex %s)",
                 *synopsis);
    operands->words[first] = NULL;
    return operands->words + first + 1;
}

int main(int argc, char **argv)
{
    struct options options = {.choice = FAILED};
    const struct tool_option table[] = {
        {0, "status", "WHOSE", parse_choice, &options.choice,
         "exit as first, second, worst, or the first that failed"},
        {0, "log", "FILE", parse_path, &options.log.path,
         "write both directions there, marked > and <"},
        {0, "size", "SIZE", parse_size, &options.size, "capacity of the pipes"},
        {0},
    };
    struct failure failure;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    char **second = split_commands(&operands);

    /* The log is created, or emptied, once there is something to write into it. */
    struct direction ways[COMMANDS] = {open_direction(&options), open_direction(&options)};
    if (options.log.path && (options.log.fd = tee_open(options.log.path, &failure)) < 0)
        fail(options.log.path, &failure);
    child_status_enable();
    interrupt_catch();
    return run((char **[]){operands.words, second}, ways, &options);
}
