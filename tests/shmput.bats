#!/usr/bin/env bats
# shmput: what ends up in shared memory, byte for byte, which processes wait, and what a put that
# fails leaves.

load helper

setup_file() {
    head -c 200M /dev/urandom >"$BATS_FILE_TMPDIR/big"
}

# Runs "$@" with a /dev/shm of its own that holds 1 MiB.
in_small_shm() {
    unshare --mount bash -c 'mount -t tmpfs -o size=1M tmpfs /dev/shm && "$@"' - "$@"
}

# The segment of this test, with the mode that ipcs(1) shows.
mode_of_segment() {
    stat=$(shmget --stat "$1") && sed -n 's/^mode=//p' <<<"$stat"
}

# Holds the lock of object $1 as another program would, $2: read or write.
hold() {
    background maphold "/dev/shm/$1" "$2" >held
    eventually grep -q locked held
}

@test "the examples of the manual page do what it promises" {
    check_examples shmput
}

@test "a put followed by a get gives the same bytes" {
    for text in '' x $'a\nb\n' "$(seq 1000)"; do
        printf %s "$text" >data
        shmput "/$ID" <data
        shmget "/$ID" | cmp - data
        shmput "/$ID" < <(cat data)
        shmget "/$ID" | cmp - data
    done
    shmget --remove "/$ID"
    printf '\0\xff\0' | shmput "$KEY"
    shmget "$KEY" | cmp - <(printf '\0\xff\0')
    shmget --remove "$KEY"
}

@test "200 MiB come through a POSIX object, from a pipe and from a file" {
    big=$BATS_FILE_TMPDIR/big
    cat "$big" | shmput "/$ID"
    shmget "/$ID" | cmp - "$big"
    shmget --remove "/$ID"
    shmput "/$ID" <"$big"
    shmget "/$ID" | cmp - "$big"
    shmget --remove "/$ID"
}

@test "200 MiB come through a System V segment, from a pipe and from a file" {
    big=$BATS_FILE_TMPDIR/big
    cat "$big" | shmput "$KEY"
    shmget "$KEY" | cmp - "$big"
    shmput "$KEY" <"$big"
    cat "$big" | shmput "$KEY"
    shmget --remove "$KEY"
    shmput "$KEY" <"$big"
    shmget "$KEY" | cmp - "$big"
    shmget --remove "$KEY"
}

@test "a put replaces the whole content and keeps the object" {
    printf 'long content' | shmput "/$ID"
    before=$(stat -c %i "/dev/shm/$ID")
    printf short | shmput "/$ID"
    [ "$(shmget "/$ID")" = short ]
    [ "$(stat -c %i "/dev/shm/$ID")" = "$before" ]
    shmput "/$ID" </dev/null
    [ "$(stat -c %s "/dev/shm/$ID")" = 0 ]
    shmget --remove "/$ID"
}

@test "the input begins where the shell's descriptor stands" {
    printf 'head body' >data
    for name in "/$ID" "$KEY"; do
        { head -c 5 >first && shmput "$name"; } < <(cat data)
        { dd bs=5 count=1 status=none of=first && shmput "$name"; } <data
        [ "$(shmget "$name")" = body ]
        shmget --remove "$name"
    done
}

@test "a file below /proc, whose size is 0, is put whole" {
    for name in "/$ID" "$KEY"; do
        shmput "$name" </proc/version
        shmget "$name" | cmp - /proc/version
        shmget --remove "$name"
    done
}

@test "-o writes a range and keeps the rest" {
    for name in "/$ID" "$KEY"; do
        printf 0123456789 | shmput "$name"
        printf AB | shmput -o 0 "$name"
        printf CD | shmput --offset 4 "$name"
        printf YZ >data
        shmput -o 8 "$name" <data
        shmput -o 10 "$name" </dev/null
        shmput -o 3 "$name" </dev/null
        [ "$(shmget "$name")" = AB23CD67YZ ]
        shmget --remove "$name"
    done
}

@test "-o lets a POSIX object grow, and what lies between is zeros that have their memory" {
    printf 01 | shmput "/$ID"
    printf 34 | shmput -o 2 "/$ID"
    [ "$(shmget "/$ID")" = 0134 ]
    printf x | shmput -o 1M "/$ID"
    [ "$(stat -c %s "/dev/shm/$ID")" = 1048577 ]
    [ "$(stat -c %b "/dev/shm/$ID")" -ge 2048 ]
    shmget -o 4 "/$ID" | cmp - <(head -c 1048572 /dev/zero && printf x)
    shmget --remove "/$ID"
}

@test "-o past the end of a System V segment is an error, and nothing is changed before" {
    printf 0123456789 | shmput "$KEY"
    printf ABC >data
    run -3 shmput -o 8 "$KEY" <data
    assert_output "shmput: $KEY: write past the end: File too large (the segment has 10 bytes)"
    [ "$(shmget "$KEY")" = 0123456789 ]
    run -3 shmput -o 11 "$KEY" </dev/null
    run -3 shmput -o 9223372036854775807 "$KEY" <data
    [ "$(shmget "$KEY")" = 0123456789 ]
    run -3 bash -c 'printf ABC | shmput -o 8 "$1"' - "$KEY"
    [ "$(shmget "$KEY")" = 01234567AB ]
    shmget --remove "$KEY"
}

@test "an absurd -o is refused by the kernel, not by a crash" {
    printf x >data
    for offset in 9223372036854775807 8388607T; do
        run -3 shmput -c -o $offset "/$ID" <data
        run -3 shmput -c -o $offset "/$ID" < <(cat data)
        assert_line --partial 'bytes needed'
    done
    [ ! -e "/dev/shm/$ID" ]
}

@test "-o alone creates nothing; -c does" {
    for name in "/$ID" "$KEY"; do
        run -1 --separate-stderr shmput -o 0 "$name" <<<x
        [ "$stderr" = "shmput: $name: open segment: No such file or directory (-c creates it)" ]
        assert_output ''
        run -1 --separate-stderr shmput -q -o 0 "$name" <<<x
        [ "$stderr" = '' ]
        printf x | shmput --create --size 3 -o 1 "$name"
        shmget "$name" | cmp - <(printf '\0x\0')
        shmget --remove "$name"
    done
}

