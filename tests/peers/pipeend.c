/* pipeend: the other end of a pipe, as cheap as it can be, so that a measurement shows the tool and
 * not what feeds it or swallows its output
 *
 *     pipeend feed BYTES     writes them, all 'x', by pages that are never copied
 *     pipeend drain          reads to the end, by throwing pages away */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static int feed(long long left)
{
    static char piece[PIECE] __attribute__((aligned(4096)));
    memset(piece, 'x', sizeof piece);
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIECE);
    while (left > 0) {
        struct iovec part = {piece, left < PIECE ? (size_t)left : PIECE};
        ssize_t put = vmsplice(STDOUT_FILENO, &part, 1, 0);
        if (put < 0)
            return perror("pipeend: vmsplice"), 1;
        left -= put;
    }
    return 0;
}

static int drain(void)
{
    int null = open("/dev/null", O_WRONLY);
    ssize_t got;
    do
        got = splice(STDIN_FILENO, NULL, null, NULL, PIECE, 0);
    while (got > 0);
    return got < 0 ? (perror("pipeend: splice"), 1) : 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "feed") == 0)
        return feed(atoll(argv[2]));
    if (argc == 2 && strcmp(argv[1], "drain") == 0)
        return drain();
    fputs("usage: pipeend feed BYTES | drain\n", stderr);
    return 2;
}
