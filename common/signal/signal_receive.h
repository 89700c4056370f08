/* signal_receive: signals that wait in line to be taken, instead of interrupting */
#ifndef SIGNAL_RECEIVE_H
#define SIGNAL_RECEIVE_H

#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct received_signal {
    int number;
    const char *code; /* how it was sent: user, queue, kernel, timer, child, ... of sigaction(2) */
    bool has_sender;
    pid_t pid; /* 0 for one in another PID namespace */
    uid_t uid;
    bool has_value;
    int value;
    const char
        *state; /* code child: exited, killed, dumped, trapped, stopped, continued; or NULL */
    int status; /* its exit status as a shell has it: 128 and the signal's number */
};

/* Blocks SIGNALS, of which bit N-1 is the signal N, and returns a descriptor on which they arrive
 * from now on; -1 with errno. */
int signal_receive_open(uint64_t signals);

/* Takes the next signal, waiting for it until DEADLINE. Those of one number come in the order in
 * which they were sent. Returns 0; -1 with errno: ETIMEDOUT, EPIPE where nobody reads any more what
 * is written to OUTPUT; then nothing is taken. */
int signal_receive_next(int fd, int output, struct received_signal *signal,
                        const struct deadline *deadline);

#endif
