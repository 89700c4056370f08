/* maphold FILE read|write [START LENGTH]: takes an open-file-description lock on the range (else
 * on all of FILE), prints `locked`, and holds it until it is killed */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int writes = strcmp(argv[2], "write") == 0;
    struct flock range = {
        .l_type = writes ? F_WRLCK : F_RDLCK,
        .l_whence = SEEK_SET,
        .l_start = argc > 3 ? atol(argv[3]) : 0,
        .l_len = argc > 4 ? atol(argv[4]) : 0,
    };
    int fd = open(argv[1], writes ? O_RDWR : O_RDONLY);
    if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &range) < 0) {
        perror(argv[1]);
        return 1;
    }
    puts("locked");
    fflush(stdout);
    for (;;)
        pause();
}
