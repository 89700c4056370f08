#!/usr/bin/env bats
# mqrecv: what it takes, in which order, and that nothing it took is lost.

load helper

# Whether $2 receivers wait at queue $1.
waits() {
    mqrecv --stat "$1" | grep -qx "waiting_receivers=$2"
}

# Whether $1 senders wait at queue $2.
waiting_senders() {
    mqrecv --stat "$2" | grep -qx "waiting_senders=$1"
}

# Milliseconds since $1, a value of EPOCHREALTIME.
elapsed() {
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

# Opens FIFO $1 as descriptor 5 and fills it, so that a write to it blocks.
fill_pipe() {
    mkfifo "$1"
    exec 5<>"$1"
    dd if=/dev/zero of="$1" bs=4096 oflag=nonblock status=none 2>/dev/null || true
}

# What a program reads who comes late to the pipe that fill_pipe filled.
drain_pipe() {
    dd if="$1" bs=4096 iflag=nonblock status=none 2>/dev/null | tr -d '\0'
}

# The option that gives a message of queue $1 the tag 7.
tag_of() {
    [[ $1 == /* ]] && echo -p7 || echo -T7
}

@test "mqrecv takes one message and leaves the others" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two three
        run -0 mqrecv "$queue"
        assert_output one
        run -0 mqrecv -n 1 "$queue"
        assert_output two
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -n takes as many, and waits for those that are not there yet" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two three
        run -0 mqrecv --count 2 "$queue"
        assert_output $'one\ntwo'
        run -1 --separate-stderr mqrecv -n 2 -t 0.1 "$queue"
        assert_output three
        background mqrecv -n2 "$queue" >out
        receiver=$!
        eventually is_waiting $receiver
        mqsend "$queue" four five six
        ends_with 0 $receiver
        run -0 cat out
        assert_output $'four\nfive'
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -a takes all there are, and exits 1 where there are none" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one '' three
        run -0 mqrecv --all "$queue"
        assert_output $'one\n\nthree'
        run -1 --separate-stderr mqrecv -a "$queue"
        assert_output ''
        assert_equal "$stderr" "mqrecv: $queue: receive: the queue is empty"
        run -1 --separate-stderr mqrecv -q -a "$queue"
        assert_equal "$stderr" ''
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -a -T takes all of its type" {
    mqsend -c "$KEY" one
    mqsend -T 2 "$KEY" two 'two again'
    mqsend -T 3 "$KEY" three
    run -0 mqrecv -a -T 2 "$KEY"
    assert_output $'two\ntwo again'
    run -1 mqrecv -a -T 2 "$KEY"
    assert_output "mqrecv: $KEY: receive: no message of this type"
    holds 2 "$KEY"
    mqrecv --remove "$KEY"
}

@test "mqrecv -f goes on until it is ended, and passes each message on at once" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one
        background mqrecv --follow "$queue" >out
        receiver=$!
        eventually grep -qx one out
        mqsend "$queue" two
        eventually grep -qx two out
        kill $receiver
        ends_with 143 $receiver
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -f -t ends when nothing came for so long" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two
        run -1 --separate-stderr mqrecv -f -t 0.1 "$queue"
        assert_output $'one\ntwo'
        assert_regex "$stderr" "^mqrecv: $queue: receive: .* timed out$"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv refuses what excludes each other, and operands too many or too few" {
    for options in '-n 1 -a' '-a -f' '-f -n 1' '--stat --remove' '--stat -a' '--remove -f'; do
        # shellcheck disable=SC2086
        run -2 mqrecv $options "/$ID"
        assert_output 'mqrecv: only one of -n, -a, -f, --stat and --remove'
    done
    run -2 mqrecv -0 -W "/$ID"
    assert_output --partial 'only one of -0, -W and -N'
    run -2 mqrecv -j "/$ID"
    assert_output 'mqrecv: -j goes with --stat'
    run -2 mqrecv -a
    assert_output --partial 'NAME is missing (usage: mqrecv '
    run -2 mqrecv "/$ID" more
    assert_output --partial 'more: one operand too many (usage: mqrecv '
    run -2 mqrecv -n 0 "/$ID"
    run -2 mqrecv -t x "/$ID"
    for option in '' --remove --stat; do
        # shellcheck disable=SC2086
        run -2 mqrecv $option private
        assert_output 'mqrecv: private: only to create; mqsend -c printed the name, id:N'
    done
    run -2 mqrecv jobs
    assert_output --partial '(/name, a key such as 0x5eed, id:N, ftok:PATH[:N] or private)'
}

@test "messages come by priority, equal ones in the order of sending" {
    mqsend -c "/$ID" a b
    mqsend -p 5 "/$ID" c d
    mqsend -p 32767 "/$ID" e
    mqsend -p 5 "/$ID" f
    mqsend "/$ID" g
    run -0 bash -c 'mqrecv -a "$1" | tr -d "\n"' - "/$ID"
    assert_output ecdfabg
    mqrecv --remove "/$ID"
}

@test "mqrecv -T picks by type" {
    for type in 5 3 9 5 1; do mqsend -c -T $type "$KEY" "$type"; done
    run -0 mqrecv -T '!5' "$KEY"
    assert_output 3
    run -0 mqrecv -T -5 "$KEY"
    assert_output 1
    run -0 mqrecv -T-5 "$KEY"
    assert_output 5
    run -1 mqrecv -t 0 -T 4 "$KEY"
    run -1 mqrecv -t 0 -T -4 "$KEY"
    run -0 mqrecv --type=5 "$KEY"
    assert_output 5
    run -1 mqrecv -t 0 -T '!9' "$KEY"
    run -0 mqrecv -T 9223372036854775807 -t 0 "$KEY" || run -0 mqrecv "$KEY"
    mqrecv --remove "$KEY"
}

@test "mqrecv refuses a type that is none" {
    for type in '' 0 -0 '!0' ! - x '!-5' '-!5' 5x 1.5 9223372036854775808; do
        run -2 mqrecv -T "$type" "$KEY"
        assert_output --partial "-T '$type': not a type to receive (5, -5"
    done
    run -2 mqrecv -T 5 "/$ID"
    assert_output "mqrecv: /$ID: -T is for System V queues"
}

@test "mqrecv ends records as it is told" {
    for queue in "/$ID" "$KEY"; do
        for form in -0:'a\nb\0\0' -W:'a\nb' -N:'3:a\nb,0:,' --null:'a\nb\0\0' --whole:'a\nb' \
            --netstring:'3:a\nb,0:,' -n2:'a\nb\n\n'; do
            mqsend -c "$queue" $'a\nb' ''
            run -0 bash -c 'mqrecv -n 2 "$@" | od -An -c | tr -d " "' - "${form%%:*}" "$queue"
            assert_output "${form#*:}"
        done
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -t 0 does not wait, -t 0.1 a moment" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        run -1 mqrecv -t 0 "$queue"
        assert_output "mqrecv: $queue: receive: the queue is empty"
        start=$EPOCHREALTIME
        run -1 mqrecv --timeout 100ms "$queue"
        took=$(elapsed "$start")
        [ "$took" -ge 100 ] && [ "$took" -lt 3000 ] || fail "took $took ms"
        assert_output --regexp "^mqrecv: $queue: receive: .* timed out$"
        run -1 --separate-stderr mqrecv -q -t 0.01 "$queue"
        assert_equal "$stderr" ''
        mqsend "$queue" x
        run -0 mqrecv -t 0 "$queue"
        assert_output x
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -t ends in time under a storm of signals, and wants the message still" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqrecv -t 0.3 "$queue" 2>/dev/null
        receiver=$!
        background mqrecv -t 10 "$queue" >out
        lucky=$!
        eventually is_waiting $receiver
        eventually is_waiting $lucky
        start=$EPOCHREALTIME
        while ! is_gone $receiver; do
            for signal in ALRM STOP CONT; do
                kill -$signal $receiver $lucky 2>/dev/null || true
            done
        done
        took=$(elapsed "$start")
        ends_with 1 $receiver
        [ "$took" -lt 3000 ] || fail "took $took ms"
        mqsend "$queue" x
        ends_with 0 $lucky
        run -0 cat out
        assert_output x
        mqrecv --remove "$queue"
    done
}

@test "20000 records of every length and content come through in order" {
    /usr/bin/python3 -c 'import random, sys
r = random.Random(42)
for i in range(20000):
    size = r.randrange(8193)
    sys.stdout.buffer.write(b"%d:%s," % (size, r.randbytes(size)))' >sent
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqsend -N "$queue" <sent
        sender=$!
        assert_equal "$(mqrecv -N -n 20000 -t 20 "$queue" | sha256sum)" "$(sha256sum <sent)"
        ends_with 0 $sender
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "several senders and receivers lose nothing and double nothing" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        pids=()
        for i in 1 2 3; do
            background mqrecv -n 1000 -t 20 "$queue" >out$i
            pids+=($!)
            background mqsend "$queue" < <(seq $((i * 1000)) $((i * 1000 + 999)))
            pids+=($!)
        done
        for pid in "${pids[@]}"; do ends_with 0 "$pid"; done
        sort -n out1 out2 out3 | cmp - <(seq 1000 3999)
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --stat describes a queue" {
    mqsend -c --maxmsg 5 --msgsize 100 -m 640 "/$ID" one three
    now=$(date +%s)
    run -0 mqrecv --stat "/$ID"
    assert_output --regexp "^name=/$ID
family=posix
messages=2
bytes=8
maxmsg=5
msgsize=100
used=[0-9]+
waiting_receivers=0
waiting_senders=0
mode=0640
uid=$(id -u)
gid=$(id -g)\$"
    used=$(sed -n 's/^used=//p' <<<"$output")
    [ $((now - used)) -le 5 ] && [ $((used - now)) -le 5 ]
    mqrecv --remove "/$ID"

    mqsend -c -m 640 "$KEY" one three
    run -0 mqrecv --stat "$KEY"
    for line in "name=$KEY" family=sysv messages=2 bytes=8 last_receiver=0 mode=0640 \
        "maxbytes=$(cat /proc/sys/kernel/msgmnb)" "msgsize=$(cat /proc/sys/kernel/msgmax)" \
        "creator_uid=$(id -u)" "creator_gid=$(id -g)" "uid=$(id -u)" "gid=$(id -g)"; do
        assert_line "$line"
    done
    assert_line --regexp '^id=[0-9]+$'
    assert_line --regexp '^last_sender=[1-9][0-9]*$'
    assert_line --regexp '^sent=[1-9][0-9]*$'
    assert_line --regexp '^changed=[1-9][0-9]*$'
    refute_line --partial 'received='
    mqrecv "$KEY" >out
    run -0 mqrecv --stat "$KEY"
    assert_line --regexp '^received=[1-9][0-9]*$'
    mqrecv --remove "$KEY"
}

@test "mqrecv --stat -j is JSON with the same values" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one
        mqrecv --stat --json "$queue" | /usr/bin/python3 -m json.tool >pretty
        run -0 /usr/bin/python3 - <(mqrecv --stat "$queue") <(mqrecv -j --stat "$queue") <<'PY'
import json, sys
lines = dict(line.rstrip("\n").split("=", 1) for line in open(sys.argv[1]))
values = {name: str(value) for name, value in json.load(open(sys.argv[2])).items()}
assert lines == values, (lines, values)
PY
        run -3 bash -c 'mqrecv --stat "$1" >/dev/full' - "$queue"
        assert_output 'mqrecv: stdout: write: No space left on device'
        run -3 bash -c 'mqrecv --stat -j "$1" >&-' - "$queue"
        assert_output 'mqrecv: stdout: write: Bad file descriptor'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --remove removes a queue with its messages, by any of its names" {
    mqsend -c "/$ID" x
    mqrecv --remove "/$ID"
    mqsend -c "$KEY" x
    mqrecv --remove "$((KEY))"
    mqsend -c "$KEY" x
    id=id:$(mqrecv --stat "$KEY" | sed -n 's/^id=//p')
    mqrecv --remove "$id"
    touch file
    mqsend -c ftok:file:9 x
    mqrecv --remove "$(unit key ftok:file:9)"
    for queue in "/$ID" "$KEY" "$id" ftok:file:9; do
        run -1 mqrecv --remove "$queue"
        assert_output "mqrecv: $queue: remove queue: No such file or directory"
    done
}

@test "a queue that does not exist is exit 1, with what creates it" {
    touch file
    for queue in "/$ID" "$KEY" ftok:file; do
        for option in '' -a --stat; do
            # shellcheck disable=SC2086
            run -1 mqrecv $option "$queue"
            assert_output \
                "mqrecv: $queue: open queue: No such file or directory (mqsend -c creates it)"
        done
        run -1 --separate-stderr mqrecv -q "$queue"
        assert_equal "$stderr" ''
    done
    run -1 mqrecv ftok:missing
    assert_output --partial '(ftok: wants a file that exists)'
    run -1 mqrecv id:2147483647
}

@test "mqrecv needs the permission to receive" {
    need_root
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 0622 "$queue" x
        for option in '' -a --stat; do
            # shellcheck disable=SC2086
            run -3 as_nobody mqrecv $option "$queue"
            assert_output "mqrecv: $queue: open queue: Permission denied"
        done
        if [ "$queue" = "$KEY" ]; then
            run -3 as_nobody mqrecv "id:$(mqrecv --stat "$queue" | sed -n 's/^id=//p')"
            assert_output --partial 'open queue: Permission denied'
        fi
        run -3 as_nobody mqrecv --remove "$queue"
        assert_output --regexp "^mqrecv: $queue: remove queue: .*(denied|not permitted)$"
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "the owner removes a queue that it may not even read" {
    need_root
    for queue in "/$ID" "$KEY"; do
        as_nobody mqsend -c -m 0 "$queue" </dev/null
        as_nobody mqrecv --remove "$queue"
    done
}

@test "who may only receive does so, and is told when nothing can go back" {
    need_root
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 0644 "$queue" </dev/null
        mqsend "$(tag_of "$queue")" "$queue" one three
        run -0 as_nobody mqrecv "$queue"
        assert_output one
        run -3 as_nobody bash -c 'mqrecv "$1" >/dev/full' - "$queue"
        assert_output --regexp "^mqrecv: stdout: write: No space left on device; \
the message \(5 bytes, (priority|type) 7\) is lost: put back: Permission denied$"
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv puts the message back when stdout does not take it" {
    for queue in "/$ID" "$KEY"; do
        for stdout in '/dev/full:No space left on device' 'out:File too large'; do
            mqsend -c "$(tag_of "$queue")" "$queue" second first
            mqsend "$queue" third
            run -3 bash -c "ulimit -f 0; mqrecv '$queue' >${stdout%%:*}"
            assert_output --regexp "^mqrecv: stdout: write: ${stdout#*:}; the message \
went back to the end of its (priority|type) in $queue$"
            run -0 mqrecv -a -N "$queue"
            if [[ $queue == /* ]]; then
                assert_output '5:first,6:second,5:third,'
            else
                assert_output '5:first,5:third,6:second,'
            fi
        done
        mqrecv --remove "$queue"
    done
}

@test "mqrecv takes nothing where stdout is closed" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" first second
        run -3 bash -c "mqrecv '$queue' >&-"
        assert_output 'mqrecv: stdout: write: Bad file descriptor'
        run -0 mqrecv -a "$queue"
        assert_output $'first\nsecond'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv takes nothing where the reader of stdout is gone" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" first second
        run -3 bash -c 'exec 5> >(:); wait $!; mqrecv "$1" >&5' - "$queue"
        assert_output 'mqrecv: stdout: write: Broken pipe'
        run -0 mqrecv -a "$queue"
        assert_output $'first\nsecond'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv puts the message back when the reader of stdout leaves while it waits" {
    mkfifo pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        exec 5<>pipe
        background mqrecv "$queue" >pipe 2>error 5>&-
        receiver=$!
        eventually waits "$queue" 1
        exec 5>&-
        mqsend "$queue" first
        ends_with 3 $receiver
        run -0 cat error
        assert_output --regexp "^mqrecv: stdout: write: Broken pipe; the message \
went back to the end of its (priority|type) in $queue$"
        run -0 mqrecv -t 0 "$queue"
        assert_output first
        mqrecv --remove "$queue"
    done
}

@test "a message that goes back keeps its priority or type" {
    mqsend -c "/$ID" low
    mqsend -p 7 "/$ID" high
    run -3 bash -c 'mqrecv "$1" >/dev/full' - "/$ID"
    run -0 mqpeer receive "/$ID" 2
    assert_output $'7 high\n0 low'
    mqrecv --remove "/$ID"
    mqsend -c -T 7 "$KEY" seven
    run -3 bash -c 'mqrecv -T 7 "$1" >/dev/full' - "$KEY"
    run -0 msgpeer receive "$KEY" 0
    assert_output '7 seven'
    mqrecv --remove "$KEY"
}

@test "a large message goes back whole when half of it was written" {
    ulimit -f unlimited
    head -c 8192 /dev/urandom >data
    for queue in "/$ID" "$KEY"; do
        mqsend -c -W "$queue" <data
        run -3 env --ignore-signal=XFSZ bash -c 'ulimit -f 4; mqrecv -W "$1" >part' - "$queue"
        assert_output --regexp "^mqrecv: stdout: write: File too large; the message, \
part of which was written, went back to the end of its (priority|type) in $queue$"
        assert_equal "$(stat -c %s part)" 4096
        mqrecv -W "$queue" | cmp - data
        mqrecv --remove "$queue"
    done
}

@test "a signal ends mqrecv while it waits, and takes no message with it" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        for limit in '' '-t 1h'; do
            for signal in INT TERM HUP; do
                # shellcheck disable=SC2086
                background env --default-signal=INT mqrecv $limit "$queue"
                receiver=$!
                eventually is_waiting $receiver
                kill -$signal $receiver
                ends_with $((128 + $(kill -l $signal))) $receiver
            done
        done
        background mqrecv "$queue"
        receiver=$!
        eventually is_waiting $receiver
        kill -KILL $receiver
        ends_with 137 $receiver
        mqsend "$queue" x
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "a signal that the parent ignores does not end mqrecv" {
    mqsend -c "/$ID" </dev/null
    background env --ignore-signal=INT,HUP mqrecv "/$ID" >out
    receiver=$!
    eventually is_waiting $receiver
    kill -INT $receiver
    kill -HUP $receiver
    mqsend "/$ID" x
    ends_with 0 $receiver
    run -0 cat out
    assert_output x
    mqrecv --remove "/$ID"
}

@test "a signal while the write blocks on a full pipe puts the message back" {
    fill_pipe pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" low
        for signal in INT TERM HUP; do
            mqsend "$(tag_of "$queue")" "$queue" seven
            # shellcheck disable=SC2046
            background env --default-signal=INT mqrecv $([[ $queue == /* ]] || echo -T7) \
                "$queue" >pipe 2>error
            receiver=$!
            eventually holds 1 "$queue"
            eventually is_waiting $receiver
            kill -$signal $receiver
            ends_with $((128 + $(kill -l $signal))) $receiver
            run -0 cat error
            assert_output ''
            if [[ $queue == /* ]]; then
                run -0 mqpeer receive "$queue"
            else
                run -0 msgpeer receive "$queue" 7
            fi
            assert_output '7 seven'
        done
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
    run -0 drain_pipe pipe
    assert_output ''
}

@test "a reader that comes late to a full pipe gets the message" {
    fill_pipe pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" late
        background mqrecv "$queue" >pipe
        receiver=$!
        eventually holds 0 "$queue"
        drain_pipe pipe >out
        ends_with 0 $receiver
        drain_pipe pipe >>out
        run -0 cat out
        assert_output late
        dd if=/dev/zero of=pipe bs=4096 oflag=nonblock status=none 2>/dev/null || true
        mqrecv --remove "$queue"
    done
}

# `mqrecv "$@"` has the message `first` in hand and blocks writing it to a full pipe, which has the
# reader 5; meanwhile a sender that waited has filled the queue again.
crowded() {
    mqsend -c --maxmsg 1 --msgsize 6 "$queue" </dev/null
    mqsend "$(tag_of "$queue")" "$queue" first
    background mqsend "$queue" second
    sender=$!
    eventually is_waiting $sender
    rm -f pipe
    fill_pipe pipe
    background mqrecv "$@" "$queue" >pipe 2>error 5>&-
    receiver=$!
    ends_with 0 $sender
}

# The process that waits for room, by what mqrecv said of it.
keeper() {
    sed -n 's/.*(process \([0-9]*\) waits for it).*/\1/p' error
}

@test "a message that a full queue does not take back waits for room in a process of its own" {
    for queue in "/$ID" "$KEY"; do
        for limit in '' '-t 0.1' '-t 0'; do
            # shellcheck disable=SC2086
            crowded $limit
            exec 5>&-
            ends_with 3 $receiver
            run -0 cat error
            assert_output --regexp "^mqrecv: stdout: write: Broken pipe; the message goes back to \
the end of its (priority|type) in $queue when there is room \\(process [0-9]+ waits for it\\)$"
            pid=$(keeper)
            for signal in INT TERM HUP QUIT; do kill -$signal "$pid"; done
            run -0 ls "/proc/$pid/fd"
            if [[ $queue == /* ]]; then refute_line --regexp '^[012]$'; else assert_output ''; fi
            run -0 mqrecv "$queue"
            assert_output second
            eventually is_gone "$pid"
            run -0 mqrecv -t 0 --tagged "$queue"
            assert_output $'7\tfirst'
            mqrecv --remove "$queue"
        done
    done
}

@test "a signal ends mqrecv at once, and loses nothing where the queue is full" {
    for queue in "/$ID" "$KEY"; do
        for reader in there gone; do
            crowded
            eventually is_waiting $receiver
            kill -STOP $receiver
            [ $reader = there ] || exec 5>&-
            kill -HUP $receiver
            kill -CONT $receiver
            wait $receiver && fail 'status 0'
            [ $reader = gone ] || run -0 grep -q "^mqrecv: the message goes back to" error
            run -0 mqrecv -n 2 -t 10 "$queue"
            assert_output $'second\nfirst'
            mqrecv --remove "$queue"
            exec 5>&-
        done
    done
}

@test "the process that waits for room ends where the queue is removed" {
    for queue in "/$ID" "$KEY"; do
        crowded
        exec 5>&-
        ends_with 3 $receiver
        pid=$(keeper)
        mqrecv --remove "$queue"
        eventually is_gone "$pid"
    done
}

@test "where no process can be started, mqrecv itself waits for room" {
    need_root
    share_programs
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 666 --maxmsg 1 --msgsize 6 "$queue" </dev/null
        rm -f pipe error
        fill_pipe pipe
        chmod 666 pipe
        mqsend "$queue" first
        background prlimit --nproc=1 setpriv --reuid 65534 --regid 65534 --clear-groups \
            mqrecv "$queue" >pipe 2>error 5>&-
        receiver=$!
        eventually holds 0 "$queue"
        mqsend "$queue" second
        exec 5>&-
        eventually waiting_senders 1 "$queue"
        run -0 mqrecv "$queue"
        assert_output second
        ends_with 3 $receiver
        run -0 cat error
        assert_output --partial 'the message went back'
        run -0 mqrecv -t 0 "$queue"
        assert_output first
        mqrecv --remove "$queue"
    done
}

@test "a second signal ends mqrecv in the middle of a record, and the message goes back" {
    head -c 8192 /dev/urandom >data
    for queue in "/$ID" "$KEY"; do
        rm -f pipe
        mkfifo pipe
        exec 5<>pipe
        dd if=/dev/zero of=pipe bs=4096 count=15 status=none # of 16 pages
        mqsend -c -W "$queue" <data
        background mqrecv -W "$queue" >pipe 2>error
        receiver=$!
        eventually holds 0 "$queue"
        eventually is_waiting $receiver
        kill $receiver
        eventually grep -q 'is written first (a second signal gives it up)' error
        kill -HUP $receiver
        ends_with 129 $receiver
        run -0 tail -n 1 error
        assert_output --regexp \
            "^mqrecv: the message, part of which was written, went back to the end of its .* in $queue$"
        mqrecv -W "$queue" | cmp - data
        mqrecv --remove "$queue"
        exec 5>&-
    done
}

@test "a record that is half written gets its end, also after a signal" {
    head -c 8192 /dev/urandom >data
    for queue in "/$ID" "$KEY"; do
        rm -f pipe
        mkfifo pipe
        exec 5<>pipe
        dd if=/dev/zero of=pipe bs=4096 count=15 status=none # of 16 pages
        mqsend -c -W "$queue" <data
        background mqrecv -W "$queue" >pipe 2>error
        receiver=$!
        eventually holds 0 "$queue"
        eventually is_waiting $receiver
        kill $receiver
        eventually grep -q 'is written first' error
        dd if=pipe of=out bs=4096 count=17 iflag=fullblock status=none
        ends_with 143 $receiver
        tail -c 8192 out | cmp - data
        run -1 mqrecv -t 0 "$queue"
        mqrecv --remove "$queue"
        exec 5>&-
    done
}

@test "a System V queue that is removed while mqrecv waits is told" {
    mqsend -c "$KEY" </dev/null
    for limit in '' '-t 1h'; do
        mqsend -c "$KEY" </dev/null
        # shellcheck disable=SC2086
        background mqrecv $limit "$KEY" 2>error
        receiver=$!
        eventually is_waiting $receiver
        mqrecv --remove "$KEY"
        ends_with 3 $receiver
        run -0 cat error
        assert_output "mqrecv: $KEY: receive: Identifier removed (somebody removed the queue)"
    done
}

@test "a System V queue that is removed with a message in hand is told" {
    fill_pipe pipe
    mqsend -c -T 7 "$KEY" first
    background mqrecv -n 2 "$KEY" >pipe 2>error 5>&-
    receiver=$!
    eventually holds 0 "$KEY"
    mqrecv --remove "$KEY"
    exec 5>&-
    ends_with 3 $receiver
    run -0 cat error
    assert_output "mqrecv: stdout: write: Broken pipe; the message (5 bytes, type 7) is lost: \
put back: Identifier removed (somebody removed the queue)"
}

@test "mqrecv receives messages larger than the system's default, without waiting too" {
    with_room() {
        with_limits kernel/msgmax=100000 kernel/msgmnb=200000 -- bash -c 'set -e
            head -c 90000 /dev/urandom >data
            mqsend -c -W 7 <data
            eval "$1"
            cmp data copy' - "$1"
    }
    run -0 with_room 'mqrecv -W 7 >copy'
    run -0 with_room 'mqrecv -t 0 -W 7 >copy'
    run -0 with_room 'mqrecv -t 5 -W 7 >copy'
    run -0 with_room 'mqrecv -a -W 7 >copy'
    run -0 with_room 'mqrecv -W 7 >/dev/full || mqrecv -W 7 >copy'
    run -0 with_room 'mqrecv -W 7 >copy; mqrecv -W 7 >copy & sleep 0.1; mqsend -W 7 <data; wait'
}

@test "mqrecv fails when stdout is closed, and never takes a queue for it" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" x
        for closed in '>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
            run -3 bash -c "mqrecv '$queue' $closed"
            holds 1 "$queue"
        done
        run -0 bash -c "mqrecv '$queue' <&- 2>&-"
        assert_output x
        run -0 bash -c "mqrecv --remove '$queue' <&- >&- 2>&-"
    done
}

@test "mqrecv receives what C programs send, and from their queues" {
    mqpeer create "/$ID"
    mqpeer send "/$ID" 0 low
    mqpeer send "/$ID" 9 high
    run -0 mqrecv -a "/$ID"
    assert_output $'high\nlow'
    mqrecv --remove "/$ID"
    run -0 msgpeer create "$KEY"
    id=id:$output
    msgpeer send "$KEY" 3 three
    msgpeer send "$KEY" 5 five
    run -0 mqrecv -T 5 "$id"
    assert_output five
    run -0 mqrecv "$KEY"
    assert_output three
    mqrecv --remove "$KEY"
}

@test "mqrecv receives what perl sends to a System V queue" {
    run -0 perl -e '$id = msgget(hex $ARGV[0], 0600 | 01000) // die "$!";
        msgsnd($id, pack("l! a*", 3, "from perl"), 0) or die "$!"' "$KEY"
    run -0 mqrecv -T 3 "$KEY"
    assert_output 'from perl'
    mqrecv --remove "$KEY"
}

@test "mqrecv receives what python sends to a POSIX queue" {
    run -0 /usr/bin/python3 - "/$ID" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
queue = libc.mq_open(sys.argv[1].encode(), os.O_WRONLY | os.O_CREAT, 0o600, None)
assert queue >= 0, os.strerror(ctypes.get_errno())
for text, priority in (b"low", 1), (b"high", 2):
    assert libc.mq_send(queue, text, ctypes.c_size_t(len(text)), priority) == 0
PY
    run -0 mqrecv -a "/$ID"
    assert_output $'high\nlow'
    mqrecv --remove "/$ID"
}

@test "the examples of mqrecv(1) are true" {
    check_examples mqrecv
}
