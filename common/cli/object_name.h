/* object_name: the names of IPC objects, in one grammar for every tool */
#ifndef OBJECT_NAME_H
#define OBJECT_NAME_H

#include "cli/parse.h"

#include <stdbool.h>
#include <sys/types.h>

enum objname_kind {
    OBJNAME_POSIX = 1,    /* /name */
    OBJNAME_KEY = 2,      /* 0x5eed 24301 0123 */
    OBJNAME_ID = 4,       /* id:7 */
    OBJNAME_FTOK = 8,     /* ftok:PATH ftok:PATH:N */
    OBJNAME_PRIVATE = 16, /* private */
    OBJNAME_FILE = 32,    /* a path; only objname_parse_or_file knows it */

    OBJNAME_SYSV = OBJNAME_KEY | OBJNAME_ID | OBJNAME_FTOK | OBJNAME_PRIVATE,
    OBJNAME_ANY = OBJNAME_POSIX | OBJNAME_SYSV,
};

struct objname {
    enum objname_kind kind;
    const char *text; /* as it was written; the caller's */
    key_t key;        /* of a KEY, and of an FTOK once objname_key has found it */
    int id;           /* of an ID */
    char *path;       /* of an FTOK; of a FILE it is text */
    int project;      /* of an FTOK, 1 to 255 */
};

/* Reads TEXT into a struct objname. Returns NULL, or what is wrong with it: the forms that are
 * accepted. */
parse_function objname_parse;

/* The same, and a path of a file: with a slash that is not its only one, at its start. */
parse_function objname_parse_or_file;

/* Whether the name is of the System V family. */
bool objname_is_sysv(const struct objname *name);

/* The System V key of a KEY, FTOK or PRIVATE name. Returns 0; -1 with the errno of ftok(3), for
 * a PATH that does not exist. */
int objname_key(struct objname *name, key_t *key);

#endif
