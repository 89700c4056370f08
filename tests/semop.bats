#!/usr/bin/env bats
# shellcheck disable=SC2016 # perl and the commands of run have variables of their own
# semop: which commands get in, that what was taken comes back however a command ends, and what it
# reports when it cannot. What holds for both families runs for both.

load helper

# How much the storms do: more by hand.
ROUNDS=${ROUNDS:-80}
CONTEND=${CONTEND:-1}

names() {
    echo "/$ID" "$KEY"
}

has_value() {
    [ "$(semop get "$1")" = "$2" ]
}

# The guardians of this test.
guardians() {
    grep -lsaF "/$ID" /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ pid _; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != semop-guardian ] || echo "$pid"
    done
}

has_guardians() {
    [ "$(guardians | wc -l)" -eq "$1" ]
}

# Runs "$@" with a stdout whose reader is gone.
without_reader() {
    perl -e 'pipe R, W; close R; open STDOUT, ">&", W; exec @ARGV' "$@"
}

make_socket() {
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' "$1"
}

# Adds one to the number in `count`, $1 times at once, under semaphore $2.
count_at_once() {
    local i pids=()
    echo 0 >count
    for ((i = 0; i < $1; i++)); do
        semop run -c 1 "$2" -- bash -c 'read -r n <count; echo $((n + 1)) >count' 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || return; done
    [ "$(cat count)" -eq "$1" ]
}

@test "the examples of the manual do what it says" {
    check_examples semop.1
}

@test "a semaphore is created, taken, given, set, read and removed" {
    for name in $(names); do
        run -0 --separate-stderr semop create "$name" 3
        assert_output ''
        assert_equal "$stderr" ''
        run -0 semop get "$name"
        assert_output 3
        run -0 --separate-stderr semop try "$name"
        assert_output ''
        run -0 --separate-stderr semop wait "$name"
        assert_output ''
        run -0 semop get "$name"
        assert_output 1
        semop post "$name"
        run -0 semop get "$name"
        assert_output 2
        semop set "$name" 7
        run -0 semop get "$name"
        assert_output 7
        semop set "$name" 0
        run -0 semop get "$name"
        assert_output 0
        semop remove "$name"
        run -1 --separate-stderr semop get "$name"
        assert_equal "$stderr" \
            "semop: $name: get: No such file or directory (semop create makes it)"
        run -1 --separate-stderr semop remove "$name"
        assert_equal "$stderr" "semop: $name: remove: No such file or directory"
    done
}

@test "create leaves a semaphore that exists as it is, and -x is a no" {
    for name in $(names); do
        semop create "$name" 1
        semop create -m 0666 "$name" 5
        run -0 semop get "$name"
        assert_output 1
        run -1 --separate-stderr semop create -x "$name" 5
        assert_equal "$stderr" "semop: $name: create: File exists"
        run -1 --separate-stderr semop create -q --exclusive "$name" 5
        assert_equal "$stderr" ''
        semop remove "$name"
    done
}

@test "a semaphore may begin with 0 and with the largest value" {
    for name in $(names); do
        semop create "$name" 0
        run -1 semop try "$name"
        semop remove "$name"
    done
    semop create "/$ID" 2147483647
    run -0 semop get "/$ID"
    assert_output 2147483647
    run -3 --separate-stderr semop post "/$ID"
    assert_equal "$stderr" "semop: /$ID: post: the value is at its limit, 2147483647"
    semop remove "/$ID"
    semop create "$KEY" 32767
    run -3 --separate-stderr semop post "$KEY"
    assert_equal "$stderr" "semop: $KEY: post: the value is at its limit, 32767"
    semop remove "$KEY"
}

@test "the mode is exactly the one asked for, whatever the umask" {
    for name in $(names); do
        (umask 077 && semop create -m 0666 "$name" 1)
        run -0 semop stat "$name"
        assert_line mode=0666
        semop remove "$name"
        (umask 0 && semop create "$name" 1)
        run -0 semop stat "$name"
        assert_line mode=0600
        semop remove "$name"
        semop run -c 1 --mode 0640 "$name" -- true
        run -0 semop stat "$name"
        assert_line mode=0640
        semop remove "$name"
    done
}

@test "create private prints the new name alone, and lasts" {
    run -0 --separate-stderr semop create private 2
    assert_output --regexp '^id:[0-9]+$'
    name=$output
    run -0 semop get "$name"
    assert_output 2
    run -0 semop create "$name" 9
    run -1 semop create -x "$name" 9
    semop run -c 5 "$name" -- true
    run -0 semop get "$name"
    assert_output 2
    semop remove "$name"
    run -1 --separate-stderr semop get "$name"
    assert_equal "$stderr" "semop: $name: get: No such file or directory"
    run -1 semop remove "$name"
    run -1 semop create "$name" 1
}

@test "a System V semaphore is found by the key of a file" {
    touch file
    semop create ftok:file:7 1
    run -0 semop get ftok:file:7
    assert_output 1
    run -1 semop get ftok:file
    semop remove ftok:file:7
    run -1 --separate-stderr semop get ftok:nothing
    assert_equal "$stderr" \
        'semop: ftok:nothing: get: No such file or directory (ftok: wants a file that exists)'
}

@test "try and wait -t exit 1 if nothing is to be had" {
    for name in $(names); do
        semop create "$name" 0
        run -1 --separate-stderr semop try "$name"
        assert_equal "$stderr" "semop: $name: try: not free"
        run -1 --separate-stderr semop wait -t 0 "$name"
        assert_equal "$stderr" "semop: $name: wait: not free"
        run -1 --separate-stderr semop try -q "$name"
        assert_equal "$stderr" ''
        begin=$(date +%s%N)
        run -1 --separate-stderr semop wait --timeout 250ms "$name"
        took=$((($(date +%s%N) - begin) / 1000000))
        assert_equal "$stderr" "semop: $name: wait: not free in time"
        ((took >= 250 && took < 2000))
        semop remove "$name"
    done
}

@test "wait and run go on when a post gives" {
    for name in $(names); do
        semop create "$name" 0
        background semop wait "$name"
        waiter=$!
        background semop run -t 60 "$name" -- touch ran
        runner=$!
        eventually is_waiting "$waiter"
        semop post "$name"
        semop post "$name"
        ends_with 0 "$waiter"
        ends_with 0 "$runner"
        [ -e ran ]
        eventually has_value "$name" 1
        rm ran
        semop remove "$name"
    done
}

