/* mqpeer: a program that uses a POSIX queue the way mq_overview(7) shows, as a peer for mqsend and
 * mqrecv
 *
 *     mqpeer create NAME [MAXMSG SIZE]    mode 0600
 *     mqpeer send NAME PRIORITY TEXT...
 *     mqpeer receive NAME [COUNT]         a line each: the priority, a space, the text
 *     mqpeer pour NAME                    sends each line of stdin
 *     mqpeer drain NAME COUNT             prints so many messages, a line each
 *     mqpeer notify NAME                  asks to be notified of a message, and sleeps */

#include <err.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void create_queue(const char *name, struct mq_attr *attributes)
{
    if (mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, attributes) < 0)
        err(1, "create %s", name);
}

static void send_texts(const char *name, unsigned priority, char **texts)
{
    mqd_t queue = mq_open(name, O_WRONLY);
    if (queue < 0)
        err(1, "open %s", name);
    for (; *texts; texts++)
        if (mq_send(queue, *texts, strlen(*texts), priority) < 0)
            err(1, "send");
}

static void receive_texts(const char *name, int count)
{
    struct mq_attr attributes;
    mqd_t queue = mq_open(name, O_RDONLY);
    if (queue < 0 || mq_getattr(queue, &attributes) < 0)
        err(1, "open %s", name);
    char *text = malloc((size_t)attributes.mq_msgsize);
    if (!text)
        err(1, "malloc");

    for (int i = 0; i < count; i++) {
        unsigned priority;
        ssize_t got = mq_receive(queue, text, (size_t)attributes.mq_msgsize, &priority);
        if (got < 0)
            err(1, "receive");
        printf("%u %.*s\n", priority, (int)got, text);
    }
}

static void pour(const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    mqd_t queue = mq_open(name, O_WRONLY);
    if (queue < 0)
        err(1, "open %s", name);
    while ((size = getline(&line, &capacity, stdin)) > 0)
        if (mq_send(queue, line, (size_t)size - 1, 0) < 0)
            err(1, "send");
}

static void drain(const char *name, long count)
{
    static char text[8192 + 1];
    mqd_t queue = mq_open(name, O_RDONLY);
    if (queue < 0)
        err(1, "open %s", name);
    for (long i = 0; i < count; i++) {
        ssize_t size = mq_receive(queue, text, sizeof text - 1, NULL);
        if (size < 0)
            err(1, "receive");
        text[size] = '\n';
        fwrite(text, 1, (size_t)size + 1, stdout);
    }
}

static void be_notified(const char *name)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    mqd_t queue = mq_open(name, O_RDONLY);
    if (queue < 0 || mq_notify(queue, &event) < 0)
        err(1, "notify %s", name);
    pause();
}

int main(int argc, char **argv)
{
    struct mq_attr attributes = {0};
    if (argc == 5 && strcmp(argv[1], "create") == 0) {
        attributes.mq_maxmsg = atol(argv[3]);
        attributes.mq_msgsize = atol(argv[4]);
        create_queue(argv[2], &attributes);
    } else if (argc == 3 && strcmp(argv[1], "create") == 0)
        create_queue(argv[2], NULL);
    else if (argc > 4 && strcmp(argv[1], "send") == 0)
        send_texts(argv[2], (unsigned)atoi(argv[3]), argv + 4);
    else if (argc > 2 && strcmp(argv[1], "receive") == 0)
        receive_texts(argv[2], argc > 3 ? atoi(argv[3]) : 1);
    else if (argc == 3 && strcmp(argv[1], "pour") == 0)
        pour(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "drain") == 0)
        drain(argv[2], atol(argv[3]));
    else if (argc == 3 && strcmp(argv[1], "notify") == 0)
        be_notified(argv[2]);
    else
        errx(2, "wrong arguments");
    return 0;
}
