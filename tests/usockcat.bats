#!/usr/bin/env bats
# usockcat: which bytes and messages reach which peer, whose path it is, and how each end is reported.

load helper

# Whether a process serves the socket $ID or @$ID.
is_served() {
    awk -v name="$ID" '($NF == name || $NF == "@" name) && ($4 == "00010000" || $5 == "0002") {
        found = 1
    } END { exit !found }' /proc/net/unix
}

# Starts a server, in $server, and waits until it serves $ID or @$ID.
serve() {
    background usockcat -l "$@" 8>&-
    server=$!
    eventually is_served
}

# The same with a C program, a python3 script or another tool as the server.
serve_with() {
    background "$@" 8>&-
    server=$!
    eventually is_served
}

# A client with the FIFO `in` as its input, in $client.
start_client() {
    background usockcat "$ID" <in 8>&-
    client=$!
}

# The FIFO `in`, which the test writes as descriptor 8; `exec 8>&-` is its end. Opened for both, as
# one end alone would wait for the other.
open_input() {
    mkfifo in
    exec 8<>in
}

# After its server the path is gone.
server_ends_with() {
    ends_with "$1" "$server" && [ ! -e "$ID" ]
}

has_lines() {
    [ "$(grep -c '' "$2")" -eq "$1" ]
}

# A socket file that nobody serves any more.
leave_stale() {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

# $1 records of 0 to 8192 random bytes, as netstrings.
make_records() {
    python3 -c 'import os, random, sys
for i in range(int(sys.argv[1])):
    data = os.urandom(random.randrange(8193))
    sys.stdout.buffer.write(b"%d:%s," % (len(data), data))' "$1"
}

# ---- streams

@test "usockcat carries 200 MiB both ways at once, unchanged" {
    head -c 200M /dev/urandom >to
    head -c 200M /dev/urandom >from
    serve "$ID" <from >got
    usockcat "$ID" <to >answer
    server_ends_with 0
    cmp to got
    cmp from answer
}

@test "usockcat passes on what it has at once, and ends when both ways have ended" {
    open_input
    serve "$ID" </dev/null >got
    start_client >answer
    printf 'no newline' >&8
    eventually grep -q 'no newline' got
    exec 8>&-
    ends_with 0 "$client"
    server_ends_with 0
}

@test "usockcat waits for the answer after the end of its own input" {
    serve "$ID" -- sh -c 'cat >all; wc -c <all'
    run -0 usockcat "$ID" <<<'twelve bytes'
    assert_output 13
    ends_with 0 "$server"
}

@test "usockcat talks to socat both ways" {
    serve "$ID" <<<'from us' >got
    run -0 socat -t 5 - "UNIX-CONNECT:$ID" <<<'from socat'
    assert_output 'from us'
    server_ends_with 0
    assert_equal "$(<got)" 'from socat'

    serve_with socat "UNIX-LISTEN:$ID" 'SYSTEM:tr a-z A-Z'
    run -0 usockcat "$ID" <<<'shout'
    assert_output 'SHOUT'
}

@test "usockcat talks to nc both ways" {
    serve "$ID" <<<'from us' >got
    run -0 nc -N -U "$ID" <<<'from nc'
    assert_output 'from us'
    server_ends_with 0
    assert_equal "$(<got)" 'from nc'

    serve_with nc -l -U "$ID" <<<'from nc' >got
    run -0 usockcat "$ID" <<<'from us'
    assert_output 'from nc'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'from us'
}

@test "usockcat says that the peer left before it had read all" {
    local type
    for type in stream seqpacket; do
        serve_with sockpeer leave "$type" "$ID"
        seq 1000000 >many
        run -3 --separate-stderr usockcat "$ID" <many
        assert_regex "$stderr" "^usockcat: $ID: (write|read|send message [0-9]+): "
        rm "$ID"
    done
}

@test "usockcat ends when the peer does, with nothing left to send" {
    local type
    for type in stream seqpacket; do
        open_input
        serve_with sockpeer leave "$type" "$ID"
        start_client
        echo question >&8
        ends_with 0 "$client"
        exec 8>&-
        rm "$ID" in
    done
}

# ---- messages

@test "usockcat carries 20000 messages of all sizes both ways over seqpacket" {
    make_records 20000 >to
    make_records 20000 >from
    serve --type seqpacket -N "$ID" <from >got
    usockcat -N "$ID" <to >answer
    server_ends_with 0
    cmp to got
    cmp from answer
}

@test "usockcat carries 20000 messages of all sizes over dgram" {
    make_records 20000 >to
    serve --type dgram -n 20000 -N "$ID" </dev/null >got
    run -0 usockcat -N "$ID" <to
    server_ends_with 0
    cmp to got
}

@test "usockcat gets every message back from a C server" {
    make_records 2000 >to
    serve_with sockpeer echo seqpacket "$ID"
    usockcat -N "$ID" <to >answer
    cmp to answer
    ends_with 0 "$server"
    rm "$ID"

    serve_with sockpeer echo dgram "$ID"
    usockcat -n 2000 -N "$ID" <to >answer
    cmp to answer
}

@test "usockcat carries a message of 200,000 bytes whole" {
    head -c 200000 /dev/urandom >big
    serve --type seqpacket -W "$ID" </dev/null >got
    run -0 usockcat -W "$ID" <big
    server_ends_with 0
    cmp big got
}

@test "usockcat keeps empty messages" {
    local type
    for type in seqpacket dgram; do
        local count=()
        [ "$type" = seqpacket ] || count=(-n 3)
        serve --type "$type" "${count[@]}" -0 "$ID" </dev/null >got
        printf '\nx\n\n' | usockcat "$ID"
        server_ends_with 0
        assert_equal "$(tr '\0' . <got)" .x..
    done
}

@test "usockcat refuses a message over the limit by number and sends what came before" {
    serve --type seqpacket "$ID" </dev/null >got
    { echo first && head -c 5M /dev/zero; } >two
    run -3 --separate-stderr usockcat -0 "$ID" < <(tr '\n' '\0' <two | tr '\0' x | sed 's/^firstx/first\n/' | tr '\n' '\0')
    assert_regex "$stderr" "record 2 is longer than 4194304 bytes \(net.core.wmem_max is [0-9]+\)$"
    server_ends_with 0
    assert_equal "$(<got)" first
}

@test "usockcat names the message that the kernel cannot carry" {
    need_root
    local max
    max=$(cat /proc/sys/net/core/wmem_max)
    [ "$max" -lt 2000000 ] || skip "net.core.wmem_max is large here"
    serve --type seqpacket -W -m 0666 "$ID" </dev/null >got
    head -c 4M /dev/zero >big
    chmod a+rx . && run -3 --separate-stderr as_nobody usockcat -W "$ID" <big
    assert_equal "$stderr" \
        "usockcat: $ID: send message 1: Message too long (net.core.wmem_max is $max)"
}

@test "usockcat sends each dgram record to who sent last and has a name" {
    open_input
    serve --type dgram -n 3 "$ID" <in >got
    python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"unnamed", sys.argv[1])' "$ID"
    eventually grep -q unnamed got
    echo answer >&8
    run -0 usockcat -n 1 "$ID" <<<'named'
    assert_output answer
    usockcat "$ID" <<<'last'
    exec 8>&-
    server_ends_with 0
    assert_equal "$(<got)" $'unnamed\nnamed\nlast'
}