@test "a wait outlasts stop and continue" {
    for name in $(names); do
        semop create "$name" 0
        background semop wait -t 60 "$name"
        eventually is_waiting $!
        kill -STOP $!
        kill -CONT $!
        semop post "$name"
        ends_with 0 $!
        semop remove "$name"
    done
}

@test "a waiter dies of the signal that ends it, and takes nothing" {
    for name in $(names); do
        semop create "$name" 0
        for signal in INT:130 TERM:143 HUP:129 KILL:137; do
            background env --default-signal=INT semop wait "$name"
            waiter=$!
            background env --default-signal=INT semop run "$name" -- touch ran
            runner=$!
            for pid in "$waiter" "$runner"; do
                eventually grep -q semop "/proc/$pid/comm"
                eventually is_waiting "$pid"
                kill -"${signal%:*}" "$pid"
                ends_with "${signal#*:}" "$pid"
            done
        done
        eventually has_guardians 0
        semop post "$name"
        run -0 semop get "$name"
        assert_output 1
        [ ! -e ran ]
        semop remove "$name"
    done
}

@test "run passes the status of COMMAND on" {
    for name in $(names); do
        run -7 semop run -c 1 "$name" -- sh -c 'exit 7'
        run -1 semop run "$name" -- false
        run -130 --separate-stderr semop run "$name" -- sh -c 'kill -INT $$'
        run -137 --separate-stderr semop run "$name" -- sh -c 'kill -KILL $$'
        run -127 --separate-stderr semop run "$name" -- ./nothing
        assert_equal "$stderr" 'semop: ./nothing: run: No such file or directory'
        run -126 --separate-stderr semop run "$name" -- /
        assert_equal "$stderr" 'semop: /: run: Permission denied'
        eventually has_value "$name" 1
        semop remove "$name"
    done
}

@test "run exits 124 if it could not take in time, and 125 if semop failed" {
    for name in $(names); do
        run -125 --separate-stderr semop run "$name" -- touch ran
        assert_equal "$stderr" \
            "semop: $name: run: No such file or directory (-c VALUE creates it)"
        semop create "$name" 0
        run -124 --separate-stderr semop run -t 0 "$name" -- touch ran
        assert_equal "$stderr" "semop: $name: run: not free"
        for time in 0.1 0.000000001; do
            run -124 --separate-stderr semop run -t $time "$name" -- touch ran
            assert_equal "$stderr" "semop: $name: run: not free in time"
        done
        run -124 --separate-stderr semop run -q -t 0 "$name" -- touch ran
        assert_equal "$stderr" ''
        [ ! -e ran ]
        semop remove "$name"
    done
}

@test "run -t is the time for taking, not for COMMAND" {
    for name in $(names); do
        run -0 semop run -c 1 -t 50ms "$name" -- sh -c 'sleep 0.2; echo done'
        assert_output 'done'
        semop remove "$name"
    done
}

@test "run becomes COMMAND: the same process, and no child that it did not start" {
    for name in $(names); do
        semop create "$name" 1
        background semop run "$name" -- perl -e 'print "$$ ", wait(), "\n"' >seen
        ends_with 0 $!
        run -0 cat seen
        assert_output "$! -1"
        semop remove "$name"
    done
}

@test "COMMAND finds the signals, descriptors and timers it would find without semop" {
    as_it_was=(perl -MPOSIX -e '
        $SIG{PIPE} = $ARGV[0]; $SIG{USR1} = "IGNORE"; shift;
        sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD, SIGUSR2));
        exec @ARGV')
    look=(bash -c 'grep -E "^(Sig[^Q]|Shd)" /proc/self/status; cat /proc/self/timers
        ls /proc/self/fd; umask; pwd; ulimit -a; ps -o pgid=,sid=,tty= $$ | sed "s/^ *$$ /own /"')
    for name in $(names); do
        semop create "$name" 1
        for pipe in IGNORE DEFAULT; do
            "${as_it_was[@]}" "$pipe" "${look[@]}" >without
            "${as_it_was[@]}" "$pipe" semop run "$name" -- "${look[@]}" >with
            run -0 diff without with
            "${as_it_was[@]}" "$pipe" "${look[@]}" <&- >without 2>&-
            "${as_it_was[@]}" "$pipe" semop run -t 60 "$name" -- "${look[@]}" <&- >with 2>&-
            run -0 diff without with
        done
        semop remove "$name"
    done
}

@test "a SIGCHLD that is pending for a child of COMMAND stays pending" {
    for name in $(names); do
        run -0 perl -MPOSIX -e 'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD));
            my $child = fork // die; exit 0 if $child == 0;
            my $pending = POSIX::SigSet->new; # until the child has ended
            do { select(undef, undef, undef, 0.01); sigpending($pending) } until
                $pending->ismember(SIGCHLD);
            exec @ARGV' semop run -c 1 "$name" -- sed -n 's/^ShdPnd:.*\(.....\)$/\1/p' /proc/self/status
        assert_output 10000
        semop remove "$name"
    done
}

@test "an alarm that was set for COMMAND reaches it" {
    for name in $(names); do
        run -142 perl -MPOSIX -e '$SIG{ALRM} = "DEFAULT"; sigprocmask(SIG_SETMASK, POSIX::SigSet->new);
            alarm 1; exec @ARGV' semop run -c 1 -t 60 "$name" -- sleep 10
        eventually has_value "$name" 1
        semop remove "$name"
    done
}

@test "the pipe of a command substitution ends with COMMAND" {
    for name in $(names); do
        run -0 timeout 5 bash -c "out=\$(semop run -c 1 $name -- echo out); echo \"\$out\""
        assert_output out
        semop remove "$name"
    done
}

@test "COMMAND inside may use the semaphore that let it in" {
    for name in $(names); do
        run -0 semop run -c 2 "$name" -- semop run -t 0 "$name" -- semop get "$name"
        assert_output 0
        eventually has_value "$name" 2
        semop remove "$name"
    done
}

@test "processes that COMMAND leaves behind hold nothing" {
    for name in $(names); do
        background semop run -c 1 "$name" -- bash -c 'exec sleep 60 & echo $! >left'
        ends_with 0 $!
        eventually has_value "$name" 1
        kill "$(cat left)"
        semop remove "$name"
    done
}

