/* interrupt: ends blocking system calls without a race, even those without a time limit
 *
 * A signal that is handled ends the call with EINTR, but one that comes just before the call is
 * lost. So there is a tick that goes on: the next tick ends the call. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* From now on INT, TERM, HUP, QUIT and ALRM are noted instead of ending the process; a signal that
 * the parent ignores stays ignored. From the first on the tick runs, so that every wait ends. For
 * tools that hold something that would be lost or left behind. */
void interrupt_catch(void);

/* The signal that was noted, 0 if none was. */
int interrupt_signal(void);

/* Lets waits go on in spite of the signal that was noted, until the next one: interrupt_signal is 0
 * again. Returns false, and does nothing, if a signal was deferred before. */
bool interrupt_defer_once(void);

/* Defers all signals that were noted so far, as interrupt_defer_once does, but as often as it is
 * called. */
void interrupt_defer(void);

/* Whether a signal was noted, even if it was deferred. */
bool interrupt_is_pending(void);

/* Dies of the signal that was noted, even if it was deferred; returns if none was. */
void interrupt_reraise_pending(void);

/* Whether a terminal sent it: then all processes of the foreground group have it too. */
bool interrupt_is_from_terminal(void);

/* Dies of the signal that was noted, so that the shell sees it. */
_Noreturn void interrupt_reraise(void);

/* Restores the default of the signals, for a process that is about to become a COMMAND. Dies of the
 * signal that was noted, if any. */
void interrupt_release(void);

/* From now on these signals do nothing, not even one that was noted. */
void interrupt_ignore(void);

/* After AFTER nanoseconds of the monotonic clock the tick begins: every 10 ms it ends a blocking
 * call with EINTR. */
void interrupt_timer_arm(int64_t after);

/* Stops the tick, unless a signal was noted. */
void interrupt_timer_disarm(void);

/* The same before an exec, over which the kernel may keep the timer: the signal of the tick is
 * ignored again if the parent ignored it. */
void interrupt_restore(void);

#endif
