#include "socket/access_rule.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

static const char *parse_id(const char *text, id_t *id)
{
    uint64_t number;
    const char *end = parse_digits(text, 10, UINT32_MAX - 1, &number);
    if (!end || end == text || *end)
        return "not a number of a user or group";
    *id = (id_t)number;
    return NULL;
}

/* Parses `user:NAME` and the like into RULE. Returns what is wrong with it, or NULL. */
static const char *parse_rule(const char *text, struct access_rule *rule)
{
    const char *colon = strchr(text, ':'), *name = colon ? colon + 1 : "";
    if (strcmp(text, "any") == 0) {
        rule->kind = ACCESS_ANY;
        return NULL;
    }
    if (strncmp(text, "uid:", 4) == 0 || strncmp(text, "gid:", 4) == 0) {
        rule->kind = *text == 'u' ? ACCESS_UID : ACCESS_GID;
        return parse_id(name, &rule->id);
    }
    if (strncmp(text, "user:", 5) == 0) {
        const struct passwd *user = getpwnam(name);
        rule->kind = ACCESS_UID;
        rule->id = user ? user->pw_uid : 0;
        return user ? NULL : "no such user";
    }
    if (strncmp(text, "group:", 6) == 0) {
        const struct group *group = getgrnam(name);
        rule->kind = ACCESS_GID;
        rule->id = group ? group->gr_gid : 0;
        return group ? NULL : "no such group";
    }
    return "not uid:N, user:NAME, gid:N, group:NAME or any";
}

const char *access_rule_parse(const char *text, void *value)
{
    struct access_rules *rules = value;
    if (rules->count == ACCESS_RULES_MAX)
        return "one rule too many";
    const char *wrong = parse_rule(text, &rules->rules[rules->count]);
    rules->count += !wrong;
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

static bool matches(const struct access_rule *rule, const struct ucred *peer, int fd)
{
    switch (rule->kind) {
    case ACCESS_UID:
        return peer->uid == rule->id;
    case ACCESS_GID:
        return peer->gid == rule->id || has_group(fd, rule->id);
    default:
        return true;
    }
}

bool access_rule_matches(const struct access_rules *rules, const struct ucred *peer, int fd)
{
    for (int i = 0; i < rules->count; i++)
        if (matches(&rules->rules[i], peer, fd))
            return true;
    return false;
}
