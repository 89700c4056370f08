/* fifopeer: the other side of a FIFO, in plain C
 *
 *   write FIFO BYTES  writes a known sequence in pieces of all sizes
 *   read FIFO BYTES   reads in pieces of all sizes; exits 1 unless it is that sequence, whole
 *   echo IN OUT       sends back each piece of IN, and ends with IN */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char piece[100000];

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static size_t piece_size(uint32_t *sizes, long long left)
{
    size_t size = 1 + next(sizes) % (next(sizes) % 4 ? 5000 : sizeof piece - 1);
    return (long long)size < left ? size : (size_t)left;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0)
            return perror("fifopeer: write"), 1;
        data += put;
        size -= (size_t)put;
    }
    return 0;
}

static int write_sequence(int fd, long long left)
{
    uint32_t bytes = 1, sizes = 2;
    while (left > 0) {
        size_t size = piece_size(&sizes, left);
        for (size_t i = 0; i < size; i++)
            piece[i] = (char)next(&bytes);
        if (write_all(fd, piece, size))
            return 1;
        left -= (long long)size;
    }
    return 0;
}

static int read_sequence(int fd, long long left)
{
    uint32_t bytes = 1, sizes = 3;
    ssize_t got;
    while ((got = read(fd, piece, left > 0 ? piece_size(&sizes, left) : 1)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            if (piece[i] != (char)next(&bytes))
                return fprintf(stderr, "fifopeer: wrong byte, %lld left\n", left), 1;
        left -= got;
    }
    if (left != 0)
        fprintf(stderr, "fifopeer: %lld bytes are missing\n", left);
    return left != 0;
}

static int echo(int in, int out)
{
    ssize_t got;
    while ((got = read(in, piece, sizeof piece)) > 0)
        if (write_all(out, piece, (size_t)got))
            return 1;
    return got < 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int is_write = strcmp(argv[1], "write") == 0, is_echo = strcmp(argv[1], "echo") == 0;
    int fd = open(argv[2], is_write ? O_WRONLY : O_RDONLY);
    int out = is_echo ? open(argv[3], O_WRONLY) : 0;
    if (fd < 0 || out < 0)
        return perror("fifopeer: open"), 1;
    return is_echo    ? echo(fd, out)
           : is_write ? write_sequence(fd, atoll(argv[3]))
                      : read_sequence(fd, atoll(argv[3]));
}
