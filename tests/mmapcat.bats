#!/usr/bin/env bats
# mmapcat: which bytes it reads and writes, what it never changes, and how it ends if the file is
# truncated or the disk is full.

load helper

setup_file() {
    head -c 200M /dev/urandom >"$BATS_FILE_TMPDIR/big"
}

# Holds a lock on a range of file $1 as another program would: read or write, START, LENGTH.
hold() {
    background maphold "$@" >held
    eventually grep -q locked held
}

# Runs "$@" in directory `small`, a file system of 1 MiB of its own.
on_small_disk() {
    mkdir -p small
    unshare --mount bash -c 'mount -t tmpfs -o size=1M tmpfs small && cd small && "$@"' - "$@"
}

# bats test_tags=valgrind
@test "the examples of the manual page do what it promises" {
    check_examples mmapcat
}

@test "200 MiB come through a mapped file, from a pipe and from a file" {
    big=$BATS_FILE_TMPDIR/big
    cat "$big" | mmapcat -w -c --size 200M copy
    mmapcat copy | cmp - "$big"
    rm copy
    mmapcat -w -c --size 200M copy <"$big"
    mmapcat copy | cmp - "$big"
    mmapcat copy >again
    cmp again "$big"
}

@test "-o and -L read a range" {
    printf 0123456789 >file
    while read -r expected options; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr mmapcat $options file
        assert_output "${expected/-/}"
    done <<'RANGES'
0123456789
89 -o 8
- -o 10
- -L 0
- -o 10 -L 0
012 -L 3
0123456789 -L 10
567 --offset 5 --length=3
9 -o 9 -L 1
RANGES
    for options in '-o 11' '-L 11' '-o 9 -L 2' '-o 10 -L 1' '-o 9223372036854775807' \
        '-o 1 -L 9223372036854775807'; do
        # shellcheck disable=SC2086
        run -3 mmapcat $options file
        assert_output --regexp '^mmapcat: file: find (byte [0-9]+|[0-9]+ bytes at [0-9]+): the file has 10 bytes$'
    done
}

@test "large ranges at odd places come whole" {
    big=$BATS_FILE_TMPDIR/big
    for offset in 1 16777215 33554431; do
        mmapcat -o $offset -L 17000001 "$big" >got
        cmp got <(tail -c +$((offset + 1)) "$big" | head -c 17000001)
        tr '\0-\377' '\377\0-\376' <got >changed
        head -c 60M "$big" >file
        mmapcat -w -o $offset file <changed
        cmp file <(head -c $offset "$big" && cat changed &&
            tail -c +$((offset + 17000002)) "$big" | head -c $((62914560 - offset - 17000001)))
    done
}

@test "-w changes a range and nothing else" {
    while read -r input expected options; do
        printf 0123456789 >file
        printf %s "${input/-/}" >input
        # shellcheck disable=SC2086
        mmapcat -w $options file <input
        [ "$(cat file)" = "$expected" ]
        printf 0123456789 >file
        # shellcheck disable=SC2086
        cat input | mmapcat --write $options file
        [ "$(cat file)" = "$expected" ]
    done <<'WRITES'
- 0123456789
AB AB23456789
AB 01234567AB -o 8
- 0123456789 -o 10
ABCDEFGHIJ ABCDEFGHIJ
ABCD AB23456789 -L 2
ABCD 01234AB789 -o 5 -L 2
AB 01234AB789 -o 5 -L 5
ABCD 0123456789 -L 0
WRITES
}

@test "-L leaves the rest of the input for the next reader" {
    printf 0123456789 >file
    printf 'ABrest' >input
    exec 5<input
    mmapcat -w -L 2 file <&5
    [ "$(cat <&5)" = rest ]
}

@test "a write past the end is an error; of a file before anything is changed" {
    printf 0123456789 >file
    printf ABC >input
    run -3 mmapcat -w -o 8 file <input
    assert_output 'mmapcat: file: find 3 bytes at 8: the file has 10 bytes (--size lengthens the file)'
    run -3 mmapcat -w -o 11 file </dev/null
    run -3 mmapcat -w -o 8 -L 3 file < <(cat input)
    [ "$(cat file)" = 0123456789 ]
    run -3 bash -c 'cat input | mmapcat -w -o 8 file'
    assert_output \
        'mmapcat: file: write past byte 10: the file ends there (--size lengthens it)'
    [ "$(cat file)" = 01234567AB ]
}

