#include "sys/blocked_threads.h"

#include "cli/parse.h"
#include "sys/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Reads the call that the thread sleeps in, `232 0x3 0x7ffd...`; `running` and `-1` are none. */
static bool read_call(const char *path, long *number, uint64_t *argument)
{
    char text[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = io_read_full(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';

    char *end;
    *number = strtol(text, &end, 10);
    *argument = strtoull(end, NULL, 16);
    return end != text;
}

/* The next entry of FOLDER that is a number, 0 at the end. */
static pid_t next_number(DIR *folder)
{
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        uint64_t number;
        const char *end = parse_digits(entry->d_name, 10, INT_MAX, &number);
        if (end && !*end)
            return (pid_t)number;
    }
    return 0;
}

int64_t blocked_threads_count(long number,
                              bool (*is_wanted)(pid_t pid, uint64_t argument, const void *context),
                              const void *context)
{
    int64_t count = 0;
    long call;
    uint64_t argument;
    DIR *processes = opendir("/proc");
    if (!processes || access("/proc/self/syscall", R_OK) < 0) {
        if (processes)
            closedir(processes);
        return -1;
    }
    for (pid_t pid; (pid = next_number(processes)) > 0;) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
        DIR *tasks = opendir(path);
        for (pid_t task; tasks && (task = next_number(tasks)) > 0;) {
            snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)pid, (int)task);
            if (read_call(path, &call, &argument) && call == number &&
                is_wanted(pid, argument, context))
                count++;
        }
        if (tasks)
            closedir(tasks);
    }
    closedir(processes);
    return count;
}
