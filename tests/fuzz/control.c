/* control: descriptors over a Unix socket, with whatever else comes along
 *
 * Bytes: the type of the socket and what the receiver has switched on, how many descriptors it may
 * have open, then three a message: how many descriptors, how many bytes, which byte. */
#include "fuzz.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sys/fdpass.c" /* with its static functions */

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* Linux 6.5 */
#endif

enum { FILES = 4, MESSAGES = 6, ROOM_FROM = 40 };

struct sent {
    int descriptors;
    size_t size;
    char byte;
};

static int files[FILES]; /* what is sent, in turn */
static ino_t inodes[FILES];

static void open_files(void)
{
    for (int i = 0; i < FILES && files[i] == 0; i++) {
        struct stat status;
        files[i] = memfd_create("file", MFD_CLOEXEC);
        assert(files[i] > 0 && fstat(files[i], &status) == 0);
        inodes[i] = status.st_ino;
    }
}

/* The lowest numbers that are free, by which a descriptor that stayed open is found. */
static int lowest_free(void)
{
    int first = dup(files[0]), second = dup(files[0]);
    assert(first >= 0 && second >= 0);
    close(first);
    close(second);
    return first << 16 | second;
}

static void set_option(int fd, int option, unsigned on)
{
    int value = on != 0;
    setsockopt(fd, SOL_SOCKET, option, &value, sizeof value); /* an older kernel has not all */
}

static int send_messages(int fd, struct input *input, struct sent sent[MESSAGES])
{
    int count = 0;
    while (input->left > 0 && count < MESSAGES) {
        struct fdpass rights = {.count = 0};
        char bytes[256];
        unsigned descriptors = input_byte(input), size = input_byte(input);
        char byte = (char)input_byte(input);
        if (descriptors > 8 && descriptors < 240) /* few, or all that there may be */
            descriptors %= 8;
        while (rights.count < (int)descriptors && rights.count < FDPASS_MAX) {
            rights.fds[rights.count] = files[rights.count % FILES];
            rights.count++;
        }
        memset(bytes, byte, sizeof bytes);
        struct iovec piece = {bytes, size};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
        ssize_t got = fdpass_send(fd, &message, &rights);
        if (got < 0)
            break;
        assert(got == (ssize_t)size);
        sent[count++] = (struct sent){rights.count, size, byte};
    }
    return count;
}

static void check_rights(const struct fdpass *rights, int count)
{
    assert(rights->count == count);
    for (int i = 0; i < rights->count; i++) {
        struct stat status;
        assert(fcntl(rights->fds[i], F_GETFD) == FD_CLOEXEC);
        assert(fstat(rights->fds[i], &status) == 0 && status.st_ino == inodes[i % FILES]);
        close(rights->fds[i]);
    }
}

/* Of messages, the first says what is to come of it. Returns whether it was taken. */
static bool check_message(const struct sent *first, bool has_room, int result, int error)
{
    if (!has_room && first->descriptors > 0) {
        assert(result == -1 && error == EMFILE);
        return false;
    }
    if (first->descriptors == 0) {
        assert(result == -1 && error == (first->size > 0 ? ENOMSG : EPIPE));
        return false;
    }
    assert(result == 0);
    return first->size == 0 || (first->size == 1 && first->byte == '\0');
}

static void check_receive(struct input *input)
{
    static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    unsigned choice = input_byte(input);
    int room = (int)input_byte(input);
    int pair[2], type = types[choice % 3], before;
    struct sent sent[MESSAGES] = {{0}};
    open_files();
    assert(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0);
    set_option(pair[1], SO_PASSCRED, choice & 4);
    set_option(pair[1], SO_PASSPIDFD, choice & 8);
    set_option(pair[1], SO_PASSSEC, choice & 16);
    int count = send_messages(pair[0], input, sent);
    if (choice & 32)
        close(pair[0]), pair[0] = -1;
    before = lowest_free();

    struct rlimit limit, narrow;
    bool is_narrow = choice & 64;
    assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    narrow = limit;
    narrow.rlim_cur = (rlim_t)((before >> 16) + room);
    if (is_narrow)
        assert(setrlimit(RLIMIT_NOFILE, &narrow) == 0);
    struct fdpass rights = {.count = -1};
    struct deadline now = deadline_after(0);
    struct failure failure;
    int result = fdpass_receive(pair[1], &rights, &now, &failure), error = errno;
    if (is_narrow)
        assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);

    assert(result == 0 ? rights.count > 0 : result == -1 && rights.count <= 0);
    /* One may be open between, and one may be wanted for a pidfd. */
    bool has_room = !is_narrow || room > sent[0].descriptors + 2;
    bool is_sure = has_room || room < sent[0].descriptors || sent[0].descriptors == 0;
    if (count == 0) {
        assert(result == -1 && (error == ETIMEDOUT || (pair[0] < 0 && error == EPIPE)));
    } else if (type != SOCK_STREAM && is_sure) {
        bool is_taken = check_message(&sent[0], has_room, result, error);
        size_t next = is_taken ? 1 : 0;
        char byte[2];
        ssize_t got = recv(pair[1], byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC);
        if ((int)next < count)
            assert(got == (ssize_t)sent[next].size && (got == 0 || byte[0] == sent[next].byte));
        else
            assert(got <= 0);
    }
    if (result == 0)
        check_rights(&rights, type == SOCK_STREAM ? rights.count : sent[0].descriptors);
    assert(lowest_free() == before);
    close(pair[0]);
    close(pair[1]);
}

/* Control messages as the kernel lays them out, a byte each; at most one has descriptors, and the
 * last may be cut. */
static void check_collect(struct input *input)
{
    union control control;
    struct fdpass rights = {.count = 0};
    int expected[FDPASS_MAX], count = 0;
    size_t used = 0;
    memset(&control, 0xff, sizeof control);
    while (input->left > 0) {
        unsigned choice = input_byte(input), length = input_byte(input);
        bool is_rights = choice % 2 && count == 0;
        if (is_rights)
            length = (length > FDPASS_MAX ? FDPASS_MAX : length) * (unsigned)sizeof *expected;
        if (used + CMSG_LEN(0) > sizeof control.bytes)
            break;
        size_t room = sizeof control.bytes - used - CMSG_LEN(0);
        length = length < room ? length : (unsigned)room;
        struct cmsghdr head = {.cmsg_level = is_rights || choice & 2 ? SOL_SOCKET : SOL_SOCKET + 1,
                               .cmsg_type = is_rights    ? SCM_RIGHTS
                                            : choice & 4 ? SCM_CREDENTIALS
                                                         : 3};
        head.cmsg_len = CMSG_LEN(length);
        memcpy(control.bytes + used, &head, sizeof head);
        for (unsigned i = 0; is_rights && i < length / sizeof *expected; i++)
            expected[count++] = 1000 + (int)i;
        if (is_rights)
            memcpy(control.bytes + used + CMSG_LEN(0), expected, (size_t)count * sizeof *expected);
        size_t space = CMSG_SPACE(length);
        used = used + space < sizeof control.bytes ? used + space : sizeof control.bytes;
    }
    collect_rights(&control, used, &rights);
    assert(rights.count == count);
    assert(memcmp(rights.fds, expected, (size_t)count * sizeof *expected) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    if (input_byte(&input) % 4 == 0)
        check_collect(&input);
    else
        check_receive(&input);
    return 0;
}