@test "a file below /proc, whose size is 0, is written whole" {
    head -c 1000 /dev/zero >file
    mmapcat -w file </proc/version
    cmp -n "$(wc -c </proc/version)" file /proc/version
}

@test "--size lengthens a file, with room on the disk, and never shortens it" {
    printf 0123456789 >file
    printf AB | mmapcat -w -o 9 --size 100000 file
    [ "$(stat -c %s file)" = 100000 ]
    [ "$(stat -c %b file)" -ge 195 ]
    cmp file <(printf 012345678AB && head -c 99989 /dev/zero)
    mmapcat -w --size 5 file </dev/null
    [ "$(stat -c %s file)" = 100000 ]
}

@test "-c creates with exactly the mode, whatever the umask" {
    for mask in 077 000; do
        for mode in 0600 0644 0666 0400; do
            (umask $mask && mmapcat -w -c -m $mode --size 10 file </dev/null)
            [ "$(stat -c %04a file)" = $mode ]
            rm file
        done
        (umask $mask && mmapcat -w -c --size 10 file </dev/null)
        [ "$(stat -c '%04a %s' file)" = '0600 10' ]
        rm file
    done
    run -1 mmapcat -w file </dev/null
    assert_output 'mmapcat: file: open: No such file or directory (-c --size SIZE creates it)'
    run -1 mmapcat file
    assert_output 'mmapcat: file: open: No such file or directory'
}

@test "-x exits 1 if the file exists, and of many that create one wins" {
    echo first >file
    run -1 --separate-stderr mmapcat -w -x --size 10 file <<<x
    [ "$stderr" = 'mmapcat: file: open: File exists' ]
    run -1 --separate-stderr mmapcat -q -w --exclusive --size 10 file <<<x
    [ "$stderr" = '' ]
    [ "$(cat file)" = first ]
    for i in {1..8}; do
        (mmapcat -q -w -x --size 10 new <<<"$i" && echo "$i" >>won) 3>&- &
    done
    wait
    [ "$(wc -l <won)" = 1 ]
    mmapcat -L 1 new | cmp -n 1 - won
}

@test "--sync returns after the data is on the disk" {
    command -v strace >/dev/null || skip 'no strace'
    head -c 10 /dev/zero >file
    strace -o trace -e trace=fsync,munmap mmapcat -w --sync file <<<data
    tail -n 2 trace | grep -q 'fsync([0-9]*) *= 0'
    [ "$(head -n 1 file)" = data ]
    strace -o trace -e trace=fsync mmapcat -w file <<<data
    run ! grep -q fsync trace
}

@test "a symbolic link to nothing is not created through" {
    ln -s nothing link
    run -3 timeout 5 mmapcat -w -c --size 10 link <<<x
    [[ $output == 'mmapcat: link: open: '* ]]
    run -1 mmapcat -w -x --size 10 link <<<x
    [ ! -e nothing ]
    echo content >nothing
    mmapcat -w -c --size 10 link <<<CON
    [ "$(head -n 1 nothing)" = CON ]
}

@test "a missing permission is exit 3" {
    need_root
    chmod 777 .
    echo x >file
    chmod 600 file
    run -3 as_nobody mmapcat file
    assert_output 'mmapcat: file: open: Permission denied'
    chmod 644 file
    run -3 as_nobody mmapcat -w file <<<y
    assert_output 'mmapcat: file: open: Permission denied'
    run -0 as_nobody mmapcat file
    assert_output x
}

@test "what cannot be mapped is refused by name" {
    mkdir directory
    mkfifo fifo
    /usr/bin/python3 -c 'import socket
socket.socket(socket.AF_UNIX).bind("socket")'
    for options in '' -w '-w -c --size 5'; do
        while read -r path kind; do
            # shellcheck disable=SC2086
            run -3 timeout 5 mmapcat $options "$path" </dev/null
            assert_output "mmapcat: $path: map: it is $kind"
        done <<'KINDS'
directory a directory
fifo a FIFO (fifocat reads it)
/dev/null a character device
/dev/zero a character device
socket no regular file
KINDS
    done
}

