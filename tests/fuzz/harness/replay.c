/* replay: feeds a fuzz target without libFuzzer: replay COUNT FILE...
 *
 * Each FILE is an input, as it is and COUNT times changed. The changes are the same in every run,
 * so what fails once fails always. When it fails, the input lies in the file `failed`. */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

enum { SIZE_MAX_INPUT = 65536 };

static uint8_t seed[SIZE_MAX_INPUT], changed[2 * SIZE_MAX_INPUT];
static size_t changed_size;

/* xorshift64* */
static uint64_t state;

static size_t below(size_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return limit > 0 ? (size_t)((state * 0x2545f4914f6cdd1d) >> 32) % limit : 0;
}

static void keep_failed(int signal)
{
    FILE *file = fopen("failed", "w");
    if (file) {
        fwrite(changed, 1, changed_size, file);
        fclose(file);
    }
    raise(signal); /* SA_RESETHAND */
}

/* Replaces REMOVED bytes at AT by SIZE bytes of WITH. */
static void replace(size_t at, size_t removed, const void *with, size_t size)
{
    memmove(changed + at + size, changed + at + removed, changed_size - at - removed);
    memcpy(changed + at, with, size);
    changed_size += size - removed;
}

static void change_once(void)
{
    static const char *const words[] = {"0",
                                        "1",
                                        "-",
                                        "+",
                                        ":",
                                        "/",
                                        ".",
                                        ",",
                                        "\n",
                                        "\t",
                                        " ",
                                        "=",
                                        "--",
                                        "%",
                                        "\\",
                                        "0x",
                                        "@",
                                        "fd:",
                                        "id:",
                                        "ftok:",
                                        "32768",
                                        "255",
                                        "2147483648",
                                        "4294967296",
                                        "9223372036854775807",
                                        "18446744073709551616"};
    size_t at = below(changed_size + 1), rest = changed_size - at, length;
    uint8_t byte = (uint8_t)below(256);
    if (changed_size > SIZE_MAX_INPUT)
        return;
    switch (below(6)) {
    case 0:
        replace(at, rest > 0, &byte, 1);
        break;
    case 1:
        replace(at, 0, &byte, 1);
        break;
    case 2:
        replace(at, below(rest < 8 ? rest + 1 : 9), "", 0);
        break;
    case 3: /* a piece twice */
        length = below(rest < 64 ? rest + 1 : 65);
        uint8_t piece[64];
        memcpy(piece, changed + at, length);
        replace(at, 0, piece, length);
        break;
    case 4:
        if (rest > 0)
            changed[at] ^= (uint8_t)(1 << below(8));
        break;
    default:
        length = below(sizeof words / sizeof *words);
        replace(at, 0, words[length], strlen(words[length]));
    }
}

static void feed(void)
{
    uint8_t *exact = malloc(changed_size ? changed_size : 1);
    assert(exact);
    memcpy(exact, changed, changed_size);
    LLVMFuzzerTestOneInput(exact, changed_size);
    free(exact);
}

static void replay(const char *path, long count)
{
    FILE *file = fopen(path, "r");
    if (!file)
        perror(path), exit(1);
    size_t size = fread(seed, 1, sizeof seed, file);
    fclose(file);

    state = 0x9e3779b97f4a7c15 + size;
    for (long round = 0; round <= count; round++) {
        memcpy(changed, seed, size);
        changed_size = size;
        for (size_t changes = round > 0 ? 1 + below(4) : 0; changes > 0; changes--)
            change_once();
        feed();
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = keep_failed, .sa_flags = (int)SA_RESETHAND};
    int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGPROF};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    /* What goes round for ever has failed too; the machine may be busy with other things. */
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = 60}, NULL);

    if (argc < 3)
        fputs("usage: replay COUNT FILE...\n", stderr), exit(2);
    for (int i = 2; i < argc; i++)
        replay(argv[i], strtol(argv[1], NULL, 10));
    return 0;
}
