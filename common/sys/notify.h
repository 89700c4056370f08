/* notify: tells the service manager, if one listens, that a service is ready: sd_notify(3) */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Sends READY=1 to $NOTIFY_SOCKET, and takes that out of the environment, so that no COMMAND speaks
 * in our name. Returns 0, also where there is none; -1 with errno. */
int readiness_notify(void);

#endif
