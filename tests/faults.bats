#!/usr/bin/env bats
# What the tools do when a system call fails that normally never fails. tests/faults.sh tries them all
# (`make check-faults`); here is a sample, and each defect that it found.

load helper

setup() {
    prepare
    [[ $(<"$BUILD/flags") == *musl* ]] || skip "the calls named here are those of musl's functions"
}

# Lets a call of the tool fail: with_fault CALL:N:ERROR COMMAND...
with_fault() {
    fault -l log -f "$1" -- "${@:2}" && status=0 || status=$?
    [ "$status" -ne 77 ] || skip "the registers of this machine are unknown"
    grep -q ' hits=[1-9]' log || status=99
    return "$status"
}

@test "a sample of all faults, in each call of each tool, ends as it should" {
    run fault -- true
    [ "$status" -ne 77 ] || skip "the registers of this machine are unknown"
    unshare --ipc --mount true 2>/dev/null || unshare --map-root-user --ipc --mount true 2>/dev/null ||
        skip "no namespaces here"
    run --separate-stderr nice "$BATS_TEST_DIRNAME/faults.sh" -e "${FAULTS_EVERY:-101}" \
        "$BATS_TEST_DIRNAME"/faults/*.sh 3>&-
    assert_success # which shows the findings
    assert_output --regexp '^[0-9]+ faults, 0 findings$'
}

@test "faults.sh finds what ends with status 0 and without its output" {
    run fault -- true
    [ "$status" -ne 77 ] || skip "the registers of this machine are unknown"
    unshare --ipc --mount true 2>/dev/null || unshare --map-root-user --ipc --mount true 2>/dev/null ||
        skip "no namespaces here"
    run -1 "$BATS_TEST_DIRNAME/faults.sh" -- /bin/sh -c 'echo result; exit 0' 3>&-
    assert_output --partial "/bin/sh -c echo result; exit 0: write:1:EIO: status 0 with another result"
}

@test "fault makes a transfer short without a change of what is transferred" {
    seq 1000 >numbers
    with_fault read:1:short shmput "/$ID" <numbers
    run -0 cmp numbers <(shmget "/$ID")
    run -0 cmp numbers <(with_fault write:1:short shmget "/$ID")
    shmget --remove "/$ID"
}

@test "shmget --take that cannot look at the name fails, and another finds the object" {
    echo content | shmput "/$ID"
    run -3 --separate-stderr with_fault lstat:1:ENOMEM shmget --take "/$ID"
    # shellcheck disable=SC2154
    [[ $stderr == "shmget: /$ID: remove segment: "* ]]
    run -0 shmget --take "/$ID"
    assert_output content
}

@test "shmop wait that cannot look at the name does not take it for removed" {
    shmop -c --size 8 "/$ID" set 1
    run -1 --separate-stderr with_fault lstat:1+:ENOMEM shmop -t 0.2 "/$ID" wait eq 2
    [[ $stderr == *"timed out"* ]]
    shmget --remove "/$ID"
    shmop -c --size 8 "$KEY" set 1
    run -1 --separate-stderr with_fault shmctl:2+:ENOMEM shmop -t 0.2 "$KEY" wait eq 2
    [[ $stderr == *"timed out"* ]]
    shmget --remove "$KEY"
}

@test "a segment that cannot be looked at is not taken for something else" {
    echo content | shmput "/$ID"
    run -3 --separate-stderr with_fault fstat:1:EIO shmget "/$ID"
    [[ $stderr == "shmget: /$ID: read status: "* ]]
    shmget --remove "/$ID"
}

@test "mqrecv --stat that cannot read how many bytes there are says so" {
    mqsend -c "/$ID" message
    run -3 --separate-stderr with_fault pread64:1:EIO mqrecv --stat "/$ID"
    [[ $stderr == "mqrecv: /$ID: read status: "* ]]
    mqrecv --remove "/$ID"
}

@test "a COMMAND that cannot be given its stdin is not run" {
    mqsend -c "/$ID" message
    run -126 with_fault dup2:1:EMFILE mqrecv "/$ID" -- /bin/cat
    run -0 mqrecv "/$ID"
    assert_output message
    mqrecv --remove "/$ID"
    run -126 with_fault dup2:1:EMFILE duplex /bin/true -- /bin/true
}

@test "a usockcat that cannot send does not wait for an answer" {
    background usockcat -l socket -- /bin/cat
    eventually test -S socket
    echo hello >input
    run -3 --separate-stderr with_fault sendto:1:ENOMEM usockcat socket <input
    [[ $stderr == "usockcat: socket: write: "*"lost" ]]
}

@test "a usockcat that cannot look at its socket after bind removes it" {
    run -3 with_fault lstat:1:ENOMEM usockcat -l socket
    run ! test -e socket
}

@test "a usockcat that cannot tell whether a socket is served says why, and leaves it" {
    background usockcat -l socket -- /bin/cat
    eventually test -S socket
    run -3 --separate-stderr with_fault connect:1:ENOMEM usockcat -l socket
    [[ $stderr == "usockcat: socket: listen: "*emory ]]
    run -0 usockcat socket </dev/null
}

@test "a usockcat that cannot remove its socket says so" {
    background usockcat --retry 5 socket </dev/null >/dev/null
    run -0 --separate-stderr with_fault unlink:1:EACCES usockcat -l socket </dev/null
    [[ $stderr == "usockcat: socket: remove socket: Permission denied" ]]
}

@test "a duplex whose logger cannot pass something on says so" {
    run -125 --separate-stderr with_fault write:2:ENOMEM \
        duplex --log record /bin/echo hello -- /bin/sh -c 'cat >got'
    [[ $stderr == "duplex: record: pass data on: "*emory ]]
}

@test "a seqpacket client that cannot send does not wait for an answer" {
    background sockpeer echo seqpacket socket
    eventually test -S socket
    run -3 --separate-stderr with_fault sendmsg:1:ENOMEM usockcat -n 1 socket <<<hello
    [[ $stderr == "usockcat: socket: send message 1: "*emory ]]
}

@test "a server of many tells whom it turns away because it cannot send" {
    background usockcat --retry 5 socket </dev/null >/dev/null
    background usockcat --retry 5 socket </dev/null >/dev/null
    run -0 --separate-stderr with_fault sendmsg:1:ENOMEM usockcat -l -k -n 2 socket <<<hello
    [[ $stderr == "usockcat: socket: client, pid "*": turned away: "*emory ]]
}

@test "semop that cannot read a semaphore does not take it for something else" {
    semop create "/$ID" 1
    run -3 --separate-stderr with_fault read:1:EIO semop get "/$ID"
    [[ $stderr == "semop: /$ID: get: Input/output error" ]]
    semop remove "/$ID"
}

@test "a FIFO that cannot be looked at is not taken for something else" {
    mkfifo pipe
    run -3 --separate-stderr with_fault fstat:1:EIO fifocat -t 0 pipe
    [[ $stderr == "fifocat: pipe: open FIFO: "* && $stderr != *"not a FIFO"* ]]
}

@test "sigsend --explain that cannot read of all threads says so" {
    run -3 --separate-stderr with_fault open:2:EMFILE sigsend --explain $$
    [[ $stderr == "sigsend: $$: explain: "*files* || $stderr == *descriptors* ]]
}

@test "no memory for a word of the command line is a failure, not wrong usage" {
    local command
    mqsend -c "/$ID" one
    for command in "sigrecv -t 0 --format %s USR1" "mqrecv -t 0 --format %b /$ID"; do
        # shellcheck disable=SC2086
        run -3 --separate-stderr with_fault mmap:1+:ENOMEM $command
        assert_regex "$stderr" "^${command%% *}: --format '%.': out of memory$"
    done
    holds 1 "/$ID"
    mqrecv --remove "/$ID"
}
