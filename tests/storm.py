#!/usr/bin/python3
"""What the storms of tests/queues.bats send, and whether all of it came.

    storm.py send SEED COUNT LARGEST TAG...   COUNT netstrings for mqsend --tagged
    storm.py check SENT... -- RECEIVED...     files of netstrings, tagged as well
    storm.py once SENT... -- RECEIVED...      the same, but in any order

Each message is received once. Those of one sender (a file of SENT) and one tag are in order in every
file of RECEIVED. A message begins with the sender's seed and its number, where it is long enough.
"""
import collections
import hashlib
import random
import sys


def send(seed, count, largest, tags):
    chance = random.Random(int(seed))
    noise = chance.randbytes(int(largest) + 4096)
    for number in range(int(count)):
        size = chance.randint(0, int(largest))
        start = chance.randrange(4096)
        body = (b"%s %d " % (seed.encode(), number) + noise[start:start + size])[:size]
        record = chance.choice(tags).encode() + b"\t" + body
        sys.stdout.buffer.write(b"%d:%s," % (len(record), record))


def records(name):
    with open(name, "rb") as file:
        while head := file.read(1):
            while not head.endswith(b":"):
                head += file.read(1)
            size = int(head[:-1])
            record = file.read(size)
            assert len(record) == size and file.read(1) == b",", f"{name}: a record is cut"
            yield record


def count(names):
    return collections.Counter(
        hashlib.blake2b(record, digest_size=12).digest() for name in names for record in records(name))


def check_order(name):
    last = {}
    for record in records(name):
        tag, body = record.split(b"\t", 1)
        words = body.split(b" ", 2)
        if len(words) == 3:
            place = (tag, words[0])
            assert last.get(place, -1) < int(words[1]), f"{name}: {record[:40]} is out of order"
            last[place] = int(words[1])


def check(sent, received, ordered):
    lost = (wanted := count(sent)) - (got := count(received))
    doubled = got - wanted
    assert not lost and not doubled, f"{lost.total()} lost, {doubled.total()} doubled or strange"
    for name in received if ordered else []:
        check_order(name)
    print(got.total())


verb, *words = sys.argv[1:]
if verb == "send":
    send(words[0], words[1], words[2], words[3:])
else:
    middle = words.index("--")
    check(words[:middle], words[middle + 1:], verb == "check")
