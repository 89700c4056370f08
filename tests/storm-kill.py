#!/usr/bin/env python3
"""Kills the tools that change what processes share, COUNT times each, and looks what is left.

    storm-kill.py BUILD COUNT [WORD...]    the storms whose name holds one of the words; all

What has to hold is what the pages promise, and is said in kill/*.py. Each storm has IPC and PID
namespaces and a /dev/shm of its own; two run at a time. SEED makes the same moments again.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position,unused-import
from kill import harness, memory, queues, semaphores, streams  # noqa: E402,F401


def inside(name, count, seed):
    """One storm, in its namespaces."""
    function, subject = harness.SCENARIOS[name]
    storm = harness.Storm(count, seed)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        begin = time.monotonic()
        try:
            function(storm, subject)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise SystemExit(f"{name}: round {storm.number} of SEED={seed}: {error!r}, at "
                             f"{storm.last}") from error
        finally:
            os.chdir("/")
    print(f"{name}: {storm.killed} killed of {storm.number}, {storm.stops} stops, "
          f"{time.monotonic() - begin:.1f} s", flush=True)


def storm_in_namespaces(name, count, seed):
    isolate = ["unshare", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
    isolate += [] if os.geteuid() == 0 else ["--map-root-user"]
    shell = 'mount -t tmpfs tmpfs /dev/shm && "$@"'  # the shell is process 1, and buries orphans
    words = [sys.executable, "-S", os.path.abspath(__file__), "--inside", name, str(count), str(seed)]
    return subprocess.run(isolate + ["sh", "-c", shell, "-"] + words, check=False).returncode


def main():
    if sys.argv[1] == "--inside":
        inside(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return 0
    build, count, *words = sys.argv[1:]
    os.environ["PATH"] = os.pathsep.join(
        [os.path.abspath(build) + "/bin", os.path.abspath(build) + "/peers", os.environ["PATH"]])
    seed = int(os.environ.get("SEED") or time.time_ns() % 1000000)
    names = [name for name in harness.SCENARIOS if not words or any(word in name for word in words)]
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        return max(two.map(lambda name: storm_in_namespaces(name, int(count), seed), names))


sys.exit(main())
