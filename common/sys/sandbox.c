#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/landlock.h, whose installed version may be older than the running kernel. The numbers
 * of the calls are the same on all architectures but alpha. */
enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF };
enum { GET_VERSION = 1, PATH_BENEATH = 1 };
enum {
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_FILE = 1 << 5,
    MAKE_REG = 1 << 8,
    NET_TCP = 3,      /* bind and connect */
    SCOPE_SOCKET = 1, /* abstract ones */
    SCOPE_SIGNAL = 2,
};

/* What is forbidden unless a rule allows it. An older kernel accepts the structure if the members
 * that it does not know are 0. */
struct ruleset {
    uint64_t files, net, scopes;
};

struct rule {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

/* The first version knows 13 rights to files; later ones add REFER, TRUNCATE and IOCTL_DEV, then
 * the network, then scopes. */
static struct ruleset rights_of_version(long version)
{
    int rights = 13 + (version >= 2) + (version >= 3) + (version >= 5);
    return (struct ruleset){
        .files = (UINT64_C(1) << rights) - 1,
        .net = version >= 4 ? NET_TCP : 0,
        .scopes = version >= 6 ? SCOPE_SOCKET | SCOPE_SIGNAL : 0,
    };
}

/* Returns 0, or -1. */
static int keep_folder(int rules, const char *path)
{
    struct rule rule = {
        .allowed = WRITE_FILE | MAKE_REG | REMOVE_FILE,
        .folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
    };
    if (rule.folder < 0)
        return -1;
    long result = syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0L);
    close(rule.folder);
    return result < 0 ? -1 : 0;
}

static void restrict_self(const struct sandbox *keeps)
{
    long version = syscall(CREATE_RULESET, NULL, 0L, GET_VERSION);
    if (version < 1)
        return;
    struct ruleset ruleset = rights_of_version(version);
    ruleset.files &= ~(uint64_t)(READ_FILE | READ_DIR);
    if (keeps->sockets)
        ruleset.scopes &= ~(uint64_t)SCOPE_SOCKET;
    if (keeps->signals)
        ruleset.scopes &= ~(uint64_t)SCOPE_SIGNAL;

    int rules = (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0L);
    if (rules < 0)
        return;
    if (!keeps->folder || keep_folder(rules, keeps->folder) == 0)
        syscall(RESTRICT_SELF, rules, 0L);
    close(rules);
}

void sandbox_enter(const struct sandbox *keeps)
{
    int saved = errno;
    const char *off = getenv("IPCBOX_NO_SANDBOX");
    if (!(off && *off) && prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0)
        restrict_self(keeps);
    errno = saved;
}
