#!/usr/bin/env bats
# shmop: what the operations do, that none is lost, that every waiting process is woken, and what is
# refused.
#
# ROUNDS scales the storms; the full count is 10000.

load helper

ROUNDS=${ROUNDS:-1000}

# The names of this test in each family, with a file as the last.
names() {
    echo "/$ID" "$KEY" ./cell
}

remove() {
    case $1 in
    ./*) rm "$1" ;;
    *) shmget --remove "$1" ;;
    esac
}

# bats test_tags=valgrind
@test "the examples of the manual page do what it promises" {
    check_examples shmop
}

@test "each verb does and prints what it promises" {
    for name in $(names); do
        run -0 shmop -c "$name" get set 5 add 3 sub 10 max 4 max 1 min 3 min 9 or 12 and 6 swap -1 get
        assert_output $'0\n8\n-2\n4\n4\n3\n3\n15\n6\n6\n-1'
        run -0 shmop "$name" cas -1 0x10 get
        assert_output 16
        run -1 --separate-stderr shmop "$name" cas 15 3 set 99
        assert_output 16
        [ "$stderr" = '' ]
        run -0 shmop "$name" get wake
        assert_output 16
        remove "$name"
    done
}

@test "the types hold what those of C do, and refuse the rest" {
    shmput --size 16 "/$ID" </dev/null
    for case in 'u32 4294967295 0' 'i32 2147483647 -2147483648' \
        'u64 18446744073709551615 0' 'i64 9223372036854775807 -9223372036854775808'; do
        read -r type most least <<<"$case"
        run -0 shmop --type "$type" -o 8 "/$ID" set "$most" get set "$least" get
        assert_output "$most"$'\n'"$least"
        run -3 --separate-stderr shmop --type "$type" -o 8 "/$ID" sub 1
        [ "$stderr" = "shmop: /$ID: sub: the cell cannot hold the result" ]
        run -3 shmop --type "$type" -o 8 "/$ID" set "$most" add 1
        [ "$(shmop --type "$type" -o 8 "/$ID" get)" = "$most" ]
        run -2 shmop --type "$type" "/$ID" set "${most}0"
    done
    [ "$(shmop "/$ID" get)" = 0 ]
    run -2 shmop --type u32 "/$ID" set -1
    assert_output "shmop: set '-1': negative, and the type has no sign"
    shmget --remove "/$ID"
}

@test "bytes are in the machine's order, and only the cell changes" {
    printf 'AAAAAAAAAAAAAAAA' | shmput "/$ID"
    shmop --type u32 -o 8 "/$ID" set 0x01020304
    shmget "/$ID" | cmp - <(printf 'AAAAAAAA' && python3 -c '
import struct, sys
sys.stdout.buffer.write(struct.pack("=I", 0x01020304))' && printf AAAA)
    run -0 shmop --type i32 -o 12 "/$ID" get
    assert_output 1094795585
    shmget --remove "/$ID"
}

@test "additions by several processes are all there" {
    for name in $(names); do
        shmop -c "$name" set 0
        pids=()
        for _ in 1 2 3 4; do
            for ((i = 0; i < ROUNDS / 20; i++)); do shmop "$name" add 1 sub 1 add 1 >/dev/null || exit; done 3>&- &
            pids+=($!)
        done
        wait "${pids[@]}"
        [ "$(shmop "$name" get)" = $((4 * (ROUNDS / 20))) ]
        remove "$name"
    done
}

@test "additions by a C program and by shmop are all there" {
    for name in "/$ID" ./cell; do
        path=$name
        [[ $name == ./* ]] || path=/dev/shm$name
        shmop -c "$name" set 0
        background cellpeer add "$path" 100000
        adder=$!
        for ((i = 0; i < 100; i++)); do shmop "$name" add 1 add 1 >/dev/null; done
        ends_with 0 "$adder"
        [ "$(shmop "$name" get)" = 100200 ]
        remove "$name"
    done
}

@test "of many that create at once all work on the same cell" {
    for name in $(names); do
        pids=()
        for _ in {1..20}; do
            shmop -c "$name" add 1 >>numbers 3>&- &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done
        sort -n numbers | cmp - <(seq 20)
        rm numbers
        remove "$name"
    done
}

@test "-x creates; if the object exists it exits 1" {
    for name in $(names); do
        run -0 shmop -x -m 0640 "$name" add 1
        run -1 shmop -x "$name" add 1
        assert_output --partial 'File exists'
        run -0 shmop "$name" get
        assert_output 1
        remove "$name"
    done
}

@test "what is created has its size and exactly the mode, whatever the umask" {
    umask 0777
    shmop -c -m 0644 --size 100 "/$ID" set 1
    shmop -c -m 0644 --size 100 ./cell set 1
    [ "$(stat -c '%a %s' "/dev/shm/$ID" cell)" = $'644 100\n644 100' ]
    shmop -c -m 0640 --size 100 -o 8 "$KEY" set 1
    umask 0022
    shmget --stat "$KEY" >stat
    grep -qx size=100 stat
    grep -qx mode=0640 stat
    shmget --remove "$KEY"
    shmget --remove "/$ID"
}

@test "without -c nothing is created" {
    for name in $(names); do
        run -1 --separate-stderr shmop "$name" add 1
        [[ $stderr == "shmop: $name: open"*': No such file or directory (-c creates it)' ]]
        run -1 --separate-stderr shmop -q "$name" add 1
        [ "$stderr" = '' ]
    done
    [ ! -e cell ]
}

@test "a wait ends with the change, of whatever family" {
    for name in $(names); do
        shmop -c "$name" set 0
        for case in 'eq 7' 'ne 0' 'gt 6' 'ge 7'; do
            shmop "$name" set 0
            # shellcheck disable=SC2086
            background shmop "$name" wait $case get >seen
            waiter=$!
            eventually is_waiting "$waiter"
            shmop "$name" set 7
            ends_with 0 "$waiter"
            [ "$(cat seen)" = 7 ]
        done
        for case in 'lt 0' 'le -3'; do
            shmop "$name" set 0
            # shellcheck disable=SC2086
            background shmop "$name" wait $case
            waiter=$!
            eventually is_waiting "$waiter"
            shmop "$name" sub 3 >/dev/null
            ends_with 0 "$waiter"
        done
        remove "$name"
    done
}

@test "two processes that wait for each other never miss a change" {
    # With 100 ms for each change that were missed, this would take too long.
    for name in $(names); do
        shmop -c "$name" set 0
        words=()
        for ((i = 0; i < ROUNDS; i++)); do words+=(wait eq $((2 * i)) set $((2 * i + 1))); done
        background timeout 60 shmop "$name" "${words[@]}"
        ping=$!
        words=()
        for ((i = 0; i < ROUNDS; i++)); do words+=(wait eq $((2 * i + 1)) set $((2 * i + 2))); done
        timeout 60 shmop "$name" "${words[@]}"
        ends_with 0 "$ping"
        [ "$(shmop "$name" get)" = $((2 * ROUNDS)) ]
        remove "$name"
    done
}

@test "two shells that wait for each other never miss a change" {
    shmop -c "/$ID" set 0
    for ((i = 0; i < ROUNDS / 10; i++)); do shmop "/$ID" wait eq $((2 * i)) set $((2 * i + 1)); done 3>&- &
    for ((i = 0; i < ROUNDS / 10; i++)); do shmop -t 30 "/$ID" wait eq $((2 * i + 1)) set $((2 * i + 2)); done
    wait $!
    [ "$(shmop "/$ID" get)" = $((2 * (ROUNDS / 10))) ]
    shmget --remove "/$ID"
}

@test "a wait ends with the change of a C program, also one that wakes nobody" {
    shmop -c "/$ID" set 0
    for verb in set store; do
        background shmop "/$ID" wait eq 5
        waiter=$!
        eventually is_waiting "$waiter"
        cellpeer $verb "/dev/shm/$ID" 5
        ends_with 0 "$waiter"
        shmop "/$ID" set 0
    done
    # only the high half changes
    background shmop "/$ID" wait gt 1
    waiter=$!
    eventually is_waiting "$waiter"
    cellpeer store "/dev/shm/$ID" 4294967296
    ends_with 0 "$waiter"
    shmget --remove "/$ID"
}

@test "a C program that sleeps on the futex is woken by shmop" {
    shmop -c "/$ID" set 0
    for verb in 'set 5' 'add 5' 'max 5' 'or 5' 'swap 5' 'cas 0 5'; do
        shmop "/$ID" set 0
        background cellpeer wait "/dev/shm/$ID" 5
        waiter=$!
        eventually is_waiting "$waiter"
        # shellcheck disable=SC2086
        shmop "/$ID" $verb >/dev/null
        ends_with 0 "$waiter"
    done
    cellpeer store "/dev/shm/$ID" 0
    background cellpeer wait "/dev/shm/$ID" 6
    waiter=$!
    eventually is_waiting "$waiter"
    cellpeer store "/dev/shm/$ID" 6
    shmop "/$ID" wake
    ends_with 0 "$waiter"
    shmget --remove "/$ID"
}

@test "-t bounds a wait, and -t 0 looks once" {
    for name in $(names); do
        shmop -c "$name" set 1
        for time in 0 0.05; do
            run -1 --separate-stderr shmop -t $time "$name" wait ne 1 set 9
            [ "$stderr" = "shmop: $name: wait: Connection timed out" ] ||
                [ "$stderr" = "shmop: $name: wait: Operation timed out" ]
        done
        run -1 --separate-stderr shmop -q -t 0 "$name" wait ne 1
        [ "$stderr" = '' ]
        shmop -t 0 "$name" wait eq 1
        [ "$(shmop "$name" get)" = 1 ]
        remove "$name"
    done
}

@test "a signal ends a wait, and the shell sees it" {
    shmop -c "/$ID" set 0
    for signal in TERM HUP; do
        background shmop "/$ID" wait ne 0
        waiter=$!
        eventually is_waiting "$waiter"
        kill -$signal "$waiter"
        ends_with $((128 + $(kill -l $signal))) "$waiter"
    done
    shmget --remove "/$ID"
}

@test "a wait ends with an error if the object is removed or replaced" {
    for how in 'shmget --remove' 'shmput -a'; do
        for name in $(names); do
            [[ $how != *-a || $name == /* ]] || continue
            shmop -c "$name" set 0
            background shmop "$name" wait ne 0 2>error
            waiter=$!
            eventually is_waiting "$waiter"
            if [[ $name == ./* ]]; then rm "$name"; else $how "$name" </dev/null; fi
            ends_with 3 "$waiter"
            [ "$(cat error)" = "shmop: $name: wait: Identifier removed" ]
        done
    done
    shmget --remove "/$ID"
}

@test "a cell that is not in the object is refused, and the object stays as long" {
    printf 1234567 | shmput "/$ID"
    printf 1234567 | shmput "$KEY"
    printf 1234567 >cell
    for name in $(names); do
        run -3 --separate-stderr shmop "$name" add 1
        [ "$stderr" = "shmop: $name: map range: No data available (bytes 0 to 7; the segment has 7)" ]
        run -3 shmop --type u32 -o 4 "$name" set 1
        run -3 shmop -o 8388607T "$name" get
        run -2 shmop -o 9223372036854775800 "$name" get
        run -2 shmop -o 4 "$name" get
        assert_output 'shmop: --offset 4: not a multiple of the 8 bytes of a cell'
        run -0 shmop --type u32 "$name" get
    done
    [ "$(cat cell "/dev/shm/$ID")" = 12345671234567 ]
    shmget --remove "/$ID"
    shmget --remove "$KEY"
}

@test "an object that is cut while it is waited for is exit 3, not a crash" {
    for name in "/$ID" ./cell; do
        path=$name
        [[ $name == ./* ]] || path=/dev/shm$name
        shmop -c "$name" set 0
        background shmop "$name" wait ne 0 2>error
        waiter=$!
        eventually is_waiting "$waiter"
        truncate -s 0 "$path"
        ends_with 3 "$waiter"
        [ "$(cat error)" = "shmop: $name: wait: cut by another program, or no room for the page" ]
        rm "$path"
    done
}

@test "a full file system is exit 3, not a crash" {
    need_root
    # shellcheck disable=SC2016
    run -0 unshare --mount bash -c 'mount -t tmpfs -o size=1M tmpfs /dev/shm && cd /dev/shm &&
        truncate -s 4096 sparse && head -c 1M /dev/zero >full 2>/dev/null
        shmop /sparse add 1; echo "status $?"
        shmop -c /new add 1; echo "status $?"
        shmop -c ././file add 1; echo "status $?"
        ls'
    assert_line 'shmop: /sparse: reserve memory: No space left on device'
    assert_line --partial 'shmop: /new: reserve memory: No space left on device (8 bytes needed, 0 free'
    assert_line 'shmop: ././file: reserve 8 bytes at 0: No space left on device'
    [ "$(grep -c 'status 3' <<<"$output")" = 3 ]
    refute_line new
    refute_line file
}

@test "get and wait need no permission to write" {
    need_root
    share_programs
    shmop -c -m 0644 "/$ID" set 4
    run -0 as_nobody shmop "/$ID" get wait eq 4
    assert_output 4
    run -3 as_nobody shmop "/$ID" get add 1
    assert_output "shmop: /$ID: open segment: Permission denied"
    shmget --remove "/$ID"
    shmop -c -m 0600 "$KEY" set 4
    run -3 as_nobody shmop "$KEY" get
    assert_output "shmop: $KEY: open segment: Permission denied"
    shmget --remove "$KEY"
}

@test "what is no shared memory and no file is refused, and nothing is created through a link" {
    mkfifo fifo
    ln -s nothing link
    mkdir -p "/dev/shm/$ID"
    run -3 shmop ./fifo get
    assert_output 'shmop: ./fifo: map: it is a FIFO (fifocat reads it)'
    run -3 shmop ./ get
    run -3 shmop /dev/null get
    run -3 shmop -c ./link add 1
    [ ! -e nothing ]
    run -3 shmop -c "/$ID" add 1
    rmdir "/dev/shm/$ID"
    ln -s "$PWD/nothing" "/dev/shm/$ID"
    run -3 shmop -c "/$ID" add 1
    [ ! -e nothing ]
    rm "/dev/shm/$ID"
}

@test "a stdout that takes nothing is exit 3; a closed one before anything is changed" {
    shmop -c "/$ID" set 1
    run -3 bash -c 'shmop "$1" add 1 >/dev/full' - "/$ID"
    assert_output 'shmop: stdout: write: No space left on device'
    run -3 bash -c 'shmop "$1" set 9 add 1 >&-' - "/$ID"
    assert_output 'shmop: stdout: write: Bad file descriptor'
    [ "$(shmop "/$ID" get)" = 2 ]
    shmop "/$ID" set 5 >&-
    [ "$(shmop "/$ID" get)" = 5 ]
    shmget --remove "/$ID"
}

@test "ftok: and id: name a cell" {
    echo x >file
    shmop -c ftok:file add 4
    id=id:$(shmget --stat ftok:file | sed -n 's/^id=//p')
    run -0 shmop "$id" add 1
    assert_output 5
    shmget --remove ftok:file
    run -1 shmop "$id" get
}

@test "wrong command lines are refused before anything is done" {
    shmop -c "/$ID" set 1
    for words in 'inc' 'add' 'add x' 'add 1x' 'add ""' 'cas 1' 'wait eq' 'wait is 1' 'wait 1 eq' \
        'set 2 rub' 'get 1' 'set 0x' 'set --1' 'set -'; do
        eval "run -2 --separate-stderr shmop '/$ID' $words"
        [[ $stderr == 'shmop: '* ]]
    done
    [ "$(shmop "/$ID" get)" = 1 ]
    run -2 shmop "/$ID"
    assert_output --partial 'VERB is missing'
    run -2 shmop
    run -2 shmop --type u16 "/$ID" get
    assert_output "shmop: --type 'u16': not a type (u32, i32, u64 or i64)"
    run -2 shmop name get
    run -2 shmop private get
    run -2 shmop -c --size 4 "/$ID" get
    run -2 shmop -1 "/$ID" get
    shmget --remove "/$ID"
}
