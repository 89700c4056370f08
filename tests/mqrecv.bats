#!/usr/bin/env bats
# mqrecv: what it takes, in which order, and that nothing it took is lost.

load helper

# Milliseconds since $1, a value of EPOCHREALTIME.
elapsed() {
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

# Opens FIFO $1 as descriptor 5 and fills it, so that a write to it blocks.
fill_pipe() {
    mkfifo "$1"
    exec 5<>"$1"
    dd if=/dev/zero of="$1" bs=4096 oflag=nonblock status=none 2>/dev/null || true
}

# What a program reads that comes late to the pipe that fill_pipe filled.
drain_pipe() {
    dd if="$1" bs=4096 iflag=nonblock status=none 2>/dev/null | tr -d '\0'
}

# The option that gives a message of queue $1 the tag 7.
tag_of() {
    [[ $1 == /* ]] && echo -p7 || echo -T7
}

@test "mqrecv takes one message and leaves the others" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two three
        run -0 mqrecv "$queue"
        assert_output one
        run -0 mqrecv -n 1 "$queue"
        assert_output two
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -n takes N messages, and waits for those that are not there yet" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two three
        run -0 mqrecv --count 2 "$queue"
        assert_output $'one\ntwo'
        run -1 --separate-stderr mqrecv -n 2 -t 0.1 "$queue"
        assert_output three
        background mqrecv -n2 "$queue" >out
        receiver=$!
        eventually is_waiting $receiver
        mqsend "$queue" four five six
        ends_with 0 $receiver
        run -0 cat out
        assert_output $'four\nfive'
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -a takes all there are, and exits 1 if there are none" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one '' three
        run -0 mqrecv --all "$queue"
        assert_output $'one\n\nthree'
        run -1 --separate-stderr mqrecv -a "$queue"
        assert_output ''
        assert_equal "$stderr" "mqrecv: $queue: receive: the queue is empty"
        run -1 --separate-stderr mqrecv -q -a "$queue"
        assert_equal "$stderr" ''
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -a -T takes all of its type" {
    mqsend -c "$KEY" one
    mqsend -T 2 "$KEY" two 'two again'
    mqsend -T 3 "$KEY" three
    run -0 mqrecv -a -T 2 "$KEY"
    assert_output $'two\ntwo again'
    run -1 mqrecv -a -T 2 "$KEY"
    assert_output "mqrecv: $KEY: receive: no message of this type"
    holds 2 "$KEY"
    mqrecv --remove "$KEY"
}

@test "mqrecv -f goes on until a signal, and passes each message on at once" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one
        background mqrecv --follow "$queue" >out
        receiver=$!
        eventually grep -qx one out
        mqsend "$queue" two
        eventually grep -qx two out
        kill $receiver
        ends_with 143 $receiver
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -f -t ends when nothing came for that long" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one two
        run -1 --separate-stderr mqrecv -f -t 0.1 "$queue"
        assert_output $'one\ntwo'
        assert_regex "$stderr" "^mqrecv: $queue: receive: .* timed out$"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv refuses options that exclude each other, and too many or too few operands" {
    for options in '-n 1 -a' '-a -f' '-f -n 1' '--stat --remove' '--stat -a' '--remove -f'; do
        # shellcheck disable=SC2086
        run -2 mqrecv $options "/$ID"
        assert_output 'mqrecv: only one of -n, -a, -f, --stat and --remove'
    done
    run -2 mqrecv -0 -W "/$ID"
    assert_output --partial 'only one of -0, -W and -N'
    run -2 mqrecv -j "/$ID"
    assert_output 'mqrecv: -j needs --stat'
    run -2 mqrecv --stat -t 1 "/$ID"
    assert_output 'mqrecv: -t does not go with --stat'
    run -2 mqrecv --remove -P "/$ID"
    assert_output 'mqrecv: -P does not go with --remove'
    run -2 mqrecv -a
    assert_output --partial 'NAME is missing (usage: mqrecv '
    run -2 mqrecv "/$ID" more
    assert_output --partial 'more: one operand too many (usage: mqrecv '
    run -2 mqrecv -n 0 "/$ID"
    run -2 mqrecv -t x "/$ID"
    for option in '' --remove --stat; do
        # shellcheck disable=SC2086
        run -2 mqrecv $option private
        assert_output 'mqrecv: private: only to create; mqsend -c printed the name, id:N'
    done
    run -2 mqrecv jobs
    assert_output --partial '(/name, a key such as 0x5eed, id:N, ftok:PATH[:N] or private)'
}

@test "messages come by priority, equal ones in the order of sending" {
    mqsend -c "/$ID" a b
    mqsend -p 5 "/$ID" c d
    mqsend -p 32767 "/$ID" e
    mqsend -p 5 "/$ID" f
    mqsend "/$ID" g
    run -0 bash -c 'mqrecv -a "$1" | tr -d "\n"' - "/$ID"
    assert_output ecdfabg
    mqrecv --remove "/$ID"
}

@test "mqrecv -T picks by type" {
    for type in 5 3 9 5 1; do mqsend -c -T $type "$KEY" "$type"; done
    run -0 mqrecv -T '!5' "$KEY"
    assert_output 3
    run -0 mqrecv -T -5 "$KEY"
    assert_output 1
    run -0 mqrecv -T-5 "$KEY"
    assert_output 5
    run -1 mqrecv -t 0 -T 4 "$KEY"
    run -1 mqrecv -t 0 -T -4 "$KEY"
    run -0 mqrecv --type=5 "$KEY"
    assert_output 5
    run -1 mqrecv -t 0 -T '!9' "$KEY"
    run -0 mqrecv -T 9223372036854775807 -t 0 "$KEY" || run -0 mqrecv "$KEY"
    mqrecv --remove "$KEY"
}

@test "mqrecv refuses an invalid type" {
    for type in '' 0 -0 '!0' ! - x '!-5' '-!5' 5x 1.5 9223372036854775808; do
        run -2 mqrecv -T "$type" "$KEY"
        assert_output --partial "-T '$type': not a type to receive (5, -5"
    done
    run -2 mqrecv -T 5 "/$ID"
    assert_output "mqrecv: /$ID: -T is for System V objects"
}

@test "mqrecv ends records as -0, -W and -N say" {
    for queue in "/$ID" "$KEY"; do
        for form in -0:'a\nb\0\0' -W:'a\nb' -N:'3:a\nb,0:,' --null:'a\nb\0\0' --whole:'a\nb' \
            --netstring:'3:a\nb,0:,' -n2:'a\nb\n\n'; do
            mqsend -c "$queue" $'a\nb' ''
            run -0 bash -c 'mqrecv -n 2 "$@" | od -An -c | tr -d " "' - "${form%%:*}" "$queue"
            assert_output "${form#*:}"
        done
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --tagged begins each record with the priority or type and a tab" {
    for queue in "/$ID" "$KEY"; do
        for form in -0:'7\tseven\0' -W:'7\tseven' -N:'7:7\tseven,' --tagged:'7\tseven\n'; do
            mqsend -c "$(tag_of "$queue")" "$queue" seven
            run -0 bash -c 'mqrecv --tagged "$@" | od -An -c | tr -d " "' - "${form%%:*}" "$queue"
            assert_output "${form#*:}"
        done
        mqrecv --remove "$queue"
    done
    mqsend -c -T 9223372036854775807 "$KEY" ''
    run -0 mqrecv --tagged -N "$KEY"
    assert_output $'20:9223372036854775807\t,'
    mqrecv --remove "$KEY"
}

@test "a pipe moves a queue with its priorities or types, whatever the messages hold" {
    for queue in "/$ID" "$KEY"; do
        other="/$ID-2"
        [ "$queue" = "/$ID" ] || other=$(mqsend -c private </dev/null)
        mqsend -c "$queue" $'a\nb' '' tail
        mqsend "$(tag_of "$queue")" "$queue" first $'\t'
        mqsend -c "$other" </dev/null
        run -0 bash -c 'set -o pipefail; mqrecv -a -N --tagged "$1" | mqsend -N --tagged "$2"' - \
            "$queue" "$other"
        holds 0 "$queue"
        run -0 mqrecv -a -N --tagged "$other"
        if [[ $queue == /* ]]; then
            assert_output $'7:7\tfirst,3:7\t\t,5:0\ta\nb,2:0\t,6:0\ttail,'
        else
            assert_output $'5:1\ta\nb,2:1\t,6:1\ttail,7:7\tfirst,3:7\t\t,'
        fi
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "a move that fails half way leaves in the old queue what was not read" {
    for queue in "/$ID" "$KEY"; do
        other="/$ID-2"
        [ "$queue" = "/$ID" ] || other=$(mqsend -c --maxmsg 2 --msgsize 1 private </dev/null)
        mqsend -c --maxmsg 2 --msgsize 1 "$other" </dev/null
        mqsend -c "$queue" 1 2 3 4 5 6
        run -1 bash -c 'set -o pipefail
            mqrecv -a --tagged "$1" | mqsend -t 0.3 --tagged "$2" 2>error' - "$queue" "$other"
        run -0 cat error
        assert_output --regexp 'send message 3: .* timed out \(the queue is full'
        run -0 mqrecv -a "$other"
        assert_output $'1\n2'
        run -0 bash -c 'mqrecv -a "$1" | sort' - "$queue"
        assert_output $'4\n5\n6'
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "mqrecv --format prints body, size and priority or type" {
    for queue in "/$ID" "$KEY"; do
        for format in '%b:seven' '%s %p %b%b:5 7 sevenseven' '%%\\\n\t\0%p:%\\n\t\07' ': ' 'x:x'; do
            mqsend -c "$(tag_of "$queue")" "$queue" seven
            run -0 bash -c 'mqrecv --format "$1" "$2" | od -An -c | tr -d " "' - "${format%:*}" "$queue"
            assert_output "$(tr -d ' ' <<<"${format##*:}")"
        done
        mqsend "$queue" '' a
        run -0 mqrecv -n 2 --format '«%s%b»' "$queue"
        assert_output '«0»«1a»'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv refuses an invalid format" {
    for format in %x % 'a%' %B '%d%b'; do
        run -2 mqrecv --format "$format" "/$ID"
        assert_output "mqrecv: --format '$format': unknown field (%b %s %p %%)"
    done
    for format in "\\x" "\\" "a\\" "\\\\\\1"; do
        run -2 mqrecv --format "$format" "/$ID"
        assert_output "mqrecv: --format '$format': unknown escape (\\n \\t \\0 \\\\)"
    done
    run -2 mqrecv --format "$(printf '%0.s%%bx' {1..33})" "/$ID"
    assert_output --partial 'too long (at most 64 fields and texts)'
    run -1 mqrecv --format "$(printf '%0.s%%bx' {1..32})" "/$ID"
    for option in -0 -W -N --tagged; do
        run -2 mqrecv --format %b "$option" "/$ID"
        assert_output "mqrecv: --format does not go with $option"
    done
}

@test "mqrecv --peek shows messages of a System V queue and leaves them there" {
    mqsend -c "$KEY" one $'two\nlines' ''
    mqsend -T 7 "$KEY" seven
    run -0 mqrecv --peek "$KEY"
    assert_output one
    run -0 mqrecv --peek -n 2 -N --tagged "$KEY"
    assert_output $'5:1\tone,11:1\ttwo\nlines,'
    run -0 mqrecv --peek -a --format '%p %s\n' "$KEY"
    assert_output $'1 3\n1 9\n1 0\n7 5'
    run -0 mqrecv --peek -T 7 "$KEY"
    assert_output seven
    run -0 mqrecv --peek -a -T '!7' -N "$KEY"
    assert_output $'3:one,9:two\nlines,0:,'
    holds 4 "$KEY"
    run -1 --separate-stderr mqrecv --peek -n 5 -N "$KEY"
    assert_output $'3:one,9:two\nlines,0:,5:seven,'
    assert_equal "$stderr" "mqrecv: $KEY: peek: the queue is empty"
    run -1 mqrecv --peek -a -T 9 "$KEY"
    assert_output "mqrecv: $KEY: peek: no message of this type"
    run -3 bash -c 'mqrecv --peek -a "$1" >/dev/full' - "$KEY"
    assert_output 'mqrecv: stdout: write: No space left on device'
    run -0 mqrecv -a "$KEY"
    assert_output $'one\ntwo\nlines\n\nseven'
    run -1 mqrecv --peek "$KEY"
    assert_output "mqrecv: $KEY: peek: the queue is empty"
    mqrecv --remove "$KEY"
}

@test "mqrecv --peek needs the permission to receive, and no other" {
    need_root
    mqsend -c -m 0644 "$KEY" x
    run -0 as_nobody mqrecv --peek "$KEY"
    assert_output x
    mqrecv --remove "$KEY"
}

@test "mqrecv --peek refuses what it cannot do" {
    run -2 mqrecv --peek "/$ID"
    assert_output "mqrecv: /$ID: --peek is for System V objects \
(the kernel cannot show what a POSIX queue holds)"
    for options in -f '-t 0'; do
        # shellcheck disable=SC2086
        run -2 mqrecv --peek $options "$KEY"
        assert_output "mqrecv: --peek does not go with ${options% 0}"
    done
    for option in --stat --remove; do
        run -2 mqrecv --peek $option "$KEY"
        assert_output "mqrecv: --peek does not go with $option"
    done
    run -2 mqrecv --peek "$KEY" -- true
    assert_output 'mqrecv: --peek does not go with COMMAND'
    run -2 mqrecv --peek -T -7 "$KEY"
    assert_output 'mqrecv: --peek shows the order of sending; -T takes N or !N with it'
    mqsend -c "$KEY" x
    run -3 strace -qqq -o /dev/null -e inject=msgrcv:error=ENOSYS mqrecv --peek "$KEY"
    assert_output --partial '(a kernel without CONFIG_CHECKPOINT_RESTORE cannot show messages)'
    mqrecv --remove "$KEY"
}

@test "mqrecv runs COMMAND with the message as its stdin, and its name and tag in the environment" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" $'two\nlines' ''
        mqsend "$(tag_of "$queue")" "$queue" seven
        MQ_TYPE=old MQ_PRIORITY=old run -0 mqrecv -a "$queue" -- \
            sh -c 'cat; echo "|$MQ_NAME|$MQ_PRIORITY|$MQ_TYPE"'
        if [[ $queue == /* ]]; then
            assert_output "$(printf '%s\n' "seven|$queue|7|" two "lines|$queue|0|" "|$queue|0|")"
        else
            assert_output "$(printf '%s\n' two "lines|$queue||1" "|$queue||1" "seven|$queue||7")"
        fi
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv takes one message for COMMAND, or as many as -n and -f say" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" 1 2 3 4 5
        run -0 mqrecv "$queue" -- cat
        assert_output 1
        run -0 mqrecv -n 2 "$queue" -- cat
        assert_output 23
        run -124 --separate-stderr mqrecv -f -t 0.1 "$queue" -- cat
        assert_output 45
        assert_regex "$stderr" "^mqrecv: $queue: receive: .* timed out$"
        mqrecv --remove "$queue"
    done
}

@test "the message of a COMMAND that fails goes back, and mqrecv exits with its status" {
    for queue in "/$ID" "$KEY"; do
        for command in 'exit 3:3' 'kill -9 $$:137' 'head -c 3 >/dev/null; exit 124:124' 'exit 1:1'; do
            mqsend -c "$(tag_of "$queue")" "$queue" first second
            run -"${command##*:}" mqrecv -f "$queue" -- sh -c "${command%:*}"
            assert_output --regexp "^mqrecv: sh: ended with status ${command##*:}; \
the message went back to the end of its (priority|type) in $queue$"
            run -0 mqrecv -a --tagged "$queue"
            assert_output $'7\tsecond\n7\tfirst'
        done
        mqrecv --remove "$queue"
    done
}

@test "the message of a COMMAND that is missing or cannot be run goes back, in spite of --dead" {
    for queue in "/$ID" "$KEY"; do
        other="/$ID-2"
        [ "$queue" = "/$ID" ] || other=$(mqsend -c private </dev/null)
        mqsend -c "$other" </dev/null
        mqsend -c "$queue" first
        run -127 mqrecv -f --retries 3 --dead "$other" "$queue" -- ./missing
        assert_line --index 0 'mqrecv: ./missing: run: No such file or directory'
        assert_line --index 1 --partial 'ended with status 127; the message went back to'
        assert_equal "${#lines[@]}" 2
        echo >file
        run -126 mqrecv --dead "$other" "$queue" -- ./file
        assert_line --index 0 'mqrecv: ./file: run: Permission denied'
        run -127 mqrecv --dead "$other" "$queue" -- sh -c ./missing
        holds 1 "$queue"
        holds 0 "$other"
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "mqrecv --retries runs a COMMAND that fails again, from the start of the message" {
    mqsend -c "/$ID" job
    run -0 mqrecv --retries 2 "/$ID" -- sh -c 'cat; echo; echo x >>tries; [ $(wc -l <tries) -eq 3 ]'
    assert_output $'job\njob\njob'
    for retries in 0:1 1:2 5:6; do
        mqsend "/$ID" job
        rm -f tries
        run -1 mqrecv --retries "${retries%:*}" "/$ID" -- sh -c 'echo x >>tries; exit 1'
        assert_output --partial 'mqrecv: sh: ended with status 1; the message went back'
        assert_equal "$(wc -l <tries)" "${retries#*:}"
        mqrecv "/$ID" >out
    done
    mqrecv --remove "/$ID"
    for retries in '' -1 x 1.5 99999999999999999999; do
        run -2 mqrecv --retries "$retries" "/$ID" -- true
        assert_output "mqrecv: --retries '$retries': not a number of retries (0 or more)"
    done
}

@test "mqrecv --dead moves what fails to that queue, and goes on" {
    for queue in "/$ID" "$KEY"; do
        other="/$ID-2"
        [ "$queue" = "/$ID" ] || other=$(mqsend -c private </dev/null)
        mqsend -c "$other" </dev/null
        mqsend -c "$(tag_of "$queue")" "$queue" good bad 'good too'
        run -0 mqrecv -a --retries 2 --dead "$other" "$queue" -- sh -c 'echo x >>tries; grep good'
        assert_line --index 0 good
        assert_line --index 1 "mqrecv: sh: ended with status 1; the message went to $other"
        assert_line --index 2 'good too'
        assert_equal "$(wc -l <tries)" 5
        holds 0 "$queue"
        run -0 mqrecv -a --tagged "$other"
        assert_output $'7\tbad'
        rm tries
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "a message that the --dead queue does not take goes back, and mqrecv ends" {
    for queue in "/$ID" "$KEY"; do
        other="/$ID-2"
        mqsend -c "$queue" 'a large one'
        if [ "$queue" = "/$ID" ]; then
            mqsend -c --maxmsg 1 --msgsize 5 "$other" </dev/null
        else
            other=$(mqsend -c --maxmsg 1 --msgsize 5 private </dev/null)
        fi
        run -1 mqrecv -f --dead "$other" "$queue" -- false
        assert_line --index 0 --regexp "^mqrecv: $other: send: Message too l.* \(11 bytes: .* 5.*\)$"
        assert_line --index 1 --partial 'mqrecv: false: ended with status 1; the message went back'
        mqsend "$other" full
        mqrecv "$queue" >out
        mqsend "$queue" job
        run -1 mqrecv -f -t 0.1 --dead "$other" "$queue" -- false
        assert_line --index 0 "$(waits_for_dead_room "$other")"
        assert_line --index 1 --regexp "^mqrecv: $other: send: .* timed out \(the queue is full: .*\)$"
        assert_line --index 2 --partial 'mqrecv: false: ended with status 1; the message went back'
        holds 1 "$queue"
        run -1 mqrecv -a -t 0 --dead "$other" "$queue" -- false
        assert_line --index 0 --regexp "^mqrecv: $other: send: .* \(the queue is full: .*\)$"
        holds 1 "$queue"
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "mqrecv refuses an invalid --dead before it takes anything" {
    mqsend -c "/$ID" x
    mqsend -c "$KEY" x
    id=id:$(mqrecv --stat "$KEY" | sed -n 's/^id=//p')
    run -2 mqrecv --dead "/$ID" "/$ID" -- false
    assert_output "mqrecv: --dead /$ID: is the queue /$ID itself"
    run -2 mqrecv --dead "$id" "$KEY" -- false
    assert_output "mqrecv: --dead $id: is the queue $KEY itself"
    run -2 mqrecv --dead "$KEY" "/$ID" -- false
    assert_output "mqrecv: --dead $KEY: has to be a POSIX queue, as /$ID is"
    run -2 mqrecv --dead "/$ID" "$KEY" -- false
    assert_output "mqrecv: --dead /$ID: has to be a System V queue, as $KEY is"
    run -125 mqrecv --dead "/$ID-2" "/$ID" -- false
    assert_output "mqrecv: /$ID-2: open queue: No such file or directory (mqsend -c creates it)"
    run -2 mqrecv --dead failed "/$ID" -- false
    assert_output --partial "--dead 'failed': "
    holds 1 "/$ID"
    holds 1 "$KEY"
    mqrecv --remove "/$ID"
    mqrecv --remove "$KEY"
}

@test "with COMMAND no message is 124, and a failure of mqrecv 125" {
    for queue in "/$ID" "$KEY"; do
        run -125 mqrecv "$queue" -- true
        assert_output --partial 'open queue: No such file or directory'
        mqsend -c "$queue" </dev/null
        run -124 mqrecv -t 0 "$queue" -- true
        assert_output "mqrecv: $queue: receive: the queue is empty"
        run -124 mqrecv -a "$queue" -- true
        run -124 mqrecv -q -t 0.1 "$queue" -- true
        assert_output ''
        mqrecv --remove "$queue"
    done
    mqsend -c "$KEY" </dev/null
    background mqrecv "$KEY" -- true
    receiver=$!
    eventually waiting_receivers 1 "$KEY"
    mqrecv --remove "$KEY"
    ends_with 125 $receiver
}

@test "mqrecv refuses options that do not go with COMMAND, and those that need one" {
    for option in -0 -W -N --tagged '--format %b'; do
        # shellcheck disable=SC2086
        run -2 mqrecv $option "/$ID" -- true
        assert_output "mqrecv: COMMAND does not go with ${option% %b} (it gets the message as it is)"
    done
    for option in --stat --remove; do
        run -2 mqrecv $option "/$ID" -- true
        assert_output "mqrecv: COMMAND does not go with $option"
    done
    for option in '--retries 1' '--dead /other'; do
        # shellcheck disable=SC2086
        run -2 mqrecv $option "/$ID"
        assert_output "mqrecv: ${option% *} needs COMMAND"
    done
    run -2 mqrecv "/$ID" --
    assert_output 'mqrecv: COMMAND is missing after --'
}

@test "a COMMAND that does not read its message, or leaves a process behind, is no failure" {
    head -c 8192 /dev/urandom >data
    mqsend -c -W "/$ID" <data
    run -0 mqrecv "/$ID" -- true
    mqsend -W "/$ID" <data
    run -0 mqrecv "/$ID" -- head -c 1
    mkfifo pipe
    mqsend "/$ID" first second
    background mqrecv -n 2 "/$ID" -- sh -c 'exec 7<&0; (cat pipe; cat <&7) >>left &'
    ends_with 0 $!
    echo open | tee pipe >pipe
    eventually grep -q second left
    run -0 sort left
    assert_line --partial first
    mqrecv --remove "/$ID"
}

@test "on TERM the COMMAND that runs is finished, then mqrecv ends; no other is begun" {
    for queue in "/$ID" "$KEY"; do
        for signal in TERM INT HUP QUIT; do
            mqsend -c "$queue" first second
            background env --default-signal=INT,QUIT mqrecv -f "$queue" -- \
                sh -c 'cat >now; until [ -e go ]; do sleep 0.01; done; cat now >>finished'
            receiver=$!
            eventually [ -s now ]
            kill -$signal $receiver
            touch go
            ends_with $((128 + $(kill -l $signal))) $receiver
            run -0 cat finished
            assert_output first
            run -0 mqrecv -a "$queue"
            assert_output second
            rm now finished go
        done
        mqrecv --remove "$queue"
    done
}

@test "the message of a COMMAND that fails after TERM goes back, without a retry and not to --dead" {
    mqsend -c "/$ID-2" </dev/null
    mqsend -c "/$ID" first second
    background mqrecv -f --retries 9 --dead "/$ID-2" "/$ID" -- \
        sh -c 'echo x >>tries; until [ -e go ]; do sleep 0.01; done; exit 1'
    receiver=$!
    eventually [ -s tries ]
    kill $receiver
    touch go
    ends_with 143 $receiver
    assert_equal "$(wc -l <tries)" 1
    run -0 mqrecv -a "/$ID"
    assert_output $'second\nfirst'
    holds 0 "/$ID-2"
    mqrecv --remove "/$ID"
    mqrecv --remove "/$ID-2"
}

@test "a signal for the whole group ends COMMAND too, and its message goes back" {
    mqsend -c "/$ID" first
    background setsid env --default-signal=INT mqrecv "/$ID" -- sh -c 'echo x >now; exec sleep 60'
    receiver=$!
    eventually [ -s now ]
    kill -INT -- -$receiver
    ends_with 130 $receiver
    run -0 mqrecv -t 0 "/$ID"
    assert_output first
    mqrecv --remove "/$ID"
}

@test "COMMAND finds its signals and its descriptors as the shell gave them" {
    mqsend -c "/$ID" x
    run -0 env --ignore-signal=HUP --default-signal=PIPE,TERM,INT,CHLD,ALRM \
        bash -c 'show=(grep -E "^Sig(Blk|Ign)" /proc/self/status)
            "${show[@]}" >plain; mqrecv "/$1" -- "${show[@]}" >ours; cmp plain ours && cat ours' - "$ID"
    assert_line --index 1 --regexp '^SigIgn:.*[13579bdf]$'
    mqsend "/$ID" x
    run -0 bash -c 'ls /proc/self/fd >plain; mqrecv "/$1" -- ls /proc/self/fd >ours; cmp plain ours' - "$ID"
    mqsend "/$ID" x
    run -0 bash -c 'mqrecv "/$1" -- sh -c "[ ! -e /proc/self/fd/1 ]" >&-' - "$ID"
    mqsend "/$ID" x
    run -5 env --ignore-signal=CHLD mqrecv "/$ID" -- sh -c 'exit 5'
    mqrecv --remove "/$ID"
}

@test "mqrecv -f and -a put one message at a time into a pipe" {
    for queue in "/$ID" "$KEY"; do
        for way in -f -a; do
            mqsend -c "$queue" 1 2 3 4
            run -0 bash -c 'mqrecv $1 "$2" 2>error | head -n 1' - $way "$queue"
            assert_output 1
            run -0 cat error
            assert_output --regexp '^mqrecv: stdout: write: Broken pipe($|; the message, which nobody read, )'
            run -0 bash -c 'mqrecv -a "$1" | sort' - "$queue"
            assert_output $'2\n3\n4'
        done
        mqrecv --remove "$queue"
    done
}

@test "a message that is unread in a pipe when the reader exits goes back" {
    for queue in "/$ID" "$KEY"; do
        for options in '' '-n 1' -a -f; do
            mqsend -c "$(tag_of "$queue")" "$queue" only
            rm -f pipe
            mkfifo pipe
            # It exits as soon as there is something to read.
            /usr/bin/python3 -c 'import select; select.select([0], [], [])' <pipe 3>&- &
            # Slowly if mqrecv gives the reader only a tenth of a second.
            slowly=(strace -qqq -o /dev/null -e inject=write:delay_exit=1000000)
            [[ $options != -[af] ]] || slowly=()
            # shellcheck disable=SC2086
            background "${slowly[@]}" mqrecv $options "$queue" >pipe 2>error
            ends_with 3 $!
            run -0 cat error
            assert_output --regexp "^mqrecv: stdout: write: Broken pipe; the message, which nobody \
read, went back to the end of its (priority|type) in $queue$"
            run -0 mqrecv -t 0 --tagged "$queue"
            assert_output $'7\tonly'
        done
        mqrecv --remove "$queue"
    done
}

@test "mqrecv does not wait for ever for a reader that waits for its end" {
    for options in -n3 -a; do
        mqsend -c "$KEY" 1 2 3
        run -0 /usr/bin/python3 - "$options" "$KEY" <<'PY'
import subprocess, sys
with subprocess.Popen(["mqrecv", *sys.argv[1:]], stdout=subprocess.PIPE) as mqrecv:
    assert mqrecv.wait(9) == 0
    print(mqrecv.stdout.read().decode(), end="")
PY
        assert_output $'1\n2\n3'
    done
    mqrecv --remove "$KEY"
}

@test "a pipe has its size again after mqrecv" {
    mqsend -c "/$ID" 1 2
    run -0 bash -c '{ mqrecv -a "$1"; /usr/bin/python3 -c "import fcntl; print(fcntl.fcntl(1, 1032))"; } |
        cat' - "/$ID"
    assert_output $'1\n2\n65536'
    mqrecv --remove "/$ID"
}

@test "mqrecv -P shows how much was taken, and with -a how much is left" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" 12345 123
        run -0 --separate-stderr mqrecv -a -P "$queue"
        assert_output $'12345\n123'
        assert_regex "$stderr" '^8 B in .* s, .*/s$'
        background mqrecv -f --progress "$queue" >out 2>error
        receiver=$!
        # shellcheck disable=SC2016
        eventually bash -c 'mqsend "$1" 1234; grep -q "^[0-9]* B, " error' - "$queue"
        kill $receiver
        ends_with 143 $receiver
        mqsend "$queue" 12 1
        run -0 --separate-stderr mqrecv -n 2 -P "$queue" -- cat
        assert_regex "$stderr" '^3 B in '
        run -1 mqrecv -t 0 -P "$queue"
        assert_line --index 0 --regexp '^0 B in '
        mqrecv --remove "$queue"
    done
}

@test "the loss of permission while mqrecv waits at a System V queue is reported" {
    need_root
    mqsend -c -m 0644 "$KEY" </dev/null
    for limit in '' '-t 1h'; do
        # shellcheck disable=SC2086
        background as_nobody mqrecv $limit "$KEY" 2>error
        receiver=$!
        eventually waiting_receivers 1 "$KEY"
        perl -MIPC::SysV=IPC_SET -MIPC::Msg -e \
            'IPC::Msg->new(hex $ARGV[0], 0)->set(mode => oct $ARGV[1]) or die "$!"' "$KEY" 0600
        ends_with 3 $receiver
        run -0 cat error
        assert_output "mqrecv: $KEY: receive: Permission denied"
        perl -MIPC::SysV=IPC_SET -MIPC::Msg -e \
            'IPC::Msg->new(hex $ARGV[0], 0)->set(mode => oct $ARGV[1]) or die "$!"' "$KEY" 0644
    done
    mqrecv --remove "$KEY"
}

@test "mqrecv -t 0 does not wait, -t 0.1 a moment" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        run -1 mqrecv -t 0 "$queue"
        assert_output "mqrecv: $queue: receive: the queue is empty"
        start=$EPOCHREALTIME
        run -1 mqrecv --timeout 100ms "$queue"
        took=$(elapsed "$start")
        [ "$took" -ge 100 ] && [ "$took" -lt 10000 ] || fail "took $took ms"
        assert_output --regexp "^mqrecv: $queue: receive: .* timed out$"
        run -1 --separate-stderr mqrecv -q -t 0.01 "$queue"
        assert_equal "$stderr" ''
        mqsend "$queue" x
        run -0 mqrecv -t 0 "$queue"
        assert_output x
        mqrecv --remove "$queue"
    done
}

@test "mqrecv -t ends in time under a storm of signals, and without -t still gets its message" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqrecv -t 0.3 "$queue" 2>/dev/null
        receiver=$!
        background mqrecv -t 10 "$queue" >out
        lucky=$!
        eventually is_waiting $receiver
        eventually is_waiting $lucky
        start=$EPOCHREALTIME
        while ! is_gone $receiver; do
            for signal in RTMAX-2 STOP CONT; do
                kill -$signal $receiver $lucky 2>/dev/null || true
            done
        done
        took=$(elapsed "$start")
        ends_with 1 $receiver
        [ "$took" -lt 10000 ] || fail "took $took ms"
        mqsend "$queue" x
        ends_with 0 $lucky
        run -0 cat out
        assert_output x
        mqrecv --remove "$queue"
    done
}

@test "20000 records of every length and content come through in order" {
    /usr/bin/python3 -c 'import random, sys
r = random.Random(42)
for i in range(20000):
    size = r.randrange(8193)
    sys.stdout.buffer.write(b"%d:%s," % (size, r.randbytes(size)))' >sent
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        background mqsend -N "$queue" <sent
        sender=$!
        assert_equal "$(mqrecv -N -n 20000 -t 20 "$queue" | sha256sum)" "$(sha256sum <sent)"
        ends_with 0 $sender
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "several senders and receivers lose nothing and double nothing" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        pids=()
        for i in 1 2 3; do
            background mqrecv -n 1000 -t 20 "$queue" >out$i
            pids+=($!)
            background mqsend "$queue" < <(seq $((i * 1000)) $((i * 1000 + 999)))
            pids+=($!)
        done
        for pid in "${pids[@]}"; do ends_with 0 "$pid"; done
        sort -n out1 out2 out3 | cmp - <(seq 1000 3999)
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --stat describes a queue" {
    mqsend -c --maxmsg 5 --msgsize 100 -m 640 "/$ID" one three
    now=$(date +%s)
    run -0 mqrecv --stat "/$ID"
    assert_output --regexp "^name=/$ID
family=posix
messages=2
bytes=8
maxmsg=5
msgsize=100
used=[0-9]+
waiting_receivers=0
waiting_senders=0
mode=0640
uid=$(id -u)
gid=$(id -g)\$"
    used=$(sed -n 's/^used=//p' <<<"$output")
    [ $((now - used)) -le 5 ] && [ $((used - now)) -le 5 ]
    mqrecv --remove "/$ID"

    mqsend -c -m 640 "$KEY" one three
    run -0 mqrecv --stat "$KEY"
    for line in "name=$KEY" family=sysv messages=2 bytes=8 last_receiver=0 mode=0640 \
        "maxbytes=$(cat /proc/sys/kernel/msgmnb)" "msgsize=$(cat /proc/sys/kernel/msgmax)" \
        "creator_uid=$(id -u)" "creator_gid=$(id -g)" "uid=$(id -u)" "gid=$(id -g)"; do
        assert_line "$line"
    done
    assert_line --regexp '^id=[0-9]+$'
    assert_line --regexp '^last_sender=[1-9][0-9]*$'
    assert_line --regexp '^sent=[1-9][0-9]*$'
    assert_line --regexp '^changed=[1-9][0-9]*$'
    refute_line --partial 'received='
    mqrecv "$KEY" >out
    run -0 mqrecv --stat "$KEY"
    assert_line --regexp '^received=[1-9][0-9]*$'
    mqrecv --remove "$KEY"
}

@test "mqrecv --stat counts the processes that wait, and names the one that is notified" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 1 --msgsize 5 "$queue" </dev/null
        for i in 1 2 3; do background mqrecv "$queue" >>out; done
        eventually waiting_receivers 3 "$queue"
        mqsend "$queue" 1 2 3
        eventually waiting_receivers 0 "$queue"
        mqsend "$queue" full!
        for i in 1 2; do background mqsend "$queue" $i; done
        eventually waiting_senders 2 "$queue"
        mqrecv -n 3 "$queue" >out
        mqrecv --remove "$queue"
    done
    mqsend -c "/$ID" </dev/null
    mqrecv --stat "/$ID" | run ! grep notify_pid
    background mqpeer notify "/$ID"
    eventually bash -c 'mqrecv --stat "$1" | grep -qx "notify_pid=$2"' - "/$ID" $!
    mqrecv --remove "/$ID"
}

