#!/usr/bin/env python3
"""Sets the machine's clock back by an hour, and forward, while every wait of the tools is under way.

clock.py DIRECTORY-OF-THE-TOOLS, as root. Each wait is asked for a second and has to take one, by the
monotonic clock, whatever the time of day does. The clock is right again afterwards, also after
Ctrl-C; since all programs of the machine see the step, `make check` leaves this to
`make check-clock`.
"""

import os
import subprocess
import sys
import tempfile
import time

HOUR = 3600.0
LATE = 0.25  # what a loaded machine may add, in seconds

tools = os.path.abspath(sys.argv[1])
os.environ["PATH"] = tools + ":" + os.environ["PATH"]
os.chdir(tempfile.mkdtemp())
NAME = f"/clock-{os.getpid()}"

SET_UP = f"""
mkfifo read written silent && touch file
mqsend -c --maxmsg 1 {NAME} full
mqsend -c {NAME}-empty </dev/null
sysv=$(mqsend -c private </dev/null) && echo "$sysv" >sysv
mqsend --maxmsg 1 --msgsize 8 -c private 12345678 >sysv-full
semop create {NAME} 0
semop create $((0x1c000000 + $$)) 0 && echo $((0x1c000000 + $$)) >sem
shmop -c {NAME} set 0
usockcat -l -k socket </dev/null >/dev/null & echo $! >server
"""
TEAR_DOWN = f"""
kill $(cat server)
mqrecv --remove {NAME}; mqrecv --remove {NAME}-empty; mqrecv --remove $(cat sysv); mqrecv --remove $(cat sysv-full)
semop remove {NAME}; semop remove $(cat sem); shmget --remove {NAME}
rm -rf "$PWD"
"""
WAITS = [
    f"mqsend -t 1 {NAME} more",
    "mqsend -t 1 $(cat sysv-full) more",
    "mqrecv -t 1 $(cat sysv)",
    f"mqrecv -t 1 {NAME}-empty",
    f"semop wait -t 1 {NAME}",
    "semop wait -t 1 $(cat sem)",
    f"semop run -t 1 -E 1 {NAME} -- true",
    f"shmop -t 1 {NAME} wait eq 1",
    f"shmget --wait -t 1 {NAME}-none",
    "sigrecv -t 1 USR1",
    "sleep 3 & sigsend -s CONT -w -t 1 $!",
    "fifocat -t 1 read",
    "fifocat -w -t 1 written </dev/null",
    "usockcat --retry 1 nobody </dev/null",
    "exec 5<>silent; usockcat -t 1 socket <&5 5>&-",
    "usockcat -l -t 1 other </dev/null",
    "mmapcat -f -t 1 file",
]


def run_all(step):
    """Runs all waits at once with the clock moved by STEP seconds; returns what took another time."""
    start = time.monotonic()
    running = [(wait, subprocess.Popen(["sh", "-c", wait], stderr=subprocess.PIPE)) for wait in WAITS]
    time.sleep(0.4)
    time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
    wrong = []
    try:
        ends = {}
        while len(ends) < len(running) and time.monotonic() < start + 4:
            for wait, process in running:
                if wait not in ends and process.poll() is not None:
                    ends[wait] = time.monotonic() - start
            time.sleep(0.002)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - step)
    for wait, process in running:
        took = ends.get(wait)
        if took is None:
            process.kill()
        if took is None or not 0.95 <= took <= 1 + LATE or process.returncode != 1:
            wrong.append(f"{wait}: status {process.returncode} after {took} s: {process.stderr.read()}")
        else:
            print(f"{step:+6.0f} s: {took:.3f} s  {wait}")
    return wrong


subprocess.run(["sh", "-c", SET_UP], check=True)
try:
    wrong = run_all(-HOUR) + run_all(HOUR)
finally:
    subprocess.run(["sh", "-c", TEAR_DOWN], stdout=subprocess.DEVNULL)
print("\n".join(wrong))
sys.exit(bool(wrong))
