#include "process_explain.h"

#include "io.h"
#include "report.h"
#include "signals.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Bit N-1 is the signal N. */
struct masks {
    uint64_t blocked, ignored, caught, pending;
};

/* The mask in the line that begins with NAME (`SigBlk`). */
static uint64_t mask_of(const char *status, const char *name)
{
    uint64_t mask = 0;
    const char *line = strstr(status, name);
    if (line && line[-1] == '\n')
        parse_digits(line + strlen(name) + strspn(line + strlen(name), ":\t "), 16, UINT64_MAX,
                     &mask);
    return mask;
}

/* Adds what the status file of one thread says. */
static int read_thread(const char *path, struct masks *masks)
{
    char status[8192];
    if (io_read_text(path, status, sizeof status) < 0)
        return -1;
    if (strstr(status, "\nState:\tZ"))
        return 0; /* a leader that has ended, while other threads go on */
    masks->blocked &= mask_of(status, "SigBlk");
    masks->ignored = mask_of(status, "SigIgn");
    masks->caught = mask_of(status, "SigCgt");
    masks->pending |= mask_of(status, "SigPnd") | mask_of(status, "ShdPnd");
    return 0;
}

static int read_threads(pid_t pid, struct masks *masks)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (!threads)
        return -1;
    int errnum = 0;
    while (errnum == 0) {
        errno = 0;
        struct dirent *entry = readdir(threads);
        if (!entry) {
            errnum = errno;
            break;
        }
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/status", (int)pid, entry->d_name);
        /* one that has ended meanwhile does not count */
        if (read_thread(path, masks) < 0 && errno != ENOENT && errno != ESRCH)
            errnum = errno;
    }
    closedir(threads);
    errno = errnum;
    return errnum ? -1 : 0;
}

static int read_masks(const struct process *process, struct masks *masks)
{
    char path[64];
    struct deadline now = deadline_in(0);
    *masks = (struct masks){.blocked = UINT64_MAX};
    snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
    int result = process->scope == PROCESS_THREAD ? read_thread(path, masks)
                                                  : read_threads(process->pid, masks);
    int saved = errno;
    if (process_wait(process, &now) == 0) /* so it may have been another's file */
        return errno = ESRCH, -1;
    errno = saved;
    return result;
}

static void report_mask(const char *name, uint64_t mask)
{
    const char *names[SIGNALS_MAX];
    size_t count = 0;
    for (int number = 1; number <= SIGNALS_MAX; number++)
        if (mask >> (number - 1) & 1)
            names[count++] = signals_name(number);
    report_words(name, names, count);
}

int process_explain(const struct process *process, bool json)
{
    struct masks masks;
    if (read_masks(process, &masks) < 0)
        return -1;
    report_start(json);
    report_number("pid", process->pid);
    report_mask("blocked", masks.blocked);
    report_mask("ignored", masks.ignored);
    report_mask("caught", masks.caught);
    report_mask("pending", masks.pending);
    report_end();
    return 0;
}