@test "a thousand receivers wait, and each gets one message" {
    count=${RECEIVERS:-50}
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        pids=()
        for ((i = 0; i < count; i++)); do
            background mqrecv "$queue" >>got
            pids+=($!)
        done
        eventually waiting_receivers "$count" "$queue"
        mqsend "$queue" < <(seq "$count")
        for pid in "${pids[@]}"; do wait "$pid"; done
        sort -n got | cmp - <(seq "$count")
        rm got
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --stat -j is JSON with the same values" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one
        mqrecv --stat --json "$queue" | /usr/bin/python3 -m json.tool >pretty
        run -0 /usr/bin/python3 - <(mqrecv --stat "$queue") <(mqrecv -j --stat "$queue") <<'PY'
import json, sys
lines = dict(line.rstrip("\n").split("=", 1) for line in open(sys.argv[1]))
values = {name: str(value) for name, value in json.load(open(sys.argv[2])).items()}
assert lines == values, (lines, values)
PY
        run -3 bash -c 'mqrecv --stat "$1" >/dev/full' - "$queue"
        assert_output 'mqrecv: stdout: write: No space left on device'
        run -3 bash -c 'mqrecv --stat -j "$1" >&-' - "$queue"
        assert_output 'mqrecv: stdout: write: Bad file descriptor'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv --remove removes a queue with its messages, by any of its names" {
    mqsend -c "/$ID" x
    mqrecv --remove "/$ID"
    mqsend -c "$KEY" x
    mqrecv --remove "$((KEY))"
    mqsend -c "$KEY" x
    id=id:$(mqrecv --stat "$KEY" | sed -n 's/^id=//p')
    mqrecv --remove "$id"
    touch file
    mqsend -c ftok:file:9 x
    mqrecv --remove "$(unit key ftok:file:9)"
    for queue in "/$ID" "$KEY" "$id" ftok:file:9; do
        run -1 mqrecv --remove "$queue"
        assert_output "mqrecv: $queue: remove queue: No such file or directory"
    done
}

