/* usockcat: talks over a Unix domain socket, as its client or as its server
 *
 * A stream carries bytes both ways; each way is in order, and its sender ends it. Messages (dgram,
 * seqpacket) arrive whole, one record each. What was sent and not yet received is in the kernel,
 * and is lost when the receiver closes; the sender learns of it if the kernel reports it. A server
 * owns its path from bind until its last client has come. Nothing at a path is ever replaced but a
 * socket that nobody serves. With COMMAND each client has a process to itself. Descriptors go along
 * with the first bytes or the first message. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "socket/exec_server.h"
#include "socket/hub.h"
#include "socket/server_run.h"
#include "stream/relay.h"
#include "sys/exec.h"
#include "sys/interrupt.h"
#include "sys/io.h"
#include "sys/program.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { COMMANDS_MAX = 64 }; /* at once, unless --max changes it */

static const mode_t no_mode = (mode_t)-1;

struct options {
    bool listens, keeps, is_metered, receives;
    int64_t max, count, retry; /* 0: not given */
    enum record_form form;
    enum fanout_slow slow;
    struct fdpass rights;         /* to send */
    struct server_options server; /* its type and timeout are a client's too */
    char **command;
};

/* What a COMMAND needs to know about its server. */
struct command_context {
    const char *address;
    const struct options *options;
};

static const struct fdpass *rights_of(const struct options *options)
{
    return options->rights.count > 0 ? &options->rights : NULL;
}

/* The process can do nothing from here on but move data, and remove the path of SERVER (NULL:
 * none). Clients that send datagrams are answered by abstract names. */
static void enter_sandbox(const struct server *server)
{
    char directory[PATH_MAX];
    const char *folder = server ? server_folder(server, directory) : NULL;
    sandbox_enter(&(struct sandbox){.sockets = true, .folder = folder});
}

/* If the length of stdin is known, the meter counts only that. Returns whether it is. */
static bool start_meter(const struct options *options)
{
    int64_t total = io_bytes_left(STDIN_FILENO);
    if (options->is_metered)
        progress_start(total);
    return total >= 0;
}

/* Passes bytes both ways between stdin, stdout and the socket FD. */
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
    struct failure failure;
    enter_sandbox(NULL);
    flows[1].is_unmetered = start_meter(options);
    if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
        failure_set(&failure, "prepare");
    else if (relay_run(flows, 2, options->server.timeout, &failure) == 0)
        return EXIT_DONE;
    return diag_fail(name, &failure);
}

/* Passes records between stdin, stdout and the peers of HUB. */
static int pass_records(struct hub *hub, const struct options *options)
{
    hub->form = options->form;
    hub->idle = options->server.timeout;
    hub->shared.fanout.slow = options->slow;
    hub->shared.fanout.rights = rights_of(options);
    enter_sandbox(hub->shared.server);
    hub->is_input_meter = start_meter(options);
    return hub_run(hub) == 0 ? EXIT_DONE : diag_fail(hub->shared.name, &hub->shared.failure);
}

/* Becomes COMMAND with the descriptors that come over FD, from 3 up. */
static _Noreturn void exec_with_received(const char *name, int fd, const struct options *options)
{
    struct fdpass rights;
    struct failure failure;
    struct deadline deadline = deadline_after(options->server.timeout);
    if (fdpass_receive(fd, &rights, &deadline, &failure) < 0 ||
        fdpass_export_listen_fds(&rights, &failure) < 0)
        exit(diag_fail(name, &failure));
    exec_command(options->command);
}

/* Becomes COMMAND for the client at FD: an exec_server_start. */
static void exec_for_client(const void *value, int fd, const struct ucred *client)
{
    const struct command_context *context = value;
    const struct options *options = context->options;
    exec_server_set_client(context->address, options->command, fd, client);
    if (options->receives)
        exec_with_received(context->address, STDIN_FILENO, options);
    exec_command(options->command);
}

static int run_client(const struct socket_address *address, const struct options *options)
{
    const char *name = address->text;
    struct failure failure;
    struct deadline retry = deadline_after(options->retry);
    int type = options->server.type;
    int fd = address_connect(address, &type, options->server.timeout, &retry, &failure);
    if (fd < 0)
        return diag_fail(name, &failure);
    if (options->command)
        exec_with_received(name, fd, options);
    if (type == SOCK_STREAM && options->count > 0)
        diag_die(EXIT_USAGE, "%s: -n counts messages, and this is a stream", name);
    if (type == SOCK_STREAM)
        return pass_bytes(name, fd, options);

    struct hub hub = {.shared = {.name = name, .type = type, .wanted = options->count}, .fd = fd};
    return pass_records(&hub, options);
}

static int serve_one(struct server *server, const struct options *options)
{
    const char *name = server->address.text;
    struct ucred client;
    int fd = server_run_accept_one(server, &client, options->server.timeout);
    if (fd < 0)
        return diag_fail(name, &server->failure);
    if (options->command) {
        interrupt_release();
        exec_for_client(&(struct command_context){name, options}, fd, &client);
    }
    return pass_bytes(name, fd, options);
}

