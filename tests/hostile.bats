#!/usr/bin/env bats
# Hostile neighbours: another user with the same directory, socket or object changes it as fast as
# possible. The tools run as root, which could do most damage.
#
# ROUNDS makes the races longer.

load helper

ROUNDS=${ROUNDS:-10}

make_socket() {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

# A process of another user, until teardown.
stranger() {
    background setpriv --reuid 65534 --regid 65534 --clear-groups -- env PATH="$PATH" "$@"
}

# What nobody here may touch, in `outside`.
lay_outside() {
    need_root
    share_programs
    mkdir outside
    seq 1 10000 >outside/file
    mkfifo outside/fifo
    make_socket outside/socket
    chmod 0600 outside/*
    describe_outside >before
}

describe_outside() {
    find outside -printf '%p %y %i %m %U %s %T@\n' | sort
    cat outside/file
}

# `street`, where everybody may write, and in it `x` and what else x shall be at times, by another user.
lay_street() {
    lay_outside
    mkdir street
    chmod 1777 street
    echo theirs >street/x
    ln -s "$PWD/outside/file" street/link
    ln -s "$PWD/outside/new" street/dangling
    mkfifo street/fifo
    make_socket street/socket
    mkdir street/folder
    chown -h 65534 street/*
}

# Runs "$@" ROUNDS times while x changes; it may fail, and may not hang or crash.
survives() {
    local round status
    for ((round = 0; round < ROUNDS; round++)); do
        status=0
        timeout 10 "$@" <data >>output 2>>errors || status=$?
        if [ "$status" -eq 124 ] || [ "$status" -ge 128 ]; then
            echo "$* ended with status $status" >&2
            return 1
        fi
    done
}

# Ends the background processes.
calm() {
    kill -KILL "${children[@]}"
    wait "${children[@]}" || true
    children=()
}

@test "another user's link in a directory for everybody is not followed, own ones and the directory's are" {
    lay_street
    echo data >data
    for name in link dangling; do
        run -3 mmapcat "street/$name"
        assert_output "mmapcat: street/$name: open: Permission denied"
        run -3 mmapcat -w "street/$name" <data
        run -3 mmapcat -w -c --size 8 "street/$name" <data
        run -3 shmop "./street/$name" add 1
        assert_output "shmop: ./street/$name: open: Permission denied"
        run -3 sigrecv -t 0 --ready "street/$name" USR1
        run -125 duplex --log "street/$name" true -- true
    done
    describe_outside | cmp - before

    ln -s "$PWD/outside/file" street/own
    mmapcat street/own | cmp - outside/file
    chown -h 12345 street street/own
    mmapcat street/own | cmp - outside/file
    chown -h 65534 street/own
    run -3 mmapcat street/own
    chmod 0777 street # as with fs.protected_symlinks, which wants the sticky bit too
    mmapcat street/own | cmp - outside/file
}

@test "a path that another user keeps exchanging leads nobody outside" {
    lay_street
    echo data >data
    stranger swapper street/x street/link street/dangling street/fifo street/socket street/folder -
    survives mmapcat street/x
    survives mmapcat -w street/x
    survives mmapcat -w -c --size 8 street/x
    survives mmapcat -w -x --size 8 street/x
    survives shmop ./street/x add 1
    survives shmop -c ./street/x add 1
    survives fifocat -t 0 -c street/x
    survives fifocat -t 0 -w -c street/x
    survives sigrecv -t 0 --ready street/x USR1
    survives usockcat -t 0 street/x
    survives usockcat -t 0 -l street/x
    survives usockcat -t 0 -l --type dgram street/x
    calm
    describe_outside | cmp - before
    run -0 find street -mindepth 1 -uid 0 -perm /077
    assert_output ''
}

@test "an object's name in /dev/shm that another user keeps exchanging leads nobody outside" {
    lay_outside
    echo data >data
    x=/dev/shm/$ID
    echo theirs >"$x"
    ln -s "$PWD/outside/file" "$x-link"
    ln -s "$PWD/outside/new" "$x-dangling"
    mkfifo "$x-fifo"
    mkdir "$x-folder"
    for name in x x-link x-dangling x-fifo x-folder; do chown -h 65534 "$x${name#x}"; done
    stranger swapper "$x" "$x-link" "$x-dangling" "$x-fifo" "$x-folder" -
    survives shmget -t 0 "/$ID"
    survives shmget -t 0 --snapshot "/$ID"
    survives shmget --stat "/$ID"
    survives shmop "/$ID" add 1
    survives shmop -c "/$ID" add 1
    survives shmput -t 0 -o 0 "/$ID"
    survives shmput -t 0 "/$ID"
    survives shmput -t 0 -a "/$ID"
    survives shmput -t 0 -x "/$ID"
    survives mmapcat -t 0 -w "$x"
    survives shmget -t 0 --take "/$ID"
    survives shmget --remove "/$ID"
    calm
    describe_outside | cmp - before
    run -0 find /dev/shm -maxdepth 1 -name "$ID*" -uid 0 -perm /077
    assert_output ''
    rm -rf "$x"*
}

@test "a semaphore's name that another user keeps exchanging leads nobody outside" {
    lay_outside
    : >data
    semop create "/$ID-2" 5
    cp "/dev/shm/sem.$ID-2" outside/semaphore
    describe_outside >before
    x=/dev/shm/sem.$ID
    cp outside/semaphore "$x"
    ln -s "$PWD/outside/semaphore" "$x-link"
    head -c 32 /dev/urandom >"$x-random"
    mkfifo "$x-fifo"
    chown -h 65534 "$x" "$x-link" "$x-random" "$x-fifo"
    stranger swapper "$x" "$x-link" "$x-random" "$x-fifo" -
    for verb in post get try stat; do survives semop "$verb" "/$ID"; done
    survives semop wait -t 0 "/$ID"
    survives semop zero -t 0 "/$ID"
    survives semop create "/$ID" 3
    survives semop set "/$ID" 3
    survives semop run -E 9 -t 0 "/$ID" -- true
    survives semop remove "/$ID"
    calm
    describe_outside | cmp - before
    rm -f "$x"* "/dev/shm/sem.$ID-2"
}

@test "an object that is cut and grown as fast as possible is exit 3 or right, and no crash" {
    head -c 1M /dev/urandom >data
    x=/dev/shm/$ID
    cp data "$x"
    background python3 -c '
import os, sys
while True:
    for size in 0, 1 << 20, 4096, 4000, 1 << 19:
        os.truncate(sys.argv[1], size)' "$x"
    survives shmget "/$ID"
    survives sh -c 'shmget "$1" | cat' - "/$ID"
    survives shmget --snapshot "/$ID"
    survives shmput "/$ID"
    survives shmput -o 4096 "/$ID"
    survives shmop -o 8192 "/$ID" add 1 set 5 or 1
    survives shmop -o 4096 -t 1ms "/$ID" wait eq 9
    survives mmapcat "$x"
    survives sh -c 'mmapcat "$1" | cat' - "$x"
    survives mmapcat -w "$x"
    survives mmapcat -w --size 1M "$x"
    calm
    rm "$x"
}

@test "a System V segment or queue that comes and goes is exit 1, 3 or right" {
    printf 12345678 >data
    background sh -c 'while true; do
        printf 12345678 | shmput "$1"; shmget --remove "$1"
        mqsend -c "$1" some; mqrecv --remove "$1"
    done' - "$KEY" 2>/dev/null
    survives shmget "$KEY"
    survives shmget --wait -t 1 "$KEY"
    survives shmput "$KEY"
    survives shmput --resize "$KEY"
    survives shmop "$KEY" add 1
    survives mqrecv -t 10ms "$KEY"
    survives mqsend -t 0 "$KEY" more
    survives mqrecv --stat "$KEY"
    calm
    shmget -q --remove "$KEY" || true
    mqrecv -q --remove "$KEY" || true
}

@test "a semaphore file of random bytes is refused, or a semaphore, and no crash" {
    : >data
    semop create "/$ID" 1
    cp "/dev/shm/sem.$ID" sound
    for ((seed = 1; seed <= ROUNDS; seed++)); do
        # all of it random; or only the value and the number of who waits
        python3 -c '
import random, sys
seed = int(sys.argv[1])
noise, sound = random.Random(seed).randbytes(32), open("sound", "rb").read()
sys.stdout.buffer.write(noise[:8] + sound[8:] if seed % 2 else sound[:8] + noise[8:])' "$seed" >noise
        for verb in get post try 'wait -t 10ms' 'zero -t 10ms' stat 'run -E 9 -t 10ms'; do
            cp noise "/dev/shm/sem.$ID"
            command=()
            [[ $verb != run* ]] || command=(-- true)
            # shellcheck disable=SC2086
            ROUNDS=1 survives semop $verb "/$ID" "${command[@]}"
            [ $((seed % 2)) = 1 ] || cmp noise "/dev/shm/sem.$ID"
        done
    done
    rm "/dev/shm/sem.$ID"
}

# A peer in python: $1 is its program, with the socket `peer` connected to $2 of type $3.
talk() {
    python3 -c '
import array, os, select, socket, sys, time
types = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}
peer = socket.socket(socket.AF_UNIX, types[sys.argv[3]])
peer.connect(sys.argv[2])
def send(data, count):
    rights = array.array("i", [0] * count)
    peer.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
exec(sys.argv[1])' "$@"
}

open_files() {
    find "/proc/$1/fd" -mindepth 1 | wc -l
}

@test "descriptors that a client sends by the hundred do not stay open in a server" {
    for type in stream seqpacket dgram; do
        background usockcat -l -k --type "$type" "$ID" </dev/null >got 2>errors
        server=$!
        eventually test -S "$ID"
        before=$(open_files "$server")
        talk 'for i in range(200): send(b"%d\n" % i, 1 + i % 253)' "$ID" "$type"
        eventually grep -q '^199$' got
        eventually eval "[ \$(open_files $server) -le $before ]"
        assert_equal "$(grep -c . got)" 200
        assert_regex "$(<errors)" 'descriptors.* they are closed'
        calm
        rm "$ID"
    done
}

@test "descriptors that a server sends unasked do not stay open in a client" {
    mkfifo input
    exec 8<>input
    background python3 -c '
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
client = server.accept()[0]
for i in range(200):
    rights = array.array("i", [0] * 253)
    client.sendmsg([b"%d\n" % i], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
client.recv(1)' "$ID" 8>&-
    eventually test -S "$ID"
    background usockcat --retry 10 "$ID" <input >got 2>errors 8>&-
    client=$!
    eventually grep -q '^199$' got
    [ "$(open_files "$client")" -lt 20 ]
    calm
    exec 8>&-
    rm "$ID"
}

@test "more descriptors than fit are refused, and none of them reaches COMMAND" {
    for count in 50 253; do
        background bash -c 'ulimit -n 20; exec usockcat -l --recv-fd "$1" -- touch ran' - "$ID" \
            2>errors
        server=$!
        eventually test -S "$ID"
        talk "send(b'x', $count); peer.recv(1)" "$ID" stream || true # turned away
        eventually is_gone "$server"
        run -3 wait "$server"
        assert_regex "$(<errors)" 'receive descriptors: .* \(ulimit -n is 20\)$'
    done
    [ ! -e ran ]
}

@test "a peer that sends byte by byte or never reads holds up no other, and its records stay whole" {
    mkfifo input
    exec 8<>input
    background usockcat -l -k --slow drop "$ID" <input >got 2>errors 8>&-
    eventually test -S "$ID"
    background talk '
for byte in b"one byte after the other\n" * 3:
    peer.send(bytes([byte]))
    time.sleep(0.002)
end = select.poll(); end.register(peer, 0); end.poll() # reads nothing' "$ID" stream
    background talk 'peer.send(b"deaf\n"); end = select.poll(); end.register(peer, 0); end.poll()' "$ID" stream
    eventually grep -q deaf got
    head -c 2M /dev/zero | tr '\0' '\n' >&8
    for ((i = 0; i < 10; i++)); do talk 'peer.send(b"quick\n")' "$ID" stream; done
    eventually eval '[ "$(grep -c "^one byte after the other$" got)" = 3 ]'
    assert_equal "$(sort got | uniq -c | awk '{ print $1 ":" $2 }' | tr '\n' ' ')" '1:deaf 3:one 10:quick '
    exec 8>&-
    calm
    rm "$ID"
}

@test "an abstract name that another user has taken is in use, and its server is not asked" {
    need_root
    share_programs
    stranger usockcat -l -k --allow any "@$ID" </dev/null >squatted
    eventually grep -q "@$ID$" /proc/net/unix
    run -1 usockcat -l -t 1 "@$ID"
    assert_output --regexp "^usockcat: @$ID: listen: Address (already )?in use \(another process serves it\)$"
}

@test "a queue that is not as it was asked for is used as it is; the greatest type comes through" {
    mqsend -c --maxmsg 2 --msgsize 8 "/$ID" one
    run -3 mqsend -c --maxmsg 10 --msgsize 8192 "/$ID" 'longer than eight bytes'
    assert_output --partial "the queue's msgsize is 8"
    run -1 mqsend -t 0 -c --maxmsg 10 "/$ID" two three
    run -0 mqrecv -a "/$ID"
    assert_output $'one\ntwo'
    mqrecv --remove "/$ID"

    mqsend -c "$KEY" </dev/null
    head -c 8192 /dev/zero | tr '\0' x >longest
    perl -e 'local $/; msgsnd(msgget(hex $ARGV[0], 0), pack("l! a*", ~0 >> 1, <STDIN>), 0) or die $!' \
        "$KEY" <longest
    run -0 mqrecv --tagged -T 9223372036854775807 "$KEY"
    assert_output "9223372036854775807	$(<longest)"
    mqrecv --remove "$KEY"
}

@test "a pidfile that another user keeps exchanging is nobody's process, or one that it names" {
    need_root
    share_programs
    : >data
    mkdir street
    chmod 1777 street
    background sleep 100
    victim=$!
    echo "$victim" >street/x
    echo nonsense >street/nonsense
    head -c 100000 /dev/zero >street/zeros
    echo 4194304 >street/nobody
    ln -s nowhere street/dangling
    mkdir street/folder
    chown -h 65534 street/*
    stranger swapper street/x street/nonsense street/zeros street/nobody street/dangling street/folder -
    survives sigsend -s 0 pidfile:street/x
    survives sigsend -s CONT pidfile:street/x
    kill -0 "$victim"
    calm
}

# ---- another user's names for shared memory

@test "shmput does not fill an object that a stranger has linked to the name" {
    need_root
    share_programs
    shmput -m 0666 "/$ID" <<<public
    # fs.protected_hardlinks lets everybody link what everybody may write.
    as_nobody ln "/dev/shm/$ID" "/dev/shm/$ID-bait" || skip "this kernel links nothing of root's"
    for option in '' -a --size=100; do
        # shellcheck disable=SC2086
        run -3 --separate-stderr setpriv --reuid 7001 --regid 7001 --clear-groups -- \
            env PATH="$PATH" shmput $option "/$ID-bait" <<<secret
        [[ $stderr == *'it has 2 names, by hard links'* || $stderr == *'it is of user 0'* ]]
    done
    run -0 shmget "/$ID"
    assert_output public
    # The object's own user meets the same, under either name, until the link is gone.
    run -3 --separate-stderr shmput "/$ID" <<<new
    assert_equal "$stderr" "shmput: /$ID: replace content: it has 2 names, by hard links"
    run -3 --separate-stderr shmput -a "/$ID" <<<new
    assert_equal "$stderr" "shmput: /$ID: replace segment: it has 2 names, by hard links"
    shmput -o 0 "/$ID" <<<PUBLIC
    rm "/dev/shm/$ID-bait"
    shmput "/$ID" <<<new
    run -0 shmget --take "/$ID"
    assert_output new
}

@test "shmput --resize gives nothing to a stranger that takes the key in between" {
    need_root
    share_programs
    head -c 100 /dev/zero | shmput "$KEY"
    # shellcheck disable=SC2016
    background setpriv --reuid 7001 --regid 7001 --clear-groups -- env PATH="$PATH" bash -c '
        until shmput -q -x -m 0666 --size 40 "$1" </dev/null 2>/dev/null; do :; done' - "$KEY"
    taker=$!
    eventually is_waiting "$taker"
    run -3 --separate-stderr strace -qq -o /dev/null -e trace=shmget \
        -e inject=shmget:delay_enter=500000:when=2 shmput --resize -m 0600 "$KEY" <<<'a secret'
    assert_equal "$stderr" "shmput: $KEY: create segment: File exists (another process took the key);\
 the old segment is removed"
    ends_with 0 "$taker"
    run -0 shmget "$KEY"
    refute_output --partial secret
    shmget --remove "$KEY"
}

@test "shmget --take prints nothing of an object that it may not remove" {
    need_root
    shmput -m 0666 "/$ID" <<<public
    for _ in 1 2; do
        run -3 --separate-stderr as_nobody shmget --take "/$ID"
        assert_output ''
        assert_equal "$stderr" \
            "shmget: /$ID: remove segment: Operation not permitted (it is of user 0)"
    done
    run -0 shmget --take "/$ID"
    assert_output public
}
