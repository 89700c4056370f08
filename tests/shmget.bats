#!/usr/bin/env bats
# shmget: that it prints what is there and nothing else, what it waits for, and what it reports if
# the object is removed, truncated or something else.

load helper

# Milliseconds since $1, a value of EPOCHREALTIME.
elapsed() {
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

# Holds the lock of object $1 as another program would, $2: read or write.
hold() {
    background maphold "/dev/shm/$1" "$2" >held
    eventually grep -q locked held
}

# Starts shmget of a large object into a pipe, of which one byte is read; descriptor 5 has the rest.
get_slowly() {
    mkfifo pipe
    exec 6<>pipe
    background shmget "/$ID" >pipe 2>error 6>&-
    getter=$!
    exec 5<pipe 6>&-
    head -c 1 <&5 >/dev/null
    eventually is_waiting $getter
}

@test "the examples of the manual page do what it promises" {
    check_examples shmget
}

@test "-o and -L print a range" {
    for name in "/$ID" "$KEY"; do
        printf 0123456789 | shmput "$name"
        while read -r expected options; do
            # shellcheck disable=SC2086
            run -0 --separate-stderr shmget $options "$name"
            assert_output "${expected/-/}"
        done <<'RANGES'
0123456789
0123456789 -o 0
89 -o 8
- -o 10
- -L 0
- -o 10 -L 0
012 -L 3
0123456789 -L 10
567 --offset 5 --length=3
9 -o 9 -L 1
RANGES
        shmget --remove "$name"
    done
}

@test "a range past the end is an error that names the size" {
    for name in "/$ID" "$KEY"; do
        printf 0123456789 | shmput "$name"
        for options in '-o 11' '-L 11' '-o 9 -L 2' '-o 10 -L 1' '-o 9223372036854775807' \
            '-o 1 -L 9223372036854775807'; do
            # shellcheck disable=SC2086
            run -3 shmget $options "$name"
            assert_output "shmget: $name: read range: No data available (the segment has 10 bytes)"
        done
        shmget --remove "$name"
    done
}

@test "large ranges at odd places come whole" {
    head -c 20M /dev/urandom >data
    for name in "/$ID" "$KEY"; do
        shmput "$name" <data
        for offset in 1 4095 16777215 16777217; do
            shmget -o $offset "$name" | cmp - <(tail -c +$((offset + 1)) data)
            shmget -o $offset -L 100001 "$name" >got
            cmp got <(tail -c +$((offset + 1)) data | head -c 100001)
        done
        shmget --remove "$name"
    done
}

@test "an empty POSIX object prints nothing" {
    shmput "/$ID" </dev/null
    run -0 shmget "/$ID"
    assert_output ''
    shmget --remove "/$ID"
}

@test "what is not there is exit 1" {
    for name in "/$ID" "$KEY"; do
        for options in '' --stat --remove '-o 5' '-t 0'; do
            # shellcheck disable=SC2086
            run -1 --separate-stderr shmget $options "$name"
            assert_output ''
            hint=' (shmput creates it)'
            [ "$options" != --remove ] || hint=
            [[ $stderr == "shmget: $name: "*": No such file or directory$hint" ]]
            # shellcheck disable=SC2086
            run -1 --separate-stderr shmget -q $options "$name"
            [ "$stderr" = '' ]
        done
    done
    for options in '' --stat --remove; do
        # shellcheck disable=SC2086
        run -1 shmget $options id:2147483647
        assert_output --partial 'No such file or directory (ipcs -m lists the segments)'
        # shellcheck disable=SC2086
        run -1 shmget $options ftok:missing
        assert_output "shmget: ftok:missing: make key: No such file or directory\
 (ftok: wants a file that exists)"
        # shellcheck disable=SC2086
        run -2 shmget $options private
        assert_output 'shmget: private: only to create; shmput -c printed the name, id:N'
    done
}

@test "--stat describes a POSIX object" {
    head -c 1234 /dev/zero | shmput -m 0604 "/$ID"
    run -0 shmget --stat "/$ID"
    assert_line "name=/$ID"
    assert_line family=posix
    assert_line size=1234
    assert_line mode=0604
    assert_line "uid=$(id -u)"
    assert_line "gid=$(id -g)"
    assert_line "modified=$(stat -c %Y "/dev/shm/$ID")"
    shmget --stat --json "/$ID" | /usr/bin/python3 -c 'import json, sys
report = json.load(sys.stdin)
assert report["size"] == 1234 and report["mode"] == "0604" and report["family"] == "posix"'
    shmget --remove "/$ID"
}

@test "--stat describes a System V segment as ipcs does" {
    head -c 1234 /dev/zero | shmput -m 0604 "$KEY"
    mkfifo pipe
    exec 5<>pipe
    background shmpeer attach "$KEY" <pipe >attached
    eventually grep -aq attached attached
    run -0 shmget --stat "$KEY"
    assert_line "name=$KEY"
    assert_line family=sysv
    assert_line size=1234
    assert_line mode=0604
    assert_line "key=$KEY"
    assert_line attached=1
    id=$(sed -n 's/^id=//p' <<<"$output")
    ipcs -m -i "$id" | grep -q "bytes=1234.*nattch=1"
    assert_line --regexp '^(creator|last_user)=[0-9]+$'
    shmget --stat -j "$KEY" | /usr/bin/python3 -c 'import json, sys
report = json.load(sys.stdin)
assert report["attached"] == 1 and report["key"] == sys.argv[1]' "$KEY"
    shmget --remove "$KEY"
}

@test "--stat takes no lock" {
    echo x | shmput "/$ID"
    hold "$ID" write
    run -0 timeout 5 shmget --stat "/$ID"
    rm "/dev/shm/$ID"
}

@test "--remove removes, also what others have mapped" {
    printf data | shmput "/$ID"
    background shmpeer watch "/$ID" >mapped
    watcher=$!
    eventually grep -q mapped mapped
    shmget --remove "/$ID"
    [ ! -e "/dev/shm/$ID" ]
    run ! is_gone $watcher
}

@test "a segment that is removed while it is attached lives on under its identifier" {
    printf data | shmput "$KEY"
    id=id:$(shmget --stat "$KEY" | sed -n 's/^id=//p')
    mkfifo pipe
    exec 5<>pipe
    background shmpeer attach "$KEY" <pipe >attached 5>&-
    peer=$!
    eventually grep -aq attached attached
    shmget --remove "$KEY"
    run -1 shmget "$KEY"
    [ "$(shmget "$id")" = data ]
    exec 5>&-
    ends_with 0 $peer
    run -1 shmget "$id"
}

@test "--remove of another user's object is exit 3" {
    need_root
    for name in "/$ID" "$KEY"; do
        echo x | shmput -m 0666 "$name"
        run -3 as_nobody shmget --remove "$name"
        assert_output --partial ": remove segment: Operation not permitted"
        shmget --remove "$name"
    done
}

@test "a missing permission is exit 3" {
    need_root
    for name in "/$ID" "$KEY"; do
        echo x | shmput "$name"
        for options in '' --stat; do
            # shellcheck disable=SC2086
            run -3 as_nobody shmget $options "$name"
            assert_output "shmget: $name: open segment: Permission denied"
        done
        shmget --remove "$name"
    done
}

@test "the owner of a segment removes it even without permission to read it" {
    need_root
    chmod 777 .
    as_nobody shmput -m 0 "$KEY" <<<x
    run -3 as_nobody shmget "$KEY"
    as_nobody shmget --remove "$KEY"
    as_nobody shmput -m 0 "/$ID" <<<x
    run -3 as_nobody shmget "/$ID"
    as_nobody shmget --remove "/$ID"
}

@test "a get during a put waits and gets it whole" {
    mkfifo pipe
    for start in absent present; do
        [ $start = absent ] || echo old | shmput "/$ID"
        exec 5<>pipe
        background shmput "/$ID" <pipe 5>&-
        putter=$!
        printf half >&5
        eventually grep -q half "/dev/shm/$ID"
        background shmget -t 20 "/$ID" >got 5>&-
        getter=$!
        eventually is_waiting $getter
        printf ' and half' >&5
        exec 5>&-
        ends_with 0 $putter
        ends_with 0 $getter
        [ "$(cat got)" = 'half and half' ]
        shmget --remove "/$ID"
    done
}

@test "-t bounds the wait for the lock" {
    echo x | shmput "/$ID"
    hold "$ID" write
    for limit in 0 0.1; do
        start=$EPOCHREALTIME
        run -1 --separate-stderr shmget -t $limit "/$ID"
        took=$(elapsed "$start")
        assert_output ''
        [[ $stderr == "shmget: /$ID: lock segment: "* ]]
        [ $limit = 0 ] || [ "$took" -ge 100 ]
    done
    run -1 --separate-stderr shmget -q --timeout 10ms "/$ID"
    [ "$stderr" = '' ]
    rm "/dev/shm/$ID"
}

@test "readers do not wait for each other" {
    echo x | shmput "/$ID"
    hold "$ID" read
    run -0 shmget -t 0 "/$ID"
    assert_output x
    shmget --remove "/$ID"
}

@test "a get that waits while the object is removed reports that there is none" {
    echo x | shmput "/$ID"
    hold "$ID" write
    holder=$!
    background shmget "/$ID" 2>error
    getter=$!
    eventually is_waiting $getter
    rm "/dev/shm/$ID"
    kill $holder
    ends_with 1 $getter
    [ "$(cat error)" = "shmget: /$ID: open segment: No such file or directory (shmput creates it)" ]
}

@test "a get that waits while the object is replaced gets the new one" {
    echo old | shmput "/$ID"
    hold "$ID" write
    holder=$!
    background shmget "/$ID" >got
    getter=$!
    eventually is_waiting $getter
    rm "/dev/shm/$ID"
    echo new | shmput "/$ID"
    kill $holder
    ends_with 0 $getter
    [ "$(cat got)" = new ]
    shmget --remove "/$ID"
}

@test "a signal ends the wait for the lock" {
    echo x | shmput "/$ID"
    hold "$ID" write
    for signal in INT TERM; do
        for limit in 1h 1; do
            background env --default-signal=INT shmget -t $limit "/$ID"
            getter=$!
            eventually is_waiting $getter
            kill -$signal $getter
            ends_with $((128 + $(kill -l $signal))) $getter
        done
    done
    rm "/dev/shm/$ID"
}

@test "an object that another program cuts during a get is exit 3, not a crash" {
    head -c 40M /dev/zero | shmput "/$ID"
    get_slowly
    truncate -s 5000 "/dev/shm/$ID"
    cat <&5 >/dev/null
    ends_with 3 $getter
    grep -q "^shmget: /$ID: read at byte [0-9]*: cut by another program$" error
    exec 5<&-
    shmget --remove "/$ID"
}

@test "an object that is cut inside its last page is exit 3 too" {
    head -c 8400000 /dev/zero | shmput "/$ID"
    get_slowly
    truncate -s 8399999 "/dev/shm/$ID"
    cat <&5 >/dev/null
    ends_with 3 $getter
    grep -q ": read at byte 8399999: cut by another program$" error
    exec 5<&-
    shmget --remove "/$ID"
}

@test "an object that grows during a get is printed as it was" {
    head -c 8M /dev/zero | shmput "/$ID"
    get_slowly
    truncate -s 9M "/dev/shm/$ID"
    [ "$(wc -c <&5)" = 8388607 ]
    ends_with 0 $getter
    exec 5<&-
    shmget --remove "/$ID"
}

@test "a stdout that takes nothing is exit 3" {
    for name in "/$ID" "$KEY"; do
        head -c 1000000 /dev/zero | shmput "$name"
        for options in '' '-L 1' --stat '--stat -j'; do
            # shellcheck disable=SC2086
            run -3 bash -c 'shmget "$@" >/dev/full' - $options "$name"
            assert_output --partial 'stdout'
            assert_output --partial 'No space left on device'
            # shellcheck disable=SC2086
            run -3 bash -c 'shmget "$@" >&-' - $options "$name"
            assert_output --partial 'Bad file descriptor'
            # shellcheck disable=SC2086
            run -3 bash -c 'exec 4> >(:); wait $!; shmget "$@" >&4' - $options "$name"
            assert_output --partial 'Broken pipe'
        done
        shmget --remove "$name"
    done
}

@test "a closed stdin does not matter" {
    echo x | shmput "/$ID"
    run -0 bash -c 'shmget "$1" <&-' - "/$ID"
    assert_output x
    shmget --remove "/$ID"
}

@test "a stdout that somebody made non-blocking is waited for" {
    head -c 3M /dev/urandom >data
    shmput "/$ID" <data
    /usr/bin/python3 -c 'import os, subprocess, sys, time
down, up = os.pipe()
os.set_blocking(up, False)
child = subprocess.Popen(["shmget", sys.argv[1]], stdout=up)
os.close(up)
time.sleep(0.05)
while some := os.read(down, 65536): os.write(1, some)
sys.exit(child.wait())' "/$ID" | cmp - data
    shmget --remove "/$ID"
}

@test "what has the name and is no shared memory is refused and stays" {
    mkfifo "/dev/shm/$ID-fifo"
    mkdir "/dev/shm/$ID-directory"
    echo target >target
    ln -s "$PWD/target" "/dev/shm/$ID-link"
    /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "/dev/shm/$ID-socket"
    for kind in fifo directory link socket; do
        for options in '' --stat --remove; do
            # shellcheck disable=SC2086
            run -3 timeout 5 shmget $options "/$ID-$kind"
            assert_output --regexp "^shmget: /$ID-$kind: (open|remove) segment: .*upported\
 \(what has this name is no shared memory\)$"
        done
    done
    [ "$(cat target)" = target ]
    rmdir "/dev/shm/$ID-directory"
    rm "/dev/shm/$ID"-{fifo,link,socket}
}

@test "the names of semaphores are refused and stay" {
    echo x >"/dev/shm/sem.$ID"
    for name in "/sem.$ID" "/sem.$ID-missing"; do
        for options in '' --stat --remove; do
            # shellcheck disable=SC2086
            run -3 shmget $options "$name"
            assert_output --partial '(what has this name is no shared memory)'
        done
    done
    rm "/dev/shm/sem.$ID"
}

@test "wrong command lines are refused" {
    run -2 shmget --stat --remove "/$ID"
    assert_output 'shmget: only one of --stat and --remove'
    run -2 shmget -j "/$ID"
    assert_output 'shmget: -j needs --stat'
    run -2 shmget "/$ID" x
    assert_output --partial 'one operand too many'
    run -2 shmget /a/b
    run -2 shmget -L x "/$ID"
    run -2 shmget --stat
    assert_output --partial 'NAME is missing'
}

@test "shmget reads what C programs write" {
    head -c 100000 /dev/urandom >data
    for name in "/$ID" "$KEY"; do
        shmpeer put "$name" 100000 <data
        shmget "$name" | cmp - data
        shmget --remove "$name"
    done
}

@test "shmget reads what Perl writes" {
    perl -e '$id = shmget(hex $ARGV[0], 8, 0600 | 01000) // die $!
        ; shmwrite($id, "perl", 2, 4) or die $!' "$KEY"
    shmget "$KEY" | cmp - <(printf '\0\0perl\0\0')
    shmget --remove "$KEY"
}

@test "shmget reads what Python writes" {
    /usr/bin/python3 -c 'import sys
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = lambda *_: None
block = shared_memory.SharedMemory(sys.argv[1], create=True, size=6)
block.buf[0:6] = b"python"
block.close()' "$ID"
    run -0 shmget "/$ID"
    assert_output python
    shmget --remove "/$ID"
}

@test "shmget reads the segment that ipcmk makes" {
    id=$(ipcmk -M 5 | sed 's/[^0-9]*//')
    shmget "id:$id" | cmp - <(printf '\0\0\0\0\0')
    shmget --remove "id:$id"
    run -1 shmget --stat "id:$id"
}

# ---- --wait, --take, -f, --snapshot, -N

@test "--wait waits until the object exists and is full" {
    for options in '' -a; do
        background shmget --wait "/$ID" >seen
        getter=$!
        eventually is_waiting $getter
        # shellcheck disable=SC2086
        seq 100000 | shmput $options "/$ID"
        ends_with 0 $getter
        cmp seen <(seq 100000)
        shmget --remove "/$ID"
    done
}

@test "--wait waits until a System V segment exists, and prints what is there" {
    background shmget --wait "$KEY" >seen
    getter=$!
    eventually is_waiting $getter
    printf 0123456789 | shmput "$KEY"
    ends_with 0 $getter
    [ "$(wc -c <seen)" = 10 ]
    shmget --wait -t 0 "$KEY" | cmp - <(printf 0123456789)
    shmget --remove "$KEY"
}

@test "--wait ends at -t, and by a signal" {
    for name in "/$ID" "$KEY"; do
        for time in 0 0.05; do
            run -1 --separate-stderr shmget --wait -t $time "$name"
            [[ $stderr == "shmget: $name: wait for "*'imed out' ]]
        done
        background shmget --wait "$name"
        getter=$!
        eventually is_waiting $getter
        kill -TERM $getter
        ends_with 143 $getter
    done
}

# A taker whose output nobody reads on, after 10 bytes; it comes by descriptor 5.
take_slowly() {
    mkfifo slow
    exec 6<>slow
    background env --default-signal=INT shmget --take "/$ID" >slow 6>&-
    taker=$!
    exec 5<slow 6>&-
    head -c 10 <&5 >/dev/null
}

@test "--take prints and removes" {
    echo parcel | shmput "/$ID"
    run -0 shmget --take "/$ID"
    assert_output parcel
    run -1 shmget -q --take "/$ID"
    printf 0123456789 | shmput "/$ID"
    run -0 shmget --take -o 2 -L 3 -N "/$ID"
    assert_output '3:234,'
    [ ! -e "/dev/shm/$ID" ]
}

@test "what cannot be written is not taken" {
    head -c 3M /dev/zero | shmput "/$ID"
    run -3 bash -c 'shmget --take "$1" >/dev/full' - "/$ID"
    run -3 bash -c 'shmget --take "$1" >&-' - "/$ID"
    run -3 bash -c 'set -o pipefail; shmget --take "$1" | head -c 1 >/dev/null' - "/$ID"
    run -3 shmget --take -o 4M "/$ID"
    [ "$(stat -c %s "/dev/shm/$ID")" = 3145728 ]
    shmget --remove "/$ID"
}

@test "a take that is interrupted leaves the object" {
    for signal in INT TERM KILL; do
        head -c 3M /dev/zero | shmput "/$ID"
        take_slowly
        eventually is_waiting $taker
        run -1 shmget -q -t 0 "/$ID"
        kill -$signal $taker
        ends_with $((128 + $(kill -l $signal))) $taker
        exec 5<&-
        rm slow
        [ "$(shmget --take -t 0 "/$ID" | wc -c)" = 3145728 ]
    done
}

@test "20 takers take each of many objects once" {
    local count=${TAKES:-100}
    for ((i = 0; i < count; i++)); do echo "$i" | shmput "/$ID-$i"; done
    pids=()
    for _ in {1..20}; do
        for i in $(shuf -i "0-$((count - 1))"); do
            shmget -q --take "/$ID-$i" || [ $? -eq 1 ] || exit
        done >>taken 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    sort -n taken | cmp - <(seq 0 $((count - 1)))
}

# Takes what is put into the object of this test and notes it, until it takes the word end.
take_until_end() {
    local content=''
    while [ "$content" != end ]; do
        content=$(shmget --wait --take -t 20 "/$ID") || return
        echo "$content" >>taken
    done
}

@test "takers and writers, in place and with -a: each content is taken once" {
    for options in -x -ax; do
        for _ in 1 2 3; do background take_until_end; done
        for i in {0..49} end end end; do
            eventually shmput -q $options "/$ID" <<<"$i"
        done
        for pid in "${children[@]}"; do wait "$pid"; done
        grep -v end taken | sort -n | cmp - <(seq 0 49)
        rm taken
        children=()
    done
}

@test "a taker removes what it printed, not what -a put during that" {
    echo old | shmput "/$ID"
    head -c 3M /dev/zero | shmput "/$ID"
    take_slowly
    background shmput -a "/$ID" <<<new
    putter=$!
    eventually is_waiting $putter
    [ "$(wc -c <&5)" = 3145718 ]
    exec 5<&-
    ends_with 0 $taker
    ends_with 0 $putter
    [ "$(shmget --take "/$ID")" = new ]
}

@test "-f prints each version whole, in place and with -a, and the last for certain" {
    echo start | shmput "/$ID"
    background env --default-signal=INT shmget -f "/$ID" >seen
    follower=$!
    eventually grep -q start seen
    for i in $(seq 40); do
        yes "$i" | head -n 1000 | shmput "/$ID"
        yes "a$i" | head -n 1000 | shmput -a "/$ID"
    done
    eventually bash -c '[ "$(tail -n 1 seen)" = a40 ]'
    kill -INT $follower
    ends_with 130 $follower
    [ "$(grep -v start seen | uniq -c | awk '$1 != 1000' | wc -l)" = 0 ]
    shmget --remove "/$ID"
}

@test "-f prints a version once" {
    for options in '' -a; do
        echo 0 | shmput "/$ID"
        background shmget -f "/$ID" >seen
        follower=$!
        eventually grep -q 0 seen
        for i in $(seq 30); do
            # shellcheck disable=SC2086
            echo "$i" | shmput $options "/$ID"
            eventually grep -qx "$i" seen
        done
        cmp seen <(seq 0 30)
        kill $follower
        ends_with 143 $follower
        shmget --remove "/$ID"
    done
}

@test "-f goes on when the object is removed and made again" {
    echo one | shmput "/$ID"
    background shmget -f -n 3 -N "/$ID" >seen
    follower=$!
    eventually grep -q one seen
    shmget --remove "/$ID"
    echo two | shmput "/$ID"
    eventually grep -q two seen
    rm "/dev/shm/$ID"
    cp <(echo three) "/dev/shm/$ID"
    ends_with 0 $follower
    grep -q three seen || grep -q ',0:,' seen
    rm -f "/dev/shm/$ID"
}

@test "-f --take consumes each object as it appears" {
    background shmget -f --wait --take -n 20 "/$ID" >seen
    follower=$!
    for i in $(seq 20); do
        until shmput -q -x "/$ID" <<<"$i"; do :; done
    done
    ends_with 0 $follower
    cmp seen <(seq 20)
}

@test "-f ends at -t if nothing changes, and needs the object or --wait" {
    run -1 shmget -f "/$ID"
    assert_output "shmget: /$ID: open segment: No such file or directory (shmput creates it)"
    run -1 shmget -f --wait -t 0.05 "/$ID"
    echo x | shmput "/$ID"
    run -1 --separate-stderr shmget -f -t 0.05 "/$ID"
    assert_output x
    [[ $stderr == "shmget: /$ID: wait for a change: "*'imed out' ]]
    shmget --remove "/$ID"
}

@test "-f sees a C program that maps, changes and closes" {
    printf before | shmput "/$ID"
    background shmget -f -n 2 "/$ID" >seen
    follower=$!
    eventually grep -q before seen
    python3 -c '
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 6) as memory:
    memory[0:6] = b"behind"' "/dev/shm/$ID"
    ends_with 0 $follower
    [ "$(cat seen)" = beforebehind ]
    shmget --remove "/$ID"
}

