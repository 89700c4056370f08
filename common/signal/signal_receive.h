/* signal_receive: takes signals one by one from those that wait, instead of being interrupted */
#ifndef SIGNAL_RECEIVE_H
#define SIGNAL_RECEIVE_H

#include "cli/failure.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct signal_receiver {
    int fd;
    struct failure failure;
};

struct received_signal {
    int number;
    const char *code; /* how it was sent: user, queue, kernel, timer, child, ... of sigaction(2) */
    bool has_sender;
    pid_t pid; /* 0 if the sender is in another PID namespace */
    uid_t uid;
    bool has_value;
    int value;
    const char
        *state; /* of a child: exited, killed, dumped, trapped, stopped, continued; or NULL */
    int status; /* of a child, as a shell has it: 128 and the signal's number */
};

/* Blocks SIGNALS, in which bit N-1 is the signal N, and receives them from now on. Returns 0, or -1
 * with errno. */
int signal_receive_open(struct signal_receiver *receiver, uint64_t signals);

/* Takes the next signal; waits for it until DEADLINE. Signals of one number come in the order in
 * which they were sent. Returns 0; -1 with errno: ETIMEDOUT, or EPIPE if nobody reads OUTPUT any
 * more; then nothing is taken. */
int signal_receive_next(struct signal_receiver *receiver, int output,
                        struct received_signal *signal, const struct deadline *deadline);

#endif
