#!/usr/bin/env bats
# mqsend and mqrecv together, in storms: without a SIGKILL, each message comes exactly once.
#
# MESSAGES and ROUNDS make the storms larger.

load helper

MESSAGES=${MESSAGES:-4000}
ROUNDS=${ROUNDS:-20}

storm() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/storm.py" "$@"
}

# Tags that messages of queue $1 can have.
tags_of() {
    if [[ $1 == /* ]]; then echo 0 7 32767; else echo 1 7 9223372036854775807; fi
}

# A moment of at most 10 ms, another one each time.
moment() {
    sleep "0.00$((RANDOM % 10))"
}

# Waits until process $1 is mqrecv: before that it is a shell that ignores INT.
has_begun() {
    until [ "$(<"/proc/$1/comm")" = mqrecv ]; do :; done
}

@test "8 senders and 8 receivers: each message once, in order for each sender and tag" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        senders=() receivers=()
        for i in {1..8}; do
            # shellcheck disable=SC2046
            storm send "$i" $((MESSAGES / 8)) 8192 $(tags_of "$queue") >"sent$i"
            background mqrecv -f -N --tagged "$queue" >"got$i"
            receivers+=($!)
        done
        for i in {1..8}; do
            background mqsend --tagged -N "$queue" <"sent$i"
            senders+=($!)
        done
        for pid in "${senders[@]}"; do wait "$pid"; done
        eventually holds 0 "$queue"
        kill "${receivers[@]}"
        for pid in "${receivers[@]}"; do ends_with 143 "$pid"; done
        run -0 storm check sent{1..8} -- got{1..8}
        assert_output $((MESSAGES / 8 * 8))
        mqrecv --remove "$queue"
    done
}

# The flow of $2 messages of at most $3 bytes into queue $1.
flow() {
    mqsend -c "$1" </dev/null
    # shellcheck disable=SC2046
    storm send 1 "$2" "$3" $(tags_of "$1") >sent
    background mqsend --tagged -N "$1" <sent
    sender=$!
}

# Takes all that is left in queue $1 to the file $2 with `mqrecv $3...`, until its sender has exited and
# no process waits for room.
take_rest() {
    local queue=$1 file=$2
    shift 2
    until is_gone "$sender" && holds 0 "$queue" && waiting_senders 0 "$queue"; do
        mqrecv -q -f -t 0.1 "$@" "$queue" >>"$file" || true
    done
    wait "$sender"
}

# Makes room for process $1, a mqrecv that has to put a message back: while it does not exit, takes
# messages of queue $2 to the file $3 with `mqrecv $4...`.
make_room() {
    local pid=$1 queue=$2 file=$3 tries
    shift 3
    for ((tries = 0; tries < 500; tries++)); do
        if is_gone "$pid"; then return 0; fi
        if ((tries < 20)); then sleep 0.01; else mqrecv -q -t 0.02 "$@" "$queue" >>"$file" || true; fi
    done
    echo "process $pid does not end" >&2
    return 1
}

# Lets process $1, a mqrecv, run for a moment, then ends it: by TERM if the number $2 is odd, else by INT.
# The other arguments are for make_room.
end_soon() {
    local pid=$1 signal=$(($2 % 2 ? 15 : 2))
    shift 2
    has_begun "$pid"
    moment
    kill -$signal "$pid"
    make_room "$pid" "$@"
    ends_with $((128 + signal)) "$pid"
}

@test "receivers that are ended at random lose nothing and double nothing" {
    for queue in "/$ID" "$KEY"; do
        flow "$queue" "$MESSAGES" 8192
        : >got
        for ((round = 0; round < ROUNDS; round++)); do
            background env --default-signal=INT mqrecv -f -N --tagged "$queue" >>got 2>>error
            end_soon $! "$round" "$queue" got -N --tagged
        done
        take_rest "$queue" got -N --tagged
        run -0 storm once sent -- got
        mqrecv --remove "$queue"
    done
}

@test "receivers that are ended while a slow reader drains them lose nothing and double nothing" {
    for queue in "/$ID" "$KEY"; do
        flow "$queue" "$MESSAGES" 8192
        rm -f pipe
        mkfifo pipe
        exec 5<>pipe
        : >got
        background /usr/bin/python3 -c '
import os, time
with open("got", "ab") as got:
    while piece := os.read(0, 5000):
        got.write(piece)
        time.sleep(0.001)' <pipe 5>&-
        reader=$!
        for ((round = 0; round < ROUNDS; round++)); do
            background env --default-signal=INT mqrecv -f -N --tagged "$queue" >pipe 2>>error 5>&-
            end_soon $! "$round" "$queue" rest -N --tagged
        done
        take_rest "$queue" rest -N --tagged
        exec 5>&-
        wait $reader
        run -0 storm once sent -- got rest
        rm rest
        mqrecv --remove "$queue"
    done
}

# Whether the file $2 has $1 lines.
has_lines() {
    [ "$(wc -l <"$2")" -eq "$1" ]
}

@test "readers that exit lose nothing" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqsend "$queue" < <(seq "$MESSAGES")
        sender=$!
        : >got
        pids=()
        for ((round = 0; round < ROUNDS; round++)); do
            background bash -c 'mqrecv -f "$1" 2>>error | head -n 1 >>got' - "$queue"
            pids+=($!)
            eventually has_lines $((round + 1)) got
        done
        take_rest "$queue" got
        for pid in "${pids[@]}"; do make_room "$pid" "$queue" got; done
        mqrecv -q -a "$queue" >>got || true
        sort -n got | cmp - <(seq "$MESSAGES")
        mqrecv --remove "$queue"
    done
}

@test "workers that are ended at random do each job once" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqsend "$queue" < <(seq $((ROUNDS * 3)))
        sender=$!
        : >got
        for ((round = 0; round < ROUNDS; round++)); do
            background env --default-signal=INT mqrecv -f "$queue" -- sh -c 'cat >>got; echo >>got'
            end_soon $! "$round" "$queue" got
        done
        take_rest "$queue" got
        sort -n got | cmp - <(seq $((ROUNDS * 3)))
        mqrecv --remove "$queue"
    done
}
