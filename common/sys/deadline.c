#include "sys/deadline.h"
#include "sys/interrupt.h"

#include <errno.h>
#include <time.h>

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct deadline deadline_after(int64_t limit)
{
    struct deadline deadline = {.limit = limit, .end = limit == 0 ? 0 : DEADLINE_NEVER};
    bool needs_clock = limit != 0 && limit != DEADLINE_NEVER;
    if (needs_clock && __builtin_add_overflow(now(), limit, &deadline.end))
        deadline.end = DEADLINE_NEVER;
    return deadline;
}

bool deadline_is_now(const struct deadline *deadline)
{
    return deadline->limit == 0;
}

int64_t deadline_remaining(const struct deadline *deadline)
{
    if (deadline->end == DEADLINE_NEVER)
        return DEADLINE_NEVER;
    int64_t remaining = deadline->end - now();
    return remaining > 0 ? remaining : 0;
}

void deadline_arm(const struct deadline *deadline)
{
    if (deadline->end != DEADLINE_NEVER)
        interrupt_timer_arm(deadline_remaining(deadline));
}

bool deadline_should_retry(const struct deadline *deadline)
{
    if (errno != EINTR || interrupt_signal())
        return false;
    if (deadline_remaining(deadline) > 0)
        return true;
    errno = ETIMEDOUT;
    return false;
}

void deadline_disarm(const struct deadline *deadline)
{
    int saved = errno;
    if (deadline->end != DEADLINE_NEVER)
        interrupt_timer_disarm();
    errno = saved;
}

int deadline_poll(struct pollfd *fds, nfds_t count, const struct deadline *deadline)
{
    for (;;) {
        struct timespec wait, *limit = NULL;
        int64_t remaining = deadline_remaining(deadline);
        if (remaining != DEADLINE_NEVER) {
            wait.tv_sec = remaining / 1000000000;
            wait.tv_nsec = remaining % 1000000000;
            limit = &wait;
        }

        int ready = interrupt_signal() ? (errno = EINTR, -1) : ppoll(fds, count, limit, NULL);
        if (ready > 0)
            return ready;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || errno != EINTR || interrupt_signal())
            return -1;
    }
}
