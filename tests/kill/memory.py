"""shmput, shmget --take, shmop and mmapcat -w."""

import os

from kill.harness import SHM, run, scenario, stray

POSIX, SYSV = "/storm", "0x5eed"
FILE = POSIX[1:]


def is_part_of_put(seen, new, old):
    """Whether SEEN begins with NEW and goes on with OLD, or with zeros behind the whole of either."""
    new_part = os.path.commonprefix([seen, new])
    rest, old_rest = seen[len(new_part):], old[len(new_part):]
    old_part = os.path.commonprefix([rest, old_rest])
    is_whole = len(new_part) == len(new) or len(old_part) == len(old_rest)
    left = rest if len(new_part) == len(new) and not rest.strip(b"\0") else rest[len(old_part):]
    return not left or (is_whole and not left.strip(b"\0"))


@scenario(POSIX, SYSV)
def shmput_in_place(storm, name):
    size = 30000 if name == SYSV else 0
    old = storm.content(size or 1, size or 60000)
    run("shmput", name, data=old)
    for _ in storm.rounds():
        new = storm.content(size or 1, size or 60000)
        end = storm.kill("shmput", name, data=new)
        seen = run("shmget", "-t", "0", name)
        assert seen == new if end.status == 0 else is_part_of_put(seen, new, old), "torn"
        old = storm.content(len(new), len(new))
        run("shmput", "-t", "0", name, data=old)
        assert run("shmget", name) == old
        assert not stray(FILE), stray(FILE)


@scenario(POSIX, SYSV)
def shmput_range(storm, name):
    old = storm.content(30000, 30000)
    run("shmput", name, data=old)
    for _ in storm.rounds():
        new, at = storm.content(1, 20000), storm.chance.randrange(10000)
        end = storm.kill("shmput", "-o", str(at), name, data=new)
        seen = run("shmget", "-t", "0", name)
        assert seen[:at] == old[:at] and seen[at + len(new):30000] == old[at + len(new):], "outside"
        assert not seen[30000:].strip(b"\0"), "longer"
        assert is_part_of_put(seen[at:30000], new, old[at:]), "torn"
        assert end.status != 0 or seen[at:at + len(new)] == new
        run("shmput", "-t", "0", name, data=old)


@scenario(POSIX, SYSV)
def shmput_create(storm, name):
    for _ in storm.rounds():
        new = storm.content()
        end = storm.kill("shmput", "-x", "-m", "0640", name, data=new)
        seen = run("shmget", "-t", "0", name, status=0 if end.status == 0 else None)
        assert seen == new if end.status == 0 else is_part_of_put(seen, new, b""), "torn"
        if seen:
            assert b"mode=0640" in run("shmget", "--stat", name)
        words = ["shmput", "-t", "0"] + (["--resize"] if name == SYSV else [])
        run(*words, name, data=b"next")
        assert run("shmget", name) == b"next"
        run("shmget", "--remove", name)
        assert not stray(), stray()


@scenario(POSIX)
def shmput_atomic(storm, name):
    old = None
    for _ in storm.rounds():
        new = storm.content()
        end = storm.kill("shmput", "-a", name, data=new)
        seen = run("shmget", "-t", "0", name) if FILE in os.listdir(SHM) else None
        assert seen == new if end.status == 0 else seen in (old, new), "torn"
        left = stray(FILE)
        assert len(left) <= 1 and all(beside.startswith(".ipcbox.") for beside in left), left
        old = storm.content() if storm.chance.randrange(2) else None
        if old:
            run("shmput", *storm.chance.choice(([], ["-a"])), "-t", "0", name, data=old)
        elif seen is not None:
            run("shmget", "--remove", name)
        assert not stray(FILE), stray(FILE)


@scenario(SYSV)
def shmput_resize(storm, name):
    for _ in storm.rounds():
        old, new = storm.content(1, 9000), storm.content(10000, 20000)
        run("shmput", "--resize", "-m", "0640", name, data=old)
        end = storm.kill("shmput", "--resize", name, data=new)
        seen = run("shmget", name, status=0 if end.status == 0 else None)
        if end.status == 0:
            assert seen == new
        else:
            assert seen in (b"", old) or is_part_of_put(seen, new, b""), "torn"
        if seen:
            assert b"mode=0640\n" in run("shmget", "--stat", name)


@scenario(POSIX)
def shmget_take(storm, name):
    for number in storm.rounds():
        old = storm.content()
        run("shmput", "-x", name, data=old)
        end = storm.kill("shmget", "--take", name, to_file=number % 3 == 0)
        if stray():
            assert end.status != 0 and run("shmget", "--take", "-t", "0", name) == old
        else:
            assert end.out == old, "lost"
        assert not stray(), stray()


@scenario(POSIX, SYSV)
def shmop_add(storm, name):
    run("shmop", "-c", name, "set", "0")
    value = 0
    for _ in storm.rounds():
        end = storm.kill("shmop", name, "add", "1", "add", "1", "add", "1")
        seen = int(run("shmop", name, "get"))
        printed = [int(line) for line in end.out.split()]
        assert printed == list(range(value + 1, value + 1 + len(printed))), printed
        assert value + len(printed) <= seen <= value + 3, "not once"
        assert end.status != 0 or seen == value + 3
        value = seen


@scenario(POSIX, SYSV)
def shmop_create(storm, name):
    for _ in storm.rounds():
        end = storm.kill("shmop", "-c", name, "add", "1")
        value = int(run("shmop", "-c", name, "add", "1"))
        assert value == 2 if end.status == 0 else value in (1, 2), value
        run("shmget", "--remove", name)
        assert not stray(), stray()


@scenario("file", SHM + "/file")
def mmapcat_write(storm, name):
    old = storm.content(30000, 30000)
    with open(name, "wb") as file:
        file.write(old)
    for _ in storm.rounds():
        new, at = storm.content(1, 20000), storm.chance.randrange(10000)
        end = storm.kill("mmapcat", "-w", "-o", str(at), name, data=new)
        seen = run("mmapcat", "-t", "0", name)
        assert len(seen) == len(old)
        assert seen[:at] == old[:at] and seen[at + len(new):] == old[at + len(new):], "outside"
        assert is_part_of_put(seen[at:], new, old[at:]), "torn"
        assert end.status != 0 or seen[at:at + len(new)] == new
        run("mmapcat", "-w", "-t", "0", name, data=old)


@scenario("file", SHM + "/file")
def mmapcat_create(storm, name):
    folder = os.path.dirname(name) or "."
    before = set(os.listdir(folder))
    for _ in storm.rounds():
        new = storm.content(1, 20000)
        end = storm.kill("mmapcat", "-w", "-c", "-m", "0640", "--size", "20000", name, data=new)
        if os.path.exists(name):
            seen = run("mmapcat", "-t", "0", name)
            assert len(seen) == 20000 and os.stat(name).st_mode & 0o7777 == 0o640
            assert is_part_of_put(seen, new, b"") and (end.status or seen.startswith(new)), "torn"
            os.unlink(name)
        else:
            assert end.status != 0
        assert set(os.listdir(folder)) == before