@test "an empty file prints nothing and takes nothing" {
    : >file
    run -0 mmapcat file
    assert_output ''
    run -3 mmapcat -w file <<<x
    run -0 mmapcat -w file </dev/null
    [ ! -s file ]
}

@test "a POSIX shared memory object is a file too" {
    head -c 10 /dev/zero >"/dev/shm/$ID"
    printf memory | mmapcat -w -o 2 "/dev/shm/$ID"
    mmapcat "/dev/shm/$ID" | cmp - <(printf '\0\0memory\0\0')
    rm "/dev/shm/$ID"
}

@test "a block device is read and written" {
    need_root
    truncate -s 1M image
    device=$(losetup -f --show image 2>/dev/null) || skip 'no loop device'
    printf block | mmapcat -w -o 5000 --sync "$device" || failed=1
    printf device >input
    mmapcat -w -o 6000 "$device" <input || failed=1
    mmapcat -o 5000 -L 5 "$device" >got || failed=1
    mmapcat "$device" | wc -c >size || failed=1
    run mmapcat -o 1048577 "$device"
    losetup -d "$device"
    [ -z "$failed" ]
    [ "$status" = 3 ]
    [ "$(cat got)" = block ]
    [ "$(cat size)" = 1048576 ]
    cmp -n 5 -i 5000:0 image got
    cmp -n 6 -i 6000:0 image input
}

@test "both ends of a sparse file of 1 TiB are read and written in little memory" {
    unless_sanitized "needs an address space of its own"
    truncate -s 1T file
    last=$((1024 ** 4 - 4096))
    for options in '-o 0 -L 4096' "-o $last" "-o $((last / 2 + 1)) -L 4096"; do
        # shellcheck disable=SC2086
        run -0 bash -c 'ulimit -v 262144; mmapcat "$@" file | cmp - <(head -c 4096 /dev/zero)' \
            - $options
    done
    [ "$(stat -c %b file)" = 0 ]
    run -0 bash -c 'ulimit -v 262144; printf xy | mmapcat -w -o "$1" file' - $((last + 4094))
    run -0 bash -c 'ulimit -v 262144; printf xy >xy; mmapcat -w -o 12345 file <xy'
    [ "$(mmapcat -o $((last + 4094)) file)" = xy ]
    [ "$(mmapcat -o 12345 -L 2 file)" = xy ]
    [ "$(stat -c '%s' file)" = $((1024 ** 4)) ]
    # 512-byte units: two blocks of data and what the file system needs to find them
    [ "$(stat -c %b file)" -le 64 ]
}

@test "separate ranges are worked on at once, overlapping ones one after the other" {
    head -c 100 /dev/zero >file
    hold file write 10 10
    run -0 mmapcat -t 0 -L 10 file
    run -0 mmapcat -t 0 -o 20 file
    run -0 mmapcat -t 0 -w -o 20 file <<<x
    run -0 mmapcat -t 0 -w -L 10 file <<<x
    run -0 mmapcat -t 0 -o 15 -L 0 file
    for range in '-o 19 -L 1' '-o 10 -L 1' '' '-o 5 -L 6' '-o 0 -L 50'; do
        # shellcheck disable=SC2086
        run -1 --separate-stderr mmapcat -t 0 $range file
        [[ $stderr == 'mmapcat: file: lock range: '* ]]
        assert_output ''
        # shellcheck disable=SC2086
        run -1 mmapcat -t 0 -w $range file < <(echo x)
    done
}

@test "readers share a range, a writer waits for them" {
    head -c 100 /dev/zero >file
    hold file read 10 10
    run -0 mmapcat -t 0 file
    run -1 mmapcat -t 0 -w -o 10 file <<<x
    start=$EPOCHREALTIME
    run -1 --separate-stderr mmapcat -q --timeout 0.1 -w -o 10 file <<<x
    took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    [ "$stderr" = '' ]
    [ $took -ge 100 ] && [ $took -lt 10000 ]
    cmp file <(head -c 100 /dev/zero)
}