@test "--size makes a zero-filled object, with or without data" {
    for name in "/$ID" "$KEY"; do
        shmput --size 100 "$name" </dev/null
        shmget "$name" | cmp - <(head -c 100 /dev/zero)
        printf abc | shmput --size 100 "$name"
        shmget "$name" | cmp - <(printf abc && head -c 97 /dev/zero)
        head -c 100 /dev/zero | tr '\0' x >data
        shmput --size 100 "$name" <data
        shmget "$name" | cmp - data
        shmget --remove "$name"
    done
}

@test "--size makes a POSIX object that exists that large" {
    seq 100 | shmput "/$ID"
    printf ab | shmput --size 4 "/$ID"
    shmget "/$ID" | cmp - <(printf 'ab\0\0')
    printf cd | shmput --size 5000 "/$ID"
    shmget "/$ID" | cmp - <(printf cd && head -c 4998 /dev/zero)
    [ "$(stat -c %b "/dev/shm/$ID")" -ge 16 ]
    shmput --size 0 "/$ID" </dev/null
    [ "$(stat -c %s "/dev/shm/$ID")" = 0 ]
    shmget --remove "/$ID"
}

@test "input longer than --size is refused; a file before anything is touched" {
    printf 12345 >data
    for name in "/$ID" "$KEY"; do
        run -3 shmput --size 4 "$name" <data
        assert_output --partial 'File too large'
        run -3 bash -c 'cat data | shmput --size 4 "$1"' - "$name"
        run -1 shmget -q --stat "$name"
        printf abcd | shmput "$name"
        run -3 shmput --size 4 "$name" <data
        [ "$(shmget "$name")" = abcd ]
        shmget --remove "$name"
    done
    printf abcd | shmput "$KEY"
    run -3 shmput --size 5 "$KEY" <data
    assert_output --partial 'put another size: Invalid argument (the segment has 4 bytes'
    [ "$(shmget "$KEY")" = abcd ]
    shmget --remove "$KEY"
}

@test "a program that has the object mapped survives a short put with --size" {
    shmput --size 8M "/$ID" </dev/null
    background shmpeer watch "/$ID" >mapped
    watcher=$!
    eventually grep -q mapped mapped
    for _ in {1..30}; do
        echo x | shmput --size 8M "/$ID"
    done
    run ! is_gone $watcher
    shmget --remove "/$ID"
}

@test "a System V put of another size is refused and the segment untouched" {
    printf 0123456789 | shmput "$KEY"
    for text in '' 012345678 YYYYYYYYYYY; do
        printf %s "$text" >data
        run -3 shmput "$KEY" <data
        assert_output "shmput: $KEY: put another size: Invalid argument\
 (the segment has 10 bytes; --resize makes it anew, -o writes a range)"
        run -3 bash -c 'cat data | shmput "$1"' - "$KEY"
        [ "$(shmget "$KEY")" = 0123456789 ]
    done
    shmget --remove "$KEY"
}

@test "endless input into a System V segment is refused when it does not fit" {
    printf 0123456789 | shmput "$KEY"
    run -3 bash -c 'yes | timeout 5 shmput "$1"' - "$KEY"
    assert_output --partial 'put another size'
    shmget --remove "$KEY"
}

@test "a System V segment needs a size" {
    run -3 shmput "$KEY" </dev/null
    assert_output "shmput: $KEY: create segment: Invalid argument\
 (it needs a size above 0: --size)"
    run -3 shmput -c -o 5 "$KEY" </dev/null
    assert_output --partial '(it needs a size above 0: --size)'
    run -3 shmput -x --size 0 "$KEY" </dev/null
    assert_output --partial '(it needs a size above 0: --size)'
}

@test "-x creates; if the object exists it exits 1 before it reads" {
    for name in "/$ID" "$KEY"; do
        echo first | shmput -x "$name"
        echo second >data
        exec 5<data
        run -1 --separate-stderr shmput --exclusive "$name" <&5
        [ "$stderr" = "shmput: $name: create segment: File exists" ]
        run -1 --separate-stderr shmput -q -x -o 0 "$name" <&5
        [ "$stderr" = '' ]
        [ "$(cat <&5)" = second ]
        exec 5<&-
        [ "$(shmget "$name")" = first ]
        shmget --remove "$name"
    done
}

@test "of many that create at once with -x one wins" {
    for name in "/$ID" "$KEY"; do
        for i in {1..8}; do
            (shmput -q -x "$name" <<<"winner $i" && echo "winner $i" >>won) 3>&- &
        done
        wait
        [ "$(wc -l <won)" = 1 ]
        [ "$(shmget "$name")" = "$(cat won)" ]
        shmget --remove "$name"
        rm won
    done
}

@test "what is created has exactly the mode, whatever the umask" {
    for mask in 077 000 0777; do
        for mode in 0600 0644 0666 0777 0400 0000; do
            (umask $mask && echo x | shmput -m $mode "/$ID")
            [ "$(stat -c %04a "/dev/shm/$ID")" = $mode ]
            shmget --remove "/$ID"
            (umask $mask && echo x | shmput --mode $mode "$KEY")
            [ "$(mode_of_segment "$KEY")" = $mode ]
            shmget --remove "$KEY"
        done
        (umask $mask && echo x | shmput "/$ID")
        [ "$(stat -c %04a "/dev/shm/$ID")" = 0600 ]
        shmget --remove "/$ID"
    done
}

@test "a segment that its owner may only read is filled before it becomes so" {
    need_root
    chmod 777 .
    as_nobody bash -c 'echo x | shmput -m 0400 "$1"' - "$KEY"
    [ "$(mode_of_segment "$KEY")" = 0400 ]
    [ "$(as_nobody shmget "$KEY")" = x ]
    shmget --remove "$KEY"
    as_nobody bash -c 'echo x | shmput -m 0400 "$1"' - "/$ID"
    [ "$(as_nobody shmget "/$ID")" = x ]
    shmget --remove "/$ID"
}

