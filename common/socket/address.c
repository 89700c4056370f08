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

enum { PAUSE_MIN = 1000000, PAUSE_MAX = 50000000 }; /* nanoseconds */
enum { NAME_MAX_BYTES = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };

/* In the order in which address_connect tries them. */
static const struct {
    int type;
    const char *name;
} types[] = {{SOCK_STREAM, "stream"}, {SOCK_SEQPACKET, "seqpacket"}, {SOCK_DGRAM, "dgram"}};
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
    for (int i = 0; i < TYPES; i++)
        if (strcmp(text, types[i].name) == 0) {
            *(int *)value = types[i].type;
            return NULL;
        }
    return "not a type (stream, dgram or seqpacket)";
}

const char *address_type_name(int type)
{
    for (int i = 0; i < TYPES; i++)
        if (types[i].type == type)
            return types[i].name;
    return "unknown";
}

static int get_option(int fd, int option, int *value)
{
    socklen_t length = sizeof *value;
    return getsockopt(fd, SOL_SOCKET, option, value, &length);
}

int address_inherit(const struct socket_address *address, int *type, bool listens)
{
    struct sockaddr_un peer;
    socklen_t length = sizeof peer;
    int fd = address->fd, domain, own_type, is_listening;
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

/* connect(2) on a stream waits for as long as the server's queue of clients is full. */
static int connect_as(const struct socket_address *address, int type,
                      const struct deadline *deadline)
{
    bool is_now = deadline_is_now(deadline);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | (is_now ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0)
        return -1;

    int result;
    deadline_arm(deadline);
    do
        result = connect(fd, (const struct sockaddr *)&address->name, address->length);
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

/* Whether the connect that failed may be good with another type. The kernel looks up an abstract
 * name together with the type, so there another type is refused like no server at all. */
static bool may_be_another_type(const struct socket_address *address)
{
    return errno == EPROTOTYPE || (address->is_abstract && errno == ECONNREFUSED);
}

int address_connect(const struct socket_address *address, int *type,
                    const struct deadline *deadline)
{
    struct stat status;
    int fd = -1;
    if (address->fd >= 0)
        return address_inherit(address, type, false);
    for (int i = 0; fd < 0 && i < TYPES; i++) {
        if (*type && *type != types[i].type)
            continue;
        fd = connect_as(address, types[i].type, deadline);
        if (fd >= 0)
            *type = types[i].type;
        else if (!may_be_another_type(address))
            break;
    }
    if (fd < 0 && errno == ECONNREFUSED && !address->is_abstract &&
        stat(address->text, &status) == 0 && !S_ISSOCK(status.st_mode))
        errno = ENOTSOCK;
    return fd;
}

int address_connect_retry(const struct socket_address *address, int *type, int64_t timeout,
                          const struct deadline *retry)
{
    struct timespec pause = {.tv_nsec = PAUSE_MIN};
    for (;;) {
        struct deadline deadline = deadline_after(timeout);
        int fd = address_connect(address, type, &deadline);
        bool is_too_early = fd < 0 && (errno == ENOENT || errno == ECONNREFUSED);
        if (!is_too_early || deadline_remaining(retry) == 0)
            return fd;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < PAUSE_MAX)
            pause.tv_nsec *= 2;
    }
}

const char *address_hint(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ECONNREFUSED:
        return " (no server is there; usockcat -l starts one)";
    case EPROTOTYPE:
        return " (it is a socket of another type; without --type the type is found)";
    case EBADF:
        return " (nobody has passed it on)";
    case ENOTCONN:
        return " (-l is for a socket that listens)";
    case EAFNOSUPPORT:
        return " (it is no Unix socket)";
    case EAGAIN:
    case ETIMEDOUT:
        return " (the server has not accepted those who came before)";
    default:
        return "";
    }
}
