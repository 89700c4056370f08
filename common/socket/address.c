#include "socket/address.h"

#include "sys/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MIN = 1000000, PAUSE_MAX = 50000000 }; /* nanoseconds between two tries */
enum { NAME_MAX_BYTES = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };

/* In the order in which a client tries them. */
static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
enum { TYPES = sizeof types / sizeof *types };

static const char *parse_descriptor(const char *text, struct socket_address *address)
{
    uint64_t number;
    const char *end = parse_digits(text + 3, 10, INT_MAX, &number);
    if (!end || end == text + 3 || *end)
        return "fd: and the number of a descriptor (a path is written ./fd:N)";
    if (number <= STDERR_FILENO)
        return "0, 1 and 2 are standard input, output and error: from 3 up";
    *address = (struct socket_address){.text = text, .fd = (int)number};
    return NULL;
}

const char *address_parse(const char *text, void *value)
{
    if (strncmp(text, "fd:", 3) == 0)
        return parse_descriptor(text, value);
    bool is_abstract = *text == '@';
    size_t length = strlen(text);
    if (length == is_abstract)
        return "not an address (a path, @NAME for an abstract socket, or fd:N)";
    if (length - is_abstract > NAME_MAX_BYTES)
        return "longer than 107 bytes, which is all that a socket address holds";

    struct socket_address *address = value;
    *address = (struct socket_address){.text = text, .is_abstract = is_abstract, .fd = -1};
    address->name.sun_family = AF_UNIX;
    memcpy(address->name.sun_path, text, length);
    if (is_abstract) /* unix(7): a leading NUL, and the length counts, not a terminator */
        address->name.sun_path[0] = '\0';
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract);
    return NULL;
}

const char *address_parse_type(const char *text, void *value)
{
    static const char *const names[] = {"stream", "seqpacket", "dgram", NULL}; /* as TYPES */
    int found = parse_word(text, names);
    if (found < 0)
        return "not a type (stream, dgram or seqpacket)";
    *(int *)value = types[found];
    return NULL;
}

int address_socket(int type, int flags)
{
    return socket(AF_UNIX, type | SOCK_CLOEXEC | flags, 0);
}

int address_bind(const struct socket_address *address, int fd)
{
    return bind(fd, (const struct sockaddr *)&address->name, address->length);
}

int address_connect_socket(const struct socket_address *address, int fd)
{
    return connect(fd, (const struct sockaddr *)&address->name, address->length);
}

bool address_is_bound_abstract(int fd)
{
    struct sockaddr_un name = {0};
    socklen_t length = sizeof name;
    return getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
           length > sizeof name.sun_family && !name.sun_path[0];
}

static int get_option(int fd, int option, int *value)
{
    socklen_t length = sizeof *value;
    return getsockopt(fd, SOL_SOCKET, option, value, &length);
}

int address_inherited_type(const struct socket_address *address)
{
    int type;
    return address->fd >= 0 && get_option(address->fd, SO_TYPE, &type) == 0 ? type : 0;
}

/* Checks and takes over the inherited socket FD. */
static int inherit(int fd, int *type, bool listens)
{
    struct sockaddr_un peer;
    socklen_t length = sizeof peer;
    int domain, own_type, is_listening;
    if (get_option(fd, SO_DOMAIN, &domain) < 0 || get_option(fd, SO_TYPE, &own_type) < 0 ||
        get_option(fd, SO_ACCEPTCONN, &is_listening) < 0)
        return -1;
    if (domain != AF_UNIX)
        return errno = EAFNOSUPPORT, -1;
    if (*type && *type != own_type)
        return errno = EPROTOTYPE, -1;
    if (listens && !is_listening && own_type != SOCK_DGRAM)
        return errno = EINVAL, -1;
    if (!listens && getpeername(fd, (struct sockaddr *)&peer, &length) < 0)
        return -1;
    *type = own_type;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
}