# ROUNDS runs of a limit of three on semaphore $1, eight at once, most of them killed at some moment:
# while they wait, inside, alone or with their process group.
storm() {
    semop create "$1" 3
    truncate -s 192 places
    seminside places 3 init
    /usr/bin/python3 - "$1" "$ROUNDS" 3>&- <<'EOF'
import os, random, signal, subprocess, sys, time
runs, rest = [], int(sys.argv[2])
while rest or runs:
    while rest and len(runs) < 8:
        rest -= 1
        runs.append(subprocess.Popen(["semop", "run", sys.argv[1], "--", "seminside",
                    "places", "3", str(random.randrange(5, 60))], start_new_session=True))
        time.sleep(random.uniform(0, 0.01))
    run = random.choice(runs)
    if run.poll() is None and random.random() < 0.7:
        (os.killpg if random.random() < 0.5 else os.kill)(run.pid, signal.SIGKILL)
    for run in [run for run in runs if run.poll() is not None]:
        runs.remove(run)
        if run.returncode not in (0, -signal.SIGKILL):
            sys.exit(f"a run ended with {run.returncode}")
    time.sleep(random.uniform(0, 0.01))
EOF
    [ ! -e places.over ]
}

@test "a limit of three holds and comes back when commands and waiters are killed" {
    for name in $(names); do
        run -0 storm "$name"
        eventually has_guardians 0
        run -0 semop get "$name"
        assert_output 3
        semop remove "$name"
        rm places
    done
}

@test "a hundred that create a lock at once lose no step" {
    for name in $(names); do
        count_at_once 100 "$name"
        eventually has_value "$name" 1
        semop remove "$name"
    done
}

@test "a hundred that create and give at once lose no post" {
    for name in $(names); do
        local pids=()
        for i in {1..100}; do
            sh -c "semop create $name 7 && semop post $name" 3>&- &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done
        run -0 semop get "$name"
        assert_output 107
        semop remove "$name"
    done
}

# Adds one to the number in `count` under semaphore $1, by semop, until $2 s are over; prints how
# often.
count_for() {
    local end=$((SECONDS + $2 + 1)) steps=0
    while ((SECONDS < end)); do
        semop run "$1" -- sh -c 'read -r n <count; echo $((n + 1)) >count' || return
        steps=$((steps + 1))
    done
    echo "$steps"
}

@test "a C program, python and semop exclude each other" {
    echo 0 >count
    semnamed create "/$ID" 1
    background semnamed count "/$ID" "${CONTEND}000" >steps-c
    local c=$!
    background /usr/bin/python3 -c 'import sys, time, _multiprocessing as m
lock, end, steps = m.SemLock._rebuild(0, 1, 9, sys.argv[1]), time.time() + int(sys.argv[2]), 0
while time.time() < end:
    lock.acquire()
    number = int(open("count").read())
    with open("count", "w") as count:
        print(number + 1, file=count)
    lock.release()
    steps += 1
print(steps)' "/$ID" "$CONTEND" >steps-python
    count_for "/$ID" "$CONTEND" >steps-semop
    wait "$!"
    wait "$c"
    run -0 cat steps-c steps-python steps-semop
    assert_equal "${#lines[@]}" 3
    assert_equal "$(cat count)" $((lines[0] + lines[1] + lines[2]))
    eventually has_value "/$ID" 1
    semop remove "/$ID"
}

@test "perl and semop exclude each other on a System V semaphore" {
    echo 0 >count
    semop create "$KEY" 1
    background perl -e 'my ($steps, $id, $end) = (0, semget($ARGV[0], 0, 0), time + $ARGV[1]);
        for (; time < $end; $steps++) {
            semop($id, pack("s!3", 0, -1, 0)) or die $!;
            open F, "<", "count"; my $number = <F>; close F;
            open F, ">", "count"; print F $number + 1, "\n"; close F;
            semop($id, pack("s!3", 0, 1, 0)) or die $!;
        }
        print $steps' $((KEY)) $((CONTEND + 1)) >steps-perl
    count_for "$KEY" "$CONTEND" >steps-semop
    wait "$!"
    assert_equal "$(cat count)" $(($(cat steps-perl) + $(cat steps-semop)))
    run -0 semop get "$KEY"
    assert_output 1
    semop remove "$KEY"
}

# Creates a set of $2 semaphores without giving it values; prints its identifier.
make_uninitialized() {
    perl -e 'print "id:", semget($ARGV[0], $ARGV[1], 01600) // die $!' "$1" "${2-1}"
}

@test "twenty that meet a set without a first value set it once" {
    make_uninitialized $((KEY))
    count_at_once 20 "$KEY"
    run -0 semop get "$KEY"
    assert_output 1
    semop remove "$KEY"
}

@test "create gives a set without a first value its own, and other verbs take it as 0" {
    name=$(make_uninitialized 0)
    background semop create "$name" 4
    make_uninitialized $((KEY))
    run -1 semop try "$KEY"
    ends_with 0 $!
    run -0 semop get "$name"
    assert_output 4
    semop remove "$name"
    semop post "$KEY"
    semop create "$KEY" 4
    run -0 semop get "$KEY"
    assert_output 1
    semop remove "$KEY"
}

@test "create gives each semaphore of a set without first values its own" {
    make_uninitialized $((KEY)) 3
    semop create "$KEY" 6
    run -0 semop stat "$KEY"
    assert_line 'values=6 6 6'
    semop remove "$KEY"
}

@test "a semaphore that was taken down to 0 or set to 0 is not created again" {
    for name in $(names); do
        semop create "$name" 1
        semop wait "$name"
        semop create "$name" 1
        run -124 semop run -q -c 1 -t 0 "$name" -- true
        semop set "$name" 1
        semop set "$name" 0
        run -124 semop run -q -c 1 -t 0 "$name" -- true
        semop remove "$name"
        semop create "$name" 0
        run -124 semop run -q -c 1 -t 0 "$name" -- true
        semop remove "$name"
    done
}

@test "set moves waiters and leaves the value" {
    for name in $(names); do
        semop create "$name" 0
        background semop wait "$name"
        eventually is_waiting $!
        semop set "$name" 2
        ends_with 0 $!
        run -0 semop get "$name"
        assert_output --regexp '^[12]$'
        semop remove "$name"
    done
}