@test "--snapshot gives back the lock before the first byte goes out" {
    for name in "/$ID" "$KEY"; do
        head -c 3M /dev/urandom >data
        shmput "$name" <data
        mkfifo slow
        exec 6<>slow
        background shmget --snapshot "$name" >slow 6>&-
        getter=$!
        exec 5<slow 6>&-
        head -c 10 <&5 >head
        eventually is_waiting $getter
        head -c 3M /dev/zero >zeros
        shmput -t 0 "$name" <zeros
        cat head - <&5 | cmp - data
        exec 5<&-
        ends_with 0 $getter
        rm slow
        run -0 shmget --snapshot -o 3145720 -L 5 -N "$name"
        shmget --snapshot -o 5 -L 2M "$name" | cmp - <(head -c 2M /dev/zero)
        shmget --remove "$name"
    done
}

@test "-N frames the content, whatever it holds" {
    for content in '' x $'a\nb,c'; do
        printf %s "$content" | shmput "/$ID"
        [ "$(shmget -N "/$ID")" = "${#content}:$content," ]
    done
    printf 'a\0b' | shmput "/$ID"
    shmget --netstring -o 1 "/$ID" | cmp - <(printf '2:\0b,')
    shmget --remove "/$ID"
}

@test "-P counts what goes out" {
    head -c 3M /dev/zero >data
    for name in "/$ID" "$KEY"; do
        shmput "$name" <data
        for options in '' -N; do
            # shellcheck disable=SC2086
            shmget $options -P "$name" 2>meter | cat >copy
            grep -qE '^3\.0 MiB in [0-9.]+ s, [0-9.]+ [MG]iB/s$' meter
        done
        shmget -P -L 10 "$name" 2>meter >copy
        grep -q '^10 B in ' meter
        shmget --remove "$name"
    done
    shmput "/$ID" <data
    mkfifo slow
    exec 6<>slow
    background shmget -P "/$ID" >slow 2>meter 6>&-
    exec 5<slow 6>&-
    eventually bash -c 'head -c 8K <&5 >/dev/null
        grep -qE "^[0-9.]+ (KiB|MiB), .*, [0-9]+ %, .* left$" meter'
    cat <&5 >/dev/null
    exec 5<&-
    ends_with 0 $!
    shmget --remove "/$ID"
}

