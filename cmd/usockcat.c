/* usockcat: talks over a Unix domain socket, as its client or as its server
 *
 * A stream carries bytes both ways, each way in order and ended by whoever sends it. Messages
 * (dgram, seqpacket) arrive whole, one record each. What was sent and not yet received lives in the
 * kernel and is lost when the receiver closes; the sender is told where the kernel tells. A server
 * owns its path from bind until its last client has come; nothing else at a path is ever replaced
 * but a socket that nobody serves. With COMMAND each client has a process to itself. Descriptors go
 * along with the first that is sent. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "socket/access_rule.h"
#include "socket/address.h"
#include "socket/exec_server.h"
#include "socket/fanout.h"
#include "socket/hub.h"
#include "socket/server.h"
#include "stream/relay.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/readiness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMMANDS = 64 }; /* at once, unless --max says otherwise */

static const mode_t no_mode = (mode_t)-1;

struct options {
    bool listens, keeps, is_metered, receives;
    int type; /* 0: not said */
    mode_t mode;
    int64_t most, count, timeout, retry; /* 0: not said, but for the timeout */
    enum record_form form;
    enum fanout_slow slow;
    struct access_rules admission;
    struct fdpass rights; /* to send */
    struct readiness ready;
};

/* Says what failed with errno at NAME; the signal that ended a wait needs no word. Returns the exit
 * status. */
static int tell(const char *name, const char *what)
{
    if (errno == EINTR && interrupt_signal())
        return EXIT_ERROR;
    if (errno == ETIMEDOUT || errno == EAGAIN) {
        diag_note("%s: %s: %m", name, what);
        return EXIT_NO;
    }
    diag_warn("%s: %s: %m", name, what);
    return EXIT_ERROR;
}

static const struct fdpass *rights_of(const struct options *options)
{
    return options->rights.count > 0 ? &options->rights : NULL;
}

/* Where the length of stdin is known, only that counts for the meter. Returns whether it is. */
static bool start_meter(const struct options *options)
{
    int64_t total = io_bytes_left(STDIN_FILENO);
    if (options->is_metered)
        progress_start(total);
    return total >= 0;
}

/* Bytes both ways between stdin and stdout and the socket FD. */
static int pass_bytes(const char *name, int fd, const struct options *options)
{
    struct relay_flow flows[] = {
        {.from = STDIN_FILENO,
         .to = fd,
         .from_name = "stdin",
         .to_name = name,
         .shuts_down = true,
         .rights = rights_of(options)},
        {.from = fd, .to = STDOUT_FILENO, .from_name = name, .to_name = "stdout"}};
    server_sandbox(NULL);
    flows[1].is_unmetered = start_meter(options);
    if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
        return tell(name, "prepare");
    struct failure failure;
    return relay_run(flows, 2, options->timeout, &failure) == 0 ? EXIT_DONE
                                                                : diag_fail(name, &failure);
}

static int pass_records(struct hub *hub, const struct options *options)
{
    hub->form = options->form;
    hub->slow = options->slow;
    hub->idle = options->timeout;
    hub->rights = rights_of(options);
    server_sandbox(hub->server);
    hub->meters_input = start_meter(options);
    return hub_run(hub) == 0 ? EXIT_DONE : hub_report(hub);
}

static int be_client(const struct socket_address *address, const struct options *options,
                     char **command)
{
    const char *name = address->text;
    struct deadline retry = deadline_after(options->retry);
    int type = options->type;
    int fd = address_connect_retry(address, &type, options->timeout, &retry);
    if (fd < 0)
        diag_die(exit_status_of(errno), "%s: connect: %m%s", name, address_hint(errno));
    if (command)
        exec_server_exec_received(name, fd, options->timeout, command);
    if (type == SOCK_STREAM && options->count > 0)
        diag_die(EXIT_USAGE, "%s: -n counts messages, and this is a stream", name);
    if (type == SOCK_STREAM)
        return pass_bytes(name, fd, options);
    struct hub hub = {.name = name, .type = type, .fd = fd, .messages = options->count};
    return pass_records(&hub, options);
}

