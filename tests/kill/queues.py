"""mqsend and mqrecv, which also runs a COMMAND for each message."""

import collections

from kill.harness import run, scenario, stray

POSIX, SYSV, DEAD = "/storm", "0x5eed", {"/storm": "/dead", "0x5eed": "0xdead"}


def drain(name):
    return run("mqrecv", "-q", "-a", "-t", "0", name, status=None).splitlines()


def whole(out):
    """The records of OUT. The last one may be cut if it is longer than a page; then it has no newline."""
    return out[:out.rfind(b"\n") + 1].splitlines()


def check(sent, got, end, most=1):
    """At most MOST of SENT are missing in GOT, those that were in flight, and none came twice."""
    lost = collections.Counter(sent) - collections.Counter(got)
    doubled = collections.Counter(got) - collections.Counter(sent)
    assert not doubled, f"doubled or torn: {doubled}"
    assert lost.total() <= (0 if end.status == 0 else most), f"lost: {lost}"


@scenario(POSIX, SYSV)
def mqsend(storm, name):
    for _ in storm.rounds():
        run("mqsend", "-c", name)
        sent = [storm.chance.randbytes(1 + size * size).hex().encode() for size in range(5)]
        end = storm.kill("mqsend", name, data=b"\n".join(sent))
        got = drain(name)
        assert got == sent[:len(got)] and (end.status or got == sent), "not the first ones, whole"


@scenario(POSIX, SYSV)
def mqsend_create(storm, name):
    asked = ["--maxmsg", "3", "--msgsize", "64"]
    for _ in storm.rounds():
        end = storm.kill("mqsend", "-c", "-m", "0640", *asked, name, "one", "two")
        described = run("mqrecv", "--stat", name, status=0 if end.status == 0 else None)
        if described:
            assert b"\nmode=0640\n" in described
            got = drain(name)
            assert got == [b"one", b"two"][:len(got)] and (end.status or len(got) == 2), got
            run("mqrecv", "--remove", name)


def receive(storm, name, words, most, to_file):
    run("mqsend", "-c", name)
    for number in storm.rounds():
        sent = [f"{number}.{i} ".encode() + b"x" * storm.chance.choice((0, 200, 5000 if i % 2 else 9))
                for i in range(3)]
        run("mqsend", name, data=b"\n".join(sent))
        end = storm.kill("mqrecv", *words, name, to_file=to_file)
        check(sent, whole(end.out) + drain(name), end, most)


@scenario(POSIX, SYSV)
def mqrecv_to_file(storm, name):
    receive(storm, name, [], 1, True)


@scenario(POSIX, SYSV)
def mqrecv_to_pipe(storm, name):
    receive(storm, name, [], 1, False)


@scenario(POSIX, SYSV)
def mqrecv_all_to_file(storm, name):
    """Messages that are there at once are written at once."""
    receive(storm, name, ["-a"], 16, True)


@scenario(POSIX, SYSV)
def mqrecv_all_to_pipe(storm, name):
    receive(storm, name, ["-a"], 1, False)


@scenario(POSIX, SYSV)
def mqrecv_worker(storm, name):
    """COMMAND runs to its end; it fails for each message that ends in .1."""
    dead = DEAD[name]
    run("mqsend", "-c", name)
    run("mqsend", "-c", dead)
    job = "read -r line; case $line in *.1) exit 1;; esac; echo $line"
    for number in storm.rounds():
        sent = [f"{number}.{i}".encode() for i in range(3)]
        run("mqsend", name, *sent)
        end = storm.kill("mqrecv", "-n", "3", "--retries", "1", "--dead", dead, name, "--",
                         "sh", "-c", job)
        buried = drain(dead)
        assert buried in ([], [sent[1]]), buried
        check(sent, end.out.splitlines() + buried + drain(name), end)
        assert not stray(), stray()
