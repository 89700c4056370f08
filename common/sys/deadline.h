/* deadline: how long a wait may last, on the monotonic clock */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* No time limit. */
#define DEADLINE_NEVER INT64_MAX

struct deadline {
    int64_t limit; /* nanoseconds, as given; 0: never wait */
    int64_t end;   /* nanoseconds of CLOCK_MONOTONIC */
};

/* The deadline LIMIT nanoseconds from now. */
struct deadline deadline_after(int64_t limit);

/* Whether no wait is allowed: the non-blocking form of a call is right then. */
bool deadline_is_now(const struct deadline *deadline);

/* Nanoseconds that remain, 0 if the deadline has passed, DEADLINE_NEVER without a limit. */
int64_t deadline_remaining(const struct deadline *deadline);

/* Bracket a blocking system call that has no time limit of its own:
 *
 *     deadline_arm(d);
 *     do
 *         n = msgrcv(...);
 *     while (n < 0 && deadline_should_retry(d));
 *     deadline_disarm(d);
 *
 * deadline_should_retry: after a call failed, whether to call again. It returns false for any errno
 * but EINTR, after a signal that interrupt_catch noted (errno stays EINTR), and when the time is up
 * (errno becomes ETIMEDOUT). deadline_disarm keeps errno. */
void deadline_arm(const struct deadline *deadline);
bool deadline_should_retry(const struct deadline *deadline);
void deadline_disarm(const struct deadline *deadline);

/* Polls until an event. Returns as poll(2) does, but never 0; -1 with errno ETIMEDOUT, or EINTR
 * after a signal that interrupt_catch noted. */
int deadline_poll(struct pollfd *fds, nfds_t count, const struct deadline *deadline);

#endif
