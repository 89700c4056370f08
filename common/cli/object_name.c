#include "cli/object_name.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>

static const char forms[] =
    "not an object name (/name, a key such as 0x5eed, id:N, ftok:PATH[:N] or private)";

static const char *parse_posix(const char *text, struct object_name *name)
{
    /* mq_overview(7), shm_overview(7): one slash, then up to NAME_MAX bytes without a slash */
    if (text[1] == '\0' || strchr(text + 1, '/') || strcmp(text, "/.") == 0 ||
        strcmp(text, "/..") == 0)
        return "a POSIX name is one slash and then a name without slashes";
    if (strlen(text + 1) > NAME_MAX)
        return "a POSIX name has at most 255 bytes after its slash";
    name->kind = OBJECT_NAME_POSIX;
    return NULL;
}

static const char *parse_key(const char *text, struct object_name *name)
{
    uint64_t key;
    const char *end = parse_digits(text, 0, UINT32_MAX, &key);
    if (!end)
        return "a key has 32 bits";
    if (end == text || *end)
        return forms;
    if (key == IPC_PRIVATE)
        return "key 0 is IPC_PRIVATE: write private";
    name->kind = OBJECT_NAME_KEY;
    name->key = (key_t)key;
    return NULL;
}

static const char *parse_id(const char *text, struct object_name *name)
{
    uint64_t id;
    const char *end = parse_digits(text, 10, INT_MAX, &id);
    if (!end || end == text || *end)
        return "an identifier is id: and a number";
    name->kind = OBJECT_NAME_ID;
    name->id = (int)id;
    return NULL;
}

/* A last `:N` is the project number only if N is a number; other colons belong to the path. */
static const char *parse_ftok(const char *text, struct object_name *name)
{
    size_t length = strlen(text);
    name->project = 1;

    const char *colon = strrchr(text, ':');
    if (colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0') {
        uint64_t project;
        if (!parse_digits(colon + 1, 10, 255, &project) || project == 0)
            return "the number after ftok:PATH: is from 1 to 255";
        name->project = (int)project;
        length = (size_t)(colon - text);
    }
    if (length == 0)
        return "ftok: needs the path of a file";

    name->path = strndup(text, length);
    if (!name->path)
        return parse_no_memory;
    name->kind = OBJECT_NAME_FTOK;
    return NULL;
}

const char *object_name_parse(const char *text, void *value)
{
    struct object_name *name = value;
    *name = (struct object_name){.text = text};
    if (*text == '/')
        return parse_posix(text, name);
    if (strncmp(text, "id:", 3) == 0)
        return parse_id(text + 3, name);
    if (strncmp(text, "ftok:", 5) == 0)
        return parse_ftok(text + 5, name);
    if (strcmp(text, "private") == 0) {
        name->kind = OBJECT_NAME_PRIVATE;
        name->key = IPC_PRIVATE;
        return NULL;
    }
    return parse_key(text, name);
}

const char *object_name_parse_or_file(const char *text, void *value)
{
    const char *last = strrchr(text, '/');
    if (!last || last == text || strncmp(text, "ftok:", 5) == 0)
        return object_name_parse(text, value);
    *(struct object_name *)value = (struct object_name){.text = text, .kind = OBJECT_NAME_FILE};
    return NULL;
}

bool object_name_is_sysv(const struct object_name *name)
{
    return (name->kind & OBJECT_NAME_SYSV) != 0;
}

int object_name_key(struct object_name *name, key_t *key)
{
    if (name->kind == OBJECT_NAME_FTOK && name->key == 0) {
        errno = 0;
        key_t found = ftok(name->path, name->project);
        if (found == -1 && errno != 0)
            return -1;
        name->key = found;
    }
    *key = name->key;
    return 0;
}
