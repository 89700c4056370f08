#include "socket/access_rule.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

static const char forms[] = "not uid:N, user:NAME, gid:N, group:NAME or any";

static const char *parse_id(const char *text, id_t *id)
{
    uint64_t number;
    const char *end = parse_digits(text, 10, UINT32_MAX - 1, &number);
    if (!end || end == text || *end)
        return "not a number of a user or group";
    *id = (id_t)number;
    return NULL;
}

const char *access_rule_parse(const char *text, void *value)
{
    struct access_rules *admission = value;
    const char *colon = strchr(text, ':'), *name = colon ? colon + 1 : "";
    const char *wrong = NULL;
    if (admission->count == ACCESS_RULES_MAX)
        return "one rule too many";
    typeof(*admission->rules) *rule = &admission->rules[admission->count];

    if (strncmp(text, "uid:", 4) == 0 || strncmp(text, "gid:", 4) == 0) {
        rule->kind = *text == 'u' ? ADMIT_UID : ADMIT_GID;
        wrong = parse_id(name, &rule->id);
    } else if (strncmp(text, "user:", 5) == 0) {
        const struct passwd *user = getpwnam(name);
        rule->kind = ADMIT_UID;
        wrong = user ? NULL : "no such user";
        rule->id = user ? user->pw_uid : 0;
    } else if (strncmp(text, "group:", 6) == 0) {
        const struct group *group = getgrnam(name);
        rule->kind = ADMIT_GID;
        wrong = group ? NULL : "no such group";
        rule->id = group ? group->gr_gid : 0;
    } else if (strcmp(text, "any") == 0) {
        rule->kind = ADMIT_ANY;
    } else {
        wrong = forms;
    }
    admission->count += !wrong;
    return wrong;
}

/* Whether the peer of FD had GROUP among its further groups when it connected. */
static bool has_group(int fd, gid_t group)
{
    socklen_t length = 0;
    bool is_found = false;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0 || errno != ERANGE)
        return false;
    gid_t *groups = malloc(length);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) == 0)
        for (size_t i = 0; i < length / sizeof *groups; i++)
            is_found = is_found || groups[i] == group;
    free(groups);
    return is_found;
}

bool access_rule_matches(const struct access_rules *admission, const struct ucred *peer, int fd)
{
    for (int i = 0; i < admission->count; i++) {
        id_t id = admission->rules[i].id;
        switch (admission->rules[i].kind) {
        case ADMIT_ANY:
            return true;
        case ADMIT_UID:
            if (peer->uid == id)
                return true;
            break;
        case ADMIT_GID:
            if (peer->gid == id || has_group(fd, id))
                return true;
        }
    }
    return false;
}
