#!/usr/bin/env bats
# usockcat: which bytes and messages reach whom, whose path it is, and how each end is told.

load helper

# Whether somebody serves the socket $ID or @$ID.
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
    eventually eval '[ "$(ls "/proc/$server/fd" | wc -l)" -ge 7 ]'
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
    eventually eval '[ "$(ls "/proc/$server/fd" | wc -l)" -ge 5 ]'
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
    eventually eval '[ "$(ls "/proc/$server/fd" | wc -l)" -ge 5 ]'
    echo end >&8
    exec 8>&-
    wait "$long" "$other"
    server_ends_with 0
    assert_equal "$(tr -d A <got)" $'end\nother'
}

@test "usockcat -l -k ends the last line of a client that did not" {
    serve -k -n 2 "$ID" </dev/null >got
    printf 'no newline' | usockcat "$ID"
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
    assert_regex "$(<errors)" 'the next clients wait until one leaves; ulimit -n'
}

@test "usockcat -l -k serves 500 clients in little memory" {
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
        assert_regex "$(<errors)" '^usockcat: stdout: write: No space left on device( \(6 bytes are lost\))?$'

        # shellcheck disable=SC2086
        serve $form "$ID" </dev/null > >(:) 2>errors
        usockcat "$ID" <<<hello || true
        server_ends_with 3
        assert_regex "$(<errors)" '^usockcat: stdout: write: Broken pipe( \(6 bytes are lost\))?$'
    done
}

@test "usockcat refuses what does not go together" {
    run -2 --separate-stderr usockcat -k "$ID"
    assert_equal "$stderr" 'usockcat: -k goes with -l'
    run -2 usockcat -m 0600 "$ID"
    run -2 --separate-stderr usockcat "$ID" -- cat
    assert_equal "$stderr" 'usockcat: COMMAND goes with -l or --recv-fd'
    run -2 usockcat -l "$ID" --
    run -2 --separate-stderr usockcat -l --type dgram "$ID" -- cat
    assert_regex "$stderr" 'dgram has no connections'
    run -2 usockcat -l -N "$ID" -- cat
    run -2 usockcat -l -k --max 2 "$ID"
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
