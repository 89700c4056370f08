"""fifocat, usockcat and duplex."""

import array
import contextlib
import fcntl
import os
import re
import subprocess
import termios
import time

from kill.harness import PATIENCE, eventually, run, scenario

FIFO, SOCKET = "fifo", "socket"


def read_all(fd):
    pieces = []
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(fd, 1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


@scenario(FIFO)
def fifocat_records(storm, name):
    os.mkfifo(name)
    for number in storm.rounds():
        reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        sent = [f"{number}.{i} ".encode() + b"x" * storm.chance.choice((0, 100, 4000)) + b"\n"
                for i in range(8)]
        end = storm.kill("fifocat", "-w", "--records", name, data=b"".join(sent))
        got = read_all(reader)
        os.close(reader)
        assert any(got == b"".join(sent[:i]) for i in range(9)), "torn"
        assert end.status or got == b"".join(sent)


def is_drained(fd):
    left = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, left)
    return left[0] == 0


@scenario(FIFO)
def fifocat_reader(storm, name):
    """Between pipes a reader loses nothing."""
    os.mkfifo(name)
    for _ in storm.rounds():
        holder = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(name, os.O_WRONLY)
        sent = storm.content()
        os.write(writer, sent)
        process = storm.begin("fifocat", name)
        eventually(lambda: is_drained(holder) or process.poll() is not None, "drained")
        os.close(writer)
        end = storm.end(process)
        assert end.out + read_all(holder) == sent, "lost, doubled or out of order"
        os.close(holder)


def ask(name, data, **more):
    """A client that sends DATA, with or without a server."""
    return subprocess.run(("usockcat", "--retry", "20ms", name), input=data, capture_output=True,
                          timeout=PATIENCE, check=False, **more)


def serve(storm, name, *command):
    """One client of a server that is killed, before or after it; then a server in its place."""
    for number in storm.rounds():
        server = storm.begin("usockcat", "-l", name, *command)
        eventually(lambda: os.path.exists(name) or server.poll() is not None, "a server")
        mode = os.stat(name).st_mode & 0o7777 if os.path.exists(name) else 0o600
        assert mode == 0o600, oct(mode)
        data = f"{number}\n".encode()
        answer = ask(name, data)
        if server.poll() is None:
            time.sleep(0.001 if number else 0.1)
            server.terminate()
        end = storm.end(server)
        assert (answer.stdout if command else end.out) in (b"", data), "torn"

        after = subprocess.Popen(("usockcat", "-l", name), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE)
        answer = subprocess.run(("usockcat", "--retry", "10", name), input=b"next\n", check=False,
                                timeout=PATIENCE)
        assert answer.returncode == 0
        assert after.communicate(timeout=PATIENCE)[0] == b"next\n" and after.returncode == 0
        assert os.listdir() == [], os.listdir()


@scenario(SOCKET)
def usockcat_server(storm, name):
    serve(storm, name)


@scenario(SOCKET)
def usockcat_server_command(storm, name):
    serve(storm, name, "--", "cat")


@scenario(SOCKET)
def usockcat_client(storm, name):
    """The server serves on, and no record sticks to another's."""
    with open("got", "wb") as got, subprocess.Popen(
            ("usockcat", "-l", "-k", name), stdin=subprocess.DEVNULL, stdout=got) as server:
        eventually(lambda: os.path.exists(name), "a server")
        for number in storm.rounds():
            line = f"client {number} " + "x" * storm.chance.choice((1, 1000)) + ".\n"
            storm.kill("usockcat", "--retry", "10", name, data=line.encode() * 3)
            answer = subprocess.run(("usockcat", name), input=f"witness {number}.\n".encode(),
                                    timeout=PATIENCE, check=False)
            assert answer.returncode == 0 and server.poll() is None
        server.terminate()
    with open("got", encoding="ascii") as got:
        lines = got.read().splitlines()
    assert all(re.fullmatch(r"(client \d+ x+|witness \d+)\.", line) for line in lines), "torn"
    assert sum(line.startswith("witness") for line in lines) == storm.number


@scenario("duplex")
def duplex(storm, _):
    """The two commands go on, and come to their end."""
    for _ in storm.rounds():
        storm.kill("duplex", "sh", "-c", "echo one; exec cat >a", "--", "sh", "-c", "echo two; exec cat >b")
        for name, wanted in (("a", "two\n"), ("b", "one\n")):
            if os.path.exists(name):
                with open(name, encoding="ascii") as file:
                    assert file.read() in ("", wanted), "torn"
                os.unlink(name)
