/* swapper: changes what a name means, as fast as it can, until it is killed
 *
 *     swapper NAME OTHER...
 *
 * Exchanges NAME with each OTHER in turn, in one step; for the OTHER `-` there is nothing by that
 * name for a moment. What may not be done is left out. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const char *name = argv[1];
    char away[4096];
    snprintf(away, sizeof away, "%s.away", name);
    for (int i = 2;; i = i + 1 < argc ? i + 1 : 2) {
        if (strcmp(argv[i], "-") != 0) {
            renameat2(AT_FDCWD, name, AT_FDCWD, argv[i], RENAME_EXCHANGE);
        } else {
            renameat2(AT_FDCWD, name, AT_FDCWD, away, RENAME_NOREPLACE);
            renameat2(AT_FDCWD, away, AT_FDCWD, name, RENAME_NOREPLACE);
        }
    }
}
