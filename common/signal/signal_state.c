#include "signal/signal_state.h"

#include "cli/report.h"
#include "signal/signal_name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bit N-1 is the signal N. */
struct masks {
    uint64_t blocked, ignored, caught, pending;
};

/* Notes in MASKS what LINE of a status file shows: `SigBlk:` and the mask. */
static void read_line(const char *line, struct masks *masks)
{
    uint64_t mask = 0;
    const char *digits = line + strcspn(line, ":");
    parse_digits(digits + strspn(digits, ":\t "), 16, UINT64_MAX, &mask);
    if (strncmp(line, "SigBlk:", 7) == 0)
        masks->blocked = mask;
    else if (strncmp(line, "SigIgn:", 7) == 0)
        masks->ignored = mask;
    else if (strncmp(line, "SigCgt:", 7) == 0)
        masks->caught = mask;
    else if (strncmp(line, "SigPnd:", 7) == 0 || strncmp(line, "ShdPnd:", 7) == 0)
        masks->pending |= mask;
}

/* Adds the masks of one thread's status file. A line may be long: one lists all groups. */
static int read_thread(const char *path, struct masks *masks)
{
    struct masks own = {.blocked = 0};
    char *line = NULL;
    size_t room = 0;
    bool has_ended = false;
    FILE *status = fopen(path, "re");
    if (!status)
        return -1;
    while (getline(&line, &room, status) > 0) {
        has_ended = has_ended || strncmp(line, "State:\tZ", 8) == 0;
        read_line(line, &own);
    }
    int errnum = feof(status) ? 0 : errno;
    free(line);
    fclose(status);
    if (errnum != 0)
        return errno = errnum, -1;
    if (has_ended)
        return 0; /* a leader that has ended while other threads go on */
    masks->blocked &= own.blocked;
    masks->ignored = own.ignored;
    masks->caught = own.caught;
    masks->pending |= own.pending;
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
        /* a thread that has just ended does not count */
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
    struct deadline now = deadline_after(0);
    *masks = (struct masks){.blocked = UINT64_MAX};
    snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
    int result = process->scope == PROCESS_THREAD ? read_thread(path, masks)
                                                  : read_threads(process->pid, masks);
    int saved = errno;
    if (process_wait(process, &now) == 0) /* then it may have been another process's file */
        return errno = ESRCH, -1;
    errno = saved;
    return result;
}

static void report_mask(const char *name, uint64_t mask)
{
    const char *names[SIGNAL_MAX] = {NULL};
    size_t count = 0;
    for (int number = 1; number <= SIGNAL_MAX; number++)
        if (mask >> (number - 1) & 1)
            names[count++] = signal_name(number);
    report_words(name, names, count);
}

int signal_state_report(const struct process *process, bool json)
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