@test "a wait for a range ends when the range is free, or by a signal" {
    head -c 100 /dev/zero >file
    hold file write
    holder=$!
    for signal in INT TERM; do
        background env --default-signal=INT mmapcat -t 1h file
        reader=$!
        eventually is_waiting $reader
        kill -$signal $reader
        ends_with $((128 + $(kill -l $signal))) $reader
    done
    background mmapcat -t 20 file >got
    reader=$!
    eventually is_waiting $reader
    kill $holder
    ends_with 0 $reader
    cmp got file
}

@test "many writers of separate slots lose nothing" {
    mmapcat -w -c --size 64000 slots </dev/null
    for worker in {0..3}; do
        (for ((i = worker; i < 100; i += 4)); do
            printf 'slot %4d ' $i | mmapcat -w -o $((i * 64)) -L 10 slots
        done) 3>&- &
    done
    wait
    for ((i = 0; i < 100; i++)); do
        [ "$(mmapcat -o $((i * 64)) -L 10 slots)" = "$(printf 'slot %4d ' $i)" ]
    done
}

@test "a file that is cut while it is read is exit 3, not a crash" {
    head -c 40M /dev/zero >file
    mkfifo pipe
    for size in 5000 41943039; do
        truncate -s 40M file
        exec 6<>pipe
        background mmapcat file >pipe 2>error 6>&-
        reader=$!
        exec 5<pipe 6>&-
        head -c 1 <&5 >/dev/null
        eventually is_waiting $reader
        truncate -s $size file
        cat <&5 >/dev/null
        exec 5<&-
        ends_with 3 $reader
        grep -q "^mmapcat: file: read at byte [0-9]*: cut by another program$" error
    done
}

@test "a file that is cut while it is written is exit 3, not a crash" {
    mkfifo pipe
    for size in 0 5000; do
        head -c 1M /dev/zero >file
        exec 5<>pipe
        background mmapcat -w file <pipe 2>error 5>&-
        writer=$!
        printf start >&5
        eventually grep -q start file
        truncate -s $size file
        head -c 20000 /dev/zero >&5
        exec 5>&-
        ends_with 3 $writer
        grep -q "^mmapcat: file: write at byte [0-9]*: cut by another program" error
    done
}

@test "a full disk is reported before a byte is changed if the input is a file" {
    need_root
    head -c 2M /dev/zero | tr '\0' x >input
    run -3 on_small_disk bash -c 'truncate -s 2M file && mmapcat -w file <../input; status=$?
        cmp -n 4096 file /dev/zero; stat -c %b file; exit $status'
    assert_line --index 0 \
        'mmapcat: file: reserve 2097152 bytes at 0: No space left on device'
    assert_line --index 1 0
}

@test "a full disk is exit 3 at the byte that met it if the input is a pipe" {
    need_root
    run -3 on_small_disk bash -c 'truncate -s 2M file &&
        yes | head -c 2M | mmapcat -w file'
    assert_output --regexp \
        '^mmapcat: file: write at byte 1[0-9]+: cut by another program, or the disk is full$'
}

@test "a file that is created and does not fit is removed; one that exists is as it was" {
    need_root
    run -3 on_small_disk bash -c 'mmapcat -w -x --size 2M file </dev/null; status=$?
        ls; exit $status'
    assert_output 'mmapcat: file: reserve 2097152 bytes at 0: No space left on device'
    run -3 on_small_disk bash -c 'echo old >file
        mmapcat -w -c --size 2M file </dev/null; status=$?; cat file; exit $status'
    assert_line --index 1 old
}

@test "a stdout that takes nothing is exit 3" {
    head -c 1000000 /dev/zero >file
    for options in '' '-L 1'; do
        # shellcheck disable=SC2086
        run -3 bash -c 'mmapcat "$@" >/dev/full' - $options file
        assert_output 'mmapcat: stdout: write: No space left on device'
        # shellcheck disable=SC2086
        run -3 bash -c 'mmapcat "$@" >&-' - $options file
        assert_output 'mmapcat: stdout: write: Bad file descriptor'
        # shellcheck disable=SC2086
        run -3 bash -c 'exec 4> >(:); wait $!; mmapcat "$@" >&4' - $options file
        assert_output 'mmapcat: stdout: write: Broken pipe'
    done
}

