#include "signal/target.h"

#include "stream/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 65536 }; /* bytes of a line on stdin */

/* Makes room for one more. The first few need no malloc(3), which takes longer than sending a
 * signal does. */
static int make_room(struct targets *targets)
{
    enum { FEW = sizeof targets->few / sizeof *targets->few };
    if (!targets->all) {
        targets->all = targets->few;
        targets->room = FEW;
    }
    if (targets->count < targets->room)
        return 0;
    bool are_few = targets->all == targets->few;
    size_t size = (size_t)targets->room * sizeof *targets->all;
    struct target *more = realloc(are_few ? NULL : targets->all, 2 * size);
    if (!more)
        return -1;
    if (are_few)
        memcpy(more, targets->few, size);
    targets->all = more;
    targets->room *= 2;
    return 0;
}

const char *target_add(struct targets *targets, const char *word)
{
    static const char pidfile[] = "pidfile:";
    struct target target = {.text = word, .process = {.scope = targets->scope, .fd = -1}};
    if (strncmp(word, pidfile, strlen(pidfile)) == 0) {
        if (process_read(&target.process, word + strlen(pidfile)) < 0)
            target.error = errno;
    } else {
        const char *why = process_parse(word, &target.process);
        if (why)
            return why;
    }

    if (make_room(targets) < 0)
        return parse_no_memory;
    targets->all[targets->count++] = target;
    return NULL;
}

/* The failure of standard input, for the reason WHY. */
static int fail_to_read(struct targets *targets, const char *what, const char *why)
{
    failure_set(&targets->failure, "%s", what);
    failure_set_why(&targets->failure, "%s", why);
    targets->failure.object = "stdin";
    targets->failure.is_error = true;
    return -1;
}

/* Adds the words of one line. */
static int add_line(struct targets *targets, const char *line, size_t size)
{
    static const char blanks[] = " \t\r";
    for (size_t at = 0, length; at < size; at += length + 1) {
        for (length = 0; at + length < size && !strchr(blanks, line[at + length]);)
            length++;
        if (length == 0)
            continue;

        char *word = strndup(line + at, length);
        const char *why = word ? target_add(targets, word) : parse_no_memory;
        if (why) {
            char quoted[40];
            snprintf(quoted, sizeof quoted, "'%.32s'", word ? word : "");
            free(word);
            errno = EINVAL;
            return fail_to_read(targets, quoted, why);
        }
        targets->all[targets->count - 1].text = word; /* which is the target's from now on */
    }
    return 0;
}

int target_read(struct targets *targets)
{
    struct record_reader reader;
    const char *line;
    size_t size;
    int got;
    record_start(&reader, STDIN_FILENO, RECORD_LINE, LINE_MAX_SIZE);
    while ((got = record_next(&reader, &line, &size)) > 0)
        if (add_line(targets, line, size) < 0)
            return -1;
    if (got == 0)
        return 0;
    targets->failure = reader.failure;
    targets->failure.object = "stdin";
    targets->failure.is_error = true;
    return -1;
}

/* Lets COUNT processes be open at once, as far as the hard limit allows. */
static void need_descriptors(int count)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)count + 16;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return;
    limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int target_open(struct targets *targets, int first)
{
    int opened = 0;
    need_descriptors(targets->count - first);
    for (int i = first; i < targets->count; i++) {
        struct target *target = &targets->all[i];
        if (target->error != 0)
            continue;
        if (process_open_named(&target->process) == 0)
            opened++;
        else if ((errno == EMFILE || errno == ENFILE) && opened > 0)
            return i - first;
        else
            target->error = errno;
    }
    return targets->count - first;
}

void target_fail(const struct target *target, struct failure *failure, const char *format, ...)
{
    char what[sizeof failure->what];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);

    bool has_pid = target->process.pid > 0; /* else its pidfile could not be read */
    errno = target->error;
    failure_set(failure, "%s", has_pid ? what : "read");
    failure->is_error = target->error == EAGAIN;
    if (target->error == EBADMSG)
        failure_set_why(failure, "its first word is neither PID nor PID:INODE");
    else
        process_add_hint(&target->process, failure);
}