/* Once its one client is there the server has done its work. */
static int serve_one(struct server *server, const struct options *options,
                     const struct exec_server *crew)
{
    struct deadline deadline = deadline_after(options->timeout);
    struct ucred client;
    int fd = server_wait(server, &client, &deadline);
    if (fd < 0)
        return tell(server->address.text, "wait for a client");
    server_close(server);
    if (crew->command)
        exec_server_exec(crew, fd, &client);
    return pass_bytes(server->address.text, fd, options);
}

static int serve(struct server *server, const struct options *options, char **command)
{
    const char *name = server->address.text;
    bool is_dgram = server->type == SOCK_DGRAM;
    struct exec_server crew = {.server = server,
                               .command = command,
                               .most = options->most > 0 ? options->most : COMMANDS,
                               .clients = options->count,
                               .idle = options->timeout,
                               .receives = options->receives};
    if (!options->keeps && (command || server->type == SOCK_STREAM))
        return serve_one(server, options, &crew);
    if (command)
        return exec_server_run(&crew) == 0 ? EXIT_DONE : tell(name, "wait for a client");
    struct hub hub = {.name = name, .type = server->type, .server = server};
    hub.messages = is_dgram ? options->count : 0;
    hub.clients = is_dgram ? 0 : options->keeps ? options->count : 1;
    return pass_records(&hub, options);
}

/* What does not go with the type, which is known only now. */
static int check_type(const struct server *server, const struct options *options, char **command)
{
    if (command && server->type == SOCK_DGRAM)
        diag_warn("%s: dgram has no connections that COMMAND could be given", server->address.text);
    else if (server->type != SOCK_DGRAM && !options->keeps && options->count > 0)
        diag_warn("-n goes with -k: one client is all there is without");
    else
        return EXIT_DONE;
    return EXIT_USAGE;
}

/* Tells whoever wants to know that clients may come. Returns 0, or the exit status. */
static int announce(const char *name, struct readiness *ready)
{
    char line[24];
    snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (ready->text && readiness_mark(ready, line) < 0)
        return tell(ready->text, "write the ready mark");
    if (readiness_notify() < 0)
        diag_warn("%s: tell NOTIFY_SOCKET: %m", name);
    return EXIT_DONE;
}

static int be_server(const struct socket_address *address, struct options *options, char **command)
{
    struct server server;
    struct deadline deadline = deadline_after(options->timeout);
    const mode_t mode = options->mode == no_mode ? 0600 : options->mode;
    interrupt_catch();
    if (options->ready.text && readiness_open(&options->ready, &deadline) < 0)
        diag_die(exit_status_of(errno), "%s: open for the ready mark: %m", options->ready.text);
    if (server_open(&server, address, options->type, mode, &options->admission, &deadline) < 0) {
        int errnum = errno;
        if (errnum == EINTR && interrupt_signal())
            interrupt_reraise();
        bool is_no = errnum == EADDRINUSE || errnum == ETIMEDOUT || errnum == EAGAIN;
        diag_die(is_no ? EXIT_NO : EXIT_ERROR, "%s: listen: %m%s", address->text,
                 server_hint(errnum));
    }
    int status = check_type(&server, options, command);
    if (status == EXIT_DONE)
        status = announce(address->text, &options->ready);
    if (status == EXIT_DONE)
        status = serve(&server, options, command);
    server_close(&server);
    if (interrupt_signal())
        interrupt_reraise();
    return status;
}