@test "usockcat answers a slow named sender as it makes room" {
    seq 100 >hundred
    serve --type dgram -n 2 "$ID" <hundred
    python3 - "$ID" <<'PYTHON'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("slow")
s.sendto(b"go", sys.argv[1])
time.sleep(0.2)
assert [int(s.recv(9)) for i in range(100)] == list(range(1, 101))
s.sendto(b"end", sys.argv[1])
PYTHON
    server_ends_with 0
}

@test "usockcat says which dgram answer found its receiver gone" {
    open_input
    serve --type dgram -n 2 "$ID" <in >got 2>errors
    python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("gone")
s.sendto(b"hello", sys.argv[1])' "$ID"
    eventually grep -q hello got
    echo answer >&8
    eventually grep -q 'send message 1: Connection refused' errors
    usockcat "$ID" <<<'next'
    exec 8>&-
    server_ends_with 3
}

@test "usockcat says that a dgram server went away" {
    open_input
    serve --type dgram -n 1 "$ID" </dev/null >got
    start_client 2>errors
    echo first >&8
    server_ends_with 0
    echo second >&8
    ends_with 3 "$client"
    exec 8>&-
    assert_equal "$(<errors)" "usockcat: $ID: send message 2: Connection refused"
}

@test "usockcat closes descriptors that nobody asked for, and says so" {
    local type
    for type in seqpacket dgram; do
        local count=()
        [ "$type" = seqpacket ] || count=(-n 2)
        serve --type "$type" "${count[@]}" "$ID" </dev/null >got 2>errors
        sockpeer descriptors "$type" "$ID"
        server_ends_with 0
        assert_equal "$(<got)" $'with\n\nwithout'
        assert_regex "$(<errors)" 'sent descriptors; they are closed$'
    done
    serve "$ID" </dev/null >got 2>errors
    sockpeer descriptors stream "$ID"
    server_ends_with 0
    assert_equal "$(<got)" $'with\nwithout'
    assert_regex "$(<errors)" "^usockcat: $ID: descriptors came with the bytes; they are closed"
}

@test "usockcat finds the type of the server, and --type insists on one" {
    local type
    for type in stream seqpacket; do
        serve --type "$type" "$ID" </dev/null >got
        run -0 usockcat "$ID" <<<"over $type"
        server_ends_with 0
        assert_equal "$(<got)" "over $type"

        serve --type "$type" "@$ID" </dev/null >got
        run -0 usockcat "@$ID" <<<"over @$type"
        ends_with 0 "$server"
        assert_equal "$(<got)" "over @$type"
    done
    serve "$ID" </dev/null
    run -3 --separate-stderr usockcat --type dgram "$ID" <<<no
    assert_regex "$stderr" "connect: .* \(it is a socket of another type; without --type .*\)$"
}

# ---- many clients

@test "usockcat -l -k keeps the lines of 50 clients at once whole" {
    local client line pids=()
    serve -k -n 50 "$ID" </dev/null >got
    for ((client = 10; client < 60; client++)); do
        for ((line = 100; line < 200; line++)); do
            printf '%d-%d-%0*d\n' "$client" "$line" "$((line * 37 % 3000))" 0
        done | usockcat "$ID" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    server_ends_with 0
    run -1 grep -vE '^[1-5][0-9]-1[0-9][0-9]-0+$' got
    assert_equal "$(cut -d- -f 1,2 got | sort -u | wc -l)" 5000
}

@test "usockcat -l -k keeps the messages of 20 clients at once whole" {
    local client pids=()
    serve -k -n 20 --type seqpacket "$ID" </dev/null >got
    for ((client = 10; client < 30; client++)); do
        seq -f "$client-%g" 100 199 | usockcat "$ID" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    server_ends_with 0
    assert_equal "$(sort -u got | wc -l)" 2000
}

@test "usockcat -l -k sends stdin to every client, also to a slow one, and tells its end" {
    local client pids=()
    open_input
    seq 100000 >all
    serve -k -n 4 "$ID" <in
    for client in 1 2 3; do
        usockcat "$ID" </dev/null >"got$client" 3>&- 8>&- &
        pids+=($!)
    done
    usockcat "$ID" </dev/null 3>&- 8>&- | { sleep 0.3 && cat; } >got4 3>&- 8>&- &
    pids+=($!)
    eventually test ! -e "$ID" # the last has come
    cat all >&8
    exec 8>&-
    wait "${pids[@]}"
    server_ends_with 0
    for client in 1 2 3 4; do cmp all "got$client"; done
}

@test "usockcat -l -k reads no stdin before there is a client, and greets each that comes" {
    serve -k -n 2 "$ID" <<<'once' >/dev/null
    run -0 usockcat "$ID" </dev/null
    assert_output once
    run -0 usockcat "$ID" </dev/null
    assert_output ''
    server_ends_with 0
}

@test "usockcat -l -k gives who joins within a record the next record" {
    local first second
    open_input
    serve -k -n 2 "$ID" <in
    background usockcat "$ID" </dev/null >first 8>&-
    first=$!
    printf 'half' >&8
    eventually grep -q half first
    background usockcat "$ID" </dev/null >second 8>&-
    second=$!
    eventually test ! -e "$ID" # the last has come
    printf ' a line\nwhole\n' >&8
    eventually grep -q whole first
    exec 8>&-
    ends_with 0 "$first"
    ends_with 0 "$second"
    server_ends_with 0
    assert_equal "$(<first)" $'half a line\nwhole'
    assert_equal "$(<second)" whole
}

@test "usockcat -l -k holds other clients while a long record comes" {
    local long other
    open_input
    serve -k -n 2 "$ID" </dev/null >got
    start_client
    long=$client
    head -c 20000 /dev/zero | tr '\0' A >&8
    eventually eval '[ "$(wc -c <got)" -eq 20000 ]'
    echo other | usockcat "$ID" 3>&- 8>&- &
    other=$!
    eventually test ! -e "$ID" # the last has come
    echo end >&8
    exec 8>&-
    wait "$long" "$other"
    server_ends_with 0
    assert_equal "$(tr -d A <got)" $'end\nother'
}

@test "usockcat -l -k ends the last line of a client that did not" {
    serve -k -n 2 "$ID" </dev/null >got
    printf 'no newline' | usockcat "$ID"
    eventually grep -q 'no newline' got # a client may end before the server has read what it sent
    usockcat "$ID" <<<'next'
    server_ends_with 0
    assert_equal "$(<got)" $'no newline\nnext'
}

@test "usockcat -l -k -N turns away who sends no netstrings, and serves on" {
    serve -k -n 4 -N "$ID" </dev/null >got 2>errors
    printf '3:abc,junk' | usockcat "$ID" || true
    printf '5:tor' | usockcat "$ID"
    { printf '9000000:' && head -c 2000000 /dev/zero; } | usockcat "$ID" || true
    { printf '1000000:' && head -c 1000000 /dev/zero | tr '\0' x && printf ,; } | usockcat "$ID"
    server_ends_with 0
    assert_equal "$(tr -d x <got)" '3:abc,1000000:,'
    assert_equal "$(grep -c 'turned away: not a whole netstring' errors)" 2
    assert_equal "$(grep -c 'turned away: a netstring over 1 MiB' errors)" 1
}

