/* transfer: what a mechanism costs two C programs that do nothing else, as the limit of any tool
 *
 *     transfer MECHANISM SIZE ROUNDS    seconds of one transfer of SIZE bytes from a buffer of one
 *                                       process to a buffer of the other, a line for each round
 *     transfer MECHANISM -SIZE ROUNDS   the same there and back
 *
 * MECHANISM is pipe, fifo, stream, seqpacket, posix-queue, sysv-queue, posix-shm, sysv-shm or file.
 * Messages are of 8 KiB, the largest that the kernel's defaults allow, seqpacket records of 64 KiB.
 * Shared memory and the mapped file hold all SIZE bytes, and a futex tells whose turn it is. The
 * first round, in which memory comes to be, is not counted. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 8192, RECORD = 65536 };

struct memory {
    uint32_t is_full;
    _Alignas(4096) char bytes[];
};

/* One direction. */
struct channel {
    int from, to; /* descriptors, or the identifier of a queue */
    size_t most;  /* bytes of one write or message */
    struct memory *memory;
};

struct mechanism {
    const char *name;
    void (*open)(struct channel *channel, size_t size);
    void (*put)(struct channel *channel, const char *data, size_t size);
    void (*get)(struct channel *channel, char *data, size_t size);
};

static void open_pipe(struct channel *channel, size_t size)
{
    int ends[2];
    if (pipe(ends) < 0)
        err(1, "pipe");
    *channel = (struct channel){.from = ends[0], .to = ends[1], .most = size};
}

static void open_fifo(struct channel *channel, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "transfer-%d", (int)getpid());
    if (mkfifo(name, 0600) < 0 || (channel->from = channel->to = open(name, O_RDWR)) < 0)
        err(1, "%s", name);
    channel->most = size;
    unlink(name);
}

static void open_pair(struct channel *channel, int type, size_t most)
{
    int ends[2];
    if (socketpair(AF_UNIX, type, 0, ends) < 0)
        err(1, "socketpair");
    *channel = (struct channel){.from = ends[0], .to = ends[1], .most = most};
}

static void open_stream(struct channel *channel, size_t size)
{
    open_pair(channel, SOCK_STREAM, size);
}

static void open_seqpacket(struct channel *channel, size_t size)
{
    (void)size;
    open_pair(channel, SOCK_SEQPACKET, RECORD);
}

static void write_all(struct channel *channel, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(channel->to, data, size < channel->most ? size : channel->most);
        if (put < 0)
            err(1, "write");
        data += put;
        size -= (size_t)put;
    }
}

static void read_all(struct channel *channel, char *data, size_t size)
{
    while (size > 0) {
        ssize_t got = read(channel->from, data, size);
        if (got <= 0)
            err(1, "read");
        data += got;
        size -= (size_t)got;
    }
}

static void open_posix_queue(struct channel *channel, size_t size)
{
    char name[64];
    (void)size;
    snprintf(name, sizeof name, "/transfer-%d", (int)getpid());
    channel->from = channel->to = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
    if (channel->to < 0)
        err(1, "mq_open");
    mq_unlink(name);
}

static void send_posix(struct channel *channel, const char *data, size_t size)
{
    for (size_t at = 0, each; at < size; at += each) {
        each = size - at < MESSAGE ? size - at : MESSAGE;
        if (mq_send(channel->to, data + at, each, 0) < 0)
            err(1, "mq_send");
    }
}

static void receive_posix(struct channel *channel, char *data, size_t size)
{
    static char last[MESSAGE]; /* the buffer has to have room for the largest */
    for (size_t at = 0; at < size;) {
        char *room = size - at < MESSAGE ? last : data + at;
        ssize_t got = mq_receive(channel->from, room, MESSAGE, NULL);
        if (got < 0)
            err(1, "mq_receive");
        if (room == last)
            memcpy(data + at, last, (size_t)got);
        at += (size_t)got;
    }
}

static void open_sysv_queue(struct channel *channel, size_t size)
{
    (void)size;
    channel->from = channel->to = msgget(IPC_PRIVATE, 0600);
    if (channel->to < 0)
        err(1, "msgget");
}

static struct {
    long type;
    char text[MESSAGE];
} message = {.type = 1};

static void send_sysv(struct channel *channel, const char *data, size_t size)
{
    for (size_t at = 0, each; at < size; at += each) {
        each = size - at < MESSAGE ? size - at : MESSAGE;
        memcpy(message.text, data + at, each);
        if (msgsnd(channel->to, &message, each, 0) < 0)
            err(1, "msgsnd");
    }
}

static void receive_sysv(struct channel *channel, char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = msgrcv(channel->from, &message, MESSAGE, 0, 0);
        if (got < 0)
            err(1, "msgrcv");
        memcpy(data + at, message.text, (size_t)got);
        at += (size_t)got;
    }
}