/* Refuses what does not go together. */
static void check(const struct socket_address *address, const struct options *options,
                  char **command)
{
    const struct {
        bool is_given, fits;
        const char *what;
    } rules[] = {
        {options->keeps, options->listens, "-k goes with -l"},
        {options->mode != no_mode, options->listens, "-m goes with -l"},
        {options->ready.text, options->listens, "--ready goes with -l"},
        {options->admission.count > 0, options->listens, "--allow goes with -l"},
        {options->retry > 0, !options->listens, "--retry is for a client"},
        {command, options->listens || options->receives, "COMMAND goes with -l or --recv-fd"},
        {options->receives, command, "--recv-fd goes with COMMAND"},
        {options->rights.count > 0, !command, "--send-fd goes without COMMAND"},
        {options->slow != FANOUT_UNSAID, options->keeps && !command, "--slow goes with -l -k"},
        {options->most > 0, command && options->keeps, "--max goes with -l -k and COMMAND"},
        {options->form != RECORD_LINE || options->is_metered, !command,
         "-0, -W, -N and -P are for stdin and stdout, which COMMAND replaces"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].is_given && !rules[i].fits)
            diag_die(EXIT_USAGE, "%s", rules[i].what);
    if (command && !*command)
        diag_die(EXIT_USAGE, "COMMAND is missing after --");
    if (options->mode != no_mode && (address->is_abstract || address->fd >= 0))
        diag_die(EXIT_USAGE, "%s: -m is for a path", address->text);
}

static const char *const synopsis[] = {
    "[--type TYPE] [--retry TIME] [--send-fd N]... [OPTION]... ADDRESS",
    "-l [-k [--slow POLICY]] [--send-fd N]... [OPTION]... ADDRESS",
    "-l [-k [--max N]] [--recv-fd] [OPTION]... ADDRESS -- COMMAND [ARG]...",
    "--recv-fd [OPTION]... ADDRESS -- COMMAND [ARG]...",
    NULL,
};

static const struct tool tool = {
    .name = "usockcat",
    .purpose = "Talk over a Unix domain socket, as client or server",
    .synopsis = synopsis,
    .has_command = true,
    .more = "ADDRESS is a path, @NAME for an abstract socket, or fd:N for an inherited one.\n",
};

int main(int argc, char **argv)
{
    struct options options = {.mode = no_mode, .timeout = DEADLINE_NEVER, .slow = FANOUT_UNSAID};
    const struct tool_option table[] = {
        {'l', "listen", NULL, NULL, &options.listens, "be the server, of one client"},
        {'k', "keep", NULL, NULL, &options.keeps, "with -l: serve many clients, at once"},
        {0, "type", "TYPE", address_parse_type, &options.type,
         "stream, dgram or seqpacket (server: stream; client: found)"},
        {0, "retry", "TIME", parse_time, &options.retry, "wait so long for a server to come up"},
        {0, "max", "N", parse_count, &options.most, "COMMANDs at once, the rest wait (64)"},
        {0, "slow", "POLICY", fanout_parse_slow, &options.slow,
         "what a client that does not read does to "
         "the others: block, drop or close"},
        {0, "allow", "WHO", access_rule_parse, &options.admission,
         "serve only uid:N, user:NAME, gid:N, group:NAME or any"},
        {0, "send-fd", "N", fdpass_parse, &options.rights, "send this open descriptor along"},
        {0, "recv-fd", NULL, NULL, &options.receives, "give COMMAND the descriptors that come"},
        {0, "ready", "FILE", readiness_parse, &options.ready, "mark there that clients may come"},
        {OPTION_MODE(&options.mode)},
        {OPTION_COUNT(&options.count, "end after N clients; dgram, or a client: N messages")},
        {OPTION_TIMEOUT(&options.timeout)},
        {OPTION_PROGRESS(&options.is_metered)},
        {RECORD_OPTION_NULL(&options.form)},
        {RECORD_OPTION_WHOLE(&options.form)},
        {RECORD_OPTION_NETSTRING(&options.form)},
        {0},
    };
    struct socket_address address;

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "ADDRESS", address_parse, &address);
    options_end(&operands);
    check(&address, &options, operands.command);
    if (!operands.command && !io_is_open_for(STDIN_FILENO, O_RDONLY))
        diag_die(EXIT_ERROR, "stdin: read: %m");
    if (!operands.command && !io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, "stdout: write: %m");

    int status = options.listens ? be_server(&address, &options, operands.command)
                                 : be_client(&address, &options, operands.command);
    progress_end();
    if (!operands.command && program_end() < 0 && status == EXIT_DONE)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return status;
}
