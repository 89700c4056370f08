/* access_rule: which users a server serves, by what the kernel knows of a peer
 *
 * The kernel noted who the peer was when it connected, or sent. No PID is looked up, so a PID that
 * is in use again misleads nobody. */
#ifndef ACCESS_RULE_H
#define ACCESS_RULE_H

#include "cli/parse.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { ACCESS_RULES_MAX = 64 };

enum access_rule_kind { ACCESS_ANY, ACCESS_UID, ACCESS_GID };

struct access_rules {
    struct access_rule {
        enum access_rule_kind kind;
        id_t id;
    } rules[ACCESS_RULES_MAX];
    int count; /* 0: none was given */
};

/* One more rule: uid:N, user:NAME, gid:N, group:NAME or any. VALUE is a struct access_rules. */
parse_function access_rule_parse;

/* Whether a rule names PEER: its user, its group, or one of its further groups, which are known if
 * FD is its connection (else -1). */
bool access_rule_matches(const struct access_rules *rules, const struct ucred *peer, int fd);

#endif