@test "usockcat -l -k -N sends the records before what is no netstring, then fails" {
    serve -k -n 1 -N "$ID" < <(printf '3:abc,0:,junk') 2>errors
    run -0 usockcat "$ID" </dev/null
    assert_output '3:abc,0:,'
    server_ends_with 3
    assert_equal "$(<errors)" 'usockcat: stdin: read: not netstrings'
}

@test "usockcat -l -k streams a record longer than its queue to who reads, and drops who does not" {
    open_input
    background usockcat -l -k -n 2 --slow drop "$ID" <in >/dev/null 2>errors 8>&-
    server=$!
    eventually is_served
    background python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
time.sleep(60)' "$ID" 8>&-
    background usockcat "$ID" </dev/null >got 8>&-
    client=$!
    eventually test ! -e "$ID" # the last has come
    { head -c 3M /dev/zero | tr '\0' x && echo && echo short; } >all
    # at the pace of the reader, for the policy is for it too
    python3 3>&- -c 'import os, time
data = open("all", "rb").read()
for at in range(0, len(data), 16384):
    with open("/dev/fd/8", "wb") as f: f.write(data[at:at + 16384])
    while os.stat("got").st_size < at - 100000: time.sleep(0.001)'
    exec 8>&-
    ends_with 0 "$client"
    cmp all got
    assert_regex "$(<errors)" 'turned away: it stopped reading within a long record$'
    kill "$server" 2>/dev/null || true
}

@test "usockcat -l -k says once that descriptors ran out, and serves all the same" {
    local client pids=()
    # shellcheck disable=SC2016
    serve_with bash -c 'ulimit -n 12 && exec usockcat -l -k -n 20 "$1"' - "$ID" \
        </dev/null >got 2>errors
    for ((client = 0; client < 20; client++)); do
        { sleep 0.1 && echo "$client"; } | usockcat "$ID" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    server_ends_with 0
    has_lines 20 got
    has_lines 1 errors
    assert_regex "$(<errors)" ': accept: .* \(ulimit -n is 12\); the next clients wait until one leaves$'
}

@test "usockcat -l -k serves 500 clients in little memory" {
    unless_sanitized "keeps memory that was freed"
    serve -k -n 500 "$ID" </dev/null >got
    run -0 python3 - "$ID" "$server" <<'PYTHON'
import socket, sys
clients = []
for i in range(500):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.send(b"x" * 7000)
    clients.append(s)
for s in clients:
    s.send(b"\n")
print(open("/proc/%s/status" % sys.argv[2]).read().split("VmHWM:")[1].split()[0])
PYTHON
    server_ends_with 0
    has_lines 500 got
    [ "$output" -lt $((500 * 16)) ]
}

# ---- COMMAND

@test "usockcat runs COMMAND for each client, who it is in the environment" {
    # shellcheck disable=SC2016
    serve -k "$ID" -- sh -c 'read -r line
        echo "$line $USOCK_PEER_PID $USOCK_PEER_UID $USOCK_PEER_GID $USOCK_PATH"'
    run -0 bash -c 'echo $$ && exec usockcat "$1" <<<"hello"' - "$ID"
    assert_output "${lines[0]}"$'\n'"hello ${lines[0]} $(id -u) $(id -g) $ID"
    kill -TERM "$server"
    server_ends_with 143
}

@test "usockcat serves HTTP to curl by a shell command" {
    # shellcheck disable=SC2016
    serve -k -n 2 "$ID" -- sh -c 'read -r verb path rest
        sed "/^.\$/q" >/dev/null
        printf "HTTP/1.0 200 OK\r\n\r\n%s" "$path"'
    run -0 curl -s --unix-socket "$ID" http://localhost/a/b
    assert_output /a/b
    run -0 curl -s --unix-socket "$ID" http://localhost/c
    assert_output /c
    server_ends_with 0
}

@test "usockcat -l without -k has the status of COMMAND" {
    serve "$ID" -- sh -c 'cat; exit 7'
    run -0 usockcat "$ID" <<<hello
    assert_output hello
    server_ends_with 7
    serve "$ID" -- sh -c 'kill -KILL $$' </dev/null
    run -0 usockcat "$ID" </dev/null
    server_ends_with 137
    serve "$ID" -- ./nowhere 2>errors
    run -0 usockcat "$ID" </dev/null
    server_ends_with 127
    serve "$ID" -- /etc/passwd 2>>errors
    run -0 usockcat "$ID" </dev/null
    server_ends_with 126
    assert_regex "$(<errors)" '^usockcat: ./nowhere: run: No such file or directory'
}

@test "usockcat gives COMMAND nothing but the connection, and SIGPIPE as it was" {
    local status
    serve "$ID" -- sh -c 'ls -l /proc/self/fd | grep -c socket; grep -E "Sig(Blk|Ign)" /proc/self/status'
    run -0 usockcat "$ID" </dev/null
    status=$output
    ends_with 0 "$server"
    # its stdin and stdout, whose pipe `ls` has instead of the latter
    assert_regex "$status" '^1'
    refute_regex "$status" 'SigIgn:.*[13579bdf]...$'
    assert_regex "$status" 'SigBlk:.0000000000000000'
}

@test "usockcat --max bounds the COMMANDs that run at once" {
    local client pids=()
    # shellcheck disable=SC2016
    serve -k --max 2 -n 8 "$ID" -- sh -c 'mkdir slot$$ && ls -d slot* | wc -l >>counts
        sleep 0.1; rmdir slot$$'
    for ((client = 0; client < 8; client++)); do
        usockcat "$ID" </dev/null 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    server_ends_with 0
    has_lines 8 counts
    assert_equal "$(sort -n counts | tail -n 1)" 2
}

@test "usockcat -l -k ends on TERM and lets the COMMANDs go on" {
    serve -k "$ID" -- sh -c 'read -r line; echo "got $line"'
    open_input
    start_client >answer
    eventually eval '[ -n "$(pgrep -P "$server")" ]'
    kill -TERM "$server"
    server_ends_with 143
    echo question >&8
    exec 8>&-
    ends_with 0 "$client"
    assert_equal "$(<answer)" 'got question'
}

# ---- addresses, paths and permissions