@test "-m leaves the mode of an object that exists" {
    echo x | shmput -m 0640 "/$ID"
    echo y | shmput -m 0666 "/$ID"
    [ "$(stat -c %04a "/dev/shm/$ID")" = 0640 ]
    shmget --remove "/$ID"
}

@test "private prints the name of the segment alone" {
    run -0 --separate-stderr bash -c 'echo x | shmput -c private'
    [[ $output =~ ^id:[0-9]+$ ]]
    [ "$stderr" = '' ]
    [ "$(shmget "$output")" = x ]
    echo y | shmput "$output"
    [ "$(shmget "$output")" = y ]
    shmget --remove "$output"
    run -2 shmput private <<<x
    assert_output 'shmput: private: only with -c'
}

@test "private reports the name of the segment even if stdout fails" {
    run -3 bash -c 'echo x | shmput -c private >/dev/full'
    [[ $output =~ ^'shmput: stdout: write: No space left on device; the segment is '(id:[0-9]+)$ ]]
    shmget --remove "${BASH_REMATCH[1]}"
    run -3 bash -c 'echo x | shmput -c private >&-'
    [[ $output =~ (id:[0-9]+) ]]
    shmget --remove "${BASH_REMATCH[1]}"
}

@test "id: names a segment that exists and creates none" {
    id=$(echo x | shmput -c private)
    shmget --remove "$id"
    for options in '' -c '-o 0'; do
        # shellcheck disable=SC2086
        run -1 shmput $options "$id" <<<x
        assert_output "shmput: $id: open segment: No such file or directory\
 (ipcs -m lists the segments)"
    done
    run -1 shmput id:2147483647 <<<x
    id=$(shmput -c private <<<old)
    for option in '' '-o 0' '--size 4'; do
        # shellcheck disable=SC2086
        run -1 --separate-stderr shmput -x $option "$id" <<<new
        assert_equal "$stderr" "shmput: $id: create segment: File exists"
    done
    run -1 --separate-stderr shmop -x "$id" set 1
    assert_equal "$stderr" "shmop: $id: create segment: File exists"
    run -0 shmget "$id"
    assert_output old
    shmget --remove "$id"
}

