#include "memory/map_follow.h"

#include "sys/deadline.h"
#include "sys/file_lock.h"
#include "sys/inotify.h"

#include <errno.h>

static int refuse_range(struct map_file *file, const struct map_follow *how, int64_t length,
                        int64_t size)
{
    errno = ENODATA;
    if (length > 0)
        failure_set(&file->failure, "find %lld bytes at %lld", (long long)length,
                    (long long)how->offset);
    else
        failure_set(&file->failure, "find byte %lld", (long long)how->offset);
    return failure_set_why(&file->failure, "the file has %lld bytes", (long long)size);
}

int map_follow_choose(struct map_file *file, const struct map_follow *how, int64_t length,
                      int64_t size, struct map_range *range)
{
    int64_t offset = how->offset < 0 ? file->size + how->offset : how->offset;
    if (offset < 0)
        return refuse_range(file, how, how->length, file->size);
    int64_t left = size - offset;
    if (length < 0)
        length = left;
    if (left < 0 || length > left)
        return refuse_range(file, how, length, size);
    *range = (struct map_range){.fd = file->fd, .offset = offset, .length = length};
    return 0;
}

int map_follow_lock(struct map_file *file, const struct map_follow *how,
                    const struct map_range *range, bool writes)
{
    const struct deadline deadline = deadline_after(how->timeout);
    enum file_lock_kind kind = writes ? FILE_LOCK_EXCLUSIVE : FILE_LOCK_SHARED;
    /* a length of 0 would lock all that follows */
    if (range->length == 0 ||
        file_lock_range(range->fd, kind, range->offset, range->length, &deadline) == 0)
        return 0;
    return failure_set(&file->failure, "lock range");
}

static int watch_growth(struct map_file *file, struct map_follow *how)
{
    how->watch = inotify_open(&file->failure);
    return how->watch < 0 || inotify_add(how->watch, file->path, IN_MODIFY, &file->failure) < 0 ? -1
                                                                                                : 0;
}

int map_follow_open(struct map_file *file, struct map_follow *how, struct map_range *range)
{
    int64_t start = how->offset < 0 ? file->size + how->offset : how->offset;
    int64_t rest = file->size - start, length = how->length;
    if (how->follows && rest >= 0 && length > rest) /* what is not there yet may come */
        length = rest;
    if (map_follow_choose(file, how, length, file->size, range) < 0)
        return -1;
    if (how->follows && watch_growth(file, how) < 0)
        return -1;
    return map_follow_lock(file, how, range, false);
}

/* Writes the locked range. */
static int write_range(struct map_file *file, struct map_range *range, int to)
{
    if (map_copy_out(range, to) < 0) {
        file->failure = range->failure;
        return -1;
    }
    if (range->length > 0)
        file_lock_release(range->fd, range->offset, range->length);
    return 0;
}

/* inotify(7) does not see what other machines do to a network file system. So the file is measured
 * once a second anyway. */
static int wait_for_change(struct map_file *file, int watch, const struct deadline *deadline)
{
    static const int64_t second = 1000000000;
    int64_t remaining = deadline_remaining(deadline);
    const struct deadline turn = deadline_after(remaining < second ? remaining : second);
    if (inotify_wait(watch, "", &turn) < 0 && (errno != ETIMEDOUT || remaining <= second))
        return failure_set(&file->failure, "wait for more");
    return 0;
}

/* Waits until the file has bytes from byte AT on. */
static int wait_for_more(struct map_file *file, const struct map_follow *how, int64_t at)
{
    const struct deadline deadline = deadline_after(how->timeout);
    for (;;) {
        if (map_file_measure(file) < 0)
            return -1;
        if (file->size < at)
            return map_copy_refuse_cut(&file->failure, file->size);
        if (file->size > at)
            return 0;
        if (wait_for_change(file, how->watch, &deadline) < 0)
            return -1;
    }
}

int map_follow_read(struct map_file *file, const struct map_follow *how, struct map_range *range,
                    int to)
{
    int64_t left = how->length < 0 ? -1 : how->length - range->length;
    if (write_range(file, range, to) < 0)
        return -1;
    while (how->follows && left != 0) {
        int64_t at = range->offset + range->length;
        if (wait_for_more(file, how, at) < 0)
            return -1;
        int64_t more = file->size - at, length = left < 0 || more < left ? more : left;
        *range = (struct map_range){.fd = file->fd, .offset = at, .length = length};
        if (map_follow_lock(file, how, range, false) < 0 || write_range(file, range, to) < 0)
            return -1;
        left -= left < 0 ? 0 : length;
    }
    return 0;
}
