/* names: what a command line calls objects, processes, signals, sockets and operations of semop
 *
 * The first byte chooses the parser, the rest is its text. A pattern and a few limits give what
 * each parser should accept, and the value. */
#include "cli/object_name.h"
#include "fuzz.h"
#include "grammar.h"
#include "queue/queue.h"
#include "semaphore/semaphore.h"
#include "signal/signal_name.h"
#include "socket/access_rule.h"
#include "socket/address.h"
#include "sys/process.h"
#include "sys/readiness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

#define C_NUMBER "^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$"

/* The number at TEXT, which fits a pattern of numbers; UINT64_MAX with errno if it is larger. */
static uint64_t number_at(const char *text, int base)
{
    errno = 0;
    return strtoull(text, NULL, base);
}

static bool is_posix_name(const char *text)
{
    static struct grammar grammar = {.pattern = "^/[^/]+$"};
    regmatch_t group[GRAMMAR_GROUPS];
    return grammar_fits(&grammar, text, group) && strlen(text) <= 256 && strcmp(text, "/.") != 0 &&
           strcmp(text, "/..") != 0;
}

/* The name that object_name_parse should make of TEXT; its kind is 0 if it should refuse. A path is
 * malloc'ed. */
static struct object_name expect_object(const char *text)
{
    static struct grammar key = {.pattern = C_NUMBER}, id = {.pattern = "^id:([0-9]+)$"},
                          project = {.pattern = "^ftok:(.*):([0-9]+)$"},
                          ftok = {.pattern = "^ftok:(.+)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct object_name name = {.text = text};
    if (is_posix_name(text)) {
        name.kind = OBJECT_NAME_POSIX;
    } else if (strcmp(text, "private") == 0) {
        name.kind = OBJECT_NAME_PRIVATE;
    } else if (grammar_fits(&key, text, group)) {
        uint64_t number = number_at(text, 0);
        name.key = (key_t)number;
        name.kind = number > 0 && number <= UINT32_MAX ? OBJECT_NAME_KEY : 0;
    } else if (grammar_fits(&id, text, group)) {
        uint64_t number = number_at(text + group[1].rm_so, 10);
        name.id = (int)number;
        name.kind = number <= INT_MAX ? OBJECT_NAME_ID : 0;
    } else if (grammar_fits(&project, text, group)) {
        uint64_t number = number_at(text + group[2].rm_so, 10);
        bool is_empty = group[1].rm_eo == group[1].rm_so;
        name.project = (int)number;
        name.path = strndup(text + group[1].rm_so, (size_t)(group[1].rm_eo - group[1].rm_so));
        name.kind = number >= 1 && number <= 255 && !is_empty ? OBJECT_NAME_FTOK : 0;
    } else if (grammar_fits(&ftok, text, group)) {
        name.project = 1;
        name.path = strdup(text + group[1].rm_so);
        name.kind = OBJECT_NAME_FTOK;
    }
    return name;
}

static void check_object(const char *text, parse_function *parse)
{
    static struct grammar file = {.pattern = "^(.+/.*|//.*)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct object_name name, expected = expect_object(text);
    if (parse == object_name_parse_or_file && strncmp(text, "ftok:", 5) != 0 &&
        grammar_fits(&file, text, group))
        expected = (struct object_name){.text = text, .kind = OBJECT_NAME_FILE};
    if (parse == semaphore_parse_name && *text == '/' && strlen(text) > 252)
        expected.kind = 0;

    bool is_taken = parse(text, &name) == NULL;
    assert(is_taken == (expected.kind != 0));
    if (is_taken) {
        assert(name.kind == expected.kind && name.text == text);
        assert(name.kind != OBJECT_NAME_KEY || name.key == expected.key);
        assert(name.kind != OBJECT_NAME_ID || name.id == expected.id);
        bool is_ftok = name.kind == OBJECT_NAME_FTOK;
        assert(!is_ftok || name.project == expected.project);
        assert(!is_ftok || strcmp(name.path, expected.path) == 0);
        free(name.path);
    }
    free(expected.path);
}

static void check_process(const char *text)
{
    static struct grammar grammar = {.pattern = "^([0-9]+)(:([0-9]+))?$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct process process = {.pid = -7};
    uint64_t pid = 0, inode = 0;
    bool fits = grammar_fits(&grammar, text, group);
    if (fits) {
        pid = number_at(text, 10);
        fits = pid >= 1 && pid <= INT_MAX;
    }
    if (fits && group[3].rm_so >= 0) {
        inode = number_at(text + group[3].rm_so, 10);
        fits = inode >= 1 && errno == 0;
    }
    assert((process_parse(text, &process) == NULL) == fits);
    assert(process.pid == (fits ? (pid_t)pid : -7) && process.inode == (fits ? inode : 0));
}

/* The number of the signal TEXT, -1 if there is none. */
static int expect_signal(const char *text)
{
    static struct grammar number = {.pattern = "^[0-9]+$"},
                          realtime = {.pattern = "^(rtmin|rtmax)(([-+])([0-9]+))?$"};
    static const char *const names[] = {
        "",     "hup",  "int",  "quit", "ill",    "trap",   "abrt",  "bus",  "fpe",  "kill", "usr1",
        "segv", "usr2", "pipe", "alrm", "term",   "stkflt", "chld",  "cont", "stop", "tstp", "ttin",
        "ttou", "urg",  "xcpu", "xfsz", "vtalrm", "prof",   "winch", "io",   "pwr",  "sys",  NULL};
    regmatch_t group[GRAMMAR_GROUPS];
    if (grammar_fits(&number, text, group))
        return number_at(text, 10) <= 64 ? (int)number_at(text, 10) : -1;

    char name[32] = "";
    for (size_t i = 0; text[i] && i < sizeof name - 1; i++)
        name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    const char *rest = strncmp(name, "sig", 3) == 0 ? name + 3 : name;
    for (int i = 1; names[i]; i++)
        if (strcmp(rest, names[i]) == 0)
            return i;
    if (strcmp(rest, "iot") == 0 || strcmp(rest, "cld") == 0 || strcmp(rest, "poll") == 0)
        return *rest == 'i' ? 6 : *rest == 'c' ? 17 : 29;
    if (!grammar_fits(&realtime, rest, group))
        return -1;
    bool is_min = rest[4] == 'n' || rest[3] == 'i';
    uint64_t distance = group[4].rm_so >= 0 ? number_at(rest + group[4].rm_so, 10) : 0;
    if (distance > 30 || (group[3].rm_so >= 0 && (rest[group[3].rm_so] == '+') != is_min))
        return -1;
    return is_min ? 34 + (int)distance : 64 - (int)distance;
}

static void check_signal(const char *text)
{
    int number = -7, again = -7;
    int expected = strlen(text) < 31 || strspn(text, "0123456789") > 30 ? expect_signal(text) : -2;
    bool is_taken = signal_name_parse(text, &number) == NULL;
    assert(expected == -2 || is_taken == (expected >= 0));
    assert(expected == -2 || number == (is_taken ? expected : -7));
    if (is_taken)
        assert(signal_name_parse(signal_name(number), &again) == NULL && again == number);

    static struct grammar grammar = {.pattern = "^[0-9]+$"};
    regmatch_t group[GRAMMAR_GROUPS];
    uint64_t status = grammar_fits(&grammar, text, group) ? number_at(text, 10) : 0;
    if (status > 128 && status <= 192)
        number = (int)status - 128, is_taken = true;
    else
        is_taken = is_taken && number != 0;
    assert((signal_name_parse_status(text, &again) == NULL) == is_taken);
    assert(!is_taken || again == number);
}

static void check_op(const char *text)
{
    static struct grammar grammar = {.pattern = "^([0-9]+):([-+]?[0-9]+)((:nowait|:undo)*)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct semaphore_op op = {.index = -7}, again;
    bool fits = grammar_fits(&grammar, text, group);
    int64_t delta = 0;
    if (fits) {
        errno = 0;
        delta = strtoll(text + group[2].rm_so, NULL, 10);
        fits = delta >= -32767 && delta <= 32767 && number_at(text, 10) <= INT_MAX;
    }
    assert((semaphore_parse_op(text, &op) == NULL) == fits);
    assert(fits || op.index == -7);
    if (!fits)
        return;
    const char *flags = text + group[3].rm_so;
    assert(op.index == (int)number_at(text, 10) && op.delta == delta);
    assert(op.is_nowait == (strstr(flags, "nowait") != NULL));
    assert(op.is_undone == (strstr(flags, "undo") != NULL));

    char written[64];
    snprintf(written, sizeof written, "%d:%d%s%s", op.index, op.delta, op.is_undone ? ":undo" : "",
             op.is_nowait ? ":nowait" : "");
    assert(semaphore_parse_op(written, &again) == NULL);
    assert(again.index == op.index && again.delta == op.delta && again.is_nowait == op.is_nowait &&
           again.is_undone == op.is_undone);
}

static void check_address(const char *text)
{
    static struct grammar grammar = {.pattern = "^fd:([0-9]+)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct socket_address address;
    size_t length = strlen(text);
    bool is_descriptor = strncmp(text, "fd:", 3) == 0, is_abstract = *text == '@', fits;
    uint64_t number = 0;
    if (is_descriptor) {
        fits = grammar_fits(&grammar, text, group);
        number = fits ? number_at(text + 3, 10) : 0;
        fits = number >= 3 && number <= INT_MAX;
    } else {
        fits = is_abstract ? length >= 2 && length <= 108 : length >= 1 && length <= 107;
    }
    assert((address_parse(text, &address) == NULL) == fits);
    if (!fits)
        return;
    assert(address.fd == (is_descriptor ? (int)number : -1));
    if (is_descriptor)
        return;
    /* As bind(2) takes it, it comes to the same name again: unix(7). */
    size_t bytes = address.length - offsetof(struct sockaddr_un, sun_path);
    assert(address.is_abstract == is_abstract && bytes == length + !is_abstract);
    assert(address.name.sun_path[0] == (is_abstract ? '\0' : *text));
    assert(memcmp(address.name.sun_path + 1, text + 1, length - 1) == 0);
    assert(is_abstract || address.name.sun_path[length] == '\0');
}

static void check_ready(const char *text)
{
    static struct grammar grammar = {.pattern = "^fd:([0-9]+)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct readiness ready;
    bool is_descriptor = strncmp(text, "fd:", 3) == 0, fits = *text;
    if (is_descriptor)
        fits = grammar_fits(&grammar, text, group) && number_at(text + 3, 10) <= INT_MAX;
    assert((readiness_parse(text, &ready) == NULL) == fits);
    assert(!fits || ready.fd == (is_descriptor ? (int)number_at(text + 3, 10) : -1));
}

/* Without user: and group:, which ask the system. */
static void check_access_rule(const char *text)
{
    static struct grammar grammar = {.pattern = "^(uid|gid):([0-9]+)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct access_rules rules = {.count = 0};
    if (strncmp(text, "user:", 5) == 0 || strncmp(text, "group:", 6) == 0)
        return;
    bool is_number = grammar_fits(&grammar, text, group);
    uint64_t number = is_number ? number_at(text + 4, 10) : 0;
    bool fits = strcmp(text, "any") == 0 || (is_number && number < UINT32_MAX);
    assert((access_rule_parse(text, &rules) == NULL) == fits);
    assert(rules.count == fits);
    assert(!fits || !is_number || rules.rules[0].id == number);
}

static void check_selector(const char *text)
{
    static struct grammar grammar = {.pattern = "^([-!]?)([0-9]+)$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct queue_selector selector;
    bool fits = grammar_fits(&grammar, text, group);
    uint64_t type = fits ? number_at(text + group[2].rm_so, 10) : 0;
    fits = type >= 1 && type <= INT64_MAX;
    assert((queue_parse_selector(text, &selector) == NULL) == fits);
    if (!fits)
        return;
    assert(selector.is_negated == (*text == '!'));
    assert(selector.type == (*text == '-' ? -(int64_t)type : (int64_t)type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(const char *text) = {
        check_process, check_signal,      check_signal, check_op,       check_op,
        check_address, check_access_rule, check_ready,  check_selector,
    };
    static parse_function *const parsers[] = {object_name_parse, object_name_parse_or_file,
                                              semaphore_parse_name};
    struct input input = {data, size};
    unsigned choice = input_byte(&input) % 12;
    char *text = input_text(&input);
    if (choice < 3)
        check_object(text, parsers[choice]);
    else
        checks[choice - 3](text);
    free(text);
    return 0;
}
