#!/usr/bin/env bats
# fifocat: what moves through a FIFO, what it waits for and how long, and what it reports when
# something is in the way.

load helper

# Makes the FIFO f, and holds both its ends as descriptor 7.
hold_fifo() {
    mkfifo f
    exec 7<>f
}

# Runs "$@" with O_NONBLOCK set on stdin and stdout, as a careless program leaves them.
nonblocking() {
    python3 -c '
import os, sys
os.set_blocking(0, False), os.set_blocking(1, False)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

# Runs "$3"..., which must end with status $1 and have used almost no CPU time. If $2 is nonblocking,
# its stdin and stdout are.
idles() {
    python3 -c '
import os, sys
os.set_blocking(0, sys.argv[2] == "blocking"), os.set_blocking(1, sys.argv[2] == "blocking")
pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ) # a fork would cost time that counts
_, status, used = os.wait4(pid, 0)
status = os.waitstatus_to_exitcode(status)
if used.ru_utime + used.ru_stime > 0.12 or status != int(sys.argv[1]):
    sys.exit(f"status {status}, {used.ru_utime} s user, {used.ru_stime} s system")' "$@"
}

# Runs "$4"..., which must end with status $1 after $2 to $3 milliseconds.
takes() {
    local expected=$1 least=$2 most=$3 start=$EPOCHREALTIME took
    shift 3
    run "-$expected" --separate-stderr "$@"
    took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    if ((took < least || took >= most)); then fail "took $took ms"; fi
}

# Whether process $1 has $2 open.
has_open() {
    [ -n "$(find "/proc/$1/fd" -lname "$PWD/$2")" ]
}

