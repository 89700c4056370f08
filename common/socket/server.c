#include "socket/server.h"

#include "cli/diag.h"
#include "socket/access_rule.h"
#include "sys/io.h"
#include "sys/path.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096 }; /* listen(2) cuts it to net.core.somaxconn */

/* bind(2) takes the umask from 0777, so the umask is what the mode is not. */
static int bind_to(int fd, const struct socket_address *address, mode_t mode)
{
    mode_t old = umask(0777 & ~mode);
    int result = bind(fd, (const struct sockaddr *)&address->name, address->length);
    umask(old);
    return result;
}

/* Holds the directory of PATH until the descriptor it returns is closed. */
static int lock_directory(const char *path, const struct deadline *deadline)
{
    char directory[PATH_MAX];
    int fd = open(path_directory(path, directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;

    int result;
    deadline_arm(deadline);
    do
        result = flock(fd, LOCK_EX | (deadline_is_now(deadline) ? LOCK_NB : 0));
    while (result < 0 && deadline_should_retry(deadline));
    deadline_disarm(deadline);
    if (result == 0)
        return fd;
    return close_keep_errno(fd);
}

/* Removes the path where nobody serves it. A dgram socket asks, whatever the type: to it the kernel
 * tells a dead socket (ECONNREFUSED) from one that is bound to another type (EPROTOTYPE), also
 * before that listens, and no server gets a client that is none. */
static int remove_stale(const struct socket_address *address)
{
    struct stat status;
    if (lstat(address->text, &status) < 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISSOCK(status.st_mode))
        return errno = ENOTSOCK, -1;

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int errnum =
        connect(fd, (const struct sockaddr *)&address->name, address->length) == 0 ? 0 : errno;
    close(fd);
    if (errnum == ECONNREFUSED)
        return unlink(address->text);
    /* a stream or seqpacket; one that talks to somebody else; one whose queue is full */
    bool is_served = errnum == 0 || errnum == EPROTOTYPE || errnum == EPERM || errnum == EAGAIN;
    return errno = is_served ? EADDRINUSE : errnum, -1;
}

/* Only those who replace need the lock: between its look and its unlink nobody else may put a new
 * socket in the place of the dead one. */
static int replace_stale(struct server *server, mode_t mode, const struct deadline *deadline)
{
    int lock = lock_directory(server->address.text, deadline);
    if (lock < 0)
        return -1;
    int result = remove_stale(&server->address);
    if (result == 0)
        result = bind_to(server->fd, &server->address, mode);
    int saved = errno;
    close(lock);
    errno = saved;
    return result;
}

static int bind_server(struct server *server, mode_t mode, const struct deadline *deadline)
{
    const struct socket_address *address = &server->address;
    int result = bind_to(server->fd, address, mode);
    if (address->is_abstract)
        return result;
    if (result < 0 && errno == EADDRINUSE)
        result = replace_stale(server, mode, deadline);
    if (result < 0)
        return -1;

    struct stat status;
    if (lstat(address->text, &status) < 0) {
        int saved = errno;
        unlink(address->text);
        errno = saved;
        return -1;
    }
    server->device = status.st_dev;
    server->inode = status.st_ino;
    return 0;
}

/* Makes the socket, or takes over the one that was inherited. Who sends a message is known of those
 * that come after SO_PASSCRED, so it is before bind; the sockets of accept(2) inherit it. */
static int get_socket(struct server *server)
{
    static const int on = 1;
    bool is_inherited = server->address.fd >= 0;
    if (is_inherited) {
        struct sockaddr_un name = {0};
        socklen_t length = sizeof name;
        server->fd = address_inherit(&server->address, &server->type, true);
        if (server->fd >= 0 && getsockname(server->fd, (struct sockaddr *)&name, &length) == 0)
            server->address.is_abstract = length > sizeof name.sun_family && !name.sun_path[0];
    } else {
        server->type = server->type ? server->type : SOCK_STREAM;
        server->fd = socket(AF_UNIX, server->type | SOCK_CLOEXEC, 0);
    }
    if (server->fd < 0 ||
        (server->type != SOCK_DGRAM && fcntl(server->fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0))
        return -1;
    return server->type == SOCK_STREAM
               ? 0
               : setsockopt(server->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

static int listen_at(struct server *server, mode_t mode, const struct deadline *deadline)
{
    if (server->address.fd >= 0)
        return 0;
    if (bind_server(server, mode, deadline) < 0)
        return -1;
    return server->type == SOCK_DGRAM ? 0 : listen(server->fd, BACKLOG);
}

int server_open(struct server *server, const struct socket_address *address, int type, mode_t mode,
                const struct access_rules *admission, const struct deadline *deadline)
{
    *server = (struct server){.address = *address, .type = type, .admission = admission};
    if (get_socket(server) == 0 && listen_at(server, mode, deadline) == 0)
        return 0;
    int saved = errno;
    server_close(server);
    errno = saved;
    return -1;
}

bool server_admits(const struct server *server, const struct ucred *peer, int fd)
{
    uid_t own = geteuid();
    bool has_rules = server->admission->count > 0;
    if (has_rules ? access_rule_matches(server->admission, peer, fd)
                  : !server->address.is_abstract || peer->uid == own)
        return true;
    if (has_rules)
        diag_warn("%s: refused uid %u, pid %d: no --allow names it", server->address.text,
                  peer->uid, peer->pid);
    else
        diag_warn("%s: refused uid %u, pid %d: an abstract name is for uid %u alone (a path has "
                  "permissions; --allow names others)",
                  server->address.text, peer->uid, peer->pid, own);
    return false;
}

struct pollfd server_watch(const struct server *server)
{
    return (struct pollfd){server->is_crowded ? -1 : server->fd, POLLIN, 0};
}

void server_pause(struct server *server)
{
    if (!server->has_told_crowd)
        diag_warn("%s: accept: %m; the next clients wait until one leaves", server->address.text);
    server->is_crowded = server->has_told_crowd = true;
}

void server_resume(struct server *server)
{
    server->is_crowded = false;
}

int server_accept(struct server *server, struct ucred *peer)
{
    socklen_t length = sizeof *peer;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == ECONNABORTED || errno == EINTR)
            errno = EAGAIN;
        return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) == 0 &&
        server_admits(server, peer, fd))
        return fd;
    close(fd);
    return errno = EAGAIN, -1;
}

int server_wait(struct server *server, struct ucred *peer, const struct deadline *deadline)
{
    struct pollfd wait = {.fd = server->fd, .events = POLLIN};
    int fd;
    do {
        if (deadline_poll(&wait, 1, deadline) < 0)
            return -1;
        fd = server_accept(server, peer);
    } while (fd < 0 && errno == EAGAIN);
    return fd;
}

/* The path is still to be removed, and clients that send datagrams are answered by abstract names.
 */
void server_sandbox(const struct server *server)
{
    bool has_path = server && server->inode;
    char directory[PATH_MAX];
    const char *folder = has_path ? path_directory(server->address.text, directory) : NULL;
    sandbox_enter(&(struct sandbox){.sockets = true, .folder = folder});
}

/* The open socket holds on to its inode, so no other file can have the same number: compare before
 * close. */
static int remove_path(const struct server *server)
{
    struct stat status;
    if (lstat(server->address.text, &status) < 0)
        return -1;
    bool is_ours = status.st_dev == server->device && status.st_ino == server->inode;
    return is_ours ? unlink(server->address.text) : 0;
}

void server_close(struct server *server)
{
    if (server->fd < 0)
        return;
    if (server->inode && remove_path(server) < 0 && errno != ENOENT)
        diag_warn("%s: remove socket: %m", server->address.text);
    close(server->fd);
    server->fd = -1;
}

const char *server_hint(int errnum)
{
    switch (errnum) {
    case EADDRINUSE:
        return " (another process serves it)";
    case ENOTSOCK:
        return " (something that is no socket is there; it stays)";
    case EINVAL:
        return " (it does not listen)";
    case EBADF:
        return " (nobody has passed it on)";
    case EAFNOSUPPORT:
        return " (it is no Unix socket)";
    default:
        return "";
    }
}