@test "a message of a tool with a meter stands on its own line" {
    head -c 3M /dev/zero | shmput "/$ID"
    run -3 bash -c 'shmget -P "$1" 2>&1 >/dev/full' - "/$ID"
    assert_line 'shmget: stdout: write: No space left on device'
    shmget --remove "/$ID"
}

@test "what goes with what" {
    local words message
    while IFS=';' read -r words message; do
        # shellcheck disable=SC2086
        run -2 shmget $words
        assert_output --partial "shmget: $message"
    done <<END
-f $KEY;$KEY: -f is for POSIX objects (the kernel does not report that
--take $KEY;$KEY: --take is for POSIX objects (a System V segment has no lock
--take --snapshot /$ID;only one of --take and --snapshot
-n 2 /$ID;-n needs -f
-n 0 -f /$ID;-n '0':
END
}

@test "300 MiB to a pipe and to a file need 8 MiB of address space" {
    unless_sanitized "needs an address space of its own"
    head -c 300M /dev/zero | shmput "/$ID"
    # shellcheck disable=SC2016
    for options in '' --snapshot; do
        run -0 bash -c 'ulimit -v 8192; shmget $1 "$2" | wc -c' - "$options" "/$ID"
        assert_output 314572800
        run -0 bash -c 'ulimit -v 8192; exec shmget $1 "$2" >/dev/null' - "$options" "/$ID"
    done
    shmget --remove "/$ID"
}

@test "a limit of inotify is named with its value" {
    local limit
    refuses_to_follow() {
        run -3 --separate-stderr strace -qqq -o /dev/null -e "inject=$1" shmget -f "/$ID"
        assert_regex "$stderr" "^shmget: /$ID: watch: .* \\($2\\)$"
    }
    shmput "/$ID" <<<text
    limit=$(cat /proc/sys/fs/inotify/max_user_instances)
    refuses_to_follow inotify_init1:error=EMFILE "fs.inotify.max_user_instances is $limit"
    limit=$(cat /proc/sys/fs/inotify/max_user_watches)
    refuses_to_follow inotify_add_watch:error=ENOSPC "fs.inotify.max_user_watches is $limit"
    shmget --remove "/$ID"
}

@test "ulimit -n is named if no descriptor is left to wait with" {
    prlimit --nofile=3 shmget --version >/dev/null 2>&1 || skip "a dynamic program needs one to start"
    run -3 prlimit --nofile=3 shmget --wait "/$ID"
    assert_output --regexp "^shmget: /$ID: watch: .* \(ulimit -n is 3\)$"
}