# Lets other users come to the directory of this test.
open_path() {
    local path=$PWD
    while [[ $path == "$BATS_RUN_TMPDIR"* ]]; do
        chmod o+x "$path"
        path=${path%/*}
    done
}

# Whether file $2 has $1 lines.
has_lines() {
    [ "$(wc -l <"$2")" -eq "$1" ]
}

# Whether file $1 has $2 bytes.
has_size() {
    [ "$(stat -c %s "$1")" -eq "$2" ]
}

# --- one way

@test "fifocat reads what another fifocat writes, whichever comes first" {
    mkfifo f
    background fifocat f >out
    run -0 --separate-stderr fifocat -w f <<<one
    assert_output ''
    assert_equal "$stderr" ''
    ends_with 0 $!
    assert_equal "$(cat out)" one

    background fifocat -w f <<<two
    run -0 --separate-stderr fifocat f
    assert_output two
    assert_equal "$stderr" ''
    ends_with 0 $!
}

@test "fifocat meets cat, a shell, python and a C program" {
    mkfifo f
    background cat f >out
    run -0 fifocat --write f <<<cat
    ends_with 0 $!
    assert_equal "$(cat out)" cat

    background bash -c 'echo shell >f'
    run -0 fifocat f
    assert_output shell

    exec 7<>f
    run -0 fifocat -w f <<<'held by a shell'
    read -r -u 7 line
    assert_equal "$line" 'held by a shell'
    exec 7>&-

    background python3 -c 'print(open("f").read(), end="")' >out
    run -0 fifocat -w f <<<python
    ends_with 0 $!
    assert_equal "$(cat out)" python

    mkfifo g
    background fifopeer read f 3000000
    local reader=$!
    background fifopeer write g 3000000
    fifocat g | fifocat -w f
    ends_with 0 $reader
}

@test "200 MiB arrive as they were, from a file and from a pipe" {
    head -c 200M /dev/urandom >data
    mkfifo f
    background fifocat f >out
    run -0 fifocat -w f <data
    ends_with 0 $!
    run -0 cmp data out

    background bash -c 'cat data | fifocat -w f'
    fifocat f | cmp data -
    ends_with 0 $!
    rm data out
}

@test "bytes arrive as they were whatever stdin and stdout are" {
    head -c 3M /dev/urandom >data
    mkfifo f
    python3 3>&- - <<'END'
import os, pty, socket, subprocess, threading
data = open("data", "rb").read()

def feed(fd, data):
    while data:
        data = data[os.write(fd, data):]
    os.close(fd)

def drain(fd):
    got = b""
    while piece := os.read(fd, 65536):
        got += piece
    os.close(fd)
    return got

# sockets on both sides
(near_in, far_in), (near_out, far_out) = socket.socketpair(), socket.socketpair()
writer = subprocess.Popen(["fifocat", "-w", "f"], stdin=far_in)
reader = subprocess.Popen(["fifocat", "f"], stdout=far_out)
far_in.close(), far_out.close()
threading.Thread(target=feed, args=(near_in.detach(), data)).start()
assert drain(near_out.detach()) == data
assert (writer.wait(), reader.wait()) == (0, 0)

# a terminal to read, another to write
master_in, slave_in = pty.openpty()
master_out, slave_out = pty.openpty()
writer = subprocess.Popen(["fifocat", "-w", "f"], stdin=slave_in)
reader = subprocess.Popen(["fifocat", "f"], stdout=slave_out)
os.write(master_in, b"typed\n")
assert os.read(master_out, 100) == b"typed\r\n"
os.write(master_in, b"\x04")
assert (writer.wait(), reader.wait()) == (0, 0)
END
    # a file that is open to append, which the kernel does not splice to
    echo before >out
    background bash -c 'cat data >f'
    run -0 bash -c 'fifocat f >>out 3>&-'
    run -0 cmp <(echo before | cat - data) out

    background fifocat -w f </dev/null
    run -0 fifocat f
    assert_output ''
    background bash -c 'cat data >f'
    run -0 bash -c 'fifocat f >/dev/null'
    ends_with 0 $!
}

@test "what a writer has reaches the reader at once, though it goes on" {
    hold_fifo
    mkfifo in
    background bash -c 'exec fifocat -w f <in'
    exec 8>in
    printf now >&8
    read -r -t 5 -N 3 -u 7 got
    assert_equal "$got" now
    exec 8>&-
    ends_with 0 $!
}

@test "several readers with one file as stdout overwrite nothing of each other" {
    mkfifo a b
    {
        fifocat a &
        fifocat b &
    } >out 3>&-
    {
        seq 200000 >a &
        seq 200000 >b &
        wait
    } 3>&-
    eventually has_lines 400000 out
}

@test "fifocat finds a FIFO behind a symbolic link and by /dev/fd" {
    mkfifo f
    ln -s f link
    background fifocat -w link <<<linked
    run -0 fifocat f
    assert_output linked
    run -0 fifocat <(echo substituted 3>&-)
    assert_output substituted
}

@test "a reader goes on until the last of its writers has gone" {
    mkfifo f
    background fifocat f >out
    local reader=$!
    exec 8>f
    run -0 fifocat -w f <<<one
    run -0 fifocat -w f <<<two
    eventually has_size out 8
    is_waiting $reader
    exec 8>&-
    ends_with 0 $reader
}

@test "a writer that comes and goes at once is read" {
    mkfifo f
    local n
    for n in {1..20}; do
        background fifocat f >out
        echo "$n" >f
        ends_with 0 $!
        assert_equal "$(cat out)" "$n"
    done
}

# --- -k

@test "a reader with -k stays while writers come and go" {
    mkfifo f
    background fifocat -k f >out
    local reader=$! n
    eventually has_open $reader f
    for n in 1 2 3 4 5; do
        echo $n >f
    done
    fifocat -w f <<<6
    eventually has_size out 12
    assert_equal "$(cat out)" "$(seq 6)"
    is_waiting $reader
    kill $reader
    ends_with 143 $reader
}

@test "a writer with -k stays until a reader has taken all" {
    mkfifo f
    background fifocat --keep -w f <<<one
    local writer=$!
    eventually has_open $writer f
    # a reader that takes two bytes, and one that takes the rest
    run -0 head -c 2 f
    assert_output on
    run ! is_gone $writer
    exec 8<f
    IFS= read -r -N 2 -u 8 got
    assert_equal "$got" $'e\n'
    ends_with 0 $writer
    exec 8<&-
}

@test "a writer with -k goes on with the next reader when one is killed" {
    head -c 3M /dev/urandom >data
    mkfifo f out
    exec 8<>out # which nobody reads, so the reader cannot finish
    background fifocat -wk f <data
    local writer=$!
    background fifocat f >out
    local reader=$!
    eventually has_open $reader f
    kill -KILL $reader
    wait $reader || true
    background fifocat f >second
    ends_with 0 $writer
    ends_with 0 $!
    run -1 bash -c 'fifocat -t 0 out >first'
    run -0 cmp data <(cat first second)
}

# ROUNDS=500 is the storm in full.
@test "while one side has -k, all that was written is read, whatever comes, goes or is killed" {
    python3 3>&- - "${ROUNDS:-40}" <<'END'
import os, random, signal, subprocess, sys, time

def start(*options, record=None, out=None):
    stdin = subprocess.PIPE if record else subprocess.DEVNULL
    process = subprocess.Popen(["fifocat", *options, "f"], stdin=stdin, stdout=out,
                               stderr=subprocess.DEVNULL)
    if record:
        process.stdin.write(record)
        process.stdin.close()
    return process

def kill(process):
    if process.poll() is None:
        process.send_signal(random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
    process.wait()

for number in range(int(sys.argv[1])):
    random.seed(seed := number * 1000003 + os.getpid())
    os.mkfifo("f")
    # through a pipe, so that a reader that is killed holds nothing
    collector = subprocess.Popen("exec cat >out", shell=True, stdin=subprocess.PIPE)
    out = collector.stdin
    writers, readers = {}, []
    who_keeps = random.choice(["writers", "readers", "both"])
    writer_options = ["-w", "-k"] if who_keeps != "readers" else ["-w"]
    if random.random() < 0.5:
        writer_options.append("--records")
    reader_options = ["-k"] if who_keeps != "writers" else []
    if who_keeps == "readers": # the one that stays; others come and go
        keeper = start("-k", out=out)
    for step in range(12):
        act = random.randrange(5)
        if act < 2:
            record = b"%d-%d%s\n" % (number, step, b"." * random.choice([0, 100, 4000]))
            writers[record] = start(*writer_options, record=record)
        elif act == 2:
            readers.append(start(*reader_options, out=out))
        elif act == 3 and readers:
            kill(readers.pop(random.randrange(len(readers))))
        elif act == 4 and writers:
            kill(random.choice(list(writers.values())))
        time.sleep(random.choice([0, 0, 0.001, 0.005]))
    for reader in readers:
        kill(reader)
    last = keeper if who_keeps == "readers" else start("-k", out=out)
    told = [record for record, writer in writers.items() if writer.wait(10) == 0]
    end = time.monotonic() + 10
    while True: # a writer without -k may end before its reader has read
        got = open("out", "rb").read()
        missing = [record for record in told if got.count(record) != 1]
        if not missing or time.monotonic() > end:
            break
        time.sleep(0.001)
    assert not missing, (seed, who_keeps, [record[:20] for record in missing])
    assert all(got.count(record) <= 1 for record in writers), seed
    kill(last)
    out.close()
    collector.wait()
    os.unlink("f"), os.unlink("out")
END
}

@test "-k needs to read and write the FIFO, and the message has that hint" {
    need_root
    mkfifo -m 0444 f
    open_path
    run -3 --separate-stderr as_nobody fifocat -k -t 1 f
    assert_equal "$stderr" \
        'fifocat: f: open FIFO: Permission denied (-k opens it to read and to write)'
}

# --- records

@test "eight writers with --records never mix, and each keeps its order" {
    mkfifo f
    background fifocat -k f >out
    local writer pids=()
    for writer in 1 2 3 4 5 6 7 8; do
        awk -v writer=$writer 'BEGIN {
            for (i = 100; i < 1100; i++) {
                line = writer "-" i "-" sprintf("%0*d", i * 37 % 4000, 0)
                print line
            }
        }' | fifocat -w --records f 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    eventually has_lines 8000 out
    run ! grep -vE '^[1-8]-[0-9]+-0+$' out
    for writer in 1 2 3 4 5 6 7 8; do
        assert_equal "$(grep "^$writer-" out | cut -d- -f2 | uniq | md5sum)" "$(seq 100 1099 | md5sum)"
    done
}

@test "--records writes each record by itself, in the form that was chosen" {
    hold_fifo
    run -0 strace -e trace=write -o trace fifocat -w --records f < <(printf 'one\n\nlast')
    run -1 fifocat -q -t 0 f
    assert_equal "$(grep -cE '^write\([0-9]+, ".*\\n"' trace)" 3
    run -0 fifocat -w -0 f < <(printf 'nul\0no nul')
    run -0 fifocat -w -N f < <(printf '3:abc,0:,')
    run -0 fifocat -w -W f < <(printf 'all\nof it')
    fifocat -q -t 0 f >out || true
    assert_equal "$(tr '\0' '|' <out)" $'nul|no nul|3:abc,0:,all\nof it'
}

@test "--records refuses by number what one write does not hold, and keeps what came before" {
    hold_fifo
    { echo short && head -c 4095 /dev/zero | tr '\0' x && echo && head -c 4096 /dev/zero; } >in
    run -3 --separate-stderr fifocat -w --records f <in
    assert_equal "$stderr" \
        'fifocat: stdin: read: record 3 is longer than 4095 bytes (it must go in whole, by one write)'
    fifocat -q -t 0 f >out || true
    assert_equal "$(wc -lc <out | tr -s ' ')" ' 2 4102'
    run -3 --separate-stderr fifocat -w -N f <<<'3:abcd,'
    assert_equal "$stderr" 'fifocat: stdin: read: record 1 is not a netstring'
}

@test "--full drop never waits, and counts exactly what it dropped" {
    hold_fifo
    seq 300000 >in
    run -1 --separate-stderr timeout 10 fifocat -w --full drop f <in
    assert_regex "$stderr" '^fifocat: f: [0-9]+ of 300000 records dropped: the pipe was full$'
    local dropped=${stderr#fifocat: f: }
    fifocat -q -t 0 f >out || true
    assert_equal $((${dropped%% *} + $(wc -l <out))) 300000
    run ! grep -vxE '[0-9]+' out

    # a slow reader, and -q
    background bash -c 'exec cat <f >got'
    seq 300000 | fifocat -q -wk --full drop f 2>err || [ $? -eq 1 ]
    assert_equal "$(cat err)" ''
    run -0 --separate-stderr fifocat -w --full=drop f <<<'finds room'
    run -0 --separate-stderr fifocat -w --full block f <<<'waits for room'
}

@test "--full drop reports how many records it dropped even if a signal ends it" {
    hold_fifo
    mkfifo in
    exec 8<>in
    background fifocat -w --full drop f <in 2>err
    local writer=$!
    seq 300000 >&8
    eventually python3 -c 'import fcntl, sys, termios
sys.exit(int.from_bytes(fcntl.ioctl(8, termios.FIONREAD, b"1234"), "little"))'
    eventually is_waiting $writer
    kill $writer
    ends_with 143 $writer
    assert_regex "$(cat err)" '^fifocat: f: [0-9]+ of 300000 records dropped'
}

@test "records without a reader wait, and lost ones are reported" {
    hold_fifo
    takes 1 200 10000 fifocat -t 0.2 -w --records f < <(yes 3>&-)
    assert_regex "$stderr" '^fifocat: f: write record [0-9]+: [A-Z][a-z]+ timed out$'
    mkfifo in g
    exec 8<>in
    takes 1 200 10000 fifocat -t 0.2 -w --records f <in
    assert_regex "$stderr" '^fifocat: stdin: wait for data: [A-Z][a-z]+ timed out$'

    background fifocat -w --records g <in 2>err
    local writer=$!
    exec 9<g
    echo four >&8
    eventually read -r -t 0 -u 9
    exec 9<&-
    ends_with 3 $writer
    assert_equal "$(cat err)" 'fifocat: g: write record 1: Broken pipe; 5 bytes are lost'

    background fifocat -w --records g <in 2>err
    writer=$!
    exec 9<g
    echo four >&8
    read -r line <&9
    assert_equal "$line" four
    exec 9<&-
    ends_with 0 $writer
    assert_equal "$(cat err)" ''
}

@test "-P shows on stderr how much has moved" {
    mkfifo f
    background fifocat -P f >out 2>err
    head -c 3M /dev/zero >in
    run -0 --separate-stderr fifocat -P -w f <in
    assert_regex "$stderr" '^3\.0 MiB in [0-9.]+ s, [0-9.]+ [KMG]iB/s$'
    ends_with 0 $!
    assert_regex "$(tail -n 1 err)" '^3\.0 MiB in '
    hold_fifo 2>/dev/null || exec 7<>f
    run -0 --separate-stderr fifocat -P -w --records f <<<12345
    assert_regex "$stderr" '^6 B in '
    run -1 --separate-stderr fifocat -P -t 0 f
    assert_regex "${stderr_lines[-1]}" '^6 B in '
}

# --- both ways

@test "two who face each other exchange 20 MiB both ways at once, whichever comes first" {
    head -c 20M /dev/urandom >left
    head -c 20M /dev/urandom >right
    mkfifo a b
    local first order
    for order in 0 1; do
        if ((order)); then set -- a b left right; else set -- b a right left; fi
        background fifocat -r "$1" -w "$2" <"$3" >"got.$4"
        first=$!
        eventually is_waiting $first
        cat "$4" | fifocat -r "$2" -w "$1" | cat >"got.$3"
        ends_with 0 $first
        run -0 cmp left got.left
        run -0 cmp right got.right
    done
}

@test "both ways at once with a C program that only echoes" {
    head -c 2M /dev/urandom >data
    mkfifo a b
    background fifopeer echo a b
    fifocat -r b -w a <data >out
    run -0 cmp data out
    ends_with 0 $!
}

@test "a request that ends is answered by a shell that opens one FIFO after the other" {
    mkfifo question answer
    background bash -c 'read -r line <question; echo "$line indeed" >answer'
    run -0 fifocat -r answer -w question <<<yes
    assert_output 'yes indeed'
    # the shell has closed the question and stdin has not ended, yet the answer comes
    mkfifo in
    background bash -c 'read -r line <question; echo "$line indeed" >answer'
    background bash -c 'exec fifocat -r answer -w question <in >out'
    exec 8>in
    echo no >&8
    ends_with 0 $!
    assert_equal "$(cat out)" 'no indeed'
    exec 8>&-
}

@test "one side may end first, and still gets all from the other" {
    mkfifo a b in
    background bash -c 'exec fifocat -r a -w b <in >out'
    local first=$!
    exec 8>in
    background fifocat -r b -w a <<<'I end first' >got 8>&-
    eventually has_size out 12
    run ! is_gone $first
    echo 'I end last' >&8
    exec 8>&-
    ends_with 0 $first
    ends_with 0 $!
    assert_equal "$(cat got)" 'I end last'
}

@test "when the other side is killed it ends, though stdin does not" {
    mkfifo a b in
    exec 8<>in
    background fifocat -r a -w b <in >out
    local first=$!
    background fifocat -r b -w a <in >got
    local second=$!
    eventually has_open $second a
    kill -KILL $second
    ends_with 0 $first

    background fifocat -w a <in
    first=$!
    exec 9<a
    eventually has_open $first a
    exec 9<&-
    ends_with 0 $first
}

@test "when the other side takes no more, what it still sent is written before the status is 3" {
    mkfifo a b
    background bash -c 'exec 3>b 4<a; read -r -u 4 line; seq 10000 >&3'
    run -3 --separate-stderr fifocat -r b -w a < <(yes 3>&-)
    assert_equal "$output" "$(seq 10000)"
    assert_regex "$stderr" '^fifocat: a: write: Broken pipe(; [0-9]+ bytes are lost)?$'
    # nobody ever opened b to write
    background head -c 1 a
    run -3 --separate-stderr fifocat -r b -w a < <(yes 3>&-)
    assert_regex "$stderr" '^fifocat: a: write: Broken pipe'
}

@test "neither way holds up the other: a stdout that nobody reads, a peer that does not" {
    mkfifo a b
    python3 3>&- - <<'END'
import os, select, socket, subprocess
big = b"x" * (1 << 20)

def exchange(stdout_read, stdout_write):
    peer = subprocess.Popen(["fifocat", "-r", "b", "-w", "a"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
    mine = subprocess.Popen(["fifocat", "-r", "a", "-w", "b"], stdin=subprocess.PIPE,
                            stdout=stdout_write)
    os.close(stdout_write)
    full = peer.stdin.fileno()
    os.set_blocking(full, False)
    sent = 0
    while select.select([], [full], [], 0.3)[1]:
        sent += os.write(full, big)
    mine.stdin.write(b"ping\n"), mine.stdin.flush()
    assert select.select([peer.stdout], [], [], 5)[0], "held up"
    assert peer.stdout.readline() == b"ping\n"
    mine.stdin.close()
    peer.stdin.close()
    got = 0
    while piece := os.read(stdout_read, 65536):
        got += len(piece)
    assert (mine.wait(), peer.wait(), got) == (0, 0, sent)

exchange(*os.pipe())
exchange(*(end.detach() for end in socket.socketpair()))
END
}

# --- waits

@test "-t bounds the wait for the other side" {
    mkfifo f g
    takes 1 200 10000 fifocat -t 0.2 f
    assert_regex "$stderr" '^fifocat: f: wait for a writer: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat --timeout 200ms -w f </dev/null
    assert_regex "$stderr" '^fifocat: f: wait for a reader: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat -t 0.2 -r f -w g </dev/null
    assert_regex "$stderr" '^fifocat: g: wait for a reader: [A-Z][a-z]+ timed out$'
    run -1 --separate-stderr fifocat -q -t 0.01 f
    assert_equal "$stderr" ''
}

@test "-t 0 waits for nothing" {
    mkfifo f g
    takes 1 0 10000 fifocat -t 0 f
    assert_equal "$stderr" 'fifocat: f: wait for data: there is none'
    takes 1 0 10000 fifocat -t 0 -w f </dev/null
    assert_equal "$stderr" 'fifocat: f: wait for a reader: there is none'
    takes 1 0 10000 fifocat -t 0 -r f -w g </dev/null
    assert_equal "$stderr" 'fifocat: g: wait for a reader: there is none'
    takes 1 0 10000 fifocat -t 0 -k f
    assert_regex "$stderr" '^fifocat: f: wait for data: .* timed out$'
    takes 1 0 10000 fifocat -t 0 -k -w f <<<nobody
    assert_regex "$stderr" \
        '^fifocat: f: wait for a reader of the rest: .* timed out \(7 bytes are unread\)$'
}

@test "-t 0 moves what can be moved at once" {
    hold_fifo
    run -0 --separate-stderr fifocat -t 0 -w f <<<there
    run -1 --separate-stderr fifocat -t 0 f
    assert_output there
    assert_regex "$stderr" '^fifocat: f: wait for data: .* timed out$'
}

@test "-t bounds each wait for data and for room, and the message names the wait" {
    hold_fifo
    mkfifo in g
    exec 8<>in 9<>g
    takes 1 200 10000 fifocat -t 0.2 f
    assert_regex "$stderr" '^fifocat: f: wait for data: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat -t 0.2 -w f <in
    assert_regex "$stderr" '^fifocat: stdin: wait for data: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat -t 0.2 -r g -w f <in
    assert_regex "$stderr" '^fifocat: g: wait for data: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat -t 0.2 -w f < <(yes 3>&-)
    assert_regex "$stderr" '^fifocat: f: wait for room: [A-Z][a-z]+ timed out$'
    takes 1 200 10000 fifocat -t 0.2 -r g -w f < <(yes 3>&-)
    assert_regex "$stderr" '^fifocat: f: wait for room: [A-Z][a-z]+ timed out$'
    # from a file through a buffer, which is lost
    head -c 5M /dev/zero >data
    takes 1 200 10000 fifocat -t 0.2 -w f <data
    assert_regex "$stderr" \
        '^fifocat: f: wait for room: [A-Z][a-z]+ timed out; [0-9]+ bytes are lost$'
    # f has data, and stdout no room
    run -1 fifocat -t 1 -w g < <(yes 3>&-)
    takes 1 200 10000 bash -c 'fifocat -t 0.2 f >g'
    assert_regex "$stderr" '^fifocat: stdout: wait for room: [A-Z][a-z]+ timed out$'
}

@test "-t begins anew with each byte that moves" {
    hold_fifo
    background bash -c 'for n in 1 2 3 4 5 6; do sleep 0.1; echo $n; done >f'
    takes 1 900 10000 fifocat -t 0.4 f
    assert_output "$(seq 6)"
}

@test "a terminal that takes no more holds up nobody but its own reader" {
    hold_fifo
    python3 3>&- - <<'END'
import os, pty, select, subprocess
held = os.open("f", os.O_RDWR | os.O_NONBLOCK)
master, slave = pty.openpty() # and nobody reads what comes to the master
reader = subprocess.Popen(["fifocat", "-t", "0.5", "f"], stdout=slave, stderr=subprocess.PIPE)
while select.select([], [held], [], 0.2)[1]: # until the FIFO is full; no write blocks
    os.write(held, b"x" * 4096)
error = reader.stderr.read()
assert reader.wait() == 1, error
assert error.startswith(b"fifocat: stdout: wait for room: "), error
END
}

@test "-t bounds how long a writer with -k stays while nothing is read" {
    hold_fifo
    takes 1 200 10000 fifocat -t 0.2 -wk f <<<stuck
    assert_regex "$stderr" \
        '^fifocat: f: wait for a reader of the rest: .* timed out \(6 bytes are unread\)$'
}

@test "waiting takes no CPU time, even if others have set O_NONBLOCK" {
    hold_fifo
    mkfifo in out
    exec 8<>in 9<>out
    idles 1 blocking fifocat -t 0.25 f
    idles 1 blocking fifocat -t 0.25 -w f <in
    idles 1 nonblocking fifocat -t 0.25 -k f >out
    idles 1 nonblocking fifocat -t 0.25 -w f <in
    idles 1 nonblocking fifocat -t 0.25 -r out -w f <in
    background cat /dev/zero >in
    idles 1 nonblocking fifocat -t 0.25 -w f <in
    idles 1 nonblocking fifocat -t 0.25 -w out <in
    idles 1 nonblocking fifocat -t 0.25 f >out
    idles 1 nonblocking fifocat -t 0.25 -r in -w f </dev/zero >out
}

@test "O_NONBLOCK that others have set on stdin and stdout loses nothing" {
    head -c 5M /dev/urandom >data
    mkfifo f g
    background bash -c 'fifocat f | cat >out'
    cat data | nonblocking fifocat -w f
    ends_with 0 $!
    run -0 cmp data out
    background fifocat -w f <data
    nonblocking fifocat f | cat >out
    ends_with 0 $!
    run -0 cmp data out
    background fifocat -r f -w g <data >back
    cat data | nonblocking fifocat -r g -w f | cat >out
    ends_with 0 $!
    run -0 cmp data out
    run -0 cmp data back
}

@test "a process that is stopped for a while goes on" {
    mkfifo f in
    background fifocat f >out
    local reader=$! pid
    exec 8<>in
    background fifocat -w f <in
    local writer=$!
    eventually has_open $writer f
    for pid in $reader $writer; do
        kill -STOP "$pid"
        kill -CONT "$pid"
        eventually is_waiting "$pid"
    done
    echo on >&8
    eventually has_size out 3
    kill $writer
    ends_with 143 $writer
    ends_with 0 $reader
}

@test "INT and TERM end it at once in each of its waits" {
    mkfifo f g h
    local signal pid
    for signal in INT TERM; do
        background env --default-signal fifocat f
        background env --default-signal fifocat -w g </dev/null
        background env --default-signal fifocat -k -t 1h f
        background env --default-signal fifocat -wk h <<<rest
        for pid in "${children[@]}"; do
            eventually is_waiting "$pid"
            kill -"$signal" "$pid"
            ends_with $((128 + $(kill -l $signal))) "$pid"
        done
        children=()
    done
}

# --- what is lost

@test "a reader that goes before all is written is exit 3" {
    mkfifo f
    background head -c 1 f
    run -3 --separate-stderr fifocat -w f </dev/zero
    assert_regex "$stderr" '^fifocat: f: write: Broken pipe; [0-9]+ bytes are lost$'
    background head -c 1 f
    run -3 --separate-stderr fifocat -w f < <(yes 3>&-)
    assert_regex "$stderr" '^fifocat: f: write: Broken pipe'
}

# Starts a writer, in $writer, whose stdin is descriptor 8 here and whose reader is descriptor 9.
start_writer() {
    mkfifo in f
    background bash -c 'exec fifocat -w f <in 2>err'
    writer=$!
    exec 8>in 9<f
    printf 12345 >&8
    eventually read -r -t 0 -u 9
}

@test "what a reader leaves in the pipe when it goes is lost, and exit 3" {
    start_writer
    exec 9<&-
    ends_with 3 "$writer"
    assert_equal "$(cat err)" 'fifocat: f: write: Broken pipe; 5 bytes are lost'
}

@test "what is in the pipe at the end of stdin is the reader's, without -k" {
    start_writer
    exec 8>&-
    ends_with 0 "$writer"
    read -r -N 5 -u 9 got
    assert_equal "$got" 12345
}

@test "a reader that goes when it has all is no failure, whether stdin ends or not" {
    start_writer
    read -r -N 5 -u 9 got
    exec 9<&-
    ends_with 0 "$writer"

    rm in f
    start_writer
    read -r -N 5 -u 9 got
    kill -STOP "$writer"
    exec 8>&- 9<&-
    kill -CONT "$writer"
    ends_with 0 "$writer"
    assert_equal "$(cat err)" ''
}

# Starts a reader with options "$@", in $reader, whose writer is descriptor 8 and whose stdout goes
# to descriptor 9.
start_reader() {
    mkfifo out f
    background bash -c 'exec fifocat "$@" f >out 2>err' - "$@"
    reader=$!
    exec 9<out 8>f
    printf 12345 >&8
    read -r -N 5 -u 9 got
}

@test "a reader whose stdout goes ends at once, and with 3 while there may be more" {
    start_reader -k
    exec 9<&-
    ends_with 3 "$reader"
    assert_equal "$(cat err)" 'fifocat: stdout: write: Broken pipe'
    exec 8>&-

    rm out f
    start_reader
    kill -STOP "$reader"
    exec 8>&- 9<&-
    kill -CONT "$reader"
    ends_with 0 "$reader"
    assert_equal "$(cat err)" ''
}

@test "what stdout does not take stays in the FIFO for the next" {
    hold_fifo
    echo kept >&7
    mkfifo out
    exec 8<>out 9>out 8>&- # an end of a pipe without the other
    run -3 --separate-stderr bash -c 'fifocat f >&9'
    assert_equal "$stderr" 'fifocat: stdout: write: Broken pipe'
    run -1 fifocat -q -t 0 f
    assert_output kept
}

@test "a full disk is exit 3, and what is lost from a buffer is reported" {
    mkfifo f
    background bash -c 'echo gone >f'
    run -3 --separate-stderr bash -c 'fifocat f >/dev/full'
    assert_equal "$stderr" \
        'fifocat: stdout: write: No space left on device; 5 bytes are lost'
    need_root
    mkdir disk
    background bash -c 'head -c 1M /dev/zero >f'
    run -3 --separate-stderr unshare -m bash -c '
        mount -t tmpfs -o size=64k tmpfs disk && fifocat f >disk/out'
    assert_regex "$stderr" \
        '^fifocat: stdout: write: No space left on device; [0-9]+ bytes are lost$'
}

@test "closed standard descriptors are reported before the FIFO is opened" {
    mkfifo f g
    background bash -c 'echo unharmed >f'
    eventually is_waiting $!
    run -3 --separate-stderr bash -c 'fifocat f >&-'
    assert_equal "$stderr" 'fifocat: stdout: write: Bad file descriptor'
    run -3 --separate-stderr bash -c 'fifocat f 1</dev/null'
    assert_equal "$stderr" 'fifocat: stdout: write: Bad file descriptor'
    run -3 --separate-stderr bash -c 'fifocat -r f -w g >&-'
    assert_equal "$stderr" 'fifocat: stdout: write: Bad file descriptor'
    run -0 fifocat f
    assert_output unharmed

    run -3 --separate-stderr bash -c 'fifocat -w f <&-'
    assert_equal "$stderr" 'fifocat: stdin: read: Bad file descriptor'
    run -3 --separate-stderr bash -c 'fifocat -r g -w f <&-'
    assert_equal "$stderr" 'fifocat: stdin: read: Bad file descriptor'
    run -3 --separate-stderr bash -c 'fifocat -c -w new 0>g.out'
    assert_equal "$stderr" 'fifocat: stdin: read: Bad file descriptor'
    [ ! -e new ]
    # those that it has no use for may be closed
    background bash -c 'fifocat -w f >&- <<<fine'
    run -0 bash -c 'fifocat f <&-'
    assert_output fine
}

@test "a directory for stdin is exit 3" {
    mkfifo f
    background cat f
    run -3 --separate-stderr fifocat -w f <.
    assert_equal "$stderr" 'fifocat: stdin: read: Is a directory'
}

# --- the FIFO itself

@test "-c creates a FIFO that stays, with exactly the mode of -m" {
    local mask
    for mask in 0000 0077 0777; do
        umask $mask
        run -1 fifocat -q -c -t 0 "plain$mask"
        run -1 fifocat -q --create --mode 0642 -t 0 -w "told$mask" </dev/null
        umask 0022
        assert_equal "$(stat -c '%F %a' "plain$mask" "told$mask")" "fifo 600
fifo 642"
    done
}

@test "-c leaves a FIFO that exists as it is" {
    mkfifo -m 0640 f
    run -1 fifocat -q -c -m 0777 -t 0 f
    assert_equal "$(stat -c %a f)" 640
}

@test "-x wants the FIFO to be new" {
    run -1 --separate-stderr fifocat -x -t 0 f
    assert_equal "$stderr" 'fifocat: f: wait for data: there is none'
    run -1 --separate-stderr fifocat --exclusive -t 0 f
    assert_equal "$stderr" 'fifocat: f: create FIFO: File exists'
    touch file
    run -1 --separate-stderr fifocat -cx -w file </dev/null
    assert_equal "$stderr" 'fifocat: file: create FIFO: File exists'
}

@test "-c and -x create both FIFOs of two ways, and -x both or none" {
    run -1 fifocat -q -c -m 0620 -t 0 -r a -w b </dev/null
    assert_equal "$(stat -c '%F %a' a b)" "fifo 620
fifo 620"
    run -1 --separate-stderr fifocat -x -r new -w b </dev/null
    assert_equal "$stderr" 'fifocat: b: create FIFO: File exists'
    [ ! -e new ]
    run -1 --separate-stderr fifocat -x -r a -w new </dev/null
    assert_equal "$stderr" 'fifocat: a: create FIFO: File exists'
    [ -p a ] && [ ! -e new ]
}

@test "what is no FIFO is refused and left alone" {
    local path
    echo content >file
    ln -s file link
    mkdir directory
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
    for path in file link directory socket /dev/null; do
        run -3 --separate-stderr fifocat -c "$path"
        assert_equal "$stderr" "fifocat: $path: open FIFO: not a FIFO"
        run -3 --separate-stderr fifocat -c -k -w "$path" <<<x
        assert_equal "$stderr" "fifocat: $path: open FIFO: not a FIFO"
        run -3 --separate-stderr fifocat -t 0 -w "$path" <<<x
        assert_equal "$stderr" "fifocat: $path: open FIFO: not a FIFO"
        run -3 --separate-stderr fifocat -r "$path" -w "$path" <<<x
        assert_equal "$stderr" "fifocat: $path: open FIFO: not a FIFO"
    done
    assert_equal "$(cat file)" content
}

@test "what is not there is exit 1" {
    run -1 --separate-stderr fifocat f
    assert_equal "$stderr" 'fifocat: f: open FIFO: No such file or directory (-c creates it)'
    mkfifo g
    run -1 --separate-stderr fifocat -r f -w g </dev/null
    assert_equal "$stderr" 'fifocat: f: open FIFO: No such file or directory (-c creates it)'
    run -1 --separate-stderr fifocat -c no/f
    assert_equal "$stderr" 'fifocat: no/f: create FIFO: No such file or directory'
    ln -s nowhere link
    run -1 --separate-stderr fifocat -c link
    assert_equal "$stderr" \
        'fifocat: link: open FIFO: No such file or directory (-c follows no symbolic link)'
    [ ! -e nowhere ]
}

@test "what may not be opened is exit 3" {
    need_root
    mkfifo -m 0600 f
    mkfifo -m 0622 drop
    open_path
    run -3 --separate-stderr as_nobody fifocat f
    assert_equal "$stderr" 'fifocat: f: open FIFO: Permission denied'
    run -3 --separate-stderr as_nobody fifocat -w f </dev/null
    assert_equal "$stderr" 'fifocat: f: open FIFO: Permission denied'
    run -3 --separate-stderr as_nobody fifocat -c new
    assert_equal "$stderr" 'fifocat: new: create FIFO: Permission denied'
    background cat drop
    run -0 as_nobody fifocat -w drop <<<allowed
    ln -s loop loop
    run -3 --separate-stderr fifocat loop
    assert_regex "$stderr" '^fifocat: loop: open FIFO: .*[Ss]ymbolic link'
    run -3 --separate-stderr fifocat "$(printf '%0300d' 0)"
    assert_regex "$stderr" '^fifocat: 0+: open FIFO: File ?name too long$'
}

# --- the command line

@test "a wrong command line is exit 2 and touches nothing" {
    run -2 --separate-stderr fifocat
    assert_regex "$stderr" '^usage: fifocat '
    local line
    while read -r line; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr fifocat $line
        assert_regex "$stderr" '^fifocat: '
        assert_equal "${#stderr_lines[@]}" 1
    done <<'END'
-w
-c f g
-c -r in f
-c -r in -w -k out
-c -r in -w
-c -r
-c -t f
-c -t -1 f
-c -t 1x f
-c -m 999 f
-c -m rw f
-c --follow f
-c --records f
-c -0 f
-c --full drop f
-c --full maybe -w f
-c -0 -N -w f
-c -w=1 f
END
    [ ! -e f ] && [ ! -e in ] && [ ! -e out ]
    run -2 --separate-stderr fifocat ''
    assert_regex "$stderr" "^fifocat: FIFO '': an empty path$"
}

@test "options that do not go together are refused by name" {
    local line words
    while IFS='|' read -r words line; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr fifocat $words
        assert_equal "$stderr" "fifocat:$line"
    done <<'END'
-c -r in f | -r needs -w
-c -r in -w -k f | -k does not go with -r
-c --records f | --records needs -w
-c -0 f | -0 needs -w
-c -W f | -W needs -w
-c -N f | -N needs -w
-c --full drop f | --full needs -w
-c --records -r in -w f | --records does not go with -r
-c -0 -r in -w f | -0 does not go with -r
-c --full block -r in -w f | --full does not go with -r
END
    [ ! -e f ] && [ ! -e in ]
}

@test "--help and --version go to stdout" {
    run -0 --separate-stderr fifocat --help
    assert_line --index 0 'usage: fifocat [-cxkP] [-m MODE] [-t TIME] FIFO > data'
    assert_equal "$stderr" ''
    run -0 fifocat -h
    run -0 fifocat --version
    assert_regex "$output" '^fifocat \(ipcbox\) [0-9.]+$'
    run -0 fifocat -V
    run -3 bash -c 'fifocat --help >/dev/full'
}

# bats test_tags=valgrind
@test "the examples of the manual page do what it says" {
    check_examples fifocat
}
