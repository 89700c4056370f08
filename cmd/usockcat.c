/* usockcat: talks over a Unix domain socket, as its client or as its server
 *
 * A stream carries bytes both ways, each way in order and ended by whoever sends it. Messages
 * (dgram, seqpacket) arrive whole, one record each. What was sent and not yet received lives in the
 * kernel and is lost when the receiver closes; the sender is told where the kernel tells. A server
 * owns its path from bind until its last client has come; nothing else at a path is ever replaced
 * but a socket that nobody serves. With COMMAND each client has a process to itself. */

#include "crew.h"
#include "diag.h"
#include "exchange.h"
#include "exits.h"
#include "io.h"
#include "options.h"
#include "relay.h"
#include "server.h"
#include "sock.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { COMMANDS = 64 }; /* at once, unless --max says otherwise */

static const mode_t no_mode = (mode_t)-1;

struct options {
    bool listens, keeps;
    int type; /* 0: not said */
    mode_t mode;
    int64_t most, count, timeout; /* 0 and 0: not said */
    enum record_form form;
};

/* Says what failed with errno at NAME; the signal that ended a wait needs no word. Returns the exit
 * status. */
static int tell(const char *name, const char *what)
{
    if (errno == EINTR && stop_signal())
        return EXIT_FAILED;
    if (errno == ETIMEDOUT || errno == EAGAIN) {
        diag_note("%s: %s: %m", name, what);
        return EXIT_NO;
    }
    diag_warn("%s: %s: %m", name, what);
    return EXIT_FAILED;
}

/* Bytes both ways between stdin and stdout and the socket FD. */
static int pass_bytes(const char *name, int fd, int64_t idle)
{
    struct relay_flow flows[] = {
        {.from = STDIN_FILENO, .to = fd, .from_name = "stdin", .to_name = name, .shuts_down = true},
        {.from = fd, .to = STDOUT_FILENO, .from_name = name, .to_name = "stdout"}};
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return tell(name, "prepare");
    return relay_run(flows, 2, idle) == 0 ? EXIT_DONE : relay_tell(flows, 2);
}

static int pass_records(struct exchange *exchange, const struct options *options)
{
    exchange->form = options->form;
    exchange->idle = options->timeout;
    if (exchange_run(exchange) == 0)
        return EXIT_DONE;
    if (errno == EINTR && stop_signal())
        return EXIT_FAILED;
    if (errno == ETIMEDOUT) {
        diag_note("%s", exchange_error(exchange));
        return EXIT_NO;
    }
    diag_warn("%s", exchange_error(exchange));
    return EXIT_FAILED;
}

static int be_client(const struct sock_address *address, const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    int type = options->type;
    int fd = sock_connect(address, &type, &deadline);
    if (fd < 0)
        diag_die(exits_for(errno), "%s: connect: %m%s", address->text, sock_hint(errno));
    if (type == SOCK_STREAM && options->count > 0)
        diag_die(EXIT_USAGE, "%s: -n counts messages, and this is a stream", address->text);
    if (type == SOCK_STREAM)
        return pass_bytes(address->text, fd, options->timeout);

    struct exchange exchange = {
        .name = address->text, .type = type, .fd = fd, .messages = options->count};
    return pass_records(&exchange, options);
}

/* One client of a stream: once it is there the server has done its work. */
static int serve_stream(struct server *server, const struct options *options)
{
    struct deadline deadline = deadline_in(options->timeout);
    const char *name = server->address.text;
    struct ucred client;
    int fd = server_wait(server, &client, &deadline);
    if (fd < 0)
        return tell(name, "wait for a client");
    server_close(server);
    return pass_bytes(name, fd, options->timeout);
}

static int serve_records(struct server *server, const struct options *options)
{
    struct exchange exchange = {
        .name = server->address.text, .type = server->type, .server = server};
    if (server->type == SOCK_DGRAM)
        exchange.messages = options->count;
    else
        exchange.clients = options->keeps ? options->count : 1;
    return pass_records(&exchange, options);
}

static int serve_commands(struct server *server, const struct options *options, char **command)
{
    struct crew crew = {
        .server = server,
        .command = command,
        .most = options->most > 0 ? options->most : COMMANDS,
        .clients = options->count,
        .idle = options->timeout,
    };
    const char *name = server->address.text;
    if (options->keeps)
        return crew_run(&crew) == 0 ? EXIT_DONE : tell(name, "wait for a client");

    struct deadline deadline = deadline_in(options->timeout);
    struct ucred client;
    int fd = server_wait(server, &client, &deadline);
    if (fd < 0)
        return tell(name, "wait for a client");
    server_close(server);
    crew_exec(&crew, fd, &client);
}