@test "usockcat takes a path of 107 bytes and refuses one more" {
    local name
    name=$ID$(printf '%0*d' $((107 - ${#ID})) 0)
    background usockcat -l "$name" </dev/null >got
    server=$!
    eventually usockcat -q "$name" <<<'it fits'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'it fits'
    background usockcat -l "@$name" </dev/null
    eventually usockcat -q "@$name" <<<'it fits'

    run -2 --separate-stderr usockcat "${name}x"
    assert_regex "$stderr" 'longer than 107 bytes'
    run -2 usockcat "@${name}x"
    run -2 usockcat -l ''
    run -2 usockcat -l @
}

@test "usockcat makes the path with exactly the mode, whatever the umask" {
    local mask
    for mask in 000 077 777; do
        umask "$mask"
        serve "$ID" </dev/null
        assert_equal "$(stat -c %a "$ID")" 600
        kill "$server" && server_ends_with 143
        serve -m 0642 "$ID" </dev/null
        assert_equal "$(stat -c %a "$ID")" 642
        kill "$server" && server_ends_with 143
    done
    umask 022
    run -0 strace -f -e trace=umask,bind -o trace usockcat -q -l -t 0.01 "$ID" </dev/null ||
        [ "$status" -eq 1 ]
    grep -A 1 'umask(0177)' trace | grep -q bind
}

@test "usockcat lets in whom the path's mode lets in" {
    need_root
    chmod a+x . ..
    serve "$ID" </dev/null
    run -3 --separate-stderr as_nobody usockcat "$PWD/$ID" </dev/null
    assert_equal "$stderr" "usockcat: $PWD/$ID: connect: Permission denied"
    kill "$server" && server_ends_with 143
}

@test "usockcat replaces a socket that nobody serves" {
    leave_stale "$ID"
    serve "$ID" </dev/null >got
    run -0 usockcat "$ID" <<<hello
    server_ends_with 0
    assert_equal "$(<got)" hello

    serve "$ID" </dev/null
    kill -KILL "$server"
    eventually is_gone "$server"
    [ -S "$ID" ]
    serve "$ID" </dev/null
    run -0 usockcat "$ID" <<<hello
    server_ends_with 0
}

@test "usockcat does not touch a socket that is served, and gives its server no client" {
    local type
    for type in stream seqpacket dgram; do
        serve --type "$type" "$ID" </dev/null
        run -1 --separate-stderr usockcat -l "$ID" </dev/null
        assert_regex "$stderr" "^usockcat: $ID: listen: Address .*in use \(another process serves it\)$"
        run -1 --separate-stderr usockcat -q -l --type seqpacket "$ID" </dev/null
        assert_equal "$stderr" ''
        is_waiting "$server"
        kill "$server" && server_ends_with 143
    done
}

@test "usockcat does not take a socket that is bound and not yet listening" {
    background sockpeer bound stream "$ID"
    eventually test -S "$ID"
    run -1 usockcat -l "$ID" </dev/null
    [ -S "$ID" ]
}

@test "usockcat leaves alone at the path what is no socket" {
    local name
    echo content >regular
    ln -s regular link
    ln -s nowhere dangling
    mkfifo fifo
    mkdir folder
    for name in regular link dangling fifo folder; do
        run -3 --separate-stderr usockcat -l "$name" </dev/null
        assert_regex "$stderr" "^usockcat: $name: listen: .* \(something that is no socket is there; it stays\)$"
        [ -e "$name" ] || [ -L "$name" ]
    done
    assert_equal "$(<regular)" content
    run -3 usockcat regular </dev/null
    [ ! -e nowhere ]
}

@test "usockcat servers that start at once do not take the path from each other" {
    local round server servers
    for round in 1 2 3; do
        servers=()
        leave_stale "$ID"
        for _ in 1 2 3 4 5 6; do
            background usockcat -q -l -k "$ID" </dev/null
            servers+=($!)
        done
        eventually eval '[ "$(for pid in '"${servers[*]}"'; do is_gone $pid && echo; done | wc -l)" -eq 5 ]'
        usockcat "$ID" <<<"round $round"
        for server in "${servers[@]}"; do
            is_gone "$server" || kill "$server"
        done
        for server in "${servers[@]}"; do eventually is_gone "$server"; done
        [ ! -e "$ID" ]
    done
}

@test "usockcat removes its path on TERM, INT and HUP and dies of that signal" {
    local signal form
    for signal in TERM:143 INT:130 HUP:129; do
        for form in '' -k '-k --type seqpacket' '--type dgram'; do
            # shellcheck disable=SC2086
            serve_with env --default-signal=INT usockcat -l $form "$ID" </dev/null
            kill -"${signal%:*}" "$server"
            server_ends_with "${signal#*:}"
        done
    done
    serve_with env --default-signal=INT usockcat -l -k "$ID" -- cat
    kill -INT "$server"
    server_ends_with 130
}

@test "usockcat does not remove the path of its successor" {
    local first
    serve -k "$ID" </dev/null
    first=$server
    rm "$ID"
    background usockcat -l -k "$ID" </dev/null
    eventually test -S "$ID"
    kill "$first"
    ends_with 143 "$first"
    [ -S "$ID" ]
    run -0 usockcat "$ID" <<<'to the successor'
    kill $!
}

@test "usockcat serves at an abstract name its own user alone" {
    need_root
    serve "@$ID" </dev/null >got 2>errors
    run -3 as_nobody usockcat "@$ID" <<<'from a stranger'
    assert_regex "$(<errors)" "^usockcat: @$ID: refused uid 65534, pid [0-9]+: an abstract name is for uid 0 alone"
    run -0 usockcat "@$ID" <<<'from us'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'from us'

    serve --type dgram -n 1 "@$ID" </dev/null >got 2>errors
    as_nobody usockcat "@$ID" <<<'from a stranger'
    eventually grep -q 'refused uid 65534' errors
    usockcat "@$ID" <<<'from us'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'from us'
}

@test "usockcat reaches abstract names of other tools" {
    serve_with socat "ABSTRACT-LISTEN:$ID" PIPE
    run -0 usockcat "@$ID" <<<'through socat'
    assert_output 'through socat'
}

# ---- time limits and what goes wrong

@test "usockcat says that nobody serves" {
    run -1 --separate-stderr usockcat "$ID" </dev/null
    assert_equal "$stderr" \
        "usockcat: $ID: connect: No such file or directory (no server is there; usockcat -l starts one)"
    leave_stale "$ID"
    run -1 --separate-stderr usockcat "$ID" </dev/null
    assert_equal "$stderr" \
        "usockcat: $ID: connect: Connection refused (no server is there; usockcat -l starts one)"
    run -1 --separate-stderr usockcat -q "@$ID" </dev/null
    assert_equal "$stderr" ''
    run -3 usockcat -l "nowhere/$ID" </dev/null
}

@test "usockcat -t bounds every wait" {
    local time form
    for time in 0 0.1; do
        for form in '' -k '--type seqpacket' '--type dgram'; do
            # shellcheck disable=SC2086
            run -1 --separate-stderr usockcat -l -t "$time" $form "$ID" </dev/null
            assert_regex "$stderr" "^usockcat: $ID: wait.*: .*timed out"
        done
        run -1 usockcat -l -t "$time" "$ID" -- cat
        run -1 usockcat -l -k -t "$time" "$ID" -- cat
        [ ! -e "$ID" ]
    done

    serve -k "$ID" -- sleep 5
    run -1 --separate-stderr usockcat -t 0.1 "$ID" </dev/null
    assert_regex "$stderr" "^usockcat: $ID: wait for data: .*timed out"
    kill "$server" && server_ends_with 143
    serve --type dgram "$ID" </dev/null
    run -1 usockcat -n 1 -t 0.1 "$ID" <<<'no answer'
}

@test "usockcat -t bounds the wait for a server that accepts nobody" {
    background python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(0)
socket.socket(socket.AF_UNIX).connect(sys.argv[1])
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1]) if False else None
keep = []
while True:
    c = socket.socket(socket.AF_UNIX)
    c.setblocking(False)
    try:
        c.connect(sys.argv[1])
        keep.append(c)
    except BlockingIOError:
        break
open("full", "w")
time.sleep(60)' "$ID"
    eventually test -e full
    run -1 usockcat -t 0 "$ID" </dev/null
    run -1 --separate-stderr usockcat -t 0.1 "$ID" </dev/null
    assert_regex "$stderr" 'timed out \(the server has not accepted those who came before\)$'
}

@test "usockcat reports a closed stdin and stdout before anything moves" {
    # shellcheck disable=SC2016
    run -3 --separate-stderr bash -c 'usockcat -l "$1" <&-' - "$ID"
    assert_equal "$stderr" 'usockcat: stdin: read: Bad file descriptor'
    # shellcheck disable=SC2016
    run -3 --separate-stderr bash -c 'usockcat -l "$1" </dev/null >&-' - "$ID"
    assert_equal "$stderr" 'usockcat: stdout: write: Bad file descriptor'
    [ ! -e "$ID" ]
    # shellcheck disable=SC2016
    serve_with bash -c 'exec usockcat -l "$1" -- cat <&- >&-' - "$ID"
    run -0 usockcat "$ID" <<<'COMMAND needs neither'
    assert_output 'COMMAND needs neither'
    ends_with 0 "$server"
}

@test "usockcat fails when stdout is full or its reader gone" {
    local form
    for form in '' -k '--type seqpacket' '--type dgram'; do
        # shellcheck disable=SC2086
        serve $form "$ID" </dev/null >/dev/full 2>errors
        usockcat "$ID" <<<hello || true
        server_ends_with 3
        assert_regex "$(<errors)" '^usockcat: stdout: write: No space left on device(; 6 bytes are lost)?$'

        # shellcheck disable=SC2086
        serve $form "$ID" </dev/null > >(:) 2>errors
        usockcat "$ID" <<<hello || true
        server_ends_with 3
        assert_regex "$(<errors)" '^usockcat: stdout: write: Broken pipe(; 6 bytes are lost)?$'
    done
}

# ---- descriptors

@test "usockcat hands open descriptors to a COMMAND at the other side, in order" {
    echo secret >file
    local type
    for type in stream seqpacket; do
        # shellcheck disable=SC2016
        serve --type "$type" --recv-fd "$ID" -- sh -c 'cat <&3; cat <&4
            echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID == $$)) $USOCK_PEER_UID"'
        run -0 usockcat -W --send-fd 5 --send-fd 6 "$ID" 5<file 6<<<'here' </dev/null
        assert_output $'secret\nhere\n2 received:received 1 '"$(id -u)"
        ends_with 0 "$server"
    done
}

