/* shmpeer: a C program that shares memory with the tools, by the calls of the C library
 *
 * put NAME SIZE  makes the object NAME (/name or a System V key) and fills it from stdin
 * get NAME       writes it to stdout
 * watch NAME     maps it, prints `mapped`, and reads its last byte over and over
 * attach KEY     attaches the segment, prints `attached`, and writes it to stdout at the end of
 * stdin
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t size;

static char *map_posix(const char *name, int flags, int protection)
{
    struct stat status;
    int fd = shm_open(name, flags, 0600);
    if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, (off_t)size) < 0) || fstat(fd, &status) < 0)
        return NULL;
    size = (size_t)status.st_size;
    char *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static char *map_sysv(const char *name, int flags, int attach_flags)
{
    struct shmid_ds status;
    int id = shmget((key_t)strtoul(name, NULL, 0), size, flags);
    if (id < 0 || shmctl(id, IPC_STAT, &status) < 0)
        return NULL;
    size = status.shm_segsz;
    char *memory = shmat(id, NULL, attach_flags);
    return memory == (void *)-1 ? NULL : memory;
}

static int print_word(const char *word)
{
    return puts(word) < 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const char *verb = argv[1], *name = argv[2];
    int puts_data = strcmp(verb, "put") == 0;
    size = puts_data && argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

    char *memory;
    if (*name == '/')
        memory = map_posix(name, puts_data ? O_RDWR | O_CREAT | O_EXCL : O_RDONLY,
                           puts_data ? PROT_READ | PROT_WRITE : PROT_READ);
    else
        memory =
            map_sysv(name, puts_data ? IPC_CREAT | IPC_EXCL | 0600 : 0, puts_data ? 0 : SHM_RDONLY);
    if (!memory) {
        perror(name);
        return 1;
    }

    if (puts_data)
        return fread(memory, 1, size, stdin) != size;
    if (strcmp(verb, "watch") == 0) {
        print_word("mapped");
        for (volatile char *last = memory + size - 1;;)
            (void)*last;
    }
    if (strcmp(verb, "attach") == 0) {
        print_word("attached");
        while (getchar() != EOF)
            continue;
    }
    return fwrite(memory, 1, size, stdout) != size || fflush(stdout) != 0;
}
