/* msgpeer: a program that uses a System V queue the way msgop(2) shows, as a peer for mqsend and
 * mqrecv
 *
 *     msgpeer create KEY                  mode 0600; prints the identifier
 *     msgpeer send KEY TYPE TEXT...
 *     msgpeer receive KEY TYPE [COUNT]    a line each: the type, a space, the text
 *     msgpeer pour id:N                   sends each line of stdin
 *     msgpeer drain id:N COUNT            prints so many messages, a line each */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

enum { LARGEST = 8192 };

struct message {
    long type;
    char text[LARGEST];
};

static void send_texts(int queue, long type, char **texts)
{
    struct message message = {.type = type};
    for (; *texts; texts++) {
        size_t size = strlen(*texts);
        if (size > sizeof message.text)
            errx(1, "%zu bytes are too many", size);
        memcpy(message.text, *texts, size);
        if (msgsnd(queue, &message, size, 0) < 0)
            err(1, "send");
    }
}

static void receive_texts(int queue, long type, int count)
{
    struct message message;
    for (int i = 0; i < count; i++) {
        ssize_t got = msgrcv(queue, &message, sizeof message.text, type, 0);
        if (got < 0)
            err(1, "receive");
        printf("%ld %.*s\n", message.type, (int)got, message.text);
    }
}

static void pour(int queue)
{
    struct message message = {.type = 1};
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        memcpy(message.text, line, (size_t)size - 1);
        if (msgsnd(queue, &message, (size_t)size - 1, 0) < 0)
            err(1, "send");
    }
}

static void drain(int queue, long count)
{
    static struct message message;
    for (long i = 0; i < count; i++) {
        ssize_t size = msgrcv(queue, &message, sizeof message.text - 1, 0, 0);
        if (size < 0)
            err(1, "receive");
        message.text[size] = '\n';
        fwrite(message.text, 1, (size_t)size + 1, stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        errx(2, "wrong arguments");
    if (argc == 3 && strcmp(argv[1], "pour") == 0 && strncmp(argv[2], "id:", 3) == 0) {
        pour(atoi(argv[2] + 3));
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "drain") == 0 && strncmp(argv[2], "id:", 3) == 0) {
        drain(atoi(argv[2] + 3), atol(argv[3]));
        return 0;
    }
    key_t key = (key_t)strtoul(argv[2], NULL, 0);
    int flags = strcmp(argv[1], "create") == 0 ? IPC_CREAT | IPC_EXCL | 0600 : 0;
    int queue = msgget(key, flags);
    if (queue < 0)
        err(1, "open %s", argv[2]);

    if (flags)
        printf("%d\n", queue);
    else if (argc > 4 && strcmp(argv[1], "send") == 0)
        send_texts(queue, atol(argv[3]), argv + 4);
    else if (argc > 3 && strcmp(argv[1], "receive") == 0)
        receive_texts(queue, atol(argv[3]), argc > 4 ? atoi(argv[4]) : 1);
    else
        errx(2, "wrong arguments");
    return 0;
}