@test "a removal ends the wait with a failure" {
    for name in $(names); do
        semop create "$name" 0
        background semop wait "$name" 2>waited
        waiter=$!
        background semop run "$name" -- touch ran 2>told
        runner=$!
        eventually grep -q semop "/proc/$waiter/comm"
        eventually grep -q semop "/proc/$runner/comm"
        eventually is_waiting "$waiter"
        eventually is_waiting "$runner"
        [ "$name" = "$KEY" ] || eventually has_guardians 1
        semop remove "$name"
        ends_with 3 "$waiter"
        ends_with 125 "$runner"
        run -0 cat waited told
        assert_line "semop: $name: wait: somebody removed the semaphore"
        assert_line "semop: $name: run: somebody removed the semaphore"
        [ ! -e ran ]
    done
}

@test "a COMMAND goes on when its semaphore is removed, and the next semaphore is a new one" {
    for name in $(names); do
        background semop run -c 1 "$name" -- sleep 60
        inside=$!
        eventually grep -q sleep "/proc/$inside/comm"
        semop remove "$name"
        run -0 semop run -c 1 -t 0 "$name" -- echo new
        assert_output new
        kill "$inside"
        ends_with 143 "$inside"
        eventually has_guardians 0
        run -0 semop get "$name"
        assert_output 1
        semop remove "$name"
    done
}

