/* object_name: the names of IPC objects, in one grammar for every tool */
#ifndef OBJECT_NAME_H
#define OBJECT_NAME_H

#include "cli/parse.h"

#include <stdbool.h>
#include <sys/types.h>

enum object_name_kind {
    OBJECT_NAME_POSIX = 1,    /* /name */
    OBJECT_NAME_KEY = 2,      /* 0x5eed 24301 0123 */
    OBJECT_NAME_ID = 4,       /* id:7 */
    OBJECT_NAME_FTOK = 8,     /* ftok:PATH ftok:PATH:N */
    OBJECT_NAME_PRIVATE = 16, /* private */
    OBJECT_NAME_FILE = 32,    /* a path; only object_name_parse_or_file knows it */

    OBJECT_NAME_SYSV = OBJECT_NAME_KEY | OBJECT_NAME_ID | OBJECT_NAME_FTOK | OBJECT_NAME_PRIVATE,
    OBJECT_NAME_ANY = OBJECT_NAME_POSIX | OBJECT_NAME_SYSV,
};

struct object_name {
    enum object_name_kind kind;
    const char *text; /* as it was written; the caller's */
    key_t key;        /* of a KEY, and of an FTOK once object_name_key has found it */
    int id;           /* of an ID */
    char *path;       /* of an FTOK; of a FILE it is text */
    int project;      /* of an FTOK, 1 to 255 */
};

/* Reads TEXT into a struct object_name. Returns NULL, or what is wrong with it: the forms that are
 * accepted. */
parse_function object_name_parse;

/* The same, and a path of a file: with a slash that is not its only one, at its start. */
parse_function object_name_parse_or_file;

/* Whether the name is of the System V family. */
bool object_name_is_sysv(const struct object_name *name);

/* The System V key of a KEY, FTOK or PRIVATE name. Returns 0; -1 with the errno of ftok(3), for
 * a PATH that does not exist. */
int object_name_key(struct object_name *name, key_t *key);

#endif
