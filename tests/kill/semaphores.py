"""semop: what a COMMAND took comes back, and everything else happens once or not at all."""

from kill.harness import eventually, run, scenario

POSIX, SYSV = "/storm", "0x5eed"


def value(name, *words):
    return int(run("semop", "get", *words, name))


def changes_once(storm, name, verb, after):
    """VERB changes 5 to AFTER, or does nothing if it is killed before."""
    run("semop", "create", name, "5")
    for _ in storm.rounds():
        end = storm.kill("semop", verb, name)
        assert value(name) == after if end.status == 0 else value(name) in (5, after), value(name)
        run("semop", "set", name, "5")


@scenario(POSIX, SYSV)
def semop_wait(storm, name):
    changes_once(storm, name, "wait", 4)


@scenario(POSIX, SYSV)
def semop_post(storm, name):
    changes_once(storm, name, "post", 6)


def settles_at(wanted, name):
    eventually(lambda: value(name) == wanted, f"{name} is {wanted}")


@scenario(POSIX, SYSV)
def semop_run(storm, name):
    """semop and COMMAND are one process, which is killed before or after it becomes COMMAND."""
    run("semop", "create", name, "2")
    for _ in storm.rounds():
        storm.kill("semop", "run", name, "--", "true")
        if name == SYSV:
            assert value(name) == 2
        settles_at(2, name)


@scenario(POSIX, SYSV)
def semop_run_create(storm, name):
    for _ in storm.rounds():
        storm.kill("semop", "run", "-c", "2", name, "--", "true")
        run("semop", "run", "-c", "2", name, "--", "true")
        settles_at(2, name)
        run("semop", "remove", name)


@scenario(POSIX, SYSV)
def semop_run_waiting(storm, name):
    """A post during or after the kill of a waiter is there for the next one."""
    run("semop", "create", name, "0")
    for _ in storm.rounds():
        waiter = storm.begin("semop", "run", name, "--", "true")
        run("semop", "post", name)
        storm.end(waiter)
        settles_at(1, name)
        run("semop", "wait", "-t", "10", name)


@scenario(SYSV)
def semop_ops(storm, name):
    run("semop", "create", "--nsems", "2", name, "3")
    for _ in storm.rounds():
        end = storm.kill("semop", "ops", name, "0:-1", "1:+1")
        both = value(name), value(name, "-i", "1")
        assert both == (2, 4) if end.status == 0 else both in ((2, 4), (3, 3)), both
        run("semop", "set", name, "3")
        run("semop", "set", "-i", "1", name, "3")


@scenario(SYSV)
def semop_ops_undo(storm, name):
    run("semop", "create", "--nsems", "2", name, "3")
    for _ in storm.rounds():
        storm.kill("semop", "ops", name, "0:-1:undo", "1:-2:undo", "--", "true")
        assert (value(name), value(name, "-i", "1")) == (3, 3)


@scenario(POSIX, SYSV)
def semop_create(storm, name):
    """A set whose creator was killed before it set the value gets it from the next one."""
    for _ in storm.rounds():
        storm.kill("semop", "create", "-m", "0640", name, "3")
        run("semop", "create", "-m", "0640", name, "3")
        assert value(name) == 3
        assert b"\nmode=0640\n" in run("semop", "stat", name)
        run("semop", "remove", name)
