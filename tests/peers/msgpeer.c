/* msgpeer: a program that uses a System V queue the way msgop(2) shows, as a peer for mqsend and
 * mqrecv
 *
 *     msgpeer create KEY                  mode 0600; prints the identifier
 *     msgpeer send KEY TYPE TEXT...
 *     msgpeer receive KEY TYPE [COUNT]    a line each: the type, a space, the text */

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

int main(int argc, char **argv)
{
    if (argc < 3)
        errx(2, "wrong arguments");
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