@test "ftok: is the key of a file" {
    touch file
    echo x | shmput ftok:file:7
    key=$(shmget --stat ftok:file:7 | sed -n 's/^key=//p')
    [ "$key" = "$(/usr/bin/python3 -c 'import ctypes
print("0x%08x" % (ctypes.CDLL(None).ftok(b"file", 7) & 0xffffffff))')" ]
    [ "$(shmget "$key")" = x ]
    shmget --remove ftok:file:7
    run -1 shmput ftok:missing <<<x
    assert_output "shmput: ftok:missing: make key: No such file or directory\
 (ftok: wants a file that exists)"
    run -1 shmput -o 0 ftok:missing <<<x
    assert_output --partial '(ftok: wants a file that exists)'
}

@test "two puts at once never mix" {
    shmput "/$ID" </dev/null
    for letter in a b; do
        head -c 3000000 /dev/zero | tr '\0' $letter >$letter
        (for _ in {1..20}; do cat $letter | shmput "/$ID"; done) 3>&- &
    done
    for _ in {1..20}; do
        shmget "/$ID" >got
        [ ! -s got ] || cmp -s got a || cmp got b
    done
    wait
    shmget "/$ID" >got
    cmp -s got a || cmp got b
    shmget --remove "/$ID"
}

@test "a put waits for a reader, and -t bounds that" {
    echo old | shmput "/$ID"
    hold "$ID" read
    holder=$!
    for limit in 0 0.1; do
        echo new >data
        exec 5<data
        start=$EPOCHREALTIME
        run -1 --separate-stderr shmput -t $limit "/$ID" <&5
        took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
        [[ $stderr == "shmput: /$ID: lock segment: "* ]]
        [ "$(cat <&5)" = new ]
        exec 5<&-
        [ $limit = 0 ] || [ $took -ge 100 ]
    done
    run -1 --separate-stderr shmput -q --timeout 10ms "/$ID" </dev/null
    [ "$stderr" = '' ]
    background shmput -t 10 "/$ID" <data
    putter=$!
    eventually is_waiting $putter
    [ "$(cat "/dev/shm/$ID")" = old ]
    kill $holder
    ends_with 0 $putter
    [ "$(shmget "/$ID")" = new ]
    shmget --remove "/$ID"
}

@test "a put that waits while the object is removed creates it anew" {
    echo old | shmput "/$ID"
    hold "$ID" write
    holder=$!
    background shmput "/$ID" <<<new
    putter=$!
    background shmput -o 0 "/$ID" <<<newer
    ranger=$!
    eventually is_waiting $putter
    eventually is_waiting $ranger
    rm "/dev/shm/$ID"
    kill $holder
    ends_with 0 $putter
    eventually is_gone $ranger
    [[ $(shmget "/$ID") == new* ]]
    shmget --remove "/$ID"
}

@test "Ctrl-C during a put that creates leaves nothing behind" {
    mkfifo pipe
    exec 5<>pipe
    for signal in INT TERM HUP; do
        for options in '' '--size 1000' '-x' '-c -o 5'; do
            # shellcheck disable=SC2086
            background env --default-signal=INT shmput $options "/$ID" <pipe
            putter=$!
            eventually test -e "/dev/shm/$ID"
            printf some >&5
            kill -$signal $putter
            ends_with $((128 + $(kill -l $signal))) $putter
            [ ! -e "/dev/shm/$ID" ]
        done
        background env --default-signal=INT shmput --size 1000 "$KEY" <pipe
        putter=$!
        eventually shmget --stat "$KEY"
        kill -$signal $putter
        ends_with $((128 + $(kill -l $signal))) $putter
        run -1 shmget --stat "$KEY"
    done
    exec 5>&-
}

@test "Ctrl-C ends a put that reserves much memory" {
    mkfifo pipe
    exec 5<>pipe
    background env --default-signal=INT shmput --size 1G "/$ID" <pipe
    putter=$!
    eventually test -e "/dev/shm/$ID"
    kill -INT $putter
    ends_with 130 $putter
    [ ! -e "/dev/shm/$ID" ]
    exec 5>&-
}

@test "Ctrl-C during a put into what exists keeps the object" {
    echo old | shmput "/$ID"
    mkfifo pipe
    exec 5<>pipe
    background env --default-signal=INT shmput "/$ID" <pipe
    putter=$!
    printf new >&5
    eventually grep -q new "/dev/shm/$ID"
    kill -INT $putter
    ends_with 130 $putter
    exec 5>&-
    [ "$(shmget "/$ID")" = new ]
    shmget --remove "/$ID"
}

@test "a signal ends the wait for the lock, and the object is as it was" {
    echo old | shmput "/$ID"
    hold "$ID" read
    for signal in INT TERM; do
        for limit in 1h 1; do
            background env --default-signal=INT shmput -t $limit "/$ID" <<<new
            putter=$!
            eventually is_waiting $putter
            kill -$signal $putter
            ends_with $((128 + $(kill -l $signal))) $putter
        done
    done
    [ "$(cat "/dev/shm/$ID")" = old ]
    rm "/dev/shm/$ID"
}

@test "a signal that the parent ignores is ignored" {
    mkfifo pipe
    exec 5<>pipe
    background env --ignore-signal=INT shmput "/$ID" <pipe 5>&-
    putter=$!
    eventually test -e "/dev/shm/$ID"
    kill -INT $putter
    printf some >&5
    exec 5>&-
    ends_with 0 $putter
    [ "$(shmget "/$ID")" = some ]
    shmget --remove "/$ID"
}

@test "a put that creates and is killed does not keep the lock" {
    mkfifo pipe
    exec 5<>pipe
    background shmput "/$ID" <pipe
    putter=$!
    eventually test -e "/dev/shm/$ID"
    kill -KILL $putter
    exec 5>&-
    run -0 shmput -t 5 "/$ID" <<<next
    [ "$(shmget "/$ID")" = next ]
    shmget --remove "/$ID"
}

@test "a full /dev/shm is an error that names the bytes, and the created object is removed" {
    need_root
    head -c 2M /dev/zero >data
    for options in '' '--size 2M' '-x' '-c -o 1'; do
        # shellcheck disable=SC2086
        run -3 in_small_shm bash -c 'shmput "$@" <data; status=$?; ls /dev/shm; exit $status' \
            - $options "/$ID"
        assert_line --partial 'reserve memory: No space left on device ('
        assert_line --partial 'bytes needed, 1048576 free in /dev/shm)'
        assert_equal "${#lines[@]}" 1
    done
    for options in '' '-x' '-c -o 1'; do
        # shellcheck disable=SC2086
        run -3 in_small_shm bash -c 'cat data | shmput "$@"; status=$?; ls /dev/shm; exit $status' \
            - $options "/$ID"
        assert_output --regexp \
            "^shmput: /$ID: write segment: No space left on device \(more than [0-9]+ bytes needed\)$"
    done
}

@test "a full /dev/shm leaves an object as it was if the input is a file" {
    need_root
    head -c 2M /dev/zero >data
    run -0 in_small_shm bash -c 'echo old | shmput "$1"
        shmput "$1" <data; shmput --size 2M "$1" </dev/null; shmput -o 1M "$1" <data
        shmget "$1"' - "/$ID"
    assert_line old
    assert_equal "${#lines[@]}" 4
}

@test "the System V limits are named" {
    need_root
    run -3 unshare --ipc bash -c 'echo 1 >/proc/sys/kernel/shmmni
        echo x | shmput 0x5eed && echo x | shmput 0x5eee'
    assert_output "shmput: 0x5eee: create segment: No space left on device\
 (kernel.shmmni is 1)"
    run -3 unshare --ipc bash -c 'echo 4096 >/proc/sys/kernel/shmmax
        shmput --size 4097 0x5eed </dev/null'
    assert_output 'shmput: 0x5eed: create segment: Invalid argument (kernel.shmmax is 4096)'
    run -3 unshare --ipc bash -c 'echo 1 >/proc/sys/kernel/shmall
        shmput --size 8K 0x5eed </dev/null'
    assert_output --partial '(kernel.shmall is 1)'
}

@test "what has the name and is no shared memory is refused and stays" {
    mkfifo "/dev/shm/$ID-fifo"
    mkdir "/dev/shm/$ID-directory"
    echo target >target
    ln -s "$PWD/target" "/dev/shm/$ID-link"
    ln -s "$PWD/nothing" "/dev/shm/$ID-dangling"
    /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "/dev/shm/$ID-socket"
    for kind in fifo directory link dangling socket; do
        for options in '' '-o 0' '-c -o 0' '--size 5'; do
            # shellcheck disable=SC2086
            run -3 timeout 5 shmput $options "/$ID-$kind" <<<x
            assert_output --regexp "^shmput: /$ID-$kind: open segment: .*upported\
 \(what has this name is no shared memory\)$"
        done
        run -1 shmput -x "/$ID-$kind" <<<x
    done
    [ "$(cat target)" = target ]
    [ ! -e nothing ]
    rmdir "/dev/shm/$ID-directory"
    rm "/dev/shm/$ID"-*
}

@test "the names of semaphores are refused" {
    for options in '' -x '-o 0'; do
        # shellcheck disable=SC2086
        run -3 shmput $options "/sem.$ID" <<<x
        assert_output --partial 'no shared memory'
    done
    [ ! -e "/dev/shm/sem.$ID" ]
}

@test "the object of another user is not replaced" {
    need_root
    touch "/dev/shm/$ID"
    chown 65534 "/dev/shm/$ID"
    chmod 666 "/dev/shm/$ID"
    for options in '' '--size 5' '-c -o 0'; do
        # shellcheck disable=SC2086
        run -3 shmput $options "/$ID" <<<secret
        assert_output "shmput: /$ID: replace content: Permission denied\
 (it is of user 65534; -o 0 writes into it)"
    done
    [ ! -s "/dev/shm/$ID" ]
    printf open | shmput -o 0 "/$ID"
    [ "$(shmget "/$ID")" = open ]
    rm "/dev/shm/$ID"
}

@test "root's object may be for others to put into" {
    need_root
    echo x | shmput -m 0666 "/$ID"
    as_nobody shmput "/$ID" <<<y
    [ "$(shmget "/$ID")" = y ]
    shmget --remove "/$ID"
}

@test "a missing permission is exit 3" {
    need_root
    for name in "/$ID" "$KEY"; do
        echo x | shmput "$name"
        run -3 as_nobody shmput "$name" <<<y
        assert_output "shmput: $name: open segment: Permission denied"
        run -1 as_nobody shmput -x "$name" <<<y
        [ "$(shmget "$name")" = x ]
        shmget --remove "$name"
        echo x | shmput -m 0644 "$name"
        run -3 as_nobody shmput "$name" <<<y
        assert_output --partial 'segment: Permission denied'
        shmget --remove "$name"
    done
}

@test "a name may have 255 bytes" {
    long=$ID$(printf '%0200d' 0)
    long=${long:0:200}$(printf '%055d' 0)
    echo x | shmput "/$long"
    [ "$(shmget "/$long")" = x ]
    shmget --remove "/$long"
    run -2 shmput "/${long}0" <<<x
    assert_output --partial 'at most 255 bytes'
}

@test "input that cannot be read is an error, and nothing is created or lost" {
    for name in "/$ID" "$KEY"; do
        for options in '' '--size 10' '-x --size 10' '-c --size 10 -o 1'; do
            # shellcheck disable=SC2086
            run -3 bash -c 'shmput "$@" <&-' - $options "$name"
            assert_output --regexp "^shmput: stdin: read: Bad file descriptor"
            # shellcheck disable=SC2086
            run -3 shmput $options "$name" </
            assert_output --regexp "^shmput: stdin: read: Is a directory"
            run -1 shmget -q --stat "$name"
        done
        printf 0123456789 | shmput "$name"
        run -3 bash -c 'shmput "$1" <&-' - "$name"
        run -3 bash -c 'shmput --size 10 "$1" <&-' - "$name"
        run -3 bash -c 'shmput -o 3 "$1" <&-' - "$name"
        [ "$(shmget "$name")" = 0123456789 ]
        shmget --remove "$name"
    done
}

@test "wrong command lines are refused" {
    run -2 shmput
    run -2 shmput -c
    assert_output --partial 'NAME is missing'
    run -2 shmput "/$ID" "/$ID"
    assert_output --partial 'one operand too many'
    run -2 shmput "$ID"
    assert_output --partial 'not an object name'
    run -2 shmput -o 5 --size 4 "/$ID"
    assert_output 'shmput: --offset is past --size'
    run -2 shmput -o -1 "/$ID"
    run -2 shmput --size 1x "/$ID"
    run -2 shmput -m 888 "/$ID"
    run -2 shmput -t soon "/$ID"
    [ ! -e "/dev/shm/$ID" ]
}

@test "C programs see what shmput puts, while it is mapped" {
    head -c 100000 /dev/urandom >data
    shmput "/$ID" <data
    shmpeer get "/$ID" | cmp - data
    shmput "$KEY" <data
    shmpeer get "$KEY" | cmp - data

    mkfifo pipe
    shmpeer attach "$KEY" <pipe >seen 3>&- &
    reader=$!
    exec 5>pipe
    eventually grep -aq attached seen
    printf changed | shmput -o 5 "$KEY"
    exec 5>&-
    wait $reader
    { echo attached && head -c 5 data && printf changed && tail -c +13 data; } | cmp - seen
    shmget --remove "/$ID"
    shmget --remove "$KEY"
}

@test "Perl sees what shmput puts" {
    printf 'hello perl' | shmput "$KEY"
    run -0 perl -e '$id = shmget(hex $ARGV[0], 0, 0) // die $!; shmread($id, $data, 0, 10) or die $!
        ; print $data' "$KEY"
    assert_output 'hello perl'
    shmget --remove "$KEY"
}

@test "Python sees what shmput puts" {
    printf 'hello python' | shmput "/$ID"
    run -0 /usr/bin/python3 -c 'import sys
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = lambda *_: None
block = shared_memory.SharedMemory(sys.argv[1])
print(bytes(block.buf[:block.size]).decode(), block.size)
block.buf[0:5] = b"HELLO"
block.close()' "$ID"
    assert_output 'hello python 12'
    [ "$(shmget "/$ID")" = 'HELLO python' ]
    shmget --remove "/$ID"
}

@test "ipcmk makes a segment to put into" {
    id=$(ipcmk -M 5 | sed 's/[^0-9]*//')
    printf 12345 | shmput "id:$id"
    [ "$(shmget "id:$id")" = 12345 ]
    run -3 shmput "id:$id" <<<123456
    ipcrm -m "$id"
}

# ---- -a

# The path that an atomic put of this test's object takes beside it.
beside() {
    python3 -c 'import sys
h = 0xcbf29ce484222325
for byte in sys.argv[1].encode():
    h = (h ^ byte) * 0x100000001b3 % 2**64
print("/dev/shm/.ipcbox.%016x" % h)' "/$ID"
}

@test "-a gives the name to a new object; a process that has the old one keeps it" {
    printf old | shmput -a "/$ID"
    before=$(stat -c %i "/dev/shm/$ID")
    exec 5<"/dev/shm/$ID"
    printf new | shmput --atomic "/$ID"
    [ "$(shmget "/$ID")" = new ]
    [ "$(cat <&5)" = old ]
    exec 5<&-
    [ "$(stat -c %i "/dev/shm/$ID")" != "$before" ]
    shmput -a --size 5 "/$ID" <<<x
    shmget "/$ID" | cmp - <(printf 'x\n\0\0\0')
    shmget --remove "/$ID"
}

@test "-a keeps mode and group, and -m changes the mode" {
    need_root
    echo 1 | shmput -a -m 0640 "/$ID"
    chgrp 12345 "/dev/shm/$ID"
    echo 2 | shmput -a "/$ID"
    [ "$(stat -c '%a %u %g' "/dev/shm/$ID")" = '640 0 12345' ]
    echo 3 | shmput -a -m 0600 "/$ID"
    [ "$(stat -c '%a %u %g' "/dev/shm/$ID")" = '600 0 12345' ]
    shmget --remove "/$ID"
}

@test "-a waits for no reader and no writer; they keep the old one" {
    echo old | shmput "/$ID"
    for kind in read write; do
        background maphold "/dev/shm/$ID" $kind 0 100 >"$kind"
        eventually grep -q locked "$kind"
        echo $kind | shmput -a -t 0 "/$ID"
        [ "$(shmget -t 0 "/$ID")" = $kind ]
    done
    shmget --remove "/$ID"
}

@test "-a that fails leaves the old object as it was, and nothing else" {
    echo old | shmput "/$ID"
    printf 12345 >data
    run -3 shmput -a "/$ID" <.
    run -3 shmput -a --size 4 "/$ID" <data
    run -3 bash -c 'cat data | shmput -a --size 4 "$1"' - "/$ID"
    for signal in INT TERM KILL; do
        mkfifo slow
        exec 5<>slow
        background env --default-signal=INT shmput -a "/$ID" <slow 5>&-
        putter=$!
        printf new >&5
        eventually is_waiting $putter
        [ "$(shmget -t 0 "/$ID")" = old ]
        kill -$signal $putter
        ends_with $((128 + $(kill -l $signal))) $putter
        exec 5>&-
        rm slow
    done
    [ "$(shmget "/$ID")" = old ]
    [ ! -e "$(beside)" ]
    shmget --remove "/$ID"
}

@test "a put that ulimit -f stops names it" {
    run -3 bash -c 'head -c 5000 /dev/zero >data && prlimit --fsize=4096 shmput "/$1" <data' - "$ID"
    assert_output "shmput: /$ID: reserve memory: File too large (ulimit -f is 4096 bytes)"
}

@test "-a on a full /dev/shm is exit 3, and the old object is as it was" {
    need_root
    for size in 2M 600K; do
        # shellcheck disable=SC2016
        run -0 in_small_shm bash -c 'head -c 600K /dev/zero | shmput /x && shmget /x | sha256sum >before
            head -c "$1" /dev/urandom >data
            shmput -a /x <data; echo "status $?"
            cat data | shmput -a /x; echo "status $?"
            shmget /x | sha256sum | cmp - before && ls -A /dev/shm' - $size
        assert_line --regexp '^shmput: /x: reserve memory: No space left on device \([0-9]+ bytes needed, [0-9]+ free in /dev/shm\)$'
        assert_line --regexp '^shmput: /x: write segment: No space left on device \(more than [1-9][0-9]+ bytes needed\)$'
        [ "$(grep -c 'status 3' <<<"$output")" = 2 ]
        assert_equal "${lines[-1]}" x
    done
}

@test "the name that a killed -a left beside goes with the next put, and with the object" {
    for next in 'shmput' 'shmput -a' 'shmget --remove'; do
        echo old | shmput "/$ID"
        run bash -c 'exec strace -qq -o /dev/null -e trace=rename -e inject=rename:signal=KILL shmput -a "$1" <<<new' - "/$ID"
        [ "$status" -eq 137 ]
        [ "$(shmget "/$ID")" = old ]
        [ -e "$(beside)" ]
        $next "/$ID" <<<next
        [ ! -e "$(beside)" ]
        shmget -q --remove "/$ID" || [ "$next" = 'shmget --remove' ]
    done
}

@test "-a works with a name of 255 bytes" {
    name=/$ID-$(head -c $((254 - ${#ID})) /dev/zero | tr '\0' x)
    [ ${#name} -eq 256 ]
    echo 1 | shmput -a "$name"
    echo 2 | shmput -a "$name"
    [ "$(shmget "$name")" = 2 ]
    shmget --remove "$name"
}

@test "-a does not replace the object of another user, nor what is no shared memory" {
    need_root
    share_programs
    echo root | shmput -m 0666 "/$ID"
    chown 12345 "/dev/shm/$ID"
    run -3 as_nobody shmput -a "/$ID" <<<nobody
    assert_output "shmput: /$ID: replace segment: Permission denied (it is of user 12345)"
    chown 0 "/dev/shm/$ID"
    run -3 as_nobody shmput -a "/$ID" <<<nobody
    assert_output "shmput: /$ID: replace segment: Permission denied (it is of user 0)"
    [ "$(shmget "/$ID")" = root ]
    shmget --remove "/$ID"
    ln -s /dev/null "/dev/shm/$ID"
    run -3 shmput -a "/$ID" <<<x
    rm "/dev/shm/$ID"
}

@test "what another user has laid beside is in the way, and nothing is lost" {
    need_root
    share_programs
    as_nobody shmput "/$ID" <<<old
    as_nobody shmput -a "/$ID" <<<new
    beside=$(beside)
    touch "$beside"
    run -3 as_nobody shmput -a "/$ID" <<<newer
    assert_output --regexp "^shmput: /$ID: replace segment: .* \\($beside is in the way\\)$"
    [ "$(shmget "/$ID")" = new ]
    rm "$beside"
    shmget --remove "/$ID"
}

# An atomic put of $1 that takes 0.3 s between the name beside and the name.
put_slowly() {
    beside=$(beside)
    background strace -qq -o /dev/null -e trace=rename -e inject=rename:delay_enter=300000 \
        shmput -a "/$ID" <<<"$1" 2>error
    putter=$!
    eventually test -e "$beside"
}

@test "no other put, and no removal, takes away the name that a living -a has beside" {
    for other in 'shmput' 'shmput -a' 'shmget --remove' 'shmget'; do
        echo old | shmput "/$ID"
        put_slowly new
        # shellcheck disable=SC2086
        timeout 5 $other "/$ID" <<<other
        ends_with 0 $putter
        [ ! -e "$(beside)" ]
        [ "$other" = 'shmput -a' ] || [ "$(shmget "/$ID")" = new ]
        shmget --remove "/$ID"
    done
}

@test "-a whose name beside is removed fails and reports that" {
    echo old | shmput "/$ID"
    put_slowly new
    rm "$beside"
    ends_with 3 $putter
    grep -q "^shmput: /$ID: replace segment: .* (/dev/shm/.ipcbox.[0-9a-f]* was removed)$" error
    [ "$(shmget "/$ID")" = old ]
    shmget --remove "/$ID"
}

@test "-a replaces an object that another put is just creating" {
    mkfifo slow
    exec 5<>slow
    background shmput "/$ID" <slow 5>&-
    putter=$!
    eventually test -e "/dev/shm/$ID"
    echo atomic | shmput -a -t 0 "/$ID"
    [ "$(shmget -t 0 "/$ID")" = atomic ]
    exec 5>&-
    ends_with 0 $putter
    [ "$(shmget "/$ID")" = atomic ]
    shmget --remove "/$ID"
}

@test "-a with -x exits 1 before it reads, and of many one wins" {
    for i in {1..10}; do
        background shmput -q -a -x "/$ID" <<<"$i"
    done
    won=0
    for pid in "${children[@]}"; do if wait "$pid"; then won=$((won + 1)); fi; done
    [ $won -eq 1 ]
    { run -1 shmput -ax "/$ID" && read -r line && [ "$line" = unread ]; } <<<unread
    shmget --remove "/$ID"
}

@test "a pipeline from an object into itself does not deadlock with -a" {
    seq 200000 | shmput "/$ID"
    timeout 20 bash -c 'shmget --snapshot "$1" | tac | shmput -a "$1"' - "/$ID"
    timeout 20 bash -c 'shmget "$1" | tac | shmput -a "$1"' - "/$ID"
    shmget "/$ID" | cmp - <(seq 200000)
    shmget --remove "/$ID"
}

@test "4 writers and 4 readers, in place and with -a: no reader sees a torn content" {
    for options in '' -a; do
        echo 0 | shmput "/$ID"
        end=$((SECONDS + ${STORM_SECONDS:-2}))
        pids=()
        for writer in 1 2 3 4; do
            # shellcheck disable=SC2086
            while [ $SECONDS -lt $end ]; do
                yes "$writer $RANDOM" | head -n $((RANDOM + 1)) | shmput $options "/$ID" || exit
            done 3>&- &
            pids+=($!)
        done
        for _ in 1 2 3 4; do
            while [ $SECONDS -lt $end ]; do
                [ "$(shmget "/$ID" | uniq | wc -l)" -eq 1 ] || exit 1
            done 3>&- &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done
    done
    shmget --remove "/$ID"
}

@test "a writer with -a that is killed at any moment leaves the old content or the new" {
    seq 50000 | sed 's/.*/0/' | shmput "/$ID"
    for ((i = 1; i <= ${KILLS:-40}; i++)); do
        seq 50000 | sed "s/.*/$i/" >content
        background shmput -a "/$ID" <content
        sleep "0.00$((RANDOM % 8))"
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        seen=$(shmget "/$ID" | uniq -c)
        read -r count value <<<"$seen"
        [ "$count" = 50000 ]
        [ "$value" -le $i ]
    done
    echo end | shmput -a "/$ID"
    [ ! -e "$(beside)" ]
    shmget --remove "/$ID"
}

# ---- --resize, -P, cutting

@test "--resize makes a System V segment anew, with its key, mode and owner" {
    need_root
    printf 1234567890 | shmput -m 0640 "$KEY"
    old=id:$(shmget --stat "$KEY" | sed -n 's/^id=//p')
    background shmpeer attach "$KEY" < <(sleep 60) >kept
    eventually grep -q . kept
    perl -MIPC::SysV=IPC_STAT,IPC_SET -e '
        my $data = ""; shmctl($ARGV[0], IPC_STAT, $data) or die;
        substr($data, 4, 8) = pack("II", 65534, 12345); shmctl($ARGV[0], IPC_SET, $data) or die' "${old#id:}"
    printf 123 | shmput --resize "$KEY"
    [ "$(shmget "$KEY")" = 123 ]
    run -0 shmget --stat "$KEY"
    assert_line mode=0640
    assert_line uid=65534
    assert_line gid=12345
    seq 100000 >data
    shmput --resize "$KEY" <data
    shmget "$KEY" | cmp - data
    shmput --resize -m 0600 --size 20 "$KEY" </dev/null
    shmget "$KEY" | cmp - <(head -c 20 /dev/zero)
    shmget --stat "$KEY" | grep -qx mode=0600
    printf 12345678901234567890 | shmput --resize "$KEY"
    [ "$(shmget "$KEY")" = 12345678901234567890 ]
    shmget --remove "$KEY"
}

@test "--resize of another user's segment is never open to a group that it is not for" {
    need_root
    printf 1234567890 | shmput -m 0660 "$KEY"
    perl -MIPC::SysV=IPC_STAT,IPC_SET -e '
        my $data = ""; shmctl($ARGV[0], IPC_STAT, $data) or die;
        substr($data, 4, 8) = pack("II", 65534, 12345); shmctl($ARGV[0], IPC_SET, $data) or die' \
        "$(shmget --stat "$KEY" | sed -n 's/^id=//p')"
    run -0 strace -qqq -e trace=shmget -o trace shmput --resize "$KEY" < <(printf 123)
    run -0 grep -c 'IPC_CREAT|IPC_EXCL|0600)' trace
    run -0 shmget --stat "$KEY"
    assert_line mode=0660
    shmget --remove "$KEY"
}

@test "--resize creates what does not exist" {
    printf abc | shmput --resize "$KEY"
    [ "$(shmget "$KEY")" = abc ]
    shmget --remove "$KEY"
}

@test "-a and --resize are refused for the other family and with -o" {
    while IFS=';' read -r words message; do
        # shellcheck disable=SC2086
        run -2 shmput $words <<<x
        assert_output "shmput: $message"
    done <<END
-a $KEY;$KEY: -a is for POSIX objects
-a -o 1 /$ID;-a does not go with -o
--resize /$ID;/$ID: --resize is for System V objects
--resize -o 1 $KEY;--resize does not go with -o
--resize id:1;id:1: --resize would change the identifier
END
    run -1 shmget -q "/$ID"
}

@test "an object that another program cuts while it is put is exit 3" {
    for options in '' '-o 0' -a; do
        head -c 3M /dev/zero | shmput "/$ID"
        mkfifo slow
        exec 5<>slow
        # shellcheck disable=SC2086
        background shmput $options "/$ID" <slow 2>error 5>&-
        putter=$!
        head -c 2M /dev/zero >&5
        eventually is_waiting $putter
        truncate -s 1000 "/dev/shm/$ID"
        printf x >&5
        exec 5>&-
        case $options in
        -a) ends_with 0 $putter ;;
        *)
            ends_with 3 $putter
            grep -q "^shmput: /$ID: write segment: cut by another program before byte [0-9]*$" error
            ;;
        esac
        rm slow
        shmget --remove "/$ID"
    done
}

@test "a cut while a put waits for input is seen, even if the input then ends at the old end" {
    for options in '' '-o 0' '--size 4'; do
        printf 1234 | shmput "/$ID"
        mkfifo slow
        exec 5<>slow
        # shellcheck disable=SC2086
        background shmput $options "/$ID" <slow 2>error 5>&-
        putter=$!
        printf ab >&5
        eventually grep -q ab "/dev/shm/$ID"
        truncate -s 0 "/dev/shm/$ID"
        printf cd >&5
        exec 5>&-
        ends_with 3 $putter
        grep -q ": cut by another program before byte 2$" error
        rm slow
        shmget --remove "/$ID"
    done
}

@test "a put that waits for more input does not lengthen the object" {
    printf 12345678 | shmput "/$ID"
    mkfifo slow
    exec 5<>slow
    background shmput -o 4 "/$ID" <slow 5>&-
    putter=$!
    printf ab >&5
    eventually bash -c '[ "$(shmget -q -t 0 --stat "$1" | grep size)" = size=8 ] && [[ $(head -c 6 "/dev/shm$1") == 1234ab ]]' - "/$ID"
    kill -KILL $putter
    ends_with 137 $putter
    exec 5>&-
    [ "$(shmget "/$ID")" = 1234ab78 ]
    shmget --remove "/$ID"
}

@test "an empty put behind the end leaves the object as it is" {
    printf 1234 | shmput "/$ID"
    shmput -o 8 "/$ID" </dev/null
    true | shmput -o 8 "/$ID"
    [ "$(stat -c %s "/dev/shm/$ID")" = 4 ]
    shmget --remove "/$ID"
}

@test "-P prints a line on stderr about how much was put, and messages have lines of their own" {
    for name in "/$ID" "$KEY"; do
        head -c 3M /dev/zero >data
        run -0 --separate-stderr shmput -P "$name" <data
        [[ $stderr =~ ^'3.0 MiB in '[0-9.]+' s, '[0-9.]+' '[MG]'iB/s'$ ]]
        shmget --remove "$name"
    done
    mkfifo slow
    exec 5<>slow
    background shmput --progress "/$ID" <slow 2>meter 5>&-
    putter=$!
    # shellcheck disable=SC2016
    eventually bash -c 'printf abc >&5; grep -qx "[0-9]* B, [0-9.]* B/s" meter'
    exec 5>&-
    ends_with 0 $putter
    shmget --remove "/$ID"
}

@test "-P on a terminal redraws one line" {
    mkfifo slow
    # shellcheck disable=SC2016
    background python3 -c 'import pty, sys
pty.spawn(["sh", "-c", "exec shmput -P \"$0\" <slow", sys.argv[1]])' "/$ID" >screen </dev/null
    exec 5>slow
    eventually bash -c 'head -c 10K /dev/zero >&5; grep -q "iB, " screen'
    exec 5>&-
    eventually grep -q 'iB in ' screen
    [ "$(tr -cd '\n' <screen | wc -c)" = 1 ]
    eventually is_gone $!
    shmget --remove "/$ID"
}

@test "300 MiB from a pipe and from a file need 8 MiB of address space" {
    unless_sanitized "needs an address space of its own"
    truncate -s 300M zeros
    # shellcheck disable=SC2016
    for options in '' -a; do
        run -0 bash -c 'ulimit -v 8192; exec shmput $1 "$2" <zeros' - "$options" "/$ID"
        run -0 bash -c 'ulimit -v 8192; head -c 300M /dev/zero | shmput $1 "$2"' - "$options" "/$ID"
        [ "$(stat -c %s "/dev/shm/$ID")" = 314572800 ]
    done
    shmget --remove "/$ID"
    # and a System V segment as much more as it has
    # shellcheck disable=SC2016
    run -0 bash -c 'ulimit -v $((8192 + 307200)); head -c 300M /dev/zero | shmput "$1"' - "$KEY"
    shmget --remove "$KEY"
}

@test "a segment of huge pages takes what is put" {
    need_root
    before=$(cat /proc/sys/vm/nr_hugepages) || skip "no huge pages"
    echo $((before + 2)) >/proc/sys/vm/nr_hugepages
    [ "$(awk '/HugePages_Free/ {print $2}' /proc/meminfo)" -ge 1 ] || {
        echo "$before" >/proc/sys/vm/nr_hugepages
        skip "no huge page is free"
    }
    python3 -c '
import ctypes, sys
if ctypes.CDLL(None, use_errno=True).shmget(int(sys.argv[1], 0), 1000, 0o4000 | 0o1600) < 0:
    sys.exit(1)' "$KEY"
    printf huge | shmput -o 10 "$KEY"
    run -0 shmget -o 10 -L 4 "$KEY"
    shmget --remove "$KEY"
    echo "$before" >/proc/sys/vm/nr_hugepages
    assert_output huge
}
