"""What the storms share: running a tool, killing it at a moment, waiting for what must come."""

import collections
import math
import os
import random
import subprocess
import time

SHM = "/dev/shm"
SCENARIOS = {}
PATIENCE = 20  # seconds that anything may take

End = collections.namedtuple("End", "status out")


def scenario(*names):
    """Registers a storm for each of the object NAMES, under the name of the function."""

    def register(function):
        for name in names:
            SCENARIOS[f"{function.__name__.replace('_', '-')}:{name}"] = (function, name)
        return function

    return register


def run(*words, data=b"", status=0):
    """Runs a tool that is not killed. Its status must be STATUS, unless that is None."""
    end = subprocess.run(words, input=data, capture_output=True, timeout=PATIENCE, check=False)
    errors = end.stderr.decode(errors="replace")
    assert status is None or end.returncode == status, f"{words}: {end.returncode}: {errors}"
    return end.stdout


def eventually(is_true, what):
    """Waits until IS_TRUE() returns true."""
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.001)


def stray(*known):
    """The files of /dev/shm but the KNOWN ones."""
    return sorted(set(os.listdir(SHM)) - set(known))


class Storm:
    """Rounds with one tool at work in each, until COUNT were killed.

    The first tool lives, and its stops before and after system calls are counted. Every other round
    kills the tool at one of these stops, until each had its turn, and again. The rounds between kill
    it at a random time, chosen so that at least two of three die.
    """

    def __init__(self, count, seed):
        self.count = count
        self.chance = random.Random(seed)
        self.last = None  # the moment of the last kill
        self.number = self.killed = self.stops = self.longest = 0

    def rounds(self):
        while self.killed < self.count:
            yield self.number
            self.number += 1
            assert self.number < 20 * self.count, "too few were killed"

    def moment(self):
        if self.number == 0:
            return "count"
        if self.number % 2:
            # a step that reaches every stop, and in a few rounds all parts of the life
            step = self.stops * 5 // 13 or 1
            while math.gcd(self.stops, step) > 1:
                step += 1
            return str(1 + (self.number // 2) * step % self.stops)
        return f"{self.chance.randrange(1 + int(self.longest))}us"

    def note(self, status, errors):
        """Learns from the end of the last tool."""
        if self.number == 0:
            assert status == 0, errors
            self.stops, traced = map(int, errors.split()[-2:])
            self.longest = traced / 4
        elif self.number % 2 == 0:
            self.longest = max(50, self.longest * (1.05 if status == 137 else 0.9))
        self.killed += status == 137

    def content(self, least=1, most=60000):
        return self.chance.randbytes(self.chance.randint(least, most))

    def source(self, data):
        """A descriptor to read DATA from: two rounds a file, two rounds a pipe that holds all of it."""
        if self.number % 4 < 2:
            file = os.memfd_create("input")
            os.write(file, data)
            os.lseek(file, 0, os.SEEK_SET)
            return file
        end, into = os.pipe()
        os.write(into, data)
        os.close(into)
        return end

    def begin(self, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more):
        """Starts the tool that killat kills."""
        self.last = (self.moment(), *words)
        return subprocess.Popen(("killat", *self.last), stdin=stdin, stdout=stdout,
                                stderr=subprocess.PIPE, **more)

    def end(self, process):
        """Waits for it, and for all processes that have its stdout or stderr."""
        out, errors = process.communicate(timeout=PATIENCE)
        self.note(process.returncode, errors)
        return End(process.returncode, out)

    def kill(self, *words, data=b"", to_file=False):
        """Runs the tool with DATA as its stdin. Returns its status and what it wrote to a file or a pipe."""
        source, target = self.source(data), os.memfd_create("output") if to_file else None
        process = self.begin(*words, stdin=source, stdout=target or subprocess.PIPE)
        os.close(source)
        end = self.end(process)
        if target:
            end = End(end.status, os.pread(target, 1 << 26, 0))
            os.close(target)
        return end