@test "usockcat gives descriptors to every client, and a client takes them for its COMMAND" {
    echo shared >file
    local type
    for type in stream seqpacket; do
        background usockcat -l -k -n 2 --type "$type" --send-fd 5 "$ID" 5<file </dev/null 8>&-
        server=$!
        eventually is_served
        run -0 usockcat --recv-fd "$ID" -- cat /proc/self/fd/3
        assert_output shared
        run -0 usockcat --recv-fd "$ID" -- sh -c 'cat <&3; cat' <<<'our own stdin'
        assert_output $'shared\nour own stdin'
        ends_with 0 "$server"
        background usockcat -l --type "$type" --send-fd 5 "$ID" 5<file </dev/null 8>&-
        server=$!
        eventually is_served
        run -0 usockcat --recv-fd "$ID" -- cat /proc/self/fd/3
        assert_output shared
        ends_with 0 "$server"
    done
}

@test "descriptors go along with the first bytes, which stay for COMMAND" {
    echo secret >file
    serve --recv-fd "$ID" -- sh -c 'cat <&3; cat'
    run -0 usockcat --send-fd 5 "$ID" 5<file <<<'and the bytes'
    assert_output $'secret\nand the bytes'
    ends_with 0 "$server"
}

@test "usockcat passes descriptors to python and takes them from it" {
    echo secret >file
    serve_with python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
c = s.accept()[0]
data, fds, flags, _ = socket.recv_fds(c, 100, 10)
c.send(data + os.read(fds[0], 100) + b"%d\n" % len(fds))' "$ID"
    run -0 usockcat --send-fd 5 --send-fd 5 "$ID" 5<file <<<'with it'
    assert_output $'with it\nsecret\n2'
    rm "$ID"

    serve --recv-fd "$ID" -- sh -c 'cat <&4; cat'
    run -0 python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
fd = os.open("file", os.O_RDONLY)
socket.send_fds(s, [b"bytes"], [0, fd])
s.shutdown(socket.SHUT_WR)
print(s.makefile().read())' "$ID"
    assert_output $'secret\nbytes'
    ends_with 0 "$server"

    # as systemd takes a descriptor to keep: a message to a dgram socket
    serve_with python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])
data, fds, flags, _ = socket.recv_fds(s, 100, 10)
open("got", "wb").write(data + b" " + os.read(fds[0], 100))' "$ID"
    run -0 usockcat --send-fd 5 "$ID" 5<file <<<'FDSTORE=1'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'FDSTORE=1 secret'
}

@test "a listening socket handed over is served by whoever got it" {
    serve_with python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
os.dup2(s.fileno(), 5)
os.execvp("usockcat", ["usockcat", "-l", "-k", "-n", "1", "--send-fd", "5", sys.argv[1] + "-2"])' \
        "$ID" </dev/null
    background usockcat --retry 5 --recv-fd "$ID-2" -- usockcat -l fd:3 -- tr a-z A-Z
    run -0 usockcat "$ID" <<<'from one to the other'
    assert_output 'FROM ONE TO THE OTHER'
}

@test "descriptors that did not come, or do not fit, are an error" {
    serve --recv-fd "$ID" -- touch ran 2>errors
    run usockcat "$ID" <<<'only bytes'
    ends_with 3 "$server"
    assert_equal "$(<errors)" "usockcat: $ID: receive descriptors: none came"
    serve --recv-fd "$ID" -- touch ran 2>errors
    run -0 usockcat "$ID" </dev/null
    ends_with 3 "$server"
    serve --recv-fd -t 0.1 "$ID" -- touch ran 2>errors
    background usockcat "$ID" < <(sleep 10)
    ends_with 1 "$server"

    # shellcheck disable=SC2016
    serve_with bash -c 'ulimit -n 12 && exec usockcat -l --recv-fd "$1" -- touch ran' - "$ID" 2>errors
    local many=()
    for ((i = 0; i < 20; i++)); do many+=(--send-fd 5); done
    run usockcat "${many[@]}" "$ID" 5</dev/null </dev/null
    ends_with 3 "$server"
    assert_regex "$(<errors)" "receive descriptors: .* \(ulimit -n is 12\)$"
    [ ! -e ran ]
}

# ---- sockets that others have opened

# Runs "$@" with fd 3 a listening (or dgram: bound) socket of type $1 at $ID.
with_listener() {
    python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[1].upper()))
