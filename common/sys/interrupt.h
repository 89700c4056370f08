/* interrupt: ends blocking system calls, without a race, where the call itself knows no time limit
 *
 * A signal that is handled ends the call with EINTR, but one that comes just before the call is
 * lost. So it is not one signal but a tick that goes on: the next tick ends the call. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Lets INT, TERM, HUP, QUIT and ALRM be noted instead of ending the process; one that the parent
 * had ignored stays ignored. From the first of them on the tick runs, so that every wait ends. For
 * tools that hold something which would be lost or left behind. */
void interrupt_catch(void);

/* The signal that was noted, 0 if none. */
int interrupt_signal(void);

/* Lets waits go on in spite of the signal that was noted, until the next one: interrupt_signal is 0
 * again. Returns false, and does nothing, where one was pardoned before. */
bool interrupt_defer_once(void);

/* Returns where no signal was noted; else dies of it, also of one that was pardoned. */
void interrupt_reraise_pending(void);

/* Whether a terminal sent it: then all processes of its foreground group have got it too. */
bool interrupt_is_from_terminal(void);

/* Dies of the noted signal, so that the shell sees it. */
_Noreturn void interrupt_reraise(void);

/* Gives the signals back to a process that is about to become a COMMAND; one that was noted is died
 * of. */
void interrupt_release(void);

/* From here on these signals do nothing, nor does one that was noted. */
void interrupt_ignore(void);

/* Ends each blocking call with EINTR from AFTER nanoseconds on, every 10 ms, on the monotonic
 * clock. */
void interrupt_timer_arm(int64_t after);

/* No more ticks, unless a signal was noted. */
void interrupt_timer_disarm(void);

/* The same before an exec, over which the kernel may keep the timer: what ticked is ignored again
 * where the parent had ignored it. */
void interrupt_restore(void);

/* Defers all signals that were noted so far, as interrupt_defer_once does, but as often as it is
 * called. */
void interrupt_defer(void);

/* Whether a signal was noted, even if it was deferred. */
bool interrupt_is_pending(void);

#endif
