/* access_rule: which users a server lets in, by what the kernel says of a peer
 *
 * The kernel noted who the peer was when it connected, or sent; no PID is looked up, so one that
 * was used again tells nothing wrong. */
#ifndef ACCESS_RULE_H
#define ACCESS_RULE_H

#include "cli/parse.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { ACCESS_RULES_MAX = 64 };

struct access_rules {
    struct {
        enum { ADMIT_ANY, ADMIT_UID, ADMIT_GID } kind;
        id_t id;
    } rules[ACCESS_RULES_MAX];
    int count; /* of rules; 0: none was given */
};

/* One more rule: uid:N, user:NAME, gid:N, group:NAME or any. VALUE is a struct access_rules. */
parse_function access_rule_parse;

/* Whether a rule names PEER: its user, its group, or where FD is its connection (else -1) one of
 * its further groups. */
bool access_rule_matches(const struct access_rules *admission, const struct ucred *peer, int fd);

#endif