s.bind(sys.argv[2])
if sys.argv[1] != "dgram":
    s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.execvp(sys.argv[3], sys.argv[3:])' "$1" "$ID" "${@:2}"
}

@test "usockcat -l fd:N serves a socket that it inherits, of whatever type, and leaves its path" {
    local type
    for type in stream seqpacket; do
        background with_listener $type usockcat -l fd:3 </dev/null >got
        server=$!
        eventually is_served
        run -0 usockcat "$ID" <<<"over $type"
        ends_with 0 "$server"
        assert_equal "$(<got)" "over $type"
        [ -S "$ID" ] && rm "$ID"
    done
    background with_listener dgram usockcat -l -n 1 fd:3 </dev/null >got
    server=$!
    eventually is_served
    run -0 usockcat "$ID" <<<'over dgram'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'over dgram'
}

@test "usockcat -l -k fd:N runs COMMAND for each client of an inherited socket" {
    background with_listener stream usockcat -l -k -n 2 fd:3 -- tr a-z A-Z
    server=$!
    eventually is_served
    run -0 usockcat "$ID" <<<one
    assert_output ONE
    run -0 usockcat "$ID" <<<two
    assert_output TWO
    ends_with 0 "$server"
}

@test "usockcat is started by systemd-socket-activate" {
    command -v systemd-socket-activate >/dev/null || skip "no systemd-socket-activate"
    background systemd-socket-activate -l "$PWD/$ID" usockcat -l fd:3 -- tr a-z A-Z 2>log
    run -0 usockcat --retry 5 "$ID" <<<activated
    assert_output ACTIVATED
}

