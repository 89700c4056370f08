#include "socket/server.h"

#include "cli/diag.h"
#include "sys/io.h"
#include "sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096 }; /* listen(2) cuts it to net.core.somaxconn */

/* bind(2) makes the file with 0777 less the umask. */
static int bind_to(int fd, const struct socket_address *address, mode_t mode)
{
    mode_t old = umask(0777 & ~mode);
    int result = address_bind(address, fd);
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

/* Removes the path if nobody serves it. The test is to connect a dgram socket, whatever type the
 * server has: for that the kernel distinguishes a dead socket (ECONNREFUSED) from a socket of
 * another type (EPROTOTYPE), even before it listens, and no server gets a client that says nothing.
 */
static int remove_stale(const struct socket_address *address)
{
    struct stat status;
    if (lstat(address->text, &status) < 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISSOCK(status.st_mode))
        return errno = ENOTSOCK, -1;

    int fd = address_socket(SOCK_DGRAM, 0);
    if (fd < 0)
        return -1;
    int errnum = address_connect_socket(address, fd) == 0 ? 0 : errno;
    close(fd);
    if (errnum == ECONNREFUSED)
        return unlink(address->text);
    /* a server; a stream or seqpacket; connected to somebody else; its queue is full */
    bool is_served = errnum == 0 || errnum == EPROTOTYPE || errnum == EPERM || errnum == EAGAIN;
    return errno = is_served ? EADDRINUSE : errnum, -1;
}

/* Only a process that replaces a socket needs the lock: nobody else may put a new socket in the
 * place of the dead one between its test and its unlink. */
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

    server->has_file = lstat(address->text, &server->file) == 0;
    if (!server->has_file) {
        int saved = errno;
        unlink(address->text);
        errno = saved;
        return -1;
    }
    return 0;
}

/* Makes the socket. The type of a new one is stream unless it is given. */
static int make_socket(struct server *server)
{
    server->type = server->type ? server->type : SOCK_STREAM;
    server->fd = address_socket(server->type, 0);
    return server->fd < 0 ? -1 : 0;
}

static int inherit_socket(struct server *server)
{
    server->fd = address_inherit(&server->address, &server->type, true, &server->failure);
    if (server->fd < 0)
        return -1;
    server->address.is_abstract = address_is_bound_abstract(server->fd);
    return 0;
}

/* The kernel adds the sender only to messages that come after SO_PASSCRED, so it is set before
 * bind; the sockets of accept(2) inherit it. */
static int prepare_socket(const struct server *server)
{
    static const int on = 1;
    if (server->type != SOCK_DGRAM && fcntl(server->fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
        return -1;
    return server->type == SOCK_STREAM
               ? 0
               : setsockopt(server->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

static int bind_and_listen(struct server *server, mode_t mode, const struct deadline *deadline)
{
    if (bind_server(server, mode, deadline) < 0)
        return -1;
    return server->type == SOCK_DGRAM ? 0 : listen(server->fd, BACKLOG);
}

static int fail_to_listen(struct server *server)
{
    failure_set(&server->failure, "listen");
    server->failure.is_error = errno != EADDRINUSE && errno != ETIMEDOUT && errno != EAGAIN;
    if (errno == EADDRINUSE)
        failure_add_hint(&server->failure, "another process serves it");
    if (errno == ENOTSOCK)
        failure_add_hint(&server->failure, "something that is no socket is there; it stays");
    return -1;
}

/* Opens the socket. */
static int open_socket(struct server *server, mode_t mode, const struct deadline *deadline)
{
    if (server->address.fd >= 0) {
        if (inherit_socket(server) < 0)
            return -1; /* with its failure */
        return prepare_socket(server) < 0 ? fail_to_listen(server) : 0;
    }
    if (make_socket(server) < 0 || prepare_socket(server) < 0 ||
        bind_and_listen(server, mode, deadline) < 0)
        return fail_to_listen(server);
    return 0;
}

int server_open(struct server *server, const struct socket_address *address, int type, mode_t mode,
                const struct access_rules *rules, const struct deadline *deadline)
{
    *server = (struct server){.address = *address, .type = type, .fd = -1, .rules = rules};
    if (open_socket(server, mode, deadline) == 0)
        return 0;
    int saved = errno;
    server_close(server);
    errno = saved;
    return -1;
}

bool server_admits(const struct server *server, const struct ucred *peer, int fd)
{
    uid_t own = geteuid();
    bool has_rules = server->rules->count > 0;
    if (has_rules ? access_rule_matches(server->rules, peer, fd)
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

struct pollfd server_poll(const struct server *server)
{
    return (struct pollfd){server->is_paused ? -1 : server->fd, POLLIN, 0};
}

void server_pause(struct server *server)
{
    if (!server->has_warned)
        diag_warn("%s: accept: %m; the next clients wait until one leaves", server->address.text);
    server->is_paused = server->has_warned = true;
}

void server_resume(struct server *server)
{
    server->is_paused = false;
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

int server_fail_to_wait(struct server *server)
{
    failure_set(&server->failure, "wait for a client");
    server->failure.is_error = errno != ETIMEDOUT;
    return -1;
}

int server_wait(struct server *server, struct ucred *peer, const struct deadline *deadline)
{
    struct pollfd room = {.fd = server->fd, .events = POLLIN};
    int fd;
    do {
        if (deadline_poll(&room, 1, deadline) < 0)
            return server_fail_to_wait(server);
        fd = server_accept(server, peer);
    } while (fd < 0 && errno == EAGAIN);
    return fd < 0 ? server_fail_to_wait(server) : fd;
}

const char *server_folder(const struct server *server, char directory[static PATH_MAX])
{
    return server->has_file ? path_directory(server->address.text, directory) : NULL;
}

/* To be called before the socket is closed: it keeps its inode, so no other file can have the same
 * number. */
static int remove_path(const struct server *server)
{
    struct stat status;
    if (lstat(server->address.text, &status) < 0)
        return -1;
    return io_is_same_file(&status, &server->file) ? unlink(server->address.text) : 0;
}

void server_close(struct server *server)
{
    if (server->fd < 0)
        return;
    if (server->has_file && remove_path(server) < 0 && errno != ENOENT)
        diag_warn("%s: remove socket: %m", server->address.text);
    server->has_file = false;
    close(server->fd);
    server->fd = -1;
}
