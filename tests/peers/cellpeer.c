/* cellpeer: a C program that works on the same number as shmop, by the atomics of the language
 *
 * add NAME N     adds 1 N times, and wakes all that wait
 * set NAME V     stores V and wakes all that wait
 * store NAME V   stores V and wakes nobody
 * wait NAME V    sleeps until the number is V
 *
 * NAME is the path of the object or file; the number is an int64_t at its beginning. */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wake(_Atomic int64_t *cell)
{
    syscall(SYS_futex, cell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void wait_for(_Atomic int64_t *cell, int64_t wanted)
{
    int64_t found;
    while ((found = atomic_load(cell)) != wanted)
        syscall(SYS_futex, cell, FUTEX_WAIT, (uint32_t)found, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int fd = open(argv[2], O_RDWR);
    int64_t value = atoll(argv[3]);
    _Atomic int64_t *cell = mmap(NULL, sizeof *cell, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (cell == MAP_FAILED)
        return 1;
    if (strcmp(argv[1], "wait") == 0)
        wait_for(cell, value);
    for (int64_t i = 0; strcmp(argv[1], "add") == 0 && i < value; i++) {
        atomic_fetch_add(cell, 1);
        wake(cell);
    }
    if (strcmp(argv[1], "set") == 0 || strcmp(argv[1], "store") == 0)
        atomic_store(cell, value);
    if (strcmp(argv[1], "set") == 0)
        wake(cell);
    return 0;
}