static const char other_type[] = "it is a socket of another type; without --type the type is found";

static const char *inherit_hint(int errnum)
{
    switch (errnum) {
    case EBADF:
        return "nobody has passed it on";
    case EAFNOSUPPORT:
        return "it is no Unix socket";
    case EPROTOTYPE:
        return other_type;
    case EINVAL:
        return "it does not listen";
    case ENOTCONN:
        return "-l is for a socket that listens";
    default:
        return "";
    }
}

int address_inherit(const struct socket_address *address, int *type, bool listens,
                    struct failure *failure)
{
    int fd = inherit(address->fd, type, listens);
    if (fd >= 0)
        return fd;
    failure_set(failure, listens ? "listen" : "connect");
    return failure_add_hint(failure, "%s", inherit_hint(errno));
}

/* connect(2) on a stream waits as long as the server's queue of clients is full. */
static int connect_as(const struct socket_address *address, int type,
                      const struct deadline *deadline)
{
    bool is_now = deadline_is_now(deadline);
    int fd = address_socket(type, is_now ? SOCK_NONBLOCK : 0);
    if (fd < 0)
        return -1;

    int result;
    deadline_arm(deadline);
    do
        result = address_connect_socket(address, fd);
    while (result < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);

    /* unix(7), autobind: a name of the kernel's choice. After connect, so that only this peer can
     * ever send to it. */
    static const struct sockaddr unnamed = {.sa_family = AF_UNIX};
    if (result == 0 && type == SOCK_DGRAM)
        result = bind(fd, &unnamed, sizeof unnamed.sa_family);
    if (result == 0 && is_now)
        result = fcntl(fd, F_SETFL, 0);
    if (result == 0)
        return fd;
    return close_keep_errno(fd);
}

/* Whether connecting, which failed, may succeed with another type. The kernel looks up an abstract
 * name together with the type, so it refuses another type as if there were no server. */
static bool may_be_another_type(const struct socket_address *address)
{
    return errno == EPROTOTYPE || (address->is_abstract && errno == ECONNREFUSED);
}

static bool is_other_kind_of_file(const struct socket_address *address)
{
    struct stat status;
    return !address->is_abstract && stat(address->text, &status) == 0 && !S_ISSOCK(status.st_mode);
}

/* Tries once, with each type that may be meant. */
static int try_to_connect(const struct socket_address *address, int *type,
                          const struct deadline *deadline)
{
    for (int i = 0; i < TYPES; i++) {
        if (*type && *type != types[i])
            continue;
        int fd = connect_as(address, types[i], deadline);
        if (fd >= 0) {
            *type = types[i];
            return fd;
        }
        if (!may_be_another_type(address))
            break;
    }
    int errnum = errno;
    bool is_no_socket = errnum == ECONNREFUSED && is_other_kind_of_file(address);
    return errno = is_no_socket ? ENOTSOCK : errnum, -1;
}

static const char *connect_hint(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ECONNREFUSED:
        return "no server is there; usockcat -l starts one";
    case EPROTOTYPE:
        return other_type;
    case EAGAIN:
    case ETIMEDOUT:
        return "the server has not accepted those who came before";
    default:
        return "";
    }
}

int address_connect(const struct socket_address *address, int *type, int64_t timeout,
                    const struct deadline *retry, struct failure *failure)
{
    struct timespec pause = {.tv_nsec = PAUSE_MIN};
    if (address->fd >= 0)
        return address_inherit(address, type, false, failure);
    for (;;) {
        struct deadline deadline = deadline_after(timeout);
        int fd = try_to_connect(address, type, &deadline);
        if (fd >= 0)
            return fd;
        bool is_too_early = errno == ENOENT || errno == ECONNREFUSED;
        if (!is_too_early || deadline_remaining(retry) == 0)
            break;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX)
            pause.tv_nsec *= 2;
    }
    failure_set(failure, "connect");
    return failure_add_hint(failure, "%s", connect_hint(errno));
}