@test "the guardian is not a child of COMMAND, has a session of its own and holds no file" {
    semop create "/$ID" 1
    background semop run "/$ID" -- sleep 60
    eventually has_guardians 1
    guardian=$(guardians)
    run -0 ps -o ppid=,comm= -p "$guardian"
    refute_line --regexp "^ *$! "
    run -0 ps -o sid= -p "$guardian"
    assert_equal "${output// /}" "$guardian"
    run -0 readlink "/proc/$guardian/cwd"
    assert_output /
    run -0 readlink /proc/"$guardian"/fd/*
    refute_output --partial "$BATS_TEST_TMPDIR"
    refute_output --partial /dev
    kill -TERM "$guardian"
    kill -INT "$guardian"
    kill -HUP "$guardian"
    kill $!
    ends_with 143 $!
    eventually has_value "/$ID" 1
    semop remove "/$ID"
}

@test "a guardian that is killed while it waits is a failure of run" {
    semop create "/$ID" 0
    background semop run "/$ID" -- touch ran 2>told
    eventually has_guardians 1
    kill -KILL "$(guardians)"
    ends_with 125 $!
    run -0 cat told
    assert_output "semop: /$ID: start guardian: it was killed"
    [ ! -e ran ]
    semop remove "/$ID"
}

@test "run names the limit if it cannot start a guardian" {
    need_root
    semop create -m 0666 "/$ID" 1
    run -125 --separate-stderr as_nobody bash -c "ulimit -u 1; exec semop run /$ID -- true"
    assert_regex "$stderr" "^semop: /$ID: start guardian: Resource.*available \(ulimit -u is 1\)\$"
    run -0 semop get "/$ID"
    assert_output 1
    semop remove "/$ID"
}

@test "C programs and semop share POSIX semaphores" {
    semnamed create "/$ID" 1
    run -0 semop get "/$ID"
    assert_output 1
    semnamed wait "/$ID"
    run -1 semop try "/$ID"
    background semop run "/$ID" -- semnamed get "/$ID" >seen
    eventually has_guardians 1
    semnamed post "/$ID"
    ends_with 0 $!
    assert_equal "$(cat seen)" 0
    eventually has_value "/$ID" 1
    semnamed wait "/$ID"
    background semnamed wait "/$ID"
    eventually is_waiting $!
    semop post "/$ID"
    ends_with 0 $!
    semnamed unlink "/$ID"
    semop create "/$ID" 5
    run -0 semnamed get "/$ID"
    assert_output 5
    semop remove "/$ID"
    run -3 semnamed get "/$ID"
}

@test "python and semop share POSIX semaphores" {
    /usr/bin/python3 -c 'import sys, _multiprocessing as m
m.SemLock(1, 2, 9, sys.argv[1], False).acquire()' "/$ID"
    run -0 semop get "/$ID"
    assert_output 1
    semop run "/$ID" -- /usr/bin/python3 -c 'import sys, _multiprocessing as m
assert not m.SemLock._rebuild(0, 1, 9, sys.argv[1]).acquire(False)' "/$ID"
    semop remove "/$ID"
}

@test "perl and semop share System V semaphores" {
    perl=(perl -MIPC::SysV=:all -e '$id = semget($ARGV[0], 0, 0) // die $!;')
    semop create "$KEY" 2
    run -0 "${perl[@]}" -e 'print semctl($id, 0, GETVAL, 0)' $((KEY))
    assert_output 2
    "${perl[@]}" -e 'semop($id, pack("s!3", 0, -2, 0)) or die $!' $((KEY))
    background semop run "$KEY" -- touch ran
    runner=$!
    eventually sh -c "semop stat $KEY | grep -q waiting=1"
    "${perl[@]}" -e 'semop($id, pack("s!3", 0, 1, 0)) or die $!' $((KEY))
    ends_with 0 "$runner"
    "${perl[@]}" -e 'semctl($id, 0, SETVAL, 7)' $((KEY))
    run -0 semop get "$KEY"
    assert_output 7
    "${perl[@]}" -e 'semctl($id, 0, IPC_RMID, 0)' $((KEY))
    run -1 semop get "$KEY"

    perl -MIPC::SysV=:all -e '$id = semget($ARGV[0], 3, 01600) // die $!;
        semctl($id, 0, SETALL, pack("s!3", 5, 6, 7))' $((KEY))
    run -0 semop get "$KEY"
    assert_output 5
    semop remove "$KEY"
}

@test "stat describes a semaphore, in lines and in JSON" {
    semop create "/$ID" 3
    run -0 semop stat "/$ID"
    assert_output "name=/$ID
family=posix
value=3
mode=0600
uid=$(id -u)
gid=$(id -g)"
    semop remove "/$ID"
    semop create "$KEY" 0
    background semop wait "$KEY"
    eventually is_waiting $!
    run -0 semop stat "$KEY"
    assert_line family=sysv
    assert_line value=0
    assert_line waiting=1
    assert_line waiting_for_zero=0
    assert_line --regexp '^last_pid=[1-9]'
    assert_line --regexp '^operated=[1-9]'
    assert_line --regexp '^changed=[1-9]'
    run -0 bash -c "semop stat --json $KEY | /usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
print(s[\"name\"], s[\"value\"], s[\"waiting\"], s[\"mode\"])'"
    assert_output "$KEY 0 1 0600"
    semop remove "$KEY"
}

@test "what is no semaphore is refused and left alone" {
    file=/dev/shm/sem.$ID
    echo precious >target
    for make in touch "truncate -s 31" mkfifo mkdir "ln -s $PWD/target" "ln -s nowhere" \
        make_socket; do
        $make "$file"
        for verb in "create /$ID 1" "post /$ID" "get /$ID" "remove /$ID"; do
            # shellcheck disable=SC2086
            run -3 --separate-stderr timeout 5 semop $verb
            assert_equal "$stderr" "semop: /$ID: ${verb%% *}: not a semaphore ($file)"
        done
        run -125 --separate-stderr timeout 5 semop run -c 1 "/$ID" -- touch ran
        run -1 --separate-stderr semop create -x "/$ID" 1
        [ -e "$file" ] || [ -L "$file" ]
        rm -r "$file"
    done
    [ ! -e ran ]
    assert_equal "$(cat target)" precious
}

@test "a semaphore file that is cut during a wait is a failure and no crash" {
    semop create "/$ID" 0
    background semop wait "/$ID" 2>told
    eventually is_waiting $!
    truncate -s 0 "/dev/shm/sem.$ID"
    ends_with 3 $!
    run -0 cat told
    assert_output "semop: /$ID: wait: not a semaphore (/dev/shm/sem.$ID)"
    rm "/dev/shm/sem.$ID"
    semop create "/$ID" 0
    background semop run "/$ID" -- touch ran 2>told
    eventually has_guardians 1
    truncate -s 0 "/dev/shm/sem.$ID"
    ends_with 125 $!
    run -0 cat told
    assert_output "semop: /$ID: run: not a semaphore (/dev/shm/sem.$ID)"
    [ ! -e ran ]
    rm "/dev/shm/sem.$ID"
}

@test "a hollow file on a full file system is no crash, nor is creating there" {
    need_root
    run -0 unshare --mount bash -c "
        mount -t tmpfs -o size=4k tmpfs /dev/shm
        head -c 4096 /dev/zero >/dev/shm/full
        truncate -s 32 /dev/shm/sem.hollow
        semop get /hollow; echo \$?
        semop post /hollow; echo \$?
        semop create /new 1; echo \$?" 3>&-
    assert_output 'semop: /hollow: get: not a semaphore (/dev/shm/sem.hollow)
3
semop: /hollow: post: not a semaphore (/dev/shm/sem.hollow)
3
semop: /new: create: /dev/shm is full
3'
}

@test "the limit on System V sets is named" {
    need_root
    run -0 unshare --ipc bash -c '
        echo "32000 1024000000 500 1" >/proc/sys/kernel/sem
        semop create 1 1; semop create 2 1; echo $?; semop run -c 1 3 -- true; echo $?' 3>&-
    assert_output 'semop: 2: create: no more sets (the last number of kernel.sem is 1)
3
semop: 3: run: no more sets (the last number of kernel.sem is 1)
125'
}

@test "another user's semaphore is refused, or used where its mode allows" {
    need_root
    for name in $(names); do
        semop create "$name" 1
        for verb in wait try post get stat; do
            run -3 --separate-stderr as_nobody semop "$verb" "$name"
            assert_equal "$stderr" "semop: $name: $verb: Permission denied"
        done
        run -3 --separate-stderr as_nobody semop set "$name" 5
        run -3 --separate-stderr as_nobody semop remove "$name"
        run -3 --separate-stderr as_nobody semop create "$name" 5
        run -125 --separate-stderr as_nobody semop run -c 5 "$name" -- true
        assert_equal "$stderr" "semop: $name: run: Permission denied"
        run -0 semop get "$name"
        assert_output 1
        semop remove "$name"

        semop create -m 0666 "$name" 1
        run -0 as_nobody semop run "$name" -- echo inside
        assert_output inside
        eventually has_value "$name" 1
        run -3 as_nobody semop remove "$name"
        semop remove "$name"

        semop create -m 0644 "$name" 1
        run -0 as_nobody semop get "$name"
        assert_output 1
        run -3 as_nobody semop post "$name"
        semop remove "$name"
    done
}

@test "a user without rights makes semaphores of odd modes" {
    need_root
    for name in $(names); do
        as_nobody semop create -m 0200 "$name" 1
        run -0 semop stat "$name"
        assert_line value=1
        assert_line mode=0200
        as_nobody semop remove "$name"
    done
    for name in $(names); do
        as_nobody semop create -m 0 "$name" 1
        run -0 semop get "$name"
        assert_output 1
        semop remove "$name"
    done
}

@test "a closed stdin does no harm, a stdout that fails is a failure" {
    semop create "/$ID" 1
    run -0 bash -c "semop get /$ID <&-"
    assert_output 1
    run -3 --separate-stderr bash -c "semop get /$ID >&-"
    assert_equal "$stderr" 'semop: stdout: write: Bad file descriptor'
    run -3 --separate-stderr bash -c "semop get /$ID >/dev/full"
    assert_equal "$stderr" 'semop: stdout: write: No space left on device'
    run -3 --separate-stderr bash -c "semop stat -j /$ID >/dev/full"
    assert_equal "$stderr" 'semop: stdout: write: No space left on device'
    run -3 --separate-stderr without_reader semop get "/$ID"
    assert_equal "$stderr" 'semop: stdout: write: Broken pipe'
    run -3 bash -c "semop --help >/dev/full"
    run -0 bash -c "semop try /$ID <&- >&- 2>&-"
    semop remove "/$ID"

    run -3 --separate-stderr bash -c "semop create private 1 >/dev/full"
    [[ $stderr =~ \;\ the\ semaphore\ is\ (id:[0-9]+)$ ]]
    semop remove "${BASH_REMATCH[1]}"
}

@test "a wrong command line exits 2, and the message shows what is right" {
    run -2 --separate-stderr semop
    assert_equal "$stderr" 'usage: semop VERB [OPTION]... NAME [ARGUMENT]...
semop --help explains the options, semop(1) the rest'
    run -2 --separate-stderr semop give "/$ID"
    assert_equal "$stderr" \
        "semop: VERB 'give': not one of create, run, wait, try, post, zero, get,\
 set, ops, stat, remove"
    run -2 --separate-stderr semop try
    assert_equal "$stderr" \
        'semop: NAME is missing (usage: semop VERB [OPTION]... NAME [ARGUMENT]...)'
    run -2 --separate-stderr semop try name
    assert_equal "$stderr" "semop: NAME 'name': not an object name (/name, a key such as 0x5eed,\
 id:N, ftok:PATH[:N] or private)"
    long=$(printf '%0252d' 0)
    run -2 --separate-stderr semop try "/$long"
    assert_equal "$stderr" "semop: NAME '/$long': a POSIX semaphore's name has at most 251 bytes\
 after its slash"
    run -1 --separate-stderr semop try "/${long#0}"
    run -2 semop try /a/b
    for name in $(names); do
        run -2 semop create "$name"
        run -2 semop set "$name"
        run -2 --separate-stderr semop set "$name" -1
        run -2 --separate-stderr semop create "$name" 1 2
        for value in '' 1x x ' 1' 0x10 1K; do
            run -2 --separate-stderr semop create "$name" "$value"
            assert_equal "$stderr" "semop: VALUE '$value': not a number (0 or more)"
            run -2 semop run -c "$value" "$name" -- true
        done
        run -2 --separate-stderr semop create "$name" 2147483648
        assert_equal "$stderr" "semop: VALUE '2147483648': too large"
        run -2 semop wait -t soon "$name"
    done
    for arguments in "create $KEY 32768" "set $KEY 32768" "run -c 32768 $KEY -- true"; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr semop $arguments
        assert_equal "$stderr" \
            "semop: VALUE '32768': too large (a System V semaphore holds at most 32767)"
    done
    run -2 --separate-stderr semop get private
    assert_equal "$stderr" 'semop: private: only with create, which prints the name, id:N'
    run -2 semop run -c 1 private -- true
}

@test "each verb refuses the options and operands of others" {
    for arguments in "create -c 1" "create -t 1" "create -j" "run -x" "run -j" "wait -c 1" \
        "wait -x" "wait -m 600" "try -t 1" "post -t 1" "get -j" "set -m 600" "stat -t 1" \
        "remove -x" "try --nsems 2" "post -E 1" "zero -b 2" "get -b 2" "stat -b 2" "ops -i 1"; do
        verb=${arguments%% *} option=${arguments#* }
        operand=()
        [[ $verb != create && $verb != set ]] || operand=(1)
        [[ $verb != run ]] || operand=(-- true)
        # shellcheck disable=SC2086
        run -2 --separate-stderr semop "$verb" $option "/$ID" "${operand[@]}"
        assert_equal "$stderr" "semop: ${option%% *} does not go with $verb"
    done
    run -2 --separate-stderr semop run "/$ID" true
    assert_equal "$stderr" 'semop: true: COMMAND goes after --'
    run -2 --separate-stderr semop run "/$ID"
    assert_equal "$stderr" \
        'semop: COMMAND is missing (usage: semop run NAME -- COMMAND [ARG]...)'
    run -2 semop run "/$ID" --
    run -2 --separate-stderr semop wait "/$ID" -- true
    assert_equal "$stderr" 'semop: only run and ops take a COMMAND'
    run -2 semop get "/$ID" more
    for option in -m600 --nsems=2; do
        run -2 --separate-stderr semop run "$option" "$KEY" -- true
        assert_equal "$stderr" "semop: ${option%%[6=]*} does not go with run without -c"
    done
    run -2 --separate-stderr semop run -c 1 -i 1 "$KEY" -- true
    assert_equal "$stderr" 'semop: -i 1: the set to create has only 1'
    for arguments in "wait -b 2" "get -i 1" "post -i 0"; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr semop $arguments "/$ID"
        option=${arguments#* } option=${option% *}
        assert_equal "$stderr" "semop: /$ID: $option is for System V objects"
    done
    run -2 --separate-stderr semop ops "/$ID" 0:1
    assert_equal "$stderr" "semop: /$ID: ops is for System V objects"
    run -2 --separate-stderr semop ops "$KEY"
    assert_equal "$stderr" 'semop: OP is missing (usage: semop VERB [OPTION]... NAME [ARGUMENT]...)'
    for wrong in '' 0 0: :1 0:x 0:--1 0:1:later 0:1: 0:1:undo: x:1 0:1:undox; do
        run -2 --separate-stderr semop ops "$KEY" "$wrong"
        assert_equal "$stderr" "semop: OP '$wrong': not INDEX:DELTA[:nowait][:undo], such as 0:-1\
 or 2:+1:undo"
    done
    run -2 --separate-stderr semop ops "$KEY" 0:32768
    assert_equal "$stderr" "semop: OP '0:32768': a System V semaphore holds at most 32767"
    run -2 --separate-stderr semop ops "$KEY" 9999999999:1
    assert_equal "$stderr" "semop: OP '9999999999:1': there is no such index"
    run -2 --separate-stderr semop wait -b 32768 "$KEY"
    assert_equal "$stderr" "semop: -b '32768': too large (a System V semaphore holds at most 32767)"
    run -2 --separate-stderr semop try -E 256 "$KEY"
    assert_equal "$stderr" "semop: -E '256': too large for an exit status"
}

@test "a set has as many semaphores as --nsems says, and -i picks one" {
    semop create --nsems 3 "$KEY" 2
    semop wait -i 1 "$KEY"
    semop try --index 2 "$KEY"
    semop post -i 2 "$KEY"
    semop post -i 2 "$KEY"
    semop set -i 0 "$KEY" 9
    run -0 semop stat "$KEY"
    assert_line 'values=9 1 3'
    assert_line value=9
    run -0 semop stat -i 2 "$KEY"
    assert_line index=2
    assert_line value=3
    run -0 semop get -i 1 "$KEY"
    assert_output 1
    run -0 semop run -i 1 "$KEY" -- semop stat "$KEY"
    assert_line 'values=9 0 3'
    run -0 bash -c "semop stat -j $KEY | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[\"values\"])'"
    assert_output '[9, 1, 3]'
    background semop wait -i 2 -b 4 "$KEY"
    eventually sh -c "semop stat -i 2 $KEY | grep -qx waiting=1"
    run -0 semop stat -i 1 "$KEY"
    assert_line waiting=0
    semop post -i 2 "$KEY"
    ends_with 0 $!
    semop remove "$KEY"
}

@test "run -c makes a set too" {
    run -0 semop run -c 4 --nsems 2 -i 1 "$KEY" -- semop stat "$KEY"
    assert_line 'values=4 3'
    semop run -c 9 "$KEY" -- true
    run -0 semop stat "$KEY"
    assert_line 'values=4 4'
    semop remove "$KEY"
}

@test "a set of thousands is there at once" {
    run -0 timeout 5 semop create --nsems 20000 "$KEY" 3
    run -0 semop get -i 19999 "$KEY"
    assert_output 3
    semop remove "$KEY"
    semop create --nsems 3 "$KEY" 0
    run -124 semop run -t 0 -c 7 --nsems 3 -i 2 "$KEY" -- true
    semop remove "$KEY"
}

@test "an index that the set does not have is a failure" {
    semop create --nsems 2 "$KEY" 1
    for verb in wait try post zero get stat "set 1"; do
        # shellcheck disable=SC2086
        run -3 --separate-stderr semop ${verb% *} -i 2 "$KEY" ${verb#"${verb% *}"}
        assert_equal "$stderr" "semop: $KEY: ${verb% *}: the last index of the set is 1"
    done
    run -125 --separate-stderr semop run -i 70000 "$KEY" -- touch ran
    assert_equal "$stderr" "semop: $KEY: run: the last index of the set is 1"
    run -3 --separate-stderr semop ops "$KEY" 0:-1 2:1
    assert_equal "$stderr" "semop: $KEY: ops: the last index of the set is 1"
    run -0 semop stat "$KEY"
    assert_line 'values=1 1'
    [ ! -e ran ]
    semop remove "$KEY"
}

@test "create fails if the set that exists is too small" {
    semop create --nsems 2 "$KEY" 1
    name=id:$(semop stat "$KEY" | sed -n 's/^id=//p')
    semop create --nsems 2 "$KEY" 1
    semop create "$KEY" 1
    for set in "$KEY" "$name"; do
        run -3 --separate-stderr semop create --nsems 3 "$set" 1
        assert_equal "$stderr" "semop: $set: create: the set that exists has a size of 2"
    done
    semop remove "$KEY"
}

@test "-b takes and gives several at once, or none" {
    semop create "$KEY" 3
    run -1 semop try -b 4 "$KEY"
    semop wait --by 3 "$KEY"
    run -0 semop get "$KEY"
    assert_output 0
    semop post -b 5 "$KEY"
    run -0 semop run -b 4 "$KEY" -- semop get "$KEY"
    assert_output 1
    run -0 semop get "$KEY"
    assert_output 5
    run -3 --separate-stderr semop post -b 32767 "$KEY"
    assert_equal "$stderr" "semop: $KEY: post: the value is at its limit, 32767"
    run -0 semop get "$KEY"
    assert_output 5
    semop remove "$KEY"
}

@test "ops does all at once or nothing" {
    semop create --nsems 3 "$KEY" 1
    semop ops "$KEY" 0:-1 1:-1 2:+2
    run -0 semop stat "$KEY"
    assert_line 'values=0 0 3'
    run -1 --separate-stderr semop ops "$KEY" 2:-1 0:-1:nowait
    assert_equal "$stderr" "semop: $KEY: ops: not free"
    run -1 --separate-stderr semop ops -t 0.05 "$KEY" 2:-1 0:-1
    assert_equal "$stderr" "semop: $KEY: ops: not free in time"
    run -9 --separate-stderr semop ops -E 9 -t 0 "$KEY" 2:0
    run -0 semop stat "$KEY"
    assert_line 'values=0 0 3'
    background semop ops "$KEY" 0:-1 1:-1 2:-3
    eventually is_waiting $!
    semop post -i 0 "$KEY"
    run -0 semop stat "$KEY"
    assert_line 'values=1 0 3'
    semop post -i 1 "$KEY"
    ends_with 0 $!
    run -0 semop stat "$KEY"
    assert_line 'values=0 0 0'
    semop ops "$KEY" 0:0 1:0 2:32767
    run -3 --separate-stderr semop ops "$KEY" 2:1
    assert_equal "$stderr" "semop: $KEY: ops: the value is at its limit, 32767"
    semop remove "$KEY"
}

@test "what ops does with undo is undone however COMMAND ends" {
    semop create --nsems 3 "$KEY" 2
    run -0 semop ops "$KEY" 0:-1:undo 1:-2:nowait:undo 2:-1 -- semop stat "$KEY"
    assert_line 'values=1 0 1'
    run -0 semop stat "$KEY"
    assert_line 'values=2 2 1'
    background semop ops "$KEY" 0:-2:undo 1:+1:undo -- sleep 60
    eventually has_value "$KEY" 0
    kill -KILL $!
    ends_with 137 $!
    run -0 semop stat "$KEY"
    assert_line 'values=2 2 1'
    run -7 semop ops "$KEY" 0:-1:undo -- sh -c 'exit 7'
    run -127 --separate-stderr semop ops "$KEY" 0:-1:undo -- ./nothing
    run -124 --separate-stderr semop ops -t 0 "$KEY" 0:-3:undo -- touch ran
    assert_equal "$stderr" "semop: $KEY: ops: not free"
    run -125 semop ops "$KEY" 7:-3:undo -- touch ran
    [ ! -e ran ]
    semop remove "$KEY"
}

@test "undo without a COMMAND is refused, and so is a COMMAND without undo" {
    semop create "$KEY" 1
    run -2 --separate-stderr semop ops "$KEY" 0:-1:undo
    assert_equal "$stderr" "semop: undo needs a COMMAND (the undo comes when the process has ended,\
 which would be semop itself, at once)"
    run -2 --separate-stderr semop ops "$KEY" 0:-1 -- touch ran
    assert_equal "$stderr" "semop: COMMAND needs an OP with :undo, such as 0:-1:undo (without one, use\
 && of the shell)"
    [ ! -e ran ]
    run -0 semop get "$KEY"
    assert_output 1
    semop remove "$KEY"
}

@test "zero waits until the value is 0" {
    for name in $(names); do
        semop create "$name" 2
        run -1 --separate-stderr semop zero -t 0 "$name"
        assert_equal "$stderr" "semop: $name: zero: not free"
        run -1 --separate-stderr semop zero -t 50ms "$name"
        assert_equal "$stderr" "semop: $name: zero: not free in time"
        background semop zero "$name"
        eventually is_waiting $!
        [ "$name" != "$KEY" ] || eventually sh -c "semop stat $KEY | grep -qx waiting_for_zero=1"
        semop wait "$name"
        eventually is_waiting $!
        semop wait "$name"
        ends_with 0 $!
        semop zero -t 0 "$name"
        semop remove "$name"
    done
}

@test "a removal ends the wait for zero with a failure" {
    for name in $(names); do
        semop create "$name" 1
        background semop zero "$name" 2>told
        eventually is_waiting $!
        semop remove "$name"
        ends_with 3 $!
        run -0 cat told
        assert_output "semop: $name: zero: somebody removed the semaphore"
    done
}

@test "-E is the exit status if it was not to be had, and only then" {
    for name in $(names); do
        semop create "$name" 0
        run -42 semop run -E 42 -t 0 "$name" -- true
        run -42 semop wait --exit-code 42 -t 10ms "$name"
        run -0 semop try -E 0 "$name"
        run -255 semop try -q -E 255 "$name"
        semop post "$name"
        run -42 semop zero -E 42 -t 0 "$name"
        run -1 semop run -E 42 "$name" -- false
        eventually has_value "$name" 1
        semop remove "$name"
        run -125 semop run -E 42 "$name" -- true
        run -1 semop wait -E 42 "$name"
    done
}

@test "the limits on the size of sets and arrays are named" {
    with=(with_limits "kernel/sem=4 6 3 9" --)
    run -3 "${with[@]}" semop create --nsems 5 1 1
    assert_output 'semop: 1: create: too large (the first number of kernel.sem is 4)'
    run -3 "${with[@]}" bash -c 'semop create --nsems 4 1 1; semop create --nsems 3 2 1'
    assert_output 'semop: 2: create: no more semaphores (the second number of kernel.sem is 6)'
    run -3 "${with[@]}" bash -c 'semop create 1 9; semop ops 1 0:-1 0:-1 0:-1 && semop ops 1 0:-1 0:-1 0:-1 0:1'
    assert_output 'semop: 1: ops: too many operations (the third number of kernel.sem is 3)'
    run -0 "${with[@]}" bash -c 'semop create --nsems 4 1 7 && semop get -i 3 1'
    assert_output 7
    run -3 --separate-stderr semop create --nsems 9999999999 "$KEY" 1
    assert_regex "$stderr" '^semop: .*: create: too large \(the first number of kernel.sem is [0-9]+\)$'
}

@test "a damaged semaphore is no semaphore" {
    file=/dev/shm/sem.$ID
    for damage in 32:377 64:0 4096:0; do
        head -c "${damage%:*}" /dev/zero | tr '\0' "\\${damage#*:}" >"$file"
        for verb in "post /$ID" "get /$ID" "try /$ID" "zero -t 0 /$ID" "create /$ID 1"; do
            # shellcheck disable=SC2086
            run -3 --separate-stderr semop $verb
            assert_equal "$stderr" "semop: /$ID: ${verb%% *}: not a semaphore ($file)"
        done
        run -125 semop run "/$ID" -- touch ran
        rm "$file"
    done
    [ ! -e ran ]
}

@test "a guardian that cannot run does not hold up the end of COMMAND" {
    semop create "/$ID" 1
    background semop run "/$ID" -- sh -c 'touch inside; while [ ! -e go ]; do sleep 0.01; done'
    eventually test -e inside
    guardian=$(guardians)
    kill -STOP "$guardian"
    touch go
    ends_with 0 $!
    run -0 semop get "/$ID"
    assert_output 0
    kill -CONT "$guardian"
    eventually has_value "/$ID" 1
    semop remove "/$ID"
}

@test "a job under run stops, goes on and is interrupted as it is without" {
    for name in $(names); do
        semop create "$name" 1
        run -0 /usr/bin/python3 - "$name" 3>&- <<'EOF'
import os, pty, re, select, sys, time
# An interactive shell on a terminal of its own; `say` types, `expect` reads until a pattern comes.
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1="@ ", HISTFILE="", TERM="dumb")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen = ""
def say(text):
    os.write(terminal, text.encode())
def expect(pattern):
    global seen
    end = time.time() + 10
    while not (found := re.search(pattern, seen)):
        if time.time() > end or not select.select([terminal], [], [], 10)[0]:
            sys.exit(f"{pattern} never came: {seen!r}")
        seen += os.read(terminal, 4096).decode(errors="replace")
    seen = seen[found.end():]
expect("@ ")
say(f"semop run {sys.argv[1]} -- sh -c 'echo is-in; exec sleep 60'\n")
expect("\nis-in")
say("\x1a")
expect("Stopped .*semop run")
say("semop try -q %s || echo tak''en\n" % sys.argv[1])
expect("taken")
say("bg; jobs\n")
expect("Running .*semop run")
say("fg\n")
end = time.time() + 10
while os.tcgetpgrp(terminal) == pid and time.time() < end:
    time.sleep(0.01)
say("\x03")
expect("@ ")
say("echo status=$?\n")
expect("status=130")
say(f"semop run {sys.argv[1]} -- cat & wait %1; jobs\n")
expect("Stopped .*cat")
say("kill %1; fg\n")
expect("@ ")
say("exit\n")
os.close(terminal)
EOF
        eventually has_value "$name" 1
        semop remove "$name"
    done
}

@test "--help and --version answer on stdout" {
    run -0 --separate-stderr semop --help
    assert_line --index 0 'usage: semop VERB [OPTION]... NAME [ARGUMENT]...'
    assert_equal "$stderr" ''
    run -0 --separate-stderr semop -V
    assert_output --regexp '^semop \(ipcbox\) [0-9]+\.[0-9]+\.[0-9]+$'
}