@test "a stdin that cannot be read is exit 3, and the file is as it was" {
    for content in '' 0123456789; do
        printf %s "$content" >file
        run -3 bash -c 'mmapcat -w file <&-'
        assert_output 'mmapcat: stdin: read: Bad file descriptor'
        run -3 mmapcat -w file </
        assert_output 'mmapcat: stdin: read: Is a directory'
        [ "$(cat file)" = "$content" ]
    done
}

@test "wrong command lines are refused" {
    run -2 mmapcat
    run -2 mmapcat -w
    assert_output --partial 'FILE is missing'
    for options in -c -x '--size 5' --sync; do
        # shellcheck disable=SC2086
        run -2 mmapcat $options file
        assert_output "mmapcat: ${options%% *} needs -w"
    done
    for options in -c -x '-c -m 0644'; do
        # shellcheck disable=SC2086
        run -2 mmapcat -w $options file
        assert_output "mmapcat: ${options%% *} needs --size (a mapping cannot grow with its input)"
    done
    run -2 mmapcat -w -f file
    assert_output 'mmapcat: -f does not go with -w'
    run -2 mmapcat file file
    assert_output --partial 'one operand too many'
    run -2 mmapcat -o -x file
    run -2 mmapcat ''
    run -2 mmapcat -L 1x file
    [ ! -e file ]
}

@test "a program that has the file mapped sees what is written" {
    head -c 4096 /dev/zero >file
    run -0 /usr/bin/python3 -c 'import mmap, subprocess
with open("file", "r+b") as file:
    memory = mmap.mmap(file.fileno(), 0)
    subprocess.run(["mmapcat", "-w", "-o", "100", "file"], input=b"from outside", check=True)
    print(memory[100:112].decode())
    memory[0:4] = b"seen"
    print(subprocess.run(["mmapcat", "-L", "4", "file"], capture_output=True, check=True).stdout)'
    assert_output $'from outside\nb\'seen\''
}

# ---- offsets from the end, -f, -P

@test "a negative offset counts from the end" {
    printf 0123456789 >file
    [ "$(mmapcat -o -3 file)" = 789 ]
    [ "$(mmapcat --offset=-10 -L 2 file)" = 01 ]
    printf ab | mmapcat -w -o -2 file
    [ "$(cat file)" = 01234567ab ]
    printf cd | mmapcat -w -o -1 --size 12 file
    cmp file <(printf '01234567acd\0')
    run -3 mmapcat -o -13 file
    assert_output 'mmapcat: file: find byte -13: the file has 12 bytes'
    run -3 mmapcat -w -o -13 file </dev/null
    truncate -s 5G file
    printf end | mmapcat -w -o -3 file
    [ "$(mmapcat -o -3 file)" = end ]
}

@test "a range across 4 GiB is read and written" {
    truncate -s 5G file
    head -c 3M /dev/urandom >data
    mmapcat -w -o 4294967290 file <data
    mmapcat -o 4294967290 -L 3M file | cmp - data
    mmapcat -o 4294967290 -L 3M file >copy
    cmp copy data
}

@test "a sparse file of 1 TiB is used in 256 MiB of address space" {
    unless_sanitized "needs an address space of its own"
    truncate -s 1T file || skip "no such large file here"
    printf first | mmapcat -w file
    printf last | mmapcat -w -o -4 file
    # shellcheck disable=SC2016
    run -0 bash -c 'ulimit -v 262144 && mmapcat -L 5 file && mmapcat -o -4 file &&
        mmapcat -o 512G -L 200M file | cat | tr -d "\0" | wc -c'
    assert_output 'firstlast0'
}

@test "-f goes on as the file grows, whole records of a writer that locks" {
    printf one >log
    background mmapcat -f log >seen
    follower=$!
    eventually grep -q one seen
    printf two >>log
    eventually grep -q onetwo seen
    mkfifo slow
    exec 5<>slow
    background mmapcat -w -o 6 --size 11 log <slow 5>&-
    writer=$!
    eventually bash -c '[ "$(stat -c %s log)" = 11 ]'
    printf three >&5
    exec 5>&-
    ends_with 0 $writer
    eventually grep -q onetwothree seen
    kill $follower
    ends_with 143 $follower
    [ "$(cat seen)" = onetwothree ]
}