static int serve_by_commands(struct server *server, const struct options *options)
{
    struct command_context context = {server->address.text, options};
    struct exec_server exec = {.server = server,
                               .start = exec_for_client,
                               .context = &context,
                               .max = options->max > 0 ? options->max : COMMANDS_MAX,
                               .clients = options->count,
                               .idle = options->server.timeout};
    return exec_server_run(&exec) == 0 ? EXIT_DONE
                                       : diag_fail(server->address.text, &server->failure);
}

static int serve_by_records(struct server *server, const struct options *options)
{
    struct hub hub = {
        .shared = {.name = server->address.text, .type = server->type, .server = server}};
    if (server->type == SOCK_DGRAM)
        hub.shared.wanted = options->count;
    else
        hub.clients = options->keeps ? options->count : 1;
    return pass_records(&hub, options);
}

static int run_server(const struct socket_address *address, struct options *options)
{
    struct server server;
    int status;
    interrupt_catch();
    if (server_run_open(&server, address, &options->server) < 0)
        status = diag_fail(address->text, &server.failure);
    else if (!options->keeps && (options->command || server.type == SOCK_STREAM))
        status = serve_one(&server, options);
    else if (options->command)
        status = serve_by_commands(&server, options);
    else
        status = serve_by_records(&server, options);
    server_close(&server);
    interrupt_reraise_pending();
    return status;
}

static const struct option_rule rules[] = {
    {"keep", .with = "listen"},
    {"mode", .with = "listen"},
    {"ready", .with = "listen"},
    {"allow", .with = "listen"},
    {"retry", .without = "listen"},
    {"COMMAND", .with = "listen recv-fd"},
    {"recv-fd", .with = "COMMAND"},
    {"send-fd", .without = "COMMAND"},
    {"slow", .with = "keep"},
    {"slow", .without = "COMMAND"},
    {"max", .with = "keep"},
    {"max", .with = "COMMAND"},
    {"null", .without = "COMMAND"},
    {"whole", .without = "COMMAND"},
    {"netstring", .without = "COMMAND"},
    {"progress", .without = "COMMAND"},
    {0},
};

/* Refuses values that do not go together, and what does not go with the type of a server. */
static void check_values(const struct socket_address *address, struct options *options)
{
    struct server_options *server = &options->server;
    if (server->mode != no_mode && (address->is_abstract || address->fd >= 0))
        diag_die(EXIT_USAGE, "%s: -m is for a path", address->text);
    if (server->mode == no_mode)
        server->mode = 0600;
    if (!options->listens)
        return;
    bool is_dgram = server_run_type(address, server) == SOCK_DGRAM;
    if (is_dgram && options->command)
        diag_die(EXIT_USAGE, "%s: dgram has no connections that COMMAND could be given",
                 address->text);
    if (!is_dgram && !options->keeps && options->count > 0)
        diag_die(EXIT_USAGE, "-n needs -k (without it there is one client)");
}

static void check_standard_streams(void)
{
    if (!io_is_open_for(STDIN_FILENO, O_RDONLY))
        diag_die(EXIT_ERROR, "stdin: read: %m");
    if (!io_is_open_for(STDOUT_FILENO, O_WRONLY))
        diag_die(EXIT_ERROR, "stdout: write: %m");
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
    .rules = rules,
    .has_command = true,
    .more = "ADDRESS is a path, @NAME for an abstract socket, or fd:N for an inherited one.\n",
};

int main(int argc, char **argv)
{
    struct options options = {.server = {.mode = no_mode, .timeout = DEADLINE_NEVER}};
    const struct tool_option table[] = {
        {'l', "listen", NULL, NULL, &options.listens, "be the server, of one client"},
        {'k', "keep", NULL, NULL, &options.keeps, "with -l: serve many clients, at once"},
        {0, "type", "TYPE", address_parse_type, &options.server.type,
         "stream, dgram or seqpacket (server: stream; client: found)"},
        {0, "retry", "TIME", parse_time, &options.retry, "wait so long for a server to come up"},
        {0, "max", "N", parse_count, &options.max, "COMMANDs at once; the rest wait (64)"},
        {0, "slow", "POLICY", fanout_parse_slow, &options.slow,
         "if a client does not read: block, drop or close"},
        {0, "allow", "WHO", access_rule_parse, &options.server.rules,
         "serve only uid:N, user:NAME, gid:N, group:NAME or any"},
        {0, "send-fd", "N", fdpass_parse, &options.rights, "send this open descriptor along"},
        {0, "recv-fd", NULL, NULL, &options.receives, "give COMMAND the descriptors that come"},
        {0, "ready", "FILE", readiness_parse, &options.server.ready,
         "write the PID there once clients may come"},
        {OPTION_MODE(&options.server.mode)},
        {OPTION_COUNT(&options.count, "end after N clients; dgram, or a client: N messages")},
        {OPTION_TIMEOUT(&options.server.timeout)},
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
    options_check(&operands, NULL);
    options.command = operands.command;
    check_values(&address, &options);
    if (!options.command)
        check_standard_streams();

    int status = options.listens ? run_server(&address, &options) : run_client(&address, &options);
    progress_end();
    if (!options.command && program_end() < 0 && status == EXIT_DONE)
        diag_die(EXIT_ERROR, "stdout: close: %m");
    return status;
}