@test "usockcat fd:N talks over a connection that it inherits" {
    run -0 python3 - <<'PYTHON'
import socket, subprocess
for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM:
    near, far = socket.socketpair(socket.AF_UNIX, kind)
    fd = far.fileno()
    p = subprocess.Popen(["usockcat", "-n" if kind == socket.SOCK_DGRAM else "-q",
                          *(["1"] if kind == socket.SOCK_DGRAM else []), "fd:%d" % fd],
                         pass_fds=[fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    far.close()
    p.stdin.write(b"ping\n")
    p.stdin.close()
    assert near.recv(100) == (b"ping\n" if kind == socket.SOCK_STREAM else b"ping")
    near.send(b"pong")
    near.close()
    assert p.stdout.read().rstrip() == b"pong"
    assert p.wait() == 0
PYTHON
}

@test "usockcat says what is wrong with an inherited descriptor" {
    run -3 --separate-stderr usockcat fd:9 9<&-
    assert_equal "$stderr" 'usockcat: fd:9: connect: Bad file descriptor (nobody has passed it on)'
    run -3 --separate-stderr usockcat -l fd:9 9</dev/null
    assert_regex "$stderr" '^usockcat: fd:9: listen: .*[Ss]ocket'
    run -3 --separate-stderr with_listener stream usockcat fd:3
    assert_regex "$stderr" '^usockcat: fd:3: connect: .* \(-l is for a socket that listens\)$'
    rm "$ID"
    run -3 with_listener stream usockcat -l --type seqpacket fd:3
    rm "$ID"
    run -3 --separate-stderr python3 -c 'import os, socket
s = socket.socket(); s.listen(); os.dup2(s.fileno(), 3)
os.execvp("usockcat", ["usockcat", "-l", "fd:3"])'
    assert_regex "$stderr" '\(it is no Unix socket\)$'
    run -2 usockcat fd:1
    run -2 usockcat fd:
    run -2 usockcat fd:3x
}

# ---- who may come

@test "--allow serves those it names, and closes others before a byte is read" {
    need_root
    chmod a+x . ..
    local rule
    for rule in uid:0 user:root gid:0 group:root any; do
        serve -m 0666 --allow "$rule" "$ID" </dev/null >got 2>errors
        usockcat "$ID" <<<"by $rule"
        server_ends_with 0
        assert_equal "$(<got)" "by $rule"
    done
    serve -k -n 1 -m 0666 --allow uid:1 --allow uid:65534 "$ID" -- sh -c 'cat' 2>errors
    run -0 as_nobody usockcat "$PWD/$ID" <<<'named'
    assert_output named
    server_ends_with 0
    for form in '' -k '-k --type seqpacket' '--type dgram -n 1'; do
        # shellcheck disable=SC2086
        serve -m 0666 --allow uid:0 $form "$ID" </dev/null >got 2>errors
        run as_nobody usockcat "$PWD/$ID" <<<'from a stranger'
        eventually grep -q 'refused uid 65534, pid [0-9]*: no --allow names it$' errors
        assert_equal "$(<got)" ''
        kill "$server"
        eventually is_gone "$server"
    done
}

@test "--allow gid: means the further groups of a client too" {
    need_root
    chmod a+x . ..
    share_programs
    serve -k -n 1 -m 0666 --allow gid:54321 "$ID" </dev/null >got 2>errors
    setpriv --reuid 65534 --regid 65534 --groups 54321 usockcat "$PWD/$ID" <<<'a member'
    server_ends_with 0
    assert_equal "$(<got)" 'a member'
}

@test "--allow opens an abstract name to others" {
    need_root
    serve --allow any "@$ID" </dev/null >got
    as_nobody usockcat "@$ID" <<<'from anybody'
    ends_with 0 "$server"
    assert_equal "$(<got)" 'from anybody'
    run -2 usockcat -l --allow nobody "@$ID"
    run -2 usockcat -l --allow user:nosuchuser "@$ID"
    run -2 usockcat -l --allow group:nosuchgroup "@$ID"
    run -2 usockcat -l --allow uid:-1 "@$ID"
    run -2 usockcat -l --allow uid:4294967295 "@$ID"
}

# ---- how a server is waited for

@test "--retry waits quietly for a server that is not up yet" {
    background usockcat --retry 10 "$ID" <<<early >answer 2>errors
    client=$!
    eventually is_waiting "$client"
    background usockcat -l "$ID" <<<welcome >got
    server=$!
    ends_with 0 "$client"
    server_ends_with 0
    assert_equal "$(<got) $(<answer)" 'early welcome'
    assert_equal "$(<errors)" ''
    run -1 --separate-stderr usockcat --retry 50ms "$ID" </dev/null
    assert_equal "$stderr" \
        "usockcat: $ID: connect: No such file or directory (no server is there; usockcat -l starts one)"
    run -1 --separate-stderr usockcat --retry 50ms "@$ID" </dev/null
}

@test "--ready marks in a file, a FIFO or a descriptor that clients may come" {
    background usockcat -l --ready mark "$ID" </dev/null >got
    server=$!
    eventually test -s mark
    assert_equal "$(<mark)" "$server"
    usockcat "$ID" <<<one
    ends_with 0 "$server"

    mkfifo pipe
    background usockcat -l --ready pipe "$ID" </dev/null >got
    server=$!
    read -r pid <pipe
    assert_equal "$pid" "$server"
    usockcat "$ID" <<<two
    ends_with 0 "$server"

    exec 7<>pipe
    background usockcat -l -k -n 1 --ready fd:7 "$ID" -- cat
    server=$!
    read -r pid <&7
    assert_equal "$pid" "$server"
    run -0 usockcat "$ID" <<<three
    assert_output three
    ends_with 0 "$server"
    exec 7>&-
    run -3 --separate-stderr usockcat -l --ready fd:7 "$ID" </dev/null
    assert_regex "$stderr" '^usockcat: fd:7: open for the ready mark: Bad file descriptor$'
    run -1 usockcat -l --ready no/mark "$ID" </dev/null
    [ ! -e "$ID" ]
}

@test "NOTIFY_SOCKET is told that the server is ready, once" {
    local manager
    for manager in "$ID-2" "@$ID-2"; do
        background usockcat -l --type dgram -n 1 "$manager" </dev/null >notified
        local notified=$!
        eventually grep -q "$ID-2" /proc/net/unix
        NOTIFY_SOCKET=$manager background usockcat -l -k -n 1 "$ID" -- \
            sh -c 'echo "${NOTIFY_SOCKET-unset}"'
        server=$!
        ends_with 0 "$notified"
        assert_equal "$(<notified)" READY=1
        run -0 usockcat "$ID" </dev/null
        assert_output unset
        ends_with 0 "$server"
    done
    NOTIFY_SOCKET=$PWD/nowhere background usockcat -l -k "$ID" </dev/null 2>errors
    eventually grep -q "^usockcat: $ID: notify NOTIFY_SOCKET: No such file" errors
    eventually is_served
}

@test "usockcat hears systemd-notify, and speaks as it does" {
    command -v systemd-notify >/dev/null || skip "no systemd-notify"
    serve --type dgram "$ID" </dev/null >got 2>errors
    NOTIFY_SOCKET=$PWD/$ID systemd-notify --ready --status=fine
    printf 'STOPPING=1' | usockcat -W "$ID"
    eventually grep -q STOPPING=1 got
    grep -q READY=1 got
    kill "$server"
    server_ends_with 143
}

# ---- clients that do not read

# Two clients: one that never reads, and one that reads all. The server gets $2 lines on stdin, with
# --slow $1; the reader must have all of them. The lines that the other got before its end are in
# `slow`.
serve_slowly() {
    # shellcheck disable=SC2016
    open_input
    background usockcat -l -k --slow "$1" "${@:3}" "$ID" <in 2>errors 8>&-
    server=$!
    eventually is_served
    python3 3>&- - "$ID" "$2" "$server" <<'PYTHON'
import os, socket, sys, threading, time
def connect():
    for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET:
        try:
            s = socket.socket(socket.AF_UNIX, kind)
            s.connect(sys.argv[1])
            return s, kind == socket.SOCK_STREAM
        except OSError as error:
            pass
    raise error
served = "/proc/%s/fd" % sys.argv[3]
before = len(os.listdir(served))
slow, is_stream = connect()
fast, _ = connect()
while len(os.listdir(served)) < before + 2:
    time.sleep(0.001)
count = int(sys.argv[2])
def feed():
    with open("/dev/fd/8", "w") as f:
        for i in range(count):
            f.write("%d %s\n" % (i, "x" * (i % 100)))
            if i % 100 == 0: # in time for the fast one
                f.flush()
                while got[0] < i - 90: time.sleep(0.0001)
got = [0]
threading.Thread(target=feed, daemon=True).start()
fast.settimeout(20)
while got[0] < count:
    data = fast.recv(1 << 20)
    assert data, got
    got[0] += data.count(b"\n") if is_stream else 1
out = b""
slow.settimeout(0.3)
try:
    while data := slow.recv(1 << 20):
        out += data if is_stream else data + b"\n"
except (TimeoutError, ConnectionResetError):
    pass
open("slow", "wb").write(out)
PYTHON
    exec 8>&-
    eventually test -s errors
    kill "$server"
    server_ends_with 143
}

@test "--slow drop: who does not read misses whole records, which are counted, and holds up nobody" {
    local type missed
    for type in stream seqpacket; do
        rm -f in
        serve_slowly drop 50000 --type $type
        run -0 cat errors
        assert_regex "$output" "^usockcat: $ID: client, pid [0-9]+: missed [0-9]+ records: it did not read fast enough$"
        missed=${output#*missed } missed=${missed%% *}
        run ! grep -vxE '[0-9]+ x*' slow
        assert_equal "$((missed + $(wc -l <slow)))" 50000
        awk 'length($2) != $1 % 100 {exit 1}' slow
    done
}

@test "--slow close: who does not read is turned away, and holds up nobody" {
    local type
    for type in stream seqpacket; do
        rm -f in
        serve_slowly close 50000 --type $type
        run -0 cat errors
        assert_regex "$output" "^usockcat: $ID: client, pid [0-9]+: turned away: it does not read$"
    done
}

@test "--slow block: who does not read holds up the others until it does" {
    open_input
    background usockcat -l -k -n 1 --slow block "$ID" <in 8>&-
    server=$!
    eventually is_served
    seq 200000 >all
    background bash -c 'usockcat "$0" </dev/null | { sleep 0.3; cat >got; }' "$ID" 8>&-
    cat all >&8
    exec 8>&-
    server_ends_with 0
    eventually cmp all got
}

# ---- storms: CLIENTS=1000 CONNECTIONS=10000 is the storm in full

@test "many clients at once, 100 records each: all arrive whole, in little memory" {
    local clients=${CLIENTS:-300}
    ulimit -n 4096 || skip "ulimit -n"
    serve -k -n "$clients" "$ID" </dev/null >got
    python3 3>&- - "$ID" "$server" "$clients" >memory <<'PYTHON'
import random, socket, sys
name, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
def resident():
    return int(open("/proc/%s/status" % server).read().split("VmHWM:")[1].split()[0])
before = resident()
clients = []
for i in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.connect(name)
    clients.append(s)
lines = [b"".join(b"%d-%d-%s\n" % (i, j, b"x" * (j * 7 % 90)) for j in range(100)) for i in range(count)]
at = [0] * count
left = list(range(count))
while left:
    i = random.choice(left)
    piece = lines[i][at[i]:at[i] + random.randrange(1, 4000)]
    clients[i].sendall(piece)
    at[i] += len(piece)
    if at[i] == len(lines[i]):
        left.remove(i)
        if not left:
            after = resident() # the server ends with its last client
        clients[i].shutdown(socket.SHUT_WR)
for s in clients:
    assert s.recv(1) == b""
print((after - before) / count)
PYTHON
    server_ends_with 0
    has_lines $((clients * 100)) got
    run ! grep -vxE '[0-9]+-[0-9]+-x*' got
    assert_equal "$(cut -d- -f1,2 got | sort -u | wc -l)" $((clients * 100))
    echo "$(<memory) KiB a client"
    awk '$1 > 16 {exit 1}' memory
}

@test "connections one after the other leak nothing" {
    unless_sanitized "keeps memory that was freed"
    local connections=${CONNECTIONS:-1000} form
    for form in '' '-- true'; do
        # shellcheck disable=SC2086
        serve -k "$ID" $form </dev/null >got
        run -0 python3 - "$ID" "$server" "$connections" <<'PYTHON'
import os, socket, sys
name, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
def state():
    rss = int(open("/proc/%s/status" % server).read().split("VmRSS:")[1].split()[0])
    return len(os.listdir("/proc/%s/fd" % server)), rss
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(name)
    s.shutdown(socket.SHUT_WR)
    while s.recv(100): pass
for i in range(100): connect()
before = state()
for i in range(count): connect()
for i in range(500):
    after = state()
    zombies = [p for p in open("/proc/%s/task/%s/children" % (server, server)).read().split()]
    if after[0] <= before[0] and not zombies: break
assert after[0] <= before[0] and not zombies, (before, after, zombies)
assert after[1] <= before[1] + 64, (before, after)
PYTHON
        kill "$server"
        server_ends_with 143
    done
}

# ---- what was found wrong before

@test "a producer that has more when the peer goes is exit 3" {
    local round
    for round in 1 2 3 4 5 6 7 8 9 10; do
        serve_with sockpeer leave stream "$ID"
        run -3 bash -c '{ echo first; sleep 0.02; seq 100000; } 2>/dev/null | usockcat "$0"' "$ID"
        rm "$ID"
    done
}

@test "what was received and finds no room when the time is over is told" {
    mkfifo out
    exec 9<>out
    local form
    for form in '' -k; do
        # shellcheck disable=SC2086
        serve $form -t 0.3 "$ID" </dev/null >out 2>errors
        run usockcat -q -t 0.2 "$ID" < <(seq 300000)
        server_ends_with 1
        assert_regex "$(<errors)" '^usockcat: stdout: wait for room: .* timed out; [0-9]+ bytes are lost$'
    done
    serve -k "$ID" </dev/null >out 2>errors
    run usockcat -q -t 0.2 "$ID" < <(seq 300000)
    kill "$server"
    server_ends_with 143
    assert_regex "$(<errors)" '^usockcat: stdout: [0-9]+ bytes are lost$'
}

@test "a reply that comes a second after the end of stdin arrives whole" {
    serve "$ID" -- sh -c 'cat >/dev/null; sleep 1; seq 100000'
    run -0 usockcat "$ID" <<<question
    assert_equal "$output" "$(seq 100000)"
    ends_with 0 "$server"
}

@test "messages of 20,000 and 200,000 bytes arrive whole over dgram and seqpacket" {
    local type size
    for size in 20000 200000; do
        head -c $size /dev/urandom >big
        for type in dgram seqpacket; do
            local count=()
            [ "$type" = seqpacket ] || count=(-n 1)
            serve --type $type -W "${count[@]}" "$ID" </dev/null >got
            run -0 usockcat -W "$ID" <big
            server_ends_with 0
            cmp big got
        done
    done
}

@test "abstract names may hold any byte of a word" {
    local name
    for name in "@$ID $(printf 'a\tb\001\377')" "@$ID/with/slashes" "@$ID@@" "@$ID $(printf '\303\251')"; do
        background usockcat -l "$name" </dev/null >got
        run -0 usockcat --retry 5 "$name" <<<'odd'
        ends_with 0 $!
        assert_equal "$(<got)" odd
    done
}

@test "-P tells on stderr how much has moved" {
    serve -P "$ID" </dev/null >got 2>errors
    head -c 3M /dev/zero >in
    run -0 --separate-stderr usockcat -P "$ID" <in
    assert_regex "$stderr" '^3\.0 MiB in [0-9.]+ s, '
    server_ends_with 0
    assert_regex "$(tail -n 1 errors)" '^3\.0 MiB in '
    serve -P -k -n 1 --type seqpacket "$ID" </dev/null >got 2>errors
    run -0 --separate-stderr usockcat -P "$ID" < <(echo 12345)
    assert_regex "$stderr" '^5 B in '
    server_ends_with 0
    assert_regex "$(tail -n 1 errors)" '^6 B in '
}

# ---- other people's programs

@test "usockcat asks Redis over its socket" {
    command -v redis-check-rdb >/dev/null || skip "no redis-check-rdb (redis-tools)"
    # Debian's redis-tools have the server under this name
    background bash -c 'exec -a redis-server redis-check-rdb --port 0 --unixsocket "$0" --save "" >log' "$PWD/$ID"
    run -0 usockcat --retry 10 "$ID" < <(printf 'SET key "two words"\r\nGET key\r\nINCR n\r\nQUIT\r\n')
    assert_equal "$(tr -d '\r' <<<"$output")" $'+OK\n$9\ntwo words\n:1\n+OK'
}

@test "usockcat carries HTTP between curl and a server through two sockets" {
    serve "$ID" -- sh -c 'sed "/^.\$/q" >/dev/null; printf "HTTP/1.0 200 OK\r\n\r\nthrough two"'
    background usockcat -l -k "$ID-2" -- usockcat "$ID"
    run -0 curl -s --retry 5 --retry-connrefused --unix-socket "$ID-2" http://localhost/
    assert_output 'through two'
}

@test "usockcat refuses what does not go together" {
    run -2 --separate-stderr usockcat -k "$ID"
    assert_equal "$stderr" 'usockcat: -k needs -l'
    run -2 usockcat -m 0600 "$ID"
    run -2 --separate-stderr usockcat "$ID" -- cat
    assert_equal "$stderr" 'usockcat: COMMAND needs -l or --recv-fd'
    run -2 usockcat -l "$ID" --
    run -2 --separate-stderr usockcat -l --type dgram "$ID" -- cat
    assert_regex "$stderr" 'dgram has no connections'
    run -2 usockcat -l -N "$ID" -- cat
    run -2 usockcat -l -k --max 2 "$ID"
    run -2 usockcat --ready x "$ID"
    run -2 usockcat --allow any "$ID"
    run -2 usockcat -l --retry 1 "$ID"
    run -2 usockcat --recv-fd "$ID"
    run -2 usockcat -l --send-fd 0 "$ID" -- cat
    run -2 usockcat --send-fd 99 "$ID"
    run -2 usockcat --send-fd x "$ID"
    run -2 usockcat -l --slow drop "$ID"
    run -2 usockcat -l -k --slow maybe "$ID"
    run -2 usockcat -l -P "$ID" -- cat
    run -2 usockcat -l -m 0600 fd:3
    run -2 usockcat -l --max 2 "$ID" -- cat
    run -2 usockcat -l -k --max 0 "$ID" -- cat
    run -2 usockcat -l -m 0600 "@$ID"
    run -2 usockcat -l -n 2 "$ID"
    run -2 usockcat -l --type raw "$ID"
    run -2 usockcat "$ID" "$ID"
    run -2 usockcat
    serve "$ID" </dev/null
    run -2 --separate-stderr usockcat -n 1 "$ID" </dev/null
    assert_regex "$stderr" '-n counts messages, and this is a stream$'
}

@test "the examples of usockcat's page print what the page says" {
    check_examples usockcat
}

@test "a command line that does not go with the type leaves no socket behind" {
    for words in '-n 1 ./s' '--type seqpacket -n 1 ./s' '--type dgram ./s -- cat'; do
        # shellcheck disable=SC2086
        run -2 usockcat -l --ready ready $words </dev/null
        [ ! -e s ]
        [ ! -s ready ]
    done
}