static int be_server(const struct sock_address *address, const struct options *options,
                     char **command)
{
    struct server server;
    struct deadline deadline = deadline_in(options->timeout);
    int type = options->type ? options->type : SOCK_STREAM;
    stop_catch();
    if (server_open(&server, address, type, options->mode == no_mode ? 0600 : options->mode,
                    &deadline) < 0) {
        int errnum = errno;
        if (errnum == EINTR && stop_signal())
            stop_die();
        bool is_no = errnum == EADDRINUSE || errnum == ETIMEDOUT || errnum == EAGAIN;
        diag_die(is_no ? EXIT_NO : EXIT_FAILED, "%s: listen: %m%s", address->text,
                 server_hint(errnum));
    }

    int status = command ? serve_commands(&server, options, command)
                 : type == SOCK_STREAM && !options->keeps ? serve_stream(&server, options)
                                                          : serve_records(&server, options);
    server_close(&server);
    if (stop_signal())
        stop_die();
    return status;
}

/* Refuses what does not go together. */
static void check(const struct sock_address *address, const struct options *options, char **command)
{
    const char *name = address->text;
    if (!options->listens && (options->keeps || options->mode != no_mode || command))
        diag_die(EXIT_USAGE, "%s goes with -l", options->keeps ? "-k" : command ? "COMMAND" : "-m");
    if (command && !*command)
        diag_die(EXIT_USAGE, "COMMAND is missing after --");
    if (command && options->type == SOCK_DGRAM)
        diag_die(EXIT_USAGE, "%s: dgram has no connections that COMMAND could be given", name);
    if (command && options->form != RECORD_LINE)
        diag_die(EXIT_USAGE, "-0, -W and -N are for stdin and stdout, which COMMAND replaces");
    if (options->most > 0 && !(command && options->keeps))
        diag_die(EXIT_USAGE, "--max goes with -l -k and COMMAND");
    if (options->mode != no_mode && address->is_abstract)
        diag_die(EXIT_USAGE, "%s: an abstract name has no permissions for -m", name);
    if (options->count > 0 && options->type != SOCK_DGRAM && options->listens && !options->keeps)
        diag_die(EXIT_USAGE, "-n goes with -k: one client is all there is without");
}

/* Both are needed before the first byte moves; a COMMAND brings its own. */
static void check_standard(void)
{
    errno = EBADF;
    if (!io_is_open_for(STDIN_FILENO, O_RDONLY))
        diag_die(EXIT_FAILED, "stdin: read: %m");
    errno = EBADF;
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_FAILED, "stdout: write: %m");
}

static const char *const synopsis[] = {
    "[--type TYPE] [OPTION]... [-0 | -W | -N] ADDRESS",
    "-l [-k] [OPTION]... [-0 | -W | -N] ADDRESS",
    "-l [-k [--max N]] [OPTION]... ADDRESS -- COMMAND [ARG]...",
    NULL,
};

static const struct tool tool = {
    .name = "usockcat",
    .purpose = "Talk over a Unix domain socket, as client or server",
    .synopsis = synopsis,
    .has_command = true,
    .more = "ADDRESS is a path, or @NAME for an abstract socket.\n",
};

int main(int argc, char **argv)
{
    struct options options = {.mode = no_mode, .timeout = DEADLINE_NEVER};
    const struct option table[] = {
        {'l', "listen", NULL, NULL, &options.listens, "be the server, of one client"},
        {'k', "keep", NULL, NULL, &options.keeps, "with -l: serve many clients, at once"},
        {0, "type", "TYPE", sock_parse_type, &options.type,
         "stream, dgram or seqpacket (server: stream; client: found)"},
        {0, "max", "N", parse_count, &options.most, "COMMANDs at once, the rest wait (64)"},
        {OPTION_MODE(&options.mode)},
        {OPTION_COUNT(&options.count, "end after N clients; dgram, or a client: N messages")},
        {OPTION_TIMEOUT(&options.timeout)},
        {RECORD_OPTION_NULL(&options.form)},
        {RECORD_OPTION_WHOLE(&options.form)},
        {RECORD_OPTION_NETSTRING(&options.form)},
        {0},
    };
    struct sock_address address;

    io_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "ADDRESS", sock_parse_address, &address);
    options_end(&operands);
    check(&address, &options, operands.command);
    if (!operands.command)
        check_standard();

    int status = options.listens ? be_server(&address, &options, operands.command)
                                 : be_client(&address, &options);
    if (!operands.command && io_end() < 0 && status == EXIT_DONE)
        diag_die(EXIT_FAILED, "stdout: close: %m");
    return status;
}
