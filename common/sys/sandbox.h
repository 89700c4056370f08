/* sandbox: what a tool that runs no command gives up once all it needs is open, and before it reads
 * a byte that somebody else wrote
 *
 * A mistake in how the input is read shall not reach the rest of the user's account. So from there
 * on the process cannot
 *   - gain rights by running a program (no_new_privs), or run one at all;
 *   - open a file to write or cut it, create, link, rename or remove one, or control a device, but
 *     for those it has open;
 *   - bind or connect a TCP socket, reach an abstract socket, or signal or trace a process that is
 *     not its own child.
 * The last three take Landlock, landlock(7); each kernel does of them what it knows, and where it
 * knows none, or anything fails, the tool goes on without. All that is open stays good. Reading
 * files, sockets with a path, queues and System V objects are left as they were. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

struct sandbox {
    const char *folder; /* where regular files can still be written, created and removed; or NULL */
    bool sockets;       /* abstract sockets can still be reached */
    bool signals;       /* and other processes signalled */
};

/* Gives up what KEEPS does not name, unless IPCBOX_NO_SANDBOX is set and not empty. Cannot be
 * undone; children inherit it. Keeps errno. */
void sandbox_enter(const struct sandbox *keeps);

#endif
