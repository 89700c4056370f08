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

enum { ADMISSION_RULES = 64 };

struct admission {
    struct {
        enum { ADMIT_ANY, ADMIT_UID, ADMIT_GID } kind;
        id_t id;
    } rules[ADMISSION_RULES];
    int count; /* of rules; 0: none was given */
};

/* One more rule: uid:N, user:NAME, gid:N, group:NAME or any. VALUE is a struct admission. */
parse_function admission_parse;

/* Whether a rule names PEER: its user, its group, or where FD is its connection (else -1) one of
 * its further groups. */
bool admission_names(const struct admission *admission, const struct ucred *peer, int fd);

#endif