static void map(struct channel *channel, int fd, size_t size)
{
    if (fd < 0 || ftruncate(fd, (off_t)(sizeof(struct memory) + size)) < 0)
        err(1, "create memory");
    channel->memory =
        mmap(NULL, sizeof(struct memory) + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (channel->memory == MAP_FAILED)
        err(1, "mmap");
}

static void open_posix_shm(struct channel *channel, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "/transfer-%d", (int)getpid());
    map(channel, shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), size);
    shm_unlink(name);
}

static void open_file(struct channel *channel, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "transfer-%d", (int)getpid());
    map(channel, open(name, O_RDWR | O_CREAT | O_EXCL, 0600), size);
    unlink(name);
}

static void open_sysv_shm(struct channel *channel, size_t size)
{
    int id = shmget(IPC_PRIVATE, sizeof(struct memory) + size, 0600);
    channel->memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
    if (channel->memory == (void *)-1)
        err(1, "shmat");
    shmctl(id, IPC_RMID, NULL);
}

static void wait_while(uint32_t *cell, uint32_t value)
{
    while (__atomic_load_n(cell, __ATOMIC_ACQUIRE) == value)
        syscall(SYS_futex, cell, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void give(uint32_t *cell, uint32_t value)
{
    __atomic_store_n(cell, value, __ATOMIC_RELEASE);
    syscall(SYS_futex, cell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void put_memory(struct channel *channel, const char *data, size_t size)
{
    wait_while(&channel->memory->is_full, 1);
    memcpy(channel->memory->bytes, data, size);
    give(&channel->memory->is_full, 1);
}

static void get_memory(struct channel *channel, char *data, size_t size)
{
    wait_while(&channel->memory->is_full, 0);
    memcpy(data, channel->memory->bytes, size);
    give(&channel->memory->is_full, 0);
}

static const struct mechanism mechanisms[] = {
    {"pipe", open_pipe, write_all, read_all},
    {"fifo", open_fifo, write_all, read_all},
    {"stream", open_stream, write_all, read_all},
    {"seqpacket", open_seqpacket, write_all, read_all},
    {"posix-queue", open_posix_queue, send_posix, receive_posix},
    {"sysv-queue", open_sysv_queue, send_sysv, receive_sysv},
    {"posix-shm", open_posix_shm, put_memory, get_memory},
    {"sysv-shm", open_sysv_shm, put_memory, get_memory},
    {"file", open_file, put_memory, get_memory},
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct channel there, back;
static int done[2];  /* the receiver's word that it is through and waits for the next round */
static double *came; /* when the receiver had it all */

static void receive_rounds(const struct mechanism *mechanism, char *buffer, size_t size,
                           long rounds, bool returns)
{
    for (long i = 0; i <= rounds; i++) {
        mechanism->get(&there, buffer, size);
        if (returns)
            mechanism->put(&back, buffer, size);
        *came = now();
        if (write(done[1], "", 1) != 1)
            err(1, "write");
    }
    _exit(0);
}

static void send_rounds(const struct mechanism *mechanism, char *buffer, size_t size, long rounds,
                        bool returns)
{
    char word;
    for (long i = 0; i <= rounds; i++) {
        double start = now(), end;
        mechanism->put(&there, buffer, size);
        if (returns)
            mechanism->get(&back, buffer, size);
        end = now();
        if (read(done[0], &word, 1) != 1)
            errx(1, "the receiver failed");
        if (i > 0)
            printf("%.9f\n", (returns ? end : *came) - start);
    }
}

int main(int argc, char **argv)
{
    const struct mechanism *mechanism = mechanisms,
                           *last = mechanisms + sizeof mechanisms / sizeof *mechanisms;
    while (argc == 4 && mechanism < last && strcmp(mechanism->name, argv[1]) != 0)
        mechanism++;
    if (argc != 4 || mechanism == last)
        errx(2, "usage: transfer MECHANISM [-]SIZE ROUNDS");
    long long asked = atoll(argv[2]);
    long rounds = atol(argv[3]);
    bool returns = asked < 0;
    size_t size = (size_t)(returns ? -asked : asked);

    char *buffer = malloc(size);
    came = mmap(NULL, sizeof *came, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!buffer || came == MAP_FAILED || pipe(done) < 0)
        err(1, "start");
    memset(buffer, 'x', size);
    mechanism->open(&there, size);
    mechanism->open(&back, size);
    pid_t child = fork();
    if (child == 0)
        receive_rounds(mechanism, buffer, size, rounds, returns);
    close(done[1]);
    send_rounds(mechanism, buffer, size, rounds, returns);
    wait(NULL);
    if (mechanism->open == open_sysv_queue) {
        msgctl(there.to, IPC_RMID, NULL);
        msgctl(back.to, IPC_RMID, NULL);
    }
    return 0;
}
