/* replay: feeds a fuzz target its seeds, without libFuzzer: replay FILE...
 *
 * Each FILE is an input. Its path goes to stderr first, so that the last line there is the input
 * that failed. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/time.h>

enum { LARGEST = 1 << 20 };

/* The memory has the size of the input, so that a sanitizer finds what reads further. */
static void replay(const char *path)
{
    static uint8_t data[LARGEST];
    FILE *file = fopen(path, "r");
    if (!file)
        perror(path), exit(1);
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);

    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert(exact);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
    /* A target that loops for ever fails too: SIGPROF after a minute of CPU time. */
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = 60}, NULL);

    if (argc < 2)
        fputs("usage: replay FILE...\n", stderr), exit(2);
    for (int i = 1; i < argc; i++) {
        fprintf(stderr, "%s\n", argv[i]);
        replay(argv[i]);
    }
    return 0;
}
