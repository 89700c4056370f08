#!/usr/bin/env bats
# sigrecv: what it prints for each signal, in which order, that nothing after the ready mark is missed,
# and how it ends.

load helper

# How often the storms go: more by hand.
ROUNDS=${ROUNDS:-30}
VALUES=${VALUES:-300}

# Starts sigrecv with "$@", its output in `received`; waits until it is ready. Its pid is in
# $receiver.
start_receiver() {
    rm -f ready
    background env --default-signal=INT sigrecv --ready ready "$@" >received
    receiver=$!
    eventually test -s ready
}

has_lines() {
    [ "$(wc -l <"$1")" -eq "$2" ]
}

state_is() {
    local stat
    stat=$(cat "/proc/$1/stat") && stat=${stat##*) } && [ "${stat%% *}" = "$2" ]
}

# Sends with "$@", as a process whose pid is then in $sender.
send() {
    "$@" 3>&- &
    sender=$!
    wait "$sender"
}

@test "sigrecv prints the sender, the code and the value of a signal" {
    local uid
    uid=$(id -u)
    start_receiver -n 5 USR1 SIGUSR2 RTMIN+3 15
    send sigsend -s USR1 "$receiver"
    echo "USR1 pid=$sender uid=$uid code=user" >expected
    eventually has_lines received 1
    send sigsend -s USR2 --value 42 "$receiver"
    echo "USR2 pid=$sender uid=$uid code=queue value=42" >>expected
    eventually has_lines received 2
    send sigsend -s RTMIN+3 --value -2147483648 "$receiver"
    echo "RTMIN+3 pid=$sender uid=$uid code=queue value=-2147483648" >>expected
    eventually has_lines received 3
    send sigsend --thread "$receiver"
    echo "TERM pid=$sender uid=$uid code=tkill" >>expected
    eventually has_lines received 4
    kill -USR1 "$receiver"
    echo "USR1 pid=$BASHPID uid=$uid code=user" >>expected
    ends_with 0 "$receiver"
    run -0 diff expected received
}

@test "sigrecv prints where else a signal came from: the kernel, a timer, a message queue" {
    start_receiver -n 4 RTMIN ALRM USR1
    sigcode "$receiver" 34 -2 7
    eventually has_lines received 1
    sigcode "$receiver" 34 -3 8
    eventually has_lines received 2
    sigcode "$receiver" 34 -4 9
    eventually has_lines received 3
    sigcode "$receiver" 34 -60 10
    ends_with 0 "$receiver"
    run -0 sed 's/ pid=.* uid=[0-9]*//' received
    assert_output 'RTMIN code=timer value=7
RTMIN code=mesgq value=8
RTMIN code=asyncio value=9
RTMIN code=queue value=10'
    run -0 grep -c pid= received
    assert_output 3
    # an interval timer goes on over an exec
    run -0 /usr/bin/python3 -c 'import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
signal.setitimer(signal.ITIMER_REAL, 0.01)
os.execvp("sigrecv", ["sigrecv", "-n", "1", "ALRM"])'
    assert_output 'ALRM code=kernel'
}

@test "sigrecv prints how the children ended that it had before its exec" {
    cat >parent <<'END'
bash -c 'until [ -s ready ]; do sleep 0.01; done; exit 3' >/dev/null 2>&1 3>&- 4>&- & echo $! >child
exec sigrecv --ready ready -n 1 CHLD
END
    run -0 bash parent
    assert_output --regexp "^CHLD pid=[0-9]+ uid=$(id -u) code=child state=exited status=3$"
    rm ready
    sed -i 's/exit 3/kill -KILL $$/' parent
    run -0 bash parent
    assert_output --regexp "^CHLD pid=[0-9]+ uid=$(id -u) code=child state=killed status=137$"
    rm ready
    sed -i 's/kill -KILL/kill -STOP/' parent
    run -0 bash parent
    assert_output --regexp "^CHLD pid=[0-9]+ uid=$(id -u) code=child state=stopped status=147$"
    sigsend -w -s KILL pidfile:child
}

@test "sigrecv prints the values of realtime signals, all and in order" {
    start_receiver -n "$VALUES" --format '%v\n' RTMIN+1
    for ((value = 0; value < VALUES; value++)); do
        sigsend -s RTMIN+1 --value "$value" "$receiver"
    done
    ends_with 0 "$receiver"
    run -0 cmp received <(seq 0 $((VALUES - 1)))
}

@test "sigrecv gets realtime values in order that came while it could not run" {
    start_receiver -n 25 --format '%s %v\n' RTMIN+1 RTMIN
    kill -STOP "$receiver"
    for value in {1..20}; do sigsend -s RTMIN+1 --value "$value" "$receiver"; done
    for value in {1..5}; do sigsend -s RTMIN --value "$value" "$receiver"; done
    kill -CONT "$receiver"
    ends_with 0 "$receiver"
    run -0 cmp received <(printf 'RTMIN %d\n' {1..5} && printf 'RTMIN+1 %d\n' {1..20})
}

@test "of a standard signal one waits at a time" {
    start_receiver -n 2 USR1 USR2
    kill -STOP "$receiver"
    eventually state_is "$receiver" T
    for value in {1..5}; do sigsend -s USR1 --value "$value" "$receiver"; done
    sigsend -s USR2 "$receiver"
    kill -CONT "$receiver"
    ends_with 0 "$receiver"
    run -0 cat received
    assert_equal "${#lines[@]}" 2
    assert_line --index 0 --regexp '^USR1 .* value=1$'
    assert_line --index 1 --regexp '^USR2 '
}

@test "what is sent right after the ready mark is never missed" {
    local i identity
    mkfifo fifo
    for ((i = 0; i < ROUNDS; i++)); do
        background sigrecv --ready fifo -n 1 -t 10 USR1 >received
        read -r identity <fifo
        sigsend -s USR1 "$identity"
        wait $! || return
        rm -f file
        background sigrecv --ready file -n 1 -t 10 USR1 >received
        until [ -s file ]; do :; done
        sigsend -s USR1 pidfile:file
        wait $! || return
    done
}

@test "the ready mark is PID:INODE, on a descriptor, in a file or a FIFO" {
    start_receiver USR1
    run -0 cat ready
    if sigsend --id "$receiver" 2>/dev/null >expected; then
        assert_output "$(cat expected)"
    else
        assert_output "$receiver"
    fi
    run -0 stat -c %a ready
    assert_output 600
    # what was there is emptied first; a descriptor is closed behind the mark
    head -c 1000 /dev/zero | tr '\0' 7 >ready
    run -0 bash -c 'sigrecv --ready fd:5 -t 0 USR1 5>ready || sed "s/:.*//; s/[0-9]*/PID/" ready'
    assert_output --partial PID
    run -1 --separate-stderr sigrecv --ready fd:1 -t 0 USR1
    assert_output --regexp '^[0-9]+(:[0-9]+)?$'
    mkfifo pipe
    exec 6<>pipe
    background sigrecv --ready fd:5 -n 1 USR1 >line 5>pipe 6>&-
    receiver=$!
    exec 7<pipe 6>&-
    run -0 timeout 10 cat <&7
    assert_output --regexp "^$receiver(:[0-9]+)?$"
    exec 7<&-
    kill -USR1 "$receiver"
    ends_with 0 "$receiver"
}

@test "a mark that cannot be set is a failure, before anything is received" {
    run -3 --separate-stderr sigrecv --ready fd:9 USR1
    assert_equal "$stderr" 'sigrecv: fd:9: open for the ready mark: Bad file descriptor'
    run -3 --separate-stderr sigrecv --ready nothing/here USR1
    assert_equal "$stderr" \
        'sigrecv: nothing/here: open for the ready mark: No such file or directory'
    run -3 --separate-stderr sigrecv --ready . USR1
    assert_equal "$stderr" 'sigrecv: .: open for the ready mark: Is a directory'
    ln -s nowhere link
    run -3 sigrecv --ready link USR1
    [ ! -e nowhere ]
    run -3 --separate-stderr sigrecv --ready /dev/full USR1
    assert_equal "$stderr" 'sigrecv: /dev/full: write the ready mark: No space left on device'
    mkfifo fifo
    run -1 --separate-stderr sigrecv --ready fifo -t 50ms USR1
    assert_regex "$stderr" '^sigrecv: fifo: open for the ready mark: .* timed out$'
}

@test "sigrecv -t bounds the wait for each signal" {
    local begin took
    begin=$(date +%s%N)
    run -1 --separate-stderr sigrecv -t 0.2 USR1
    took=$((($(date +%s%N) - begin) / 1000000))
    assert_regex "$stderr" '^sigrecv: USR1: receive: .* timed out$'
    ((took >= 200 && took < 10000))
    run -1 --separate-stderr sigrecv -q -t 0 USR1 USR2
    assert_equal "$stderr" ''
    run -1 --separate-stderr sigrecv -t 0 USR1 USR2
    assert_regex "$stderr" '^sigrecv: signals: receive: .* timed out$'
    start_receiver -t 3 USR1
    sigsend -s USR1 "$receiver"
    ends_with 1 "$receiver"
    run -0 has_lines received 1
}

@test "sigrecv goes on until a signal that it does not receive ends it" {
    local signal
    for signal in INT:130 TERM:143 HUP:129; do
        start_receiver USR1
        sigsend -s USR1 "$receiver"
        eventually has_lines received 1
        sigsend -s "${signal%:*}" "$receiver"
        ends_with "${signal#*:}" "$receiver"
    done
    start_receiver -n 2 INT TERM
    sigsend -s INT "$receiver"
    sigsend -s TERM "$receiver"
    ends_with 0 "$receiver"
}

@test "sigrecv receives what it was started to ignore" {
    rm -f ready
    background bash -c 'trap "" USR1 HUP; exec sigrecv --ready ready -n 2 USR1 HUP' >received
    eventually test -s ready
    sigsend -s USR1 $!
    sigsend -s HUP $!
    ends_with 0 $!
    run -0 has_lines received 2
}

@test "sigrecv --format prints its fields, with a dash for each that is missing" {
    start_receiver -n 2 --format '%s\t%n %p %u %c %v %x %e 100%%\0\n' USR1
    send sigsend -s USR1 "$receiver"
    eventually has_lines received 1
    sigsend -s USR1 --value 5 "$receiver"
    ends_with 0 "$receiver"
    run -0 tr '\0' '0' <received
    assert_line --index 0 "USR1	10 $sender $(id -u) user - - - 100%0"
    assert_line --index 1 --regexp "^USR1	10 [0-9]+ $(id -u) queue 5 - - 100%0$"
    run -2 --separate-stderr sigrecv --format %z USR1
    assert_regex "$stderr" "^sigrecv: --format '%z': unknown field"
}

@test "sigrecv -j prints an object a line" {
    start_receiver -n 2 -j RTMIN+3 USR1
    sigsend -s RTMIN+3 --value 7 "$receiver"
    eventually has_lines received 1
    sigsend -s USR1 "$receiver"
    ends_with 0 "$receiver"
    run -0 /usr/bin/python3 -c '
import json
one, two = [json.loads(line) for line in open("received")]
print(one["signal"], one["number"], one["code"], one["value"], one["uid"], "value" in two)'
    assert_output "RTMIN+3 37 queue 7 $(id -u) False"
}

@test "a stdout that fails is a failure, and the signal in hand is reported as lost" {
    run -3 --separate-stderr bash -c 'sigrecv USR1 >&-'
    assert_equal "$stderr" 'sigrecv: stdout: write: Bad file descriptor'
    for form in --json --format=%s%n '-n 9'; do
        rm -f ready
        # shellcheck disable=SC2086
        background sigrecv $form --ready ready USR1 >/dev/full 2>told
        eventually test -s ready
        send sigsend -s USR1 $!
        ends_with 3 "$(sed 's/:.*//' ready)"
        run -0 cat told
        assert_output \
            "sigrecv: stdout: write: No space left on device; USR1 from process $sender is lost"
    done
}

@test "sigrecv ends when its output has no reader any more" {
    run -0 --separate-stderr timeout 10 bash -c 'sigrecv USR1 | true; echo "${PIPESTATUS[0]}"'
    assert_output 3
    assert_equal "$stderr" 'sigrecv: stdout: write: Broken pipe'
}

@test "sigrecv refuses what no process can receive, and what is no signal" {
    local wrong
    for wrong in KILL STOP 9; do
        run -2 --separate-stderr sigrecv USR1 "$wrong"
        assert_equal "$stderr" \
            "sigrecv: SIG '$wrong': no process can block it, so nobody can receive it"
    done
    run -2 --separate-stderr sigrecv 0
    assert_equal "$stderr" "sigrecv: SIG '0': 0 is no signal, only a test"
    for wrong in '' NONSENSE 65 RTMIN+31 143; do
        run -2 --separate-stderr sigrecv "$wrong"
        assert_regex "$stderr" "^sigrecv: SIG '[^']*': (not a|the last) signal"
    done
    run -2 --separate-stderr sigrecv
    assert_equal "${#stderr_lines[@]}" 2
    run -2 --separate-stderr sigrecv -n 1
    assert_equal "$stderr" "sigrecv: SIG is missing (usage: sigrecv [-n N] [-t TIME] [--ready FILE]\
 [--format FMT | -j] SIG...)"
    run -2 sigrecv -n 0 USR1
    run -2 sigrecv -t soon USR1
    run -2 --separate-stderr sigrecv --ready fd:x USR1
    assert_equal "$stderr" "sigrecv: --ready 'fd:x': a descriptor is fd: and a number"
    run -2 sigrecv --ready '' USR1
    run -2 --separate-stderr sigrecv -j --format %s USR1
    assert_equal "$stderr" 'sigrecv: only one of --format and -j'
}

@test "sigrecv --help and --version answer on stdout" {
    run -0 --separate-stderr sigrecv --help
    assert_line --index 0 \
        'usage: sigrecv [-n N] [-t TIME] [--ready FILE] [--format FMT | -j] SIG...'
    assert_equal "$stderr" ''
    run -0 --separate-stderr sigrecv -V
    assert_output --regexp '^sigrecv \(ipcbox\) [0-9]+\.[0-9]+\.[0-9]+$'
    run -3 bash -c 'sigrecv --help >/dev/full'
}

@test "the examples of sigrecv(1) do what the page says" {
    check_examples sigrecv
}
