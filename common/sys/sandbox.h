/* sandbox: what a tool that runs no COMMAND gives up before it reads data of others
 *
 * A bug in reading the input must not endanger the rest of the user's account. So a tool opens all
 * that it needs and then enters the sandbox, in which the process cannot
 *   - gain rights by running a program (no_new_privs), or run a program at all;
 *   - open a file to write to it, truncate it, or create, link, rename or remove one;
 *   - control a device, unless it is already open;
 *   - bind or connect a TCP socket, or reach an abstract socket;
 *   - signal or trace a process that is not its own child.
 * All but the first take Landlock, landlock(7). Each kernel forbids as much of it as it knows; if
 * it knows nothing of it, or if a call fails, the tool goes on without. Open descriptors stay
 * usable. Reading files, sockets with a path, queues and System V objects are not restricted. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

struct sandbox {
    const char *folder; /* in which regular files can still be written, created and removed; or NULL
                         */
    bool sockets;       /* abstract sockets can still be reached */
    bool signals;       /* other processes can still be signalled */
};

/* Gives up all that KEEPS does not name, unless IPCBOX_NO_SANDBOX is set and not empty. This cannot
 * be undone, and children inherit it. Keeps errno. */
void sandbox_enter(const struct sandbox *keeps);

#endif
