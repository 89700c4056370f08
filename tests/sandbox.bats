#!/usr/bin/env bats
# What the tools that run no command give up before they read (common/sys/sandbox.h).

load helper

# Some tests ask for what only a kernel with all of Landlock, from ABI 6 on, forbids.
need_landlock() {
    run sandboxed "signal:$BASHPID"
    [ "$output" = 'signal Operation not permitted' ] || skip 'no Landlock here, or an old one'
}

# prints ANSWERS KEEP... VERB:ARGUMENT...: checks what sandboxed prints.
prints() {
    local answers=$1
    shift
    run -0 sandboxed "$@"
    assert_output "$answers"
}

# For each thread of process $1 whether it can gain rights (0) or has given that up (1); each answer
# once.
no_new_privs() {
    awk '$1 == "NoNewPrivs:" {print $2}' "/proc/$1"/task/*/status | sort -u
}

has_no_new_privs() {
    [ "$(no_new_privs "$2")" = "$1" ]
}

# Makes what each line of `waiting_tools` needs, and holds the FIFOs `input` and `kept` open.
prepare_objects() {
    mkfifo input fifo kept
    exec 7<>input 8<>kept
    echo data >file
    mqsend -c "/$ID" </dev/null
    shmput "/$ID" <file
    usockcat -l -k --ready ready served <input >/dev/null 3>&- &
    children+=($!)
    eventually test -s ready
}

remove_objects() {
    exec 7>&- 8>&-
    mqrecv --remove "/$ID"
    shmget --remove "/$ID"
}

# Command lines that wait for something to read; stdin is a FIFO that nothing comes from.
waiting_tools() {
    cat <<END
fifocat -k -P fifo
fifocat -w -k -P fifo
fifocat -w -k --records fifo
fifocat -r fifo -w kept
mmapcat -f -P file
mmapcat -w -P file
mqrecv -P /$ID
mqsend -P /$ID
shmget -f -P /$ID
shmput -P /$ID-new
shmput -P -a /$ID
shmput -P -c private
sigrecv USR1
sigsend -
usockcat -l -k -P socket
usockcat -l -k --type dgram dgram
usockcat -P served
END
}

# Starts "$1" of waiting_tools, after the words that follow, and waits until it waits.
start_waiting() {
    local words
    read -ra words <<<"$1"
    shift
    "$@" "${words[@]}" <input >/dev/null 2>&1 3>&- 7>&- 8>&- &
    children+=($!)
    eventually is_waiting $!
}

@test "what the sandbox takes: writing, creating, removing and running files, TCP, abstract sockets, other processes" {
    need_landlock
    echo data >file
    cp "$(type -P true)" program
    usockcat -l -k --ready ready "@$ID" </dev/null >/dev/null &
    children+=($!)
    background sleep 1000
    eventually test -s ready
    local refused='Permission denied'
    prints "read done
write $refused
cut $refused
create $refused
fifo $refused
link $refused
rename $refused
remove $refused
run $refused
tcp $refused
abstract Operation not permitted
signal Operation not permitted
peek Operation not permitted" \
        read:file write:file cut:file create:new fifo:new link:file rename:file remove:file \
        run:./program tcp: "abstract:$ID" "signal:$!" "peek:$!"
}

@test "what the sandbox leaves on request: one folder, abstract sockets, signals" {
    need_landlock
    mkdir kept
    echo data >file
    cp file kept
    usockcat -l -k --ready ready "@$ID" </dev/null >/dev/null &
    children+=($!)
    eventually test -s ready
    prints 'write Permission denied
write done
create done
remove done
fifo Permission denied
abstract done
signal Operation not permitted' \
        folder=kept sockets write:file write:kept/file create:kept/new remove:kept/file \
        fifo:kept/fifo "abstract:$ID" "signal:$!"
    prints 'signal done
abstract Operation not permitted' signals "signal:$!" "abstract:$ID"
}

@test "a folder that is not there leaves the sandbox out, but for no_new_privs" {
    run -0 sandboxed folder=missing create:new
    assert_output 'create done'
    run -0 strace -qqq -e trace=prctl -o trace sandboxed folder=missing
    run -0 grep -c PR_SET_NO_NEW_PRIVS trace
}

@test "IPCBOX_NO_SANDBOX leaves it out; empty it is as if it were not set" {
    IPCBOX_NO_SANDBOX=1 run -0 sandboxed create:new
    assert_output 'create done'
    IPCBOX_NO_SANDBOX=1 run -0 strace -qqq -e trace=prctl,landlock_create_ruleset -o trace sandboxed
    run ! grep -e NO_NEW_PRIVS -e landlock trace
    IPCBOX_NO_SANDBOX='' run -0 strace -qqq -e trace=prctl -o trace sandboxed
    run -0 grep -c PR_SET_NO_NEW_PRIVS trace
}

# answers_of VERSION ANSWERS: checks what can still be done if the kernel claims this version.
answers_of() {
    echo data >file
    run -0 strace -qqq -f -o /dev/null -e "inject=landlock_create_ruleset:retval=$1:when=1" \
        sandboxed write:file cut:file tcp: "signal:$BASHPID"
    assert_output "$2"
}

@test "an older kernel is asked for what it knows, and no more" {
    need_landlock
    local refused='Permission denied' version
    for version in 1 2; do
        answers_of "$version" $'write Permission denied\ncut done\ntcp Connection refused\nsignal done'
    done
    answers_of 3 "write $refused"$'\n'"cut $refused"$'\ntcp Connection refused\nsignal done'
    for version in 4 5; do
        answers_of "$version" "write $refused"$'\n'"cut $refused"$'\n'"tcp $refused"$'\nsignal done'
    done
}

@test "if the kernel has no Landlock, or a call of it fails, the tools go on" {
    local call error
    mqsend -c "/$ID" </dev/null
    while read -r call error; do
        run -0 strace -qqq -o /dev/null -e "inject=$call:error=$error" \
            bash -c 'echo one | shmput -a "/$1" && shmget --take "/$1" && echo two | mqsend "/$1" &&
                mqrecv "/$1"' - "$ID"
        assert_output $'one\ntwo'
    done <<'END'
prctl EINVAL
landlock_create_ruleset ENOSYS
landlock_create_ruleset EOPNOTSUPP
landlock_create_ruleset EMFILE
landlock_add_rule ENOMEM
landlock_restrict_self E2BIG
END
    mqrecv --remove "/$ID"
}

@test "a tool that waits for what others write has given up its rights, all its threads have" {
    local own line
    own=$(no_new_privs $BASHPID)
    prepare_objects
    while IFS= read -r line; do
        start_waiting "$line"
        eventually has_no_new_privs 1 $! || fail "$line: NoNewPrivs is 0"
        sigsend -w $!
        IPCBOX_NO_SANDBOX=1 start_waiting "$line"
        has_no_new_privs "$own" $! || fail "$line: NoNewPrivs is 1"
        sigsend -w $!
    done < <(waiting_tools)
    remove_objects
}

@test "a tool that waits for what others write is in the sandbox of Landlock" {
    need_landlock
    local line
    prepare_objects
    while IFS= read -r line; do
        : >trace
        start_waiting "$line" strace -D -qqq -o trace -e trace=landlock_restrict_self
        eventually grep -qx 'landlock_restrict_self(.*) *= 0' trace || fail "$line: is in none"
        sigsend -w $!
    done < <(waiting_tools)
    remove_objects
}

@test "a COMMAND has the rights that the tool was called with" {
    local own command=(grep NoNewPrivs /proc/self/status)
    own=$(grep NoNewPrivs /proc/self/status)
    mqsend -c "/$ID" x
    run -0 mqrecv "/$ID" -- "${command[@]}"
    assert_output "$own"
    mqrecv --remove "/$ID"
    background usockcat -l --ready ready socket -- "${command[@]}"
    eventually test -s ready
    run -0 usockcat socket </dev/null
    assert_output "$own"
    run -0 duplex true -- sh -c 'grep NoNewPrivs /proc/self/status >&2'
    assert_output "$own"
    semop create "$KEY" 1
    run -0 semop run "$KEY" -- "${command[@]}"
    assert_output "$own"
    semop remove "$KEY"
}

@test "a tool that reads nothing starts as if there were no sandbox" {
    local tool
    for tool in "$BUILD"/bin/*; do
        strace -f -qqq -o trace -e trace=prctl,landlock_create_ruleset "$tool" --version >/dev/null
        run ! grep -e NO_NEW_PRIVS -e landlock trace
    done
    mqsend -c "/$ID" </dev/null
    strace -f -qqq -o trace -e trace=prctl,landlock_create_ruleset mqsend "/$ID" x
    run ! grep -e NO_NEW_PRIVS -e landlock trace
    mqrecv --remove "/$ID"
}
