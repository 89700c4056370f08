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
    OBJECT_NAME_FILE = 32,    /* a path; only of object_name_parse_or_file */

    OBJECT_NAME_SYSV = OBJECT_NAME_KEY | OBJECT_NAME_ID | OBJECT_NAME_FTOK | OBJECT_NAME_PRIVATE,
    OBJECT_NAME_ANY = OBJECT_NAME_POSIX | OBJECT_NAME_SYSV,
};

struct object_name {
    enum object_name_kind kind;
    const char *text; /* as written; the caller's */
    key_t key;        /* of a KEY; of an FTOK after object_name_key */
    int id;           /* of an ID */
    char *path;       /* of an FTOK; that of a FILE is TEXT */
    int project;      /* of an FTOK, 1 to 255 */
};

/* A name into a struct object_name. What it returns about a wrong one lists the accepted forms. */
parse_function object_name_parse;

/* The same, or the path of a file: a text with a slash other than one at its start alone. */
parse_function object_name_parse_or_file;

/* Whether NAME is of the System V family. */
bool object_name_is_sysv(const struct object_name *name);

/* Stores the System V key of a KEY, FTOK or PRIVATE name. Returns 0; -1 with the errno of ftok(3),
 * such as for a PATH that does not exist. */
int object_name_key(struct object_name *name, key_t *key);

#endif