@test "a queue that does not exist is exit 1, with a hint at what creates it" {
    touch file
    for queue in "/$ID" "$KEY" ftok:file; do
        for option in '' -a --stat; do
            # shellcheck disable=SC2086
            run -1 mqrecv $option "$queue"
            assert_output \
                "mqrecv: $queue: open queue: No such file or directory (mqsend -c creates it)"
        done
        run -1 --separate-stderr mqrecv -q "$queue"
        assert_equal "$stderr" ''
    done
    run -1 mqrecv ftok:missing
    assert_output --partial '(ftok: wants a file that exists)'
    run -1 mqrecv id:2147483647
    assert_output 'mqrecv: id:2147483647: open queue: No such file or directory'
}

@test "mqrecv needs the permission to receive" {
    need_root
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 0622 "$queue" x
        for option in '' -a --stat; do
            # shellcheck disable=SC2086
            run -3 as_nobody mqrecv $option "$queue"
            assert_output "mqrecv: $queue: open queue: Permission denied"
        done
        if [ "$queue" = "$KEY" ]; then
            run -3 as_nobody mqrecv "id:$(mqrecv --stat "$queue" | sed -n 's/^id=//p')"
            assert_output --partial 'open queue: Permission denied'
        fi
        run -3 as_nobody mqrecv --remove "$queue"
        assert_output --regexp "^mqrecv: $queue: remove queue: .*(denied|not permitted)$"
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "the owner removes a queue that it may not even read" {
    need_root
    for queue in "/$ID" "$KEY"; do
        as_nobody mqsend -c -m 0 "$queue" </dev/null
        as_nobody mqrecv --remove "$queue"
    done
}

@test "a user that may only receive can do so, and the loss is reported when nothing can go back" {
    need_root
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 0644 "$queue" </dev/null
        mqsend "$(tag_of "$queue")" "$queue" one three
        run -0 as_nobody mqrecv "$queue"
        assert_output one
        run -3 as_nobody bash -c 'mqrecv "$1" >/dev/full' - "$queue"
        assert_line --index 0 --regexp \
            "^mqrecv: $queue: put back: Permission denied; a message of 5 bytes with .* 7 is lost$"
        assert_line --index 1 'mqrecv: stdout: write: No space left on device'
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv puts the message back when writing to stdout fails" {
    for queue in "/$ID" "$KEY"; do
        for stdout in '/dev/full:No space left on device' 'out:File too large \(ulimit -f is 0 bytes\)'; do
            mqsend -c "$(tag_of "$queue")" "$queue" second first
            mqsend "$queue" third
            run -3 bash -c "ulimit -f 0; mqrecv '$queue' >${stdout%%:*}"
            assert_output --regexp "^mqrecv: stdout: write: ${stdout#*:}; the message \
went back to the end of its (priority|type) in $queue$"
            run -0 mqrecv -a -N "$queue"
            if [[ $queue == /* ]]; then
                assert_output '5:first,6:second,5:third,'
            else
                assert_output '5:first,5:third,6:second,'
            fi
        done
        mqrecv --remove "$queue"
    done
}

@test "into a file mqrecv writes several messages at once, and those that fail go back in order" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" 1 2 3 4 5
        run -0 strace -qqq -e trace=write -o trace bash -c 'exec mqrecv -n 4 "$1" >out' - "$queue"
        run -0 grep -c '^write(1, ' trace
        assert_output 1
        run -0 cat out
        assert_output $'1\n2\n3\n4'
        # shellcheck disable=SC2046
        mqsend "$queue" $(printf '%04000d\n' 1 2 3)
        run -3 env --ignore-signal=XFSZ bash -c 'ulimit -f 4; mqrecv -f "$1" >part' - "$queue"
        assert_output --regexp "^mqrecv: stdout: write: File too large \(ulimit -f is 4096 bytes\); 2 messages, the first of them \
written in part, went back to the end of their (priority|type) in $queue$"
        run -0 mqrecv -a "$queue"
        assert_output "$(printf '%04000d\n' 2 3)"
        mqrecv --remove "$queue"
    done
}

@test "mqrecv takes nothing if stdout is closed" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" first second
        run -3 bash -c "mqrecv '$queue' >&-"
        assert_output 'mqrecv: stdout: write: Bad file descriptor'
        run -0 mqrecv -a "$queue"
        assert_output $'first\nsecond'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv takes nothing if the reader of stdout has exited" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" first second
        run -3 bash -c 'exec 5> >(:); wait $!; mqrecv "$1" >&5' - "$queue"
        assert_output 'mqrecv: stdout: write: Broken pipe'
        run -0 mqrecv -a "$queue"
        assert_output $'first\nsecond'
        mqrecv --remove "$queue"
    done
}

@test "mqrecv puts the message back when the reader of stdout exits while mqrecv waits" {
    mkfifo pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        exec 5<>pipe
        background mqrecv "$queue" >pipe 2>error 5>&-
        receiver=$!
        eventually waiting_receivers 1 "$queue"
        exec 5>&-
        mqsend "$queue" first
        ends_with 3 $receiver
        run -0 cat error
        assert_output --regexp "^mqrecv: stdout: write: Broken pipe; the message \
went back to the end of its (priority|type) in $queue$"
        run -0 mqrecv -t 0 "$queue"
        assert_output first
        mqrecv --remove "$queue"
    done
}

@test "a message that goes back keeps its priority or type" {
    mqsend -c "/$ID" low
    mqsend -p 7 "/$ID" high
    run -3 bash -c 'mqrecv "$1" >/dev/full' - "/$ID"
    run -0 mqpeer receive "/$ID" 2
    assert_output $'7 high\n0 low'
    mqrecv --remove "/$ID"
    mqsend -c -T 7 "$KEY" seven
    run -3 bash -c 'mqrecv -T 7 "$1" >/dev/full' - "$KEY"
    run -0 msgpeer receive "$KEY" 0
    assert_output '7 seven'
    mqrecv --remove "$KEY"
}

@test "a large message goes back whole when half of it was written" {
    ulimit -f unlimited
    head -c 8192 /dev/urandom >data
    for queue in "/$ID" "$KEY"; do
        mqsend -c -W "$queue" <data
        run -3 env --ignore-signal=XFSZ bash -c 'ulimit -f 4; mqrecv -W "$1" >part' - "$queue"
        assert_output --regexp "^mqrecv: stdout: write: File too large \(ulimit -f is 4096 bytes\); the message, \
part of which was written, went back to the end of its (priority|type) in $queue$"
        assert_equal "$(stat -c %s part)" 4096
        mqrecv -W "$queue" | cmp - data
        mqrecv --remove "$queue"
    done
}

@test "a signal ends mqrecv while it waits, and takes no message with it" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        for limit in '' '-t 1h'; do
            for signal in INT TERM HUP; do
                # shellcheck disable=SC2086
                background env --default-signal=INT mqrecv $limit "$queue"
                receiver=$!
                eventually is_waiting $receiver
                kill -$signal $receiver
                ends_with $((128 + $(kill -l $signal))) $receiver
            done
        done
        background mqrecv "$queue"
        receiver=$!
        eventually is_waiting $receiver
        kill -KILL $receiver
        ends_with 137 $receiver
        mqsend "$queue" x
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "a signal that the parent ignores does not end mqrecv" {
    mqsend -c "/$ID" </dev/null
    background env --ignore-signal=INT,HUP mqrecv "/$ID" >out
    receiver=$!
    eventually is_waiting $receiver
    kill -INT $receiver
    kill -HUP $receiver
    mqsend "/$ID" x
    ends_with 0 $receiver
    run -0 cat out
    assert_output x
    mqrecv --remove "/$ID"
}

@test "a signal while the write blocks on a full pipe puts the message back" {
    fill_pipe pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" low
        for signal in INT TERM HUP; do
            mqsend "$(tag_of "$queue")" "$queue" seven
            # shellcheck disable=SC2046
            background env --default-signal=INT mqrecv $([[ $queue == /* ]] || echo -T7) \
                "$queue" >pipe 2>error
            receiver=$!
            eventually holds 1 "$queue"
            eventually is_waiting $receiver
            kill -$signal $receiver
            ends_with $((128 + $(kill -l $signal))) $receiver
            run -0 cat error
            assert_output ''
            if [[ $queue == /* ]]; then
                run -0 mqpeer receive "$queue"
            else
                run -0 msgpeer receive "$queue" 7
            fi
            assert_output '7 seven'
        done
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
    run -0 drain_pipe pipe
    assert_output ''
}

@test "a reader that comes late to a full pipe gets the message" {
    fill_pipe pipe
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" late
        background mqrecv "$queue" >pipe
        receiver=$!
        eventually holds 0 "$queue"
        drain_pipe pipe >out
        ends_with 0 $receiver
        drain_pipe pipe >>out
        run -0 cat out
        assert_output late
        dd if=/dev/zero of=pipe bs=4096 oflag=nonblock status=none 2>/dev/null || true
        mqrecv --remove "$queue"
    done
}

# `mqrecv "$@"` has the message `first` in hand and blocks writing it to a full pipe, which has the
# reader 5; meanwhile a sender that waited has filled the queue again.
crowded() {
    mqsend -c --maxmsg 1 --msgsize 6 "$queue" </dev/null
    mqsend "$(tag_of "$queue")" "$queue" first
    background mqsend "$queue" second
    sender=$!
    eventually is_waiting $sender
    rm -f pipe
    fill_pipe pipe
    background mqrecv "$@" "$queue" >pipe 2>error 5>&-
    receiver=$!
    ends_with 0 $sender
    eventually is_waiting $receiver
}

# What mqrecv reports when it waits for room in $queue; a second signal loses $1.
waits_for_room() {
    echo "mqrecv: $queue: put back: the queue is full; waiting for room \
(a second signal gives up and loses ${1:-the message})"
}

# The same of the dead-letter queue $1.
waits_for_dead_room() {
    echo "mqrecv: $1: send: the queue is full; waiting for room (a signal puts the message back into $queue)"
}

# Wants that $receiver has taken the signal that it was sent, and waits for room in $queue all the same.
waits_on() {
    eventually grep -qx 'ShdPnd:.0000000000000000' "/proc/$receiver/status"
    eventually waiting_senders 1 "$queue"
}

# A pattern of what mqrecv reports when the message of $1 bytes with the tag $2 is lost.
loses() {
    echo "^mqrecv: $queue: put back: .* \(the queue is full: max(msg|bytes) is [0-9]+\); \
a message of $1 bytes with (priority|type) $2 is lost$"
}

@test "a message that has to go back into a full queue waits for room, whatever -t says" {
    for queue in "/$ID" "$KEY"; do
        for limit in '' '-t 0.1' '-t 0'; do
            # shellcheck disable=SC2086
            crowded $limit
            exec 5>&-
            eventually waiting_senders 1 "$queue"
            run -1 mqsend -q -t 0.2 "$queue" third # so long the queue stays full: longer than -t
            waiting_senders 1 "$queue"
            run -0 cat error
            assert_output "$(waits_for_room)"
            run -0 mqrecv "$queue"
            assert_output second
            ends_with 3 $receiver
            run -0 sed 1d error
            assert_output --regexp "^mqrecv: stdout: write: Broken pipe; the message went back to \
the end of its (priority|type) in $queue$"
            run -0 mqrecv -t 0 --tagged "$queue"
            assert_output $'7\tfirst'
            mqrecv --remove "$queue"
        done
    done
}

@test "one signal does not end the wait for room, whether it comes before or during it" {
    for queue in "/$ID" "$KEY"; do
        for moment in before during; do
            crowded
            if [ $moment = before ]; then
                kill -HUP $receiver
                eventually waiting_senders 1 "$queue"
            else
                exec 5>&-
                eventually waiting_senders 1 "$queue"
                kill -HUP $receiver
            fi
            waits_on
            run -0 mqrecv "$queue"
            assert_output second
            ends_with 129 $receiver
            run -0 head -n 1 error
            assert_output "$(waits_for_room)"
            run ! grep -q 'is lost' error
            run -0 mqrecv -t 0 --tagged "$queue"
            assert_output $'7\tfirst'
            mqrecv --remove "$queue"
            exec 5>&-
        done
    done
}

@test "a second signal ends the wait for room, and the message that is lost is reported" {
    for queue in "/$ID" "$KEY"; do
        for moment in before during; do
            crowded
            [ $moment = before ] || exec 5>&-
            if [ $moment = before ]; then
                kill -HUP $receiver
            fi
            eventually waiting_senders 1 "$queue"
            if [ $moment = during ]; then
                kill -HUP $receiver
                waits_on
            fi
            kill -TERM $receiver
            ends_with 143 $receiver
            run -0 sed -n 2p error
            assert_output --regexp "$(loses 5 7)"
            run -0 mqrecv -a "$queue"
            assert_output second
            mqrecv --remove "$queue"
            exec 5>&-
        done
    done
}

@test "a queue that is removed while mqrecv waits for room is exit 3, and the loss is reported" {
    for queue in "/$ID" "$KEY"; do
        crowded
        exec 5>&-
        eventually waiting_senders 1 "$queue"
        mqrecv --remove "$queue"
        ends_with 3 $receiver
        run -0 sed 1d error
        assert_line --index 0 --regexp "^mqrecv: $queue: put back: Identifier removed \
\(somebody removed the queue\); a message of 5 bytes with (priority|type) 7 is lost$"
        assert_line --index 1 'mqrecv: stdout: write: Broken pipe'
    done
}

# COMMAND has the message `first` and fails when the file `end` appears; meanwhile the queue was filled
# again.
crowded_command() {
    rm -f begun end
    mqsend -c --maxmsg 1 --msgsize 6 "$(tag_of "$queue")" "$queue" first
    background mqrecv "$queue" -- \
        sh -c 'touch begun; until test -e end; do sleep 0.01; done; exit 5' 2>error
    receiver=$!
    eventually test -e begun
    mqsend "$queue" second
}

@test "the message of a COMMAND that fails waits for room in a full queue" {
    for queue in "/$ID" "$KEY"; do
        crowded_command
        touch end
        eventually waiting_senders 1 "$queue"
        run -0 cat error
        assert_output "$(waits_for_room)"
        run -0 mqrecv "$queue"
        assert_output second
        ends_with 5 $receiver
        run -0 sed 1d error
        assert_output --regexp "^mqrecv: sh: ended with status 5; \
the message went back to the end of its (priority|type) in $queue$"
        run -0 mqrecv -t 0 --tagged "$queue"
        assert_output $'7\tfirst'

        crowded_command
        touch end
        eventually waiting_senders 1 "$queue"
        mqrecv --remove "$queue"
        ends_with 125 $receiver
        run -0 sed 1d error
        assert_line --index 0 --regexp "; a message of 5 bytes with (priority|type) 7 is lost$"
        assert_line --index 1 'mqrecv: sh: ended with status 5'
    done
}

@test "mqrecv sleeps while it waits for room, also after a signal" {
    need_root
    for queue in "/$ID" "$KEY"; do
        crowded_command
        kill -TERM $receiver
        touch end
        eventually waiting_senders 1 "$queue"
        run -124 timeout 0.5 strace -qq -e signal=none -o calls -p $receiver
        [ "$(wc -l <calls)" -lt 10 ]
        run -0 mqrecv "$queue"
        assert_output second
        ends_with 143 $receiver
        run -0 mqrecv -t 0 "$queue"
        assert_output first
        mqrecv --remove "$queue"
    done
}

@test "several messages wait for room in their order, and each that is lost is reported" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 3 --msgsize 1 "$queue" 1 2 3
        # Long enough for the queue to be filled again before the write fails.
        background strace -D -qqq -o /dev/null -e inject=write:delay_enter=500000:when=1 \
            mqrecv -n 3 "$queue" >/dev/full 2>error
        receiver=$!
        eventually holds 0 "$queue"
        mqsend -t 0 "$queue" a b c
        eventually waiting_senders 1 "$queue"
        run -0 cat error
        assert_output "$(waits_for_room '3 messages')"
        run -0 mqrecv "$queue"
        assert_output a
        eventually holds 3 "$queue"
        eventually waiting_senders 1 "$queue"
        kill -HUP $receiver
        waits_on
        kill -TERM $receiver
        ends_with 143 $receiver
        run -0 sed 1d error
        assert_line --index 0 --regexp "$(loses 1 '[01]')"
        assert_line --index 1 --regexp "$(loses 1 '[01]')"
        assert_line --index 2 --regexp '^mqrecv: stdout: write: No space left on device; the message went back '
        run -0 mqrecv -a "$queue"
        assert_output $'b\nc\n1'
        mqrecv --remove "$queue"
    done
}

# `false` fails for the message `job` of $queue; the dead-letter queue $other is full.
full_dead() {
    mqsend -c "$(tag_of "$queue")" "$queue" job
    if [[ $queue == /* ]]; then
        other=$queue-2
        mqsend -c --maxmsg 1 --msgsize 3 "$other" old
    else
        other=$(mqsend -c --maxmsg 1 --msgsize 3 private </dev/null)
        mqsend "$other" old
    fi
    background mqrecv "$queue" --dead "$other" -- false 2>error
    receiver=$!
    eventually waiting_senders 1 "$other"
    run -0 cat error
    assert_output "$(waits_for_dead_room "$other")"
}

@test "mqrecv waits for room in a full --dead queue, and reports that once" {
    for queue in "/$ID" "$KEY"; do
        full_dead
        run -0 mqrecv "$other"
        assert_output old
        ends_with 0 $receiver
        run -0 sed 1d error
        assert_output "mqrecv: false: ended with status 1; the message went to $other"
        run -0 mqrecv -a --tagged "$other"
        assert_output $'7\tjob'
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "a signal ends the wait for room in a full --dead queue, and the message goes back" {
    for queue in "/$ID" "$KEY"; do
        full_dead
        kill $receiver
        ends_with 143 $receiver
        run -0 sed 1d error
        assert_output --regexp '^mqrecv: false: ended with status 1; the message went back to '
        run -0 mqrecv -a --tagged "$queue"
        assert_output $'7\tjob'
        holds 1 "$other"
        mqrecv --remove "$queue"
        mqrecv --remove "$other"
    done
}

@test "a --dead queue that is removed while mqrecv waits for room there gets no message" {
    for queue in "/$ID" "$KEY"; do
        full_dead
        mqrecv --remove "$other"
        ends_with 1 $receiver
        run -0 sed 1d error
        assert_line --index 0 "mqrecv: $other: send: Identifier removed (somebody removed the queue)"
        assert_line --index 1 --regexp '^mqrecv: false: ended with status 1; the message went back to '
        run -0 mqrecv -a --tagged "$queue"
        assert_output $'7\tjob'
        mqrecv --remove "$queue"
    done
}

# `mqrecv` has written a part of the message data to a pipe, which has the reader 5, and got a signal.
half_written() {
    head -c 8192 /dev/urandom >data
    rm -f pipe
    mkfifo pipe
    exec 5<>pipe
    dd if=/dev/zero of=pipe bs=4096 count=15 status=none # of 16 pages
    mqsend -c -W "$queue" <data
    background mqrecv -W "$queue" >pipe 2>error
    receiver=$!
    eventually holds 0 "$queue"
    eventually is_waiting $receiver
    kill $receiver
    eventually grep -q 'is written first (a second signal stops that)' error
}

@test "a second signal ends mqrecv in the middle of a record, and the message goes back" {
    for queue in "/$ID" "$KEY"; do
        half_written
        kill -HUP $receiver
        ends_with 129 $receiver
        run -0 tail -n 1 error
        assert_output --regexp "^mqrecv: stdout: write: Interrupted system call; \
the message, part of which was written, went back to the end of its (priority|type) in $queue$"
        mqrecv -W "$queue" | cmp - data
        mqrecv --remove "$queue"
        exec 5>&-
    done
}

@test "after a second signal in the middle of a record the message waits for room; a third loses it" {
    for queue in "/$ID" "$KEY"; do
        for third in '' TERM; do
            mqsend -c --maxmsg 1 --msgsize 8192 "$queue" </dev/null
            half_written
            head -c 8192 /dev/zero | mqsend -W "$queue"
            kill -HUP $receiver
            eventually waiting_senders 1 "$queue"
            run -0 sed -n 2p error
            assert_output "$(waits_for_room)"
            if [ "$third" ]; then
                kill -$third $receiver
                ends_with 143 $receiver
                run -0 sed -n 3p error
                assert_output --regexp "$(loses 8192 '[01]')"
            else
                mqrecv -W "$queue" >out
                ends_with 129 $receiver
                mqrecv -W "$queue" | cmp - data
            fi
            mqrecv --remove "$queue"
            exec 5>&-
        done
    done
}

@test "a record that is half written is finished, even after a signal" {
    for queue in "/$ID" "$KEY"; do
        half_written
        dd if=pipe of=out bs=4096 count=17 iflag=fullblock status=none
        ends_with 143 $receiver
        tail -c 8192 out | cmp - data
        run -1 mqrecv -t 0 "$queue"
        mqrecv --remove "$queue"
        exec 5>&-
    done
}

@test "a System V queue that is removed while mqrecv waits is reported" {
    mqsend -c "$KEY" </dev/null
    for limit in '' '-t 1h'; do
        mqsend -c "$KEY" </dev/null
        # shellcheck disable=SC2086
        background mqrecv $limit "$KEY" 2>error
        receiver=$!
        eventually is_waiting $receiver
        mqrecv --remove "$KEY"
        ends_with 3 $receiver
        run -0 cat error
        assert_output "mqrecv: $KEY: receive: Identifier removed (somebody removed the queue)"
    done
}

@test "a System V queue that is removed while mqrecv has a message is reported, with the loss" {
    fill_pipe pipe
    mqsend -c -T 7 "$KEY" first
    background mqrecv -n 2 "$KEY" >pipe 2>error 5>&-
    receiver=$!
    eventually holds 0 "$KEY"
    mqrecv --remove "$KEY"
    exec 5>&-
    ends_with 3 $receiver
    run -0 cat error
    assert_output "mqrecv: $KEY: put back: Identifier removed (somebody removed the queue); \
a message of 5 bytes with type 7 is lost
mqrecv: stdout: write: Broken pipe"
}

@test "mqrecv receives messages larger than the system's default, with and without waiting" {
    need_root
    with_room() {
        with_limits kernel/msgmax=100000 kernel/msgmnb=200000 -- bash -c 'set -e
            head -c 90000 /dev/urandom >data
            mqsend -c -W 7 <data
            eval "$1"
            cmp data copy' - "$1"
    }
    run -0 with_room 'mqrecv -W 7 >copy'
    run -0 with_room 'mqrecv -t 0 -W 7 >copy'
    run -0 with_room 'mqrecv -t 5 -W 7 >copy'
    run -0 with_room 'mqrecv -a -W 7 >copy'
    run -0 with_room 'mqrecv -W 7 >/dev/full || mqrecv -W 7 >copy'
    run -0 with_room 'mqrecv -W 7 >copy; mqrecv -W 7 >copy & sleep 0.1; mqsend -W 7 <data; wait'
}

@test "mqrecv fails when stdout is closed, and never takes a queue for it" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" x
        for closed in '>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
            run -3 bash -c "mqrecv '$queue' $closed"
            holds 1 "$queue"
        done
        run -0 bash -c "mqrecv '$queue' <&- 2>&-"
        assert_output x
        run -0 bash -c "mqrecv --remove '$queue' <&- >&- 2>&-"
    done
}

@test "mqrecv receives what C programs send, and from their queues" {
    mqpeer create "/$ID"
    mqpeer send "/$ID" 0 low
    mqpeer send "/$ID" 9 high
    run -0 mqrecv -a "/$ID"
    assert_output $'high\nlow'
    mqrecv --remove "/$ID"
    run -0 msgpeer create "$KEY"
    id=id:$output
    msgpeer send "$KEY" 3 three
    msgpeer send "$KEY" 5 five
    run -0 mqrecv -T 5 "$id"
    assert_output five
    run -0 mqrecv "$KEY"
    assert_output three
    mqrecv --remove "$KEY"
}

@test "mqrecv receives what perl sends to a System V queue" {
    run -0 perl -e '$id = msgget(hex $ARGV[0], 0600 | 01000) // die "$!";
        msgsnd($id, pack("l! a*", 3, "from perl"), 0) or die "$!"' "$KEY"
    run -0 mqrecv -T 3 "$KEY"
    assert_output 'from perl'
    mqrecv --remove "$KEY"
}

@test "mqrecv receives what python sends to a POSIX queue" {
    run -0 /usr/bin/python3 - "/$ID" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
queue = libc.mq_open(sys.argv[1].encode(), os.O_WRONLY | os.O_CREAT, 0o600, None)
assert queue >= 0, os.strerror(ctypes.get_errno())
for text, priority in (b"low", 1), (b"high", 2):
    assert libc.mq_send(queue, text, ctypes.c_size_t(len(text)), priority) == 0
PY
    run -0 mqrecv -a "/$ID"
    assert_output $'high\nlow'
    mqrecv --remove "/$ID"
}

@test "the examples of mqrecv(1) are true" {
    check_examples mqrecv
}

@test "a POSIX queue that is removed while mqrecv has a message is reported, and takes none back" {
    mqsend -c -p 7 "/$ID" hello
    # shellcheck disable=SC2016
    run -125 --separate-stderr mqrecv "/$ID" -- sh -c 'mqrecv --remove "$MQ_NAME"; exit 3'
    [[ $stderr == *"mqrecv: /$ID: put back: Identifier removed (somebody removed the queue); \
a message of 5 bytes with priority 7 is lost"* ]]
}

@test "a dead letter does not go to a POSIX queue that has been removed" {
    mqsend -c "/$ID" hello
    mqsend -c "/$ID-2" </dev/null
    # shellcheck disable=SC2016
    run -1 --separate-stderr mqrecv --dead "/$ID-2" "/$ID" -- sh -c 'mqrecv --remove "$0"; exit 1' "/$ID-2"
    [[ $stderr == *"mqrecv: /$ID-2: send: Identifier removed (somebody removed the queue)"* ]]
    run -0 mqrecv -t 0 "/$ID"
    assert_output hello
    mqrecv --remove "/$ID"
}