@test "-f with -L ends when there is so much, with -t when nothing comes" {
    printf 0123456789 >log
    run -0 mmapcat -f -o 2 -L 3 log
    assert_output 234
    background mmapcat -f -o -2 -L 4 log >seen
    follower=$!
    eventually grep -q 89 seen
    printf abcdef >>log
    ends_with 0 $follower
    [ "$(cat seen)" = 89ab ]
    run -1 --separate-stderr mmapcat -f -t 0.05 -o -1 log
    assert_output f
    [[ $stderr == 'mmapcat: log: wait for more: '*'imed out' ]]
    run -3 mmapcat -f -o 100 log
}

@test "-f of a file that becomes shorter is exit 3" {
    printf 0123456789 >log
    background mmapcat -f log >seen 2>error
    follower=$!
    eventually grep -q 9 seen
    truncate -s 4 log
    ends_with 3 $follower
    [ "$(cat error)" = 'mmapcat: log: read at byte 4: cut by another program' ]
}

@test "a file that -c creates is removed if the input fails or a signal comes" {
    run -3 mmapcat -w -c --size 10 new <.
    [ ! -e new ]
    run -3 mmapcat -w -c --size 3 new < <(printf 12345)
    [ ! -e new ]
    run -3 mmapcat -w -c --size 3 -o 4 new </dev/null
    [ ! -e new ]
    mkfifo slow
    for signal in INT TERM; do
        exec 5<>slow
        background env --default-signal=INT mmapcat -w -c --size 10 new <slow 5>&-
        eventually test -e new
        eventually is_waiting $!
        kill -$signal $!
        ends_with $((128 + $(kill -l $signal))) $!
        exec 5>&-
        [ ! -e new ]
    done
}

@test "a file is as long as --size says when its name appears" {
    # shellcheck disable=SC2016
    run -0 strace -f -qq -e trace=openat,open,fallocate,linkat,link mmapcat -w -c -m 0604 --size 5000 new </dev/null
    assert_line --regexp '^fallocate\(.*5000\) += 0$'
    [[ $output == *fallocate*linkat* ]]
    [ "$(stat -c '%a %s' new)" = '604 5000' ]
}

@test "a file that the kernel makes as it is read is refused" {
    run -3 mmapcat /proc/version
    assert_output 'mmapcat: /proc/version: map: it is made by the kernel as it is read (cat reads it)'
}

@test "-P counts what is read and written" {
    head -c 3M /dev/zero >data
    mmapcat -P data 2>meter | cat >copy
    grep -qE '^3\.0 MiB in [0-9.]+ s, [0-9.]+ [MG]iB/s$' meter
    mmapcat --progress -L 100 data 2>meter >copy
    grep -q '^100 B in ' meter
    mmapcat -w -P copy --size 3M <data 2>meter
    grep -q '^3.0 MiB in ' meter
    run -2 mmapcat -w -f data
}

@test "a closed stdin or stdout is reported before anything is changed" {
    printf abc >file
    run -3 bash -c 'mmapcat -w file <&-'
    assert_output 'mmapcat: stdin: read: Bad file descriptor'
    run -3 bash -c 'mmapcat file >&-'
    assert_output 'mmapcat: stdout: write: Bad file descriptor'
    [ "$(cat file)" = abc ]
}

@test "a limit of inotify is named with its value" {
    local limit
    refuses_to_follow() {
        run -3 --separate-stderr strace -qqq -o /dev/null -e "inject=$1" mmapcat -f file
        assert_regex "$stderr" "^mmapcat: file: watch: .* \\($2\\)$"
    }
    echo text >file
    limit=$(cat /proc/sys/fs/inotify/max_user_instances)
    refuses_to_follow inotify_init1:error=EMFILE "fs.inotify.max_user_instances is $limit"
    limit=$(cat /proc/sys/fs/inotify/max_user_watches)
    refuses_to_follow inotify_add_watch:error=ENOSPC "fs.inotify.max_user_watches is $limit"
}
