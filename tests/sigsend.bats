#!/usr/bin/env bats
# sigsend: which signal reaches which process with what, when -w ends, and what it refuses.

load helper

# A child that does nothing, in $victim.
start_victim() {
    background sleep 60
    victim=$!
    eventually grep -q sleep "/proc/$victim/comm" # a shell before exec has handlers of its own
}

# Starts the C program that waits for $1 signals of the numbers $2..., in $victim.
start_receiver() {
    background sigwait "$@" >received
    victim=$!
    eventually grep -q ready received
}

# The PID of a process that was there and is not any more.
gone_pid() {
    local pid
    pid=$(sh -c 'echo $$')
    echo "$pid"
}

state_of() {
    local stat
    stat=$(cat "/proc/$1/stat") && stat=${stat##*) } && echo "${stat%% *}"
}

has_state() {
    [ "$(state_of "$1")" = "$2" ]
}

@test "sigsend sends TERM by default" {
    start_victim
    run -0 --separate-stderr sigsend "$victim"
    assert_output ''
    assert_equal "$stderr" ''
    ends_with 143 "$victim"
}

@test "sigsend takes a signal by name, with SIG, as a number, in any case" {
    local form
    for form in USR1 SIGUSR1 10 usr1 SigUsr1; do
        start_victim
        run -0 sigsend -s "$form" "$victim"
        ends_with 138 "$victim"
    done
}

@test "sigsend counts realtime signals from both ends" {
    local form
    for form in RTMIN:34 rtmin+0:34 SIGRTMIN+3:37 37:37 RTMAX-27:37 RTMAX:64 sigrtmax-0:64; do
        start_victim
        run -0 sigsend --signal "${form%:*}" "$victim"
        ends_with $((128 + ${form#*:})) "$victim"
    done
}

@test "sigsend -s 0 tests whether a process is there and sends nothing" {
    start_victim
    run -0 sigsend -s 0 "$victim"
    run -0 kill -0 "$victim"
    run -1 --separate-stderr sigsend -s 0 "$(gone_pid)"
    assert_regex "$stderr" '^sigsend: [0-9]+: send 0: No such process$'
}

@test "sigsend --value reaches a C program as sigqueue has it" {
    start_receiver 3 34 10
    sigsend -s RTMIN --value 42 "$victim" 3>&- &
    local sender=$!
    wait "$sender"
    sigsend -s RTMIN --value -2147483648 "$victim"
    eventually grep -q 'value=-2147483648' received
    sigsend -s USR1 --value 0x7fffffff "$victim"
    ends_with 0 "$victim"
    run -0 sed -e 's/ready .*/ready/' -e "s/pid=$sender /pid=own /" received
    assert_line --index 1 "signal=34 code=-1 pid=own uid=$(id -u) value=42"
    assert_line --index 2 --regexp "^signal=34 code=-1 pid=[0-9]+ uid=$(id -u) value=-2147483648$"
    assert_line --index 3 --regexp "^signal=10 code=-1 pid=[0-9]+ uid=$(id -u) value=2147483647$"
}

@test "sigsend without --value sends what kill sends" {
    start_receiver 2 12
    sigsend -s USR2 "$victim" 3>&- &
    local sender=$!
    wait "$sender"
    eventually grep -q signal= received
    kill -USR2 "$victim"
    ends_with 0 "$victim"
    run -0 grep signal= received
    assert_line --index 0 "signal=12 code=0 pid=$sender uid=$(id -u) value=0"
    assert_line --index 1 "signal=12 code=0 pid=$BASHPID uid=$(id -u) value=0"
}

@test "sigsend queues realtime values in order" {
    local value
    start_receiver 20 36
    kill -STOP "$victim"
    for value in {1..20}; do sigsend -s RTMIN+2 --value "$value" "$victim"; done
    kill -CONT "$victim"
    ends_with 0 "$victim"
    assert_equal "$(sed -n 's/.*value=//p' received)" "$(seq 20)"
}

@test "sigsend and python agree about realtime signals" {
    background python3 -c 'import signal as s
wanted = {s.SIGRTMIN + 1}
s.pthread_sigmask(s.SIG_BLOCK, wanted)
print("ready", flush=True)
got = s.sigwaitinfo(wanted)
print(got.si_signo - s.SIGRTMIN, got.si_code, got.si_uid)' >received
    victim=$!
    eventually grep -q ready received
    sigsend -s RTMIN+1 --value 7 "$victim"
    ends_with 0 "$victim"
    run -0 tail -n 1 received
    assert_output "1 -1 $(id -u)"
}

@test "RTMIN is what programs of the GNU C library and kill mean by it" {
    start_receiver 1 34
    run -0 sigsend --list RTMIN
    assert_output --regexp "^$(sed 's/.* //' received)  RTMIN "
    /bin/kill -s RTMIN "$victim"
    ends_with 0 "$victim"
}

@test "sigsend -w returns once the process is gone" {
    background bash -c 'trap "sleep 0.2; exit 5" TERM; touch ready; while :; do sleep 0.02; done'
    victim=$!
    eventually test -e ready
    run -0 sigsend -w "$victim"
    run -0 is_gone "$victim"
    ends_with 5 "$victim"
}

@test "sigsend -w counts a zombie as gone" {
    background python3 -c 'import os, time
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
time.sleep(60)' >child
    eventually test -s child
    run -0 has_state "$(cat child)" Z
    run -0 sigsend -w -t 0 "$(cat child)"
    assert_output ''
}

@test "sigsend -w waits for the last thread, not for the leader" {
    background sigthread >thread
    victim=$!
    eventually has_state "$victim" Z
    run -1 sigsend -s 0 -w -t 0.05 "$victim"
    run -0 sigsend -s KILL -w "$victim"
}

@test "sigsend -w counts a process that has already ended as gone" {
    run -0 --separate-stderr sigsend -w "$(gone_pid)"
    assert_equal "$stderr" ''
}

@test "sigsend without -w exits 1 for a process that is gone" {
    local pid
    pid=$(gone_pid)
    run -1 --separate-stderr sigsend "$pid"
    assert_equal "$stderr" "sigsend: $pid: send TERM: No such process"
    run -1 --separate-stderr sigsend -q "$pid"
    assert_equal "$stderr" ''
}

@test "sigsend -s 0 -w waits for the end of a process that is not a child" {
    start_victim
    background sigsend -s 0 -w "$victim"
    eventually is_waiting "$!"
    local waiter=$!
    kill -KILL "$victim"
    ends_with 0 "$waiter"
}

@test "sigsend -t bounds the wait" {
    start_victim
    run -1 --separate-stderr sigsend -s CONT -w -t 0 "$victim"
    assert_regex "$stderr" "^sigsend: $victim: wait for its end: [A-Za-z]+ timed out\$"
    run -1 --separate-stderr sigsend -s CONT -w -t 0.1 "$victim"
    run -1 --separate-stderr sigsend -q -s CONT -w -t 10ms "$victim"
    assert_equal "$stderr" ''
    start_victim
    run -0 sigsend -w -t 10 "$victim"
}

@test "sigsend -t is one limit for all processes" {
    local pids=() before after
    while ((${#pids[@]} < 5)); do
        start_victim
        pids+=("$victim")
    done
    before=$(date +%s%N)
    run -1 --separate-stderr sigsend -s CONT -w -t 1 "${pids[@]}"
    after=$(date +%s%N)
    assert_equal "${#stderr_lines[@]}" 5
    assert [ $((after - before)) -ge 1000000000 ]
    assert [ $((after - before)) -lt 5000000000 ]
}

@test "sigsend -w reports that a process is stopped" {
    start_victim
    sigsend -s STOP "$victim"
    eventually has_state "$victim" T
    run -1 --separate-stderr sigsend -w -t 0.05 "$victim"
    assert_regex "$stderr" 'timed out \(it is stopped; CONT lets it go on\)$'
    run -0 sigsend -s CONT -w "$victim"
    ends_with 143 "$victim"
}

@test "sigsend -w reports that a kernel thread ignores signals" {
    need_root
    local pid
    pid=$(pgrep -x kthreadd) || skip "no kernel threads in sight"
    run -0 sigsend "$pid"
    run -1 --separate-stderr sigsend -w -t 0.05 "$pid"
    assert_regex "$stderr" 'timed out \(a kernel thread ignores every signal\)$'
}

@test "sigsend may signal itself, but not wait for itself" {
    run -2 --separate-stderr bash -c 'exec sigsend -w $$'
    assert_regex "$stderr" '^sigsend: [0-9]+: is sigsend itself, which cannot wait for its own end$'
    run -143 bash -c 'exec sigsend $$'
    run -0 bash -c 'exec sigsend -s 0 $$'
}

@test "sigsend tries all processes and ends with the worst status" {
    local gone first
    gone=$(gone_pid)
    start_victim
    first=$victim
    start_victim
    run -1 --separate-stderr sigsend "$first" "$gone" "$victim"
    assert_equal "$stderr" "sigsend: $gone: send TERM: No such process"
    ends_with 143 "$first"
    ends_with 143 "$victim"
}

@test "sigsend fails if it may not signal a process" {
    need_root
    start_victim
    run -3 --separate-stderr as_nobody sigsend "$victim"
    assert_equal "$stderr" "sigsend: $victim: send TERM: Operation not permitted"
    run -3 --separate-stderr as_nobody sigsend -w "$(gone_pid)" "$victim" "$(gone_pid)"
    assert_equal "${#stderr_lines[@]}" 1
    run -3 --separate-stderr as_nobody sigsend "$(gone_pid)" "$victim" "$(gone_pid)"
    assert_equal "${#stderr_lines[@]}" 3
    run -0 kill -0 "$victim"
}

@test "sigsend names the limit when the queue of signals is full" {
    background bash -c 'ulimit -i 0; exec sigwait 1 34 >received'
    victim=$!
    eventually grep -q ready received
    run -3 --separate-stderr sigsend -s RTMIN --value 1 "$victim"
    assert_regex "$stderr" \
        "^sigsend: $victim: send RTMIN: Resource.*available \(ulimit -i of that process is 0\)\$"
}

@test "sigsend refuses the id of a thread" {
    background sigthread >thread
    eventually test -s thread
    run -3 --separate-stderr sigsend -s 0 "$(cat thread)"
    assert_regex "$stderr" ': send 0: Invalid argument \(it is a thread; --thread takes those\)$'
    run -3 sigsend -w "$(cat thread)"
}

@test "sigsend has a descriptor for every process at once if the hard limit allows it" {
    local pids=() pid
    while ((${#pids[@]} < 30)); do
        start_victim
        pids+=("$victim")
    done
    run -0 prlimit --nofile=10:100 sigsend -w "${pids[@]}"
    for pid in "${pids[@]}"; do run -0 is_gone "$pid"; done
}

@test "sigsend treats more processes than descriptors in lots" {
    local pids=() pid
    while ((${#pids[@]} < 60)); do
        start_victim
        pids+=("$victim" "$(gone_pid)")
    done
    run -0 prlimit --nofile=10 sigsend -w "${pids[@]}"
    for pid in "${pids[@]}"; do run -0 is_gone "$pid"; done
}

@test "sigsend -t is one limit for all lots" {
    local pids=() before after
    while ((${#pids[@]} < 40)); do
        start_victim
        pids+=("$victim")
    done
    before=$(date +%s%N)
    run -1 --separate-stderr prlimit --nofile=10 sigsend -s CONT -w -t 0.5 "${pids[@]}"
    after=$(date +%s%N)
    assert_equal "${#stderr_lines[@]}" 40
    assert [ $((after - before)) -lt 20000000000 ]
}

@test "sigsend without a single descriptor left names the limit" {
    prlimit --nofile=3 sigsend --version >/dev/null 2>&1 || skip "a dynamic program needs one to start"
    run -3 --separate-stderr prlimit --nofile=3 sigsend "$BASHPID"
    assert_regex "$stderr" ': send TERM: .* \(ulimit -n is 3\)$'
}

@test "sigsend dies of the signal that ends its wait" {
    local signal waiter
    start_victim
    for signal in INT TERM HUP; do
        # Children of a script ignore INT; env gives it back its meaning.
        background env --default-signal=INT sigsend -s 0 -w "$victim"
        waiter=$!
        eventually is_waiting "$waiter"
        kill -"$signal" "$waiter"
        ends_with $((128 + $(kill -l "$signal"))) "$waiter"
    done
}

@test "sigsend needs neither stdin nor stdout to send" {
    start_victim
    run -0 sigsend "$victim" <&- >&-
    ends_with 143 "$victim"
}

@test "sigsend --list has a line for each signal, in columns" {
    run -0 sigsend --list
    assert_equal "${#lines[@]}" 64
    assert_line --index 0 ' 1  HUP       terminate  the terminal is gone; to daemons: read the settings again'
    assert_line --index 14 '15  TERM      terminate  please end'
    assert_line --index 36 '37  RTMIN+3   terminate  realtime: queued, in order, with a value'
    assert_equal "$(awk '{print $1}' <<<"$output")" "$(seq 64)"
    assert_equal "$(awk '{print $3}' <<<"$output" | sort | uniq -c | awk '{print $1, $2}' | xargs)" \
        '1 continue 10 core 3 ignore 4 stop 46 terminate'
}

@test "sigsend --list knows signals by the names that kill -l has for them" {
    run -0 sigsend --list {1..31} {34..64}
    assert_equal "$(awk '{print $2}' <<<"$output")" "$(kill -l {1..31} {34..64})"
}

@test "sigsend --list takes back every name it prints" {
    local number name
    while read -r number name _; do
        run -0 sigsend --list "$name"
        assert_output --regexp "^ ?$number  "
    done < <(sigsend --list)
    for name in iot:6 cld:17 sigpoll:29; do
        run -0 sigsend --list "${name%:*}"
        assert_output --regexp "^ ?${name#*:}  "
    done
}

@test "sigsend --list reads an exit status over 128 as its signal" {
    run -0 sigsend --list 143 129 192 INT
    assert_equal "$(awk '{print $2}' <<<"$output" | xargs)" 'TERM HUP RTMAX INT'
    local wrong
    for wrong in 128 193 65 255 0; do run -2 sigsend --list "$wrong"; done
}

@test "sigsend --list prints nothing if one of its operands is wrong" {
    run -2 --separate-stderr sigsend --list TERM NONSENSE
    assert_output ''
    assert_equal "$stderr" \
        "sigsend: SIG 'NONSENSE': not a signal (TERM, SIGTERM, 15, RTMIN+3; sigsend --list shows them all)"
}

@test "sigsend --list fails if stdout does" {
    run -3 --separate-stderr bash -c 'sigsend --list >/dev/full'
    assert_equal "$stderr" 'sigsend: stdout: write: No space left on device'
    run -3 bash -c 'sigsend --list >&-'
    mkfifo pipe
    exec {both}<>pipe
    exec {out}>pipe {both}<&-
    run -3 --separate-stderr bash -c "sigsend --list >&$out"
    assert_equal "$stderr" 'sigsend: stdout: write: Broken pipe'
}

@test "sigsend refuses what is no PID, with the reason" {
    run -2 --separate-stderr sigsend 0
    assert_equal "$stderr" "sigsend: TARGET '0': 0 means the own process group, not a process"
    run -2 --separate-stderr sigsend -- -1
    assert_equal "$stderr" "sigsend: TARGET '-1': a negative number means a process group, not a\
 process (--group takes its PGID)"
    run -2 --separate-stderr sigsend 99999999999999999999
    assert_equal "$stderr" "sigsend: TARGET '99999999999999999999': too large for a PID"
    local wrong
    for wrong in '' x 1x ' 1' +1 1.0 0x1 %1 -- 1: 1:0 1:x 1:2:3 :5 1:99999999999999999999; do
        run -2 --separate-stderr sigsend -- "$wrong"
    done
    run -2 sigsend -1
}

@test "sigsend signals no process if one operand is wrong" {
    start_victim
    run -2 sigsend "$victim" nonsense
    run -0 kill -0 "$victim"
}

@test "sigsend refuses signals that do not exist" {
    local wrong
    for wrong in '' SIG NONSENSE -1 +9 65 15x RTMIN-1 RTMIN+31 RTMAX+1 RTMAX-31 RTMIN+ RTMIN3 TERMX \
        999999999999999999999 SIG15; do
        run -2 --separate-stderr sigsend -s "$wrong" 1
        assert_regex "$stderr" '^sigsend: -s .*: (not a signal|the last signal is 64)'
    done
}

@test "sigsend refuses values that are no int" {
    local wrong
    for wrong in '' x 1.5 2147483648 -2147483649 9x; do
        run -2 --separate-stderr sigsend --value "$wrong" 1
        assert_regex "$stderr" '^sigsend: --value '
    done
}

@test "sigsend refuses command lines that make no sense" {
    run -2 --separate-stderr sigsend
    assert_equal "${#stderr_lines[@]}" 2
    run -2 sigsend -w
    run -2 sigsend -s TERM
    run -2 sigsend -t 1 "$$"
    run -2 sigsend -s 0 --value 1 "$$"
    run -2 sigsend -9 "$$"
    run -2 sigsend --list -w
    run -2 sigsend --list -s TERM
    run -2 sigsend --list --value 1
    run -2 sigsend --list -t 1
    run -2 --separate-stderr sigsend --group --thread "$$"
    assert_equal "$stderr" 'sigsend: only one of --group and --thread'
    run -2 --separate-stderr sigsend --id --explain "$$"
    assert_equal "$stderr" 'sigsend: only one of --list, --id and --explain'
    run -2 --separate-stderr sigsend --id -w "$$"
    assert_equal "$stderr" 'sigsend: -w does not go with --id'
    run -2 --separate-stderr sigsend --explain --then 1:KILL "$$"
    assert_equal "$stderr" 'sigsend: --then does not go with --explain'
    run -2 --separate-stderr sigsend -j "$$"
    assert_equal "$stderr" 'sigsend: -j needs --list or --explain'
    run -2 --separate-stderr sigsend -t 1 "$$"
    assert_equal "$stderr" 'sigsend: -t needs -w or --then'
    local wrong
    for wrong in '' 5 5s: :KILL x:KILL 5s:NONSENSE -1:KILL; do
        run -2 --separate-stderr sigsend --then "$wrong" "$$"
        assert_regex "$stderr" "^sigsend: --then '$wrong': "
    done
    local steps=()
    for wrong in {1..17}; do steps+=(--then 1:TERM); done
    run -2 --separate-stderr sigsend "${steps[@]}" "$$"
    assert_equal "$stderr" "sigsend: --then '1:TERM': one step too many (16 at most)"
}

# A process that TERM, INT and the other signals $@ do not end, in $victim.
start_stubborn() {
    background env --default-signal=INT bash -c 'trap "" "$@"; touch stubborn; exec sleep 60' - "$@"
    victim=$!
    eventually test -e stubborn
    eventually grep -q sleep "/proc/$victim/comm"
    rm stubborn
}

need_inodes() {
    sigsend --id $$ >/dev/null || skip "needs Linux 6.9"
}

@test "sigsend --then goes up the steps that it takes and no further" {
    start_stubborn TERM
    run -0 --separate-stderr sigsend -v --then 0.1:INT --then 60:KILL "$victim"
    assert_equal "$stderr" "sigsend: $victim: sent TERM
sigsend: $victim: sent INT
sigsend: $victim: gone after INT"
    ends_with 130 "$victim"
    start_stubborn TERM INT
    run -0 --separate-stderr sigsend -v --then 50ms:INT --then 50ms:KILL "$victim"
    assert_equal "${stderr_lines[-1]}" "sigsend: $victim: gone after KILL"
    ends_with 137 "$victim"
    start_victim
    run -0 --separate-stderr sigsend --then 60:KILL "$victim"
    assert_equal "$stderr" ''
    ends_with 143 "$victim"
    run -0 --separate-stderr sigsend -v --then 60:KILL "$(gone_pid)"
    assert_regex "$stderr" '^sigsend: [0-9]+: was already gone$'
}

@test "sigsend --then gives each of several targets the steps that it takes" {
    local meek
    start_stubborn TERM
    start_victim
    meek=$victim
    start_stubborn TERM
    run -0 --separate-stderr sigsend -v --then 0.1:KILL "$meek" "$victim"
    assert_equal "$stderr" "sigsend: $meek: sent TERM
sigsend: $victim: sent TERM
sigsend: $meek: gone after TERM
sigsend: $victim: sent KILL
sigsend: $victim: gone after KILL"
}

@test "sigsend -t bounds the whole ladder" {
    start_stubborn TERM
    run -1 --separate-stderr sigsend -v --then 60:KILL -t 0.1 "$victim"
    assert_regex "$stderr" "sent TERM"$'\n'"sigsend: $victim: wait for its end: .* timed out\$"
    run -0 kill -0 "$victim"
    run -0 sigsend -t 60 --then 0:KILL "$victim"
    ends_with 137 "$victim"
}

@test "sigsend -s 0 --then gives time first" {
    start_victim
    run -0 --separate-stderr sigsend -v -s 0 --then 0.1:TERM "$victim"
    assert_equal "${stderr_lines[-1]}" "sigsend: $victim: gone after TERM"
}

@test "sigsend -v reports what is sent and what has ended" {
    start_victim
    run -1 --separate-stderr sigsend --verbose -s CONT "$victim" "$(gone_pid)"
    assert_equal "${stderr_lines[0]}" "sigsend: $victim: sent CONT"
    run -0 --separate-stderr sigsend -v -w "$victim"
    assert_equal "$stderr" "sigsend: $victim: sent TERM
sigsend: $victim: gone after TERM"
}

@test "sigsend --id prints a name that only this process has" {
    need_inodes
    local identity
    start_victim
    run -0 sigsend --id "$victim"
    assert_output --regexp "^$victim:[1-9][0-9]*$"
    identity=$output
    run -0 sigsend --id "$identity" "$victim"
    assert_output "$identity
$identity"
    assert_equal "${identity#*:}" "$(/usr/bin/python3 -c 'import os, sys
print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' "$victim")"
    run -0 sigsend -s 0 "$identity"
    run -1 --separate-stderr sigsend "$victim:$((${identity#*:} + 1))"
    assert_regex "$stderr" "send TERM: No such process \(the PID is another process now\)\$"
    run -0 sigsend -w "$victim:$((${identity#*:} + 1))"
    run -0 kill -0 "$victim"
    run -0 sigsend -w "$identity"
    run -1 --separate-stderr sigsend "$identity"
    assert_equal "$stderr" "sigsend: $identity: send TERM: No such process"
    run -1 --separate-stderr sigsend --id "$victim"
    assert_equal "$stderr" "sigsend: $victim: identify: No such process"
    run -3 --separate-stderr bash -c "sigsend --id $$ >/dev/full"
    assert_equal "$stderr" 'sigsend: stdout: write: No space left on device'
}

# In a PID namespace the next PID can be chosen: a process that gets the PID of one that is gone.
@test "sigsend does not hit a process that has the PID of another" {
    need_root
    need_inodes
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
    cat >recycle <<'END'
sleep 60 & old=$!
identity=$(sigsend --id $old)
strace -f -qq -e trace=pidfd_open,pidfd_send_signal -e inject=pidfd_send_signal:delay_enter=2000000 \
    -o trace sigsend "$old" 2>told & sender=$!
until grep -q "pidfd_open($old" trace; do sleep 0.01; done
kill -KILL $old; wait $old
for try in {1..50}; do
    echo $((old - 1)) >/proc/sys/kernel/ns_last_pid
    sleep 61 & new=$!
    [ $new -ne $old ] || break
    kill $new; wait $new
done
[ $new -eq $old ] || { echo "could not have PID $old again"; exit 99; }
wait $sender; echo "sender $?"; sed "s/$old/PID/" told
sigsend "$identity" 2>told; echo "identity $?"; sed "s/$identity/ID/" told
sigsend -s 0 $new; echo "new $?"
kill $new
END
    run -0 --separate-stderr timeout 20 unshare --pid --fork --mount-proc bash recycle 3>&-
    assert_output 'sender 1
sigsend: PID: send TERM: No such process
identity 1
sigsend: ID: send TERM: No such process (the PID is another process now)
new 0'
}

@test "sigsend takes the PID, or PID:INODE, from a pidfile" {
    start_victim
    printf ' %d\r\nmore\n' "$victim" >run.pid
    run -0 sigsend -s 0 pidfile:run.pid
    printf %d "$victim" >run.pid
    run -0 --separate-stderr sigsend -v -w pidfile:run.pid
    assert_equal "$stderr" "sigsend: pidfile:run.pid: sent TERM
sigsend: pidfile:run.pid: gone after TERM"
    ends_with 143 "$victim"
    run -1 --separate-stderr sigsend pidfile:run.pid
    assert_equal "$stderr" "sigsend: pidfile:run.pid: send TERM: No such process"
    if sigsend --id $$ 2>/dev/null >run.pid; then
        sed -i 's/:/:9/' run.pid
        run -1 sigsend -s 0 pidfile:run.pid
    fi
}

@test "sigsend reports a pidfile that it cannot use, and tries the others" {
    local wrong
    start_victim
    run -1 --separate-stderr sigsend pidfile:nothing "$victim"
    assert_equal "$stderr" "sigsend: pidfile:nothing: read: No such file or directory"
    ends_with 143 "$victim"
    start_victim
    for wrong in '' 0 -1 nonsense 1x "$(printf '%*s%d' $((64 - ${#victim})) '' "$victim")"; do
        echo "$wrong" >run.pid
        run -3 --separate-stderr sigsend -s 0 pidfile:run.pid
        assert_equal "$stderr" "sigsend: pidfile:run.pid: read: its first word is neither PID nor PID:INODE"
    done
    run -3 sigsend -w pidfile:run.pid
    run -1 sigsend -w pidfile:nothing
    run -3 sigsend pidfile:.
    run -1 sigsend --explain pidfile:nothing
}

@test "sigsend - takes its targets from standard input" {
    local pids=() pid
    while ((${#pids[@]} < 4)); do
        start_victim
        pids+=("$victim")
    done
    echo "${pids[3]}" >run.pid
    printf '%s\t%s\n\n %s pidfile:run.pid' "${pids[@]:0:3}" >list
    run -0 sigsend -w - <list
    for pid in "${pids[@]}"; do run -0 is_gone "$pid"; done
    run -0 sigsend -w - </dev/null
    run -1 --separate-stderr sigsend - </dev/null
    assert_equal "$stderr" 'sigsend: stdin: no process'
    run -3 --separate-stderr bash -c 'sigsend - <&-'
    assert_equal "$stderr" 'sigsend: stdin: read: Bad file descriptor'
}

@test "sigsend signals no process if something on standard input is wrong" {
    start_victim
    run -3 --separate-stderr sigsend - <<<"$victim 0"
    assert_equal "$stderr" "sigsend: stdin: '0': 0 means the own process group, not a process"
    run -0 kill -0 "$victim"
}

# A process group of three, of which the first ends at once where $1 is `headless`; its number in
# $group, the others in $members.
start_group() {
    background setsid bash -c 'sleep 60 & echo $! >m1; sleep 60 & echo $! >m2
        echo $$ >group; [ "$1" != headless ] || exit 0; wait' - "${1-}"
    eventually test -s group
    group=$(cat group) members=("$(cat m1)" "$(cat m2)")
    [ "${1-}" != headless ] || ends_with 0 "$group"
    rm group
}

@test "sigsend --group reaches all of a process group, and -w waits for all" {
    local kind pid
    for kind in whole headless; do
        start_group "$kind"
        run -0 sigsend --group -s 0 "$group"
        run -1 sigsend --group -s CONT -w -t 0.05 "$group"
        run -0 --separate-stderr sigsend --group -v -w "$group"
        assert_equal "$stderr" "sigsend: $group: sent TERM
sigsend: $group: gone after TERM"
        for pid in "${members[@]}"; do run -0 is_gone "$pid"; done
        run -1 --separate-stderr sigsend --group "$group"
        assert_equal "$stderr" "sigsend: $group: send TERM: No such process"
        run -0 sigsend --group -w "$group"
    done
}

@test "sigsend --group goes up the steps for those of the group that stay" {
    background setsid bash -c 'trap "" TERM; sleep 60 & echo $! >member; trap - TERM; echo $$ >group; wait'
    eventually test -s group
    eventually grep -q sleep "/proc/$(cat member)/comm"
    run -0 --separate-stderr sigsend --group -v --then 0.1:KILL "$(cat group)"
    assert_equal "${stderr_lines[-1]}" "sigsend: $(cat group): gone after KILL"
    run -0 is_gone "$(cat member)"
}

@test "sigsend --group refuses what is no group, and to wait for its own" {
    start_victim
    run -1 --separate-stderr sigsend --group "$victim"
    assert_equal "$stderr" "sigsend: $victim: send TERM: No such process"
    run -0 kill -0 "$victim"
    run -2 --separate-stderr setsid --wait bash -c 'sigsend --group -w $$'
    assert_regex "$stderr" 'is sigsend itself, which cannot wait for its own end$'
    run -143 setsid --wait bash -c 'sigsend --group $$; sleep 10'
    need_root
    start_group
    run -3 --separate-stderr as_nobody sigsend --group "$group"
    assert_equal "$stderr" "sigsend: $group: send TERM: Operation not permitted"
    sigsend --group -w "$group"
}

@test "sigsend --group signals itself last if its group has no leader" {
    background setsid bash -c '(while [ -d /proc/$$ ]; do sleep 0.01; done; exec sigsend --group $$) &
        sleep 60 & echo $! >member; exit 0'
    ends_with 0 $!
    eventually is_gone "$(cat member)"
}

@test "sigsend --thread reaches one thread, by its id" {
    background sigthread >thread
    victim=$!
    eventually test -s thread
    run -0 sigsend --thread -s 0 "$(cat thread)"
    sigsend --thread -s CONT "$(cat thread)"
    run -0 --separate-stderr sigsend --thread -v -w -s KILL "$(cat thread)"
    assert_equal "${stderr_lines[-1]}" "sigsend: $(cat thread): gone after KILL"
    ends_with 137 "$victim"
    run -1 sigsend --thread "$(cat thread)"
}

@test "sigsend --thread lets only that thread have the signal" {
    local id
    background /usr/bin/python3 -c 'import signal, threading, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
thread = threading.Thread(target=lambda: print(signal.sigwait({signal.SIGUSR1}) and "thread", flush=True))
thread.start()
print(thread.native_id, flush=True)
thread.join()' >seen
    eventually test -s seen
    id=$(cat seen)
    run -0 sigsend --explain --thread "$id"
    assert_line "pid=$id"
    sigsend --thread -s USR1 --value 3 "$id"
    ends_with 0 $!
    run -0 tail -n 1 seen
    assert_output thread
}

@test "sigsend --explain shows what a process does about signals" {
    background bash -c 'trap "" HUP RTMIN+2; trap : USR1
        perl -MPOSIX -e "sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM, SIGUSR2)); exec @ARGV" \
            sleep 60; exit'
    victim=$!
    eventually pgrep -P "$victim" sleep
    victim=$(pgrep -P "$victim")
    sigsend "$victim"
    run -0 --separate-stderr sigsend --explain "$victim"
    assert_line "pid=$victim"
    assert_line --regexp '^blocked=(INT )?USR2 TERM$'
    assert_line --regexp '^ignored=HUP .*RTMIN\+2$'
    assert_line caught=
    assert_line pending=TERM
    run -0 bash -c "sigsend --explain -j $victim $$ | /usr/bin/python3 -c '
import json, sys
print([json.loads(line)[\"pending\"] for line in sys.stdin][0])'"
    assert_output "['TERM']"
    sigsend -w -s KILL "$victim"
    run -1 --separate-stderr sigsend --explain "$victim"
    assert_equal "$stderr" "sigsend: $victim: explain: No such process"
    run -3 bash -c "sigsend --explain $$ >/dev/full"
}

@test "sigsend --explain is not misled by a process's name, nor by a thousand groups" {
    local groups=()
    [ "$(id -u)" -ne 0 ] || groups=(setpriv --groups "$(seq -s, 1000000001 1000001000)")
    ln -s "$(command -v sleep)" SigIgn
    background "${groups[@]}" bash -c 'trap "" HUP; exec ./SigIgn 60'
    eventually grep -qx SigIgn "/proc/$!/comm"
    run -0 sigsend --explain $!
    assert_line --regexp '^ignored=HUP'
}

@test "sigsend --explain takes as blocked what every thread blocks" {
    background /usr/bin/python3 -c 'import signal, threading, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
def work():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    print("ready", flush=True)
    time.sleep(60)
threading.Thread(target=work, daemon=True).start()
time.sleep(60)' >ready
    eventually test -s ready
    run -0 sigsend --explain $!
    assert_line blocked=USR1
    run -0 sigsend --explain --thread $!
    assert_line 'blocked=USR1 USR2'
}

@test "sigsend --list -j is an object a line" {
    run -0 sigsend --list -j TERM RTMIN+3
    assert_output '{"number":15,"name":"TERM","action":"terminate","meaning":"please end"}
{"number":37,"name":"RTMIN+3","action":"terminate","meaning":"realtime: queued, in order, with a value"}'
    run -0 bash -c "sigsend --list --json | /usr/bin/python3 -c '
import json, sys
print(len([json.loads(line) for line in sys.stdin]))'"
    assert_output 64
}

@test "the examples of sigsend(1) do what the page says" {
    check_examples sigsend
}

@test "-v says of a wait that sends nothing only that the process is gone" {
    background sleep 0.3
    run -0 --separate-stderr sigsend -v -s 0 -w $!
    assert_equal "${stderr_lines[-1]}" "sigsend: $!: gone"
}
