#!/usr/bin/env bats
# mqsend: what it accepts, in which order it sends, and what it reports when it fails.

load helper

# The value that `mqrecv --stat` gives for $1 of queue $2.
stat_of() {
    mqrecv --stat "$2" | sed -n "s/^$1=//p"
}

# Milliseconds since $1, a value of EPOCHREALTIME.
elapsed() {
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

@test "mqsend sends operands in order and mqrecv prints a line each" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" one 'two words' ''
        mqsend -c "$queue" -- --last
        run -0 mqrecv -a -N "$queue"
        assert_output '3:one,9:two words,0:,6:--last,'
        mqrecv --remove "$queue"
    done
}

@test "mqsend sends each line of stdin, the last without a newline too" {
    for queue in "/$ID" "$KEY"; do
        printf 'one\n\nthree' | mqsend -c "$queue"
        run -0 mqrecv -a -N "$queue"
        assert_output '3:one,0:,5:three,'
        mqsend "$queue" </dev/null
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqsend reads records that end in NUL, netstrings and a whole input" {
    for queue in "/$ID" "$KEY"; do
        printf 'a\nb\0c' | mqsend -c -0 "$queue"
        printf '0:,3:a,b,' | mqsend --netstring "$queue"
        printf 'a\nb\n' | mqsend --whole "$queue"
        mqsend -W "$queue" </dev/null
        run -0 mqrecv -a -N "$queue"
        assert_output $'3:a\nb,1:c,0:,3:a,b,4:a\nb\n,0:,'
        mqrecv --remove "$queue"
    done
    run -2 mqsend -0 -W "/$ID"
    assert_output --partial 'only one of -0, -W and -N'
    run -2 mqsend -N --null "/$ID"
    run -0 mqsend -c -N -N "/$ID" </dev/null
    mqrecv --remove "/$ID"
}

@test "mqsend reports the number of a record that it cannot send, and how many it sent" {
    mqsend -c --msgsize 5 "/$ID" </dev/null
    run -3 mqsend -t 1 -N "/$ID" <<<'1:a,1:b,x'
    assert_output 'mqsend: stdin: read: record 3 is not a netstring; 2 sent'
    run -3 mqsend -t 1 "/$ID" <<<$'12345\n123456\n1'
    assert_output "mqsend: stdin: read: record 2 is longer than 5 bytes (the queue's msgsize); 1 sent"
    holds 3 "/$ID"
    mqrecv --remove "/$ID"
}

@test "mqsend passes a record on before the next one comes" {
    mkfifo in
    mqsend -c "/$ID" </dev/null
    background mqsend "/$ID" <>in
    echo first >in
    run -0 mqrecv -t 5 "/$ID"
    assert_output first
    mqrecv --remove "/$ID"
}

@test "mqsend creates a queue only with -c" {
    touch file
    for queue in "/$ID" "$KEY" "ftok:file"; do
        run -1 mqsend "$queue" x
        assert_output "mqsend: $queue: open queue: No such file or directory (-c creates it)"
        run -1 --separate-stderr mqsend -q "$queue" x
        assert_equal "$stderr" ''
        mqsend --create "$queue" x
        mqsend --create "$queue" y
        holds 2 "$queue"
        mqrecv --remove "$queue"
    done
    run -1 mqsend -c id:2147483647 x
    assert_output 'mqsend: id:2147483647: open queue: No such file or directory'
    run -1 mqsend id:2147483647 x
    assert_output 'mqsend: id:2147483647: open queue: No such file or directory'
}

@test "mqsend distinguishes a missing file of ftok: from a missing queue" {
    run -1 mqsend -c ftok:missing x
    assert_output \
        'mqsend: ftok:missing: open queue: No such file or directory (ftok: wants a file that exists)'
}

@test "mqsend -x exits 1 if the queue exists" {
    for queue in "/$ID" "$KEY"; do
        mqsend -x "$queue" x
        run -1 mqsend -x "$queue" y
        assert_output "mqsend: $queue: open queue: File exists"
        run -1 --separate-stderr mqsend -q -c --exclusive "$queue" y
        assert_equal "$stderr" ''
        holds 1 "$queue"
        if [ "$queue" = "$KEY" ]; then
            id=id:$(stat_of id "$queue")
            run -1 mqsend -x "$id" y
            assert_output "mqsend: $id: open queue: File exists"
        fi
        mqrecv --remove "$queue"
    done
}

@test "a queue has exactly the mode that was asked for, whatever the umask" {
    for queue in "/$ID" "$KEY"; do
        for mask in 000 022 077 777; do
            for mode in 0600 0666 0777 0640; do
                (umask $mask && mqsend -x -m $mode "$queue" x)
                assert_equal "$(stat_of mode "$queue")" $mode
                mqrecv --remove "$queue"
            done
            (umask $mask && mqsend -x "$queue" x)
            assert_equal "$(stat_of mode "$queue")" 0600
            mqrecv --remove "$queue"
        done
    done
    run -2 mqsend -c -m 888 "/$ID" x
    assert_output --partial "-m '888': not a mode"
}

@test "mqsend --maxmsg and --msgsize set the room of a new queue" {
    mqsend -c --maxmsg 3 --msgsize 1K "/$ID" a
    assert_equal "$(stat_of maxmsg "/$ID") $(stat_of msgsize "/$ID")" '3 1024'
    mqsend -c --maxmsg 7 --msgsize 77 "/$ID" b
    assert_equal "$(stat_of maxmsg "/$ID") $(stat_of msgsize "/$ID")" '3 1024'
    mqrecv --remove "/$ID"
    mqsend -c --maxmsg 3 "/$ID" a
    assert_equal "$(stat_of msgsize "/$ID")" "$(cat /proc/sys/fs/mqueue/msgsize_default)"
    mqrecv --remove "/$ID"
    mqsend -c --msgsize 3 "/$ID" a
    assert_equal "$(stat_of maxmsg "/$ID")" "$(cat /proc/sys/fs/mqueue/msg_default)"
    mqrecv --remove "/$ID"
    mqsend -c --maxmsg 3 --msgsize 1K "$KEY" a
    assert_equal "$(stat_of maxbytes "$KEY")" 3072
    mqrecv --remove "$KEY"
}

@test "mqsend refuses invalid values of --maxmsg and --msgsize" {
    run -2 mqsend -c --maxmsg 3 "$KEY" a
    assert_output "mqsend: $KEY: a System V queue needs both --maxmsg and --msgsize"
    run -2 mqsend -c --msgsize 3 "$KEY" a
    run -2 mqsend -c --maxmsg 0 "/$ID" a
    run -2 mqsend -c --msgsize 0 "/$ID" a
    assert_output "mqsend: --msgsize '0': not a message size (1 or more)"
    run -2 mqsend -c --msgsize 1x "/$ID" a
    run -3 mqsend -c --maxmsg 5000000000 --msgsize 5T "/$ID" a
    run -3 mqsend -c --maxmsg 9223372036854775807 --msgsize 9223372036854775807 "$KEY" a
    assert_output --partial 'open queue: Value too large'
    run -1 -- mqsend "$KEY" a
}

@test "mqsend -p sets the priority, 0 to 32767" {
    mqsend -c "/$ID" zero
    mqsend -p 32767 "/$ID" highest
    mqsend --priority=9 "/$ID" nine 'nine again'
    mqsend -p0 "/$ID" 'zero again'
    run -0 mqrecv -a "/$ID"
    assert_output $'highest\nnine\nnine again\nzero\nzero again'
    mqrecv --remove "/$ID"
    for priority in 32768 -1 '' x 1.5 0x1 99999999999999999999; do
        run -2 mqsend -p "$priority" "/$ID" x
        assert_output "mqsend: -p '$priority': not a priority (0 to 32767)"
    done
    run -2 mqsend -p 1 "$KEY" x
    assert_output "mqsend: $KEY: -p is for POSIX objects (a System V queue has types, -T)"
}

@test "mqsend -T sets the type, 1 or more" {
    mqsend -c "$KEY" plain
    mqsend -T 7 "$KEY" seven
    mqsend --type 9223372036854775807 "$KEY" largest
    run -0 msgpeer receive "$KEY" 0 3
    assert_output $'1 plain\n7 seven\n9223372036854775807 largest'
    mqrecv --remove "$KEY"
    for type in 0 -1 '' x 9223372036854775808; do
        run -2 mqsend -T "$type" "$KEY" x
        assert_output "mqsend: -T '$type': not a type (1 or more)"
    done
    run -2 mqsend -T 1 "/$ID" x
    assert_output "mqsend: /$ID: -T is for System V objects (a POSIX queue has priorities, -p)"
}

@test "mqsend --tagged takes the priority or type from the record" {
    for queue in "/$ID" "$KEY"; do
        printf '7\tseven\n1\t\n32767\ta\tb' | mqsend -c --tagged "$queue"
        printf '9:8\teight\n\0,' | mqsend -N --tagged "$queue"
        mqsend --tagged "$queue" $'9\toperand'
        printf '3\twhole\n\n' | mqsend -W --tagged "$queue"
        run -0 mqrecv -a --format '%p=%b;' "$queue"
        if [[ $queue == /* ]]; then
            assert_output $'32767=a\tb;9=operand;8=eight\n;7=seven;3=whole\n\n;1=;'
        else
            assert_output $'7=seven;1=;32767=a\tb;8=eight\n;9=operand;3=whole\n\n;'
        fi
        mqrecv --remove "$queue"
    done
}

@test "mqsend --tagged refuses a record without a priority or type, and reports its number" {
    mqsend -c "/$ID" </dev/null
    mqsend -c "$KEY" </dev/null
    for record in '' x 7 '7 x' $'\tx' $'-1\tx' $'7x\tx' $' 7\tx' $'0x7\tx' $'99999999999999999999\tx'; do
        run -3 mqsend --tagged "/$ID" <<<$'7\tfirst\n'"$record"
        assert_output "mqsend: stdin: record 2 does not begin with a priority (0 to 32767) and a tab \
(--tagged); 1 sent"
        run -3 mqsend --tagged -- "$KEY" "$record"
        assert_output "mqsend: MESSAGE 1 does not begin with a type (1 or more) and a tab (--tagged); 0 sent"
    done
    run -3 mqsend --tagged "/$ID" $'32768\tx'
    run -3 mqsend --tagged "$KEY" $'0\tx'
    run -0 mqsend --tagged "$KEY" $'9223372036854775807\tx'
    for option in '-p 1' '-T 1'; do
        # shellcheck disable=SC2086
        run -2 mqsend --tagged $option "$([[ $option == -p* ]] && echo "/$ID" || echo "$KEY")" x
        assert_output "mqsend: --tagged does not go with ${option% 1}"
    done
    mqrecv --remove "/$ID"
    mqrecv --remove "$KEY"
}

@test "mqsend --tagged sends messages as large as those without a tag" {
    for queue in "/$ID" "$KEY"; do
        { printf '32767\t' && head -c 8192 /dev/zero; } >data
        mqsend -c -W --tagged "$queue" <data
        run -0 mqrecv --format '%p %s' "$queue"
        assert_output '32767 8192'
        echo x >>data
        run -3 mqsend -W --tagged "$queue" <data
        assert_output --regexp "^mqsend: $queue: send message 1: Message too l.* \(8194 bytes: .* 8192\); 0 sent$"
        head -c 100000 /dev/zero >data
        run -3 mqsend -W --tagged "$queue" <data
        assert_output --regexp '^mqsend: stdin: read: record 1 is longer than [0-9]+ bytes \(.*\); 0 sent$'
        mqrecv --remove "$queue"
    done
}

@test "a line of 1 GiB is refused with its number, in bounded memory and before its end" {
    unless_sanitized "needs an address space of its own"
    for queue in "/$ID" "$KEY"; do
        mqsend -c "$queue" </dev/null
        run -3 bash -c '{ echo one; head -c "$2" /dev/zero | tr "\0" x; } | (ulimit -v 8192; mqsend "$1")' - \
            "$queue" $((1 << 30))
        assert_output --regexp \
            "^mqsend: stdin: read: record 2 is longer than 8192 bytes \\((the queue's msgsize|kernel.msgmax)\\); 1 sent$"
        mqrecv --remove "$queue"
    done
}

@test "mqsend -P shows how much was sent, and how much of a file is left" {
    for queue in "/$ID" "$KEY"; do
        printf 'one\nthree\n' >data
        run -0 mqsend -c -P "$queue" <data
        assert_output --regexp '^10 B in .* s, .*/s$'
        run -0 mqsend --progress "$queue" 12345 1
        assert_output --regexp '^6 B in '
        mqrecv --remove "$queue"
        mqsend -c --maxmsg 1 --msgsize 5 "$queue" </dev/null
        seq 100 999 >data
        background mqsend -P "$queue" <data 2>error
        # shellcheck disable=SC2016
        eventually bash -c 'mqrecv "$1"; grep -qE "^[0-9.]+ .*B, .*, [0-9]+ %, .* left$" error' - "$queue"
        kill $!
        ends_with 143 $!
        mqrecv --remove "$queue"
    done
}

@test "mqsend -t 0 does not wait for room" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 2 --msgsize 5 "$queue" </dev/null
        run -1 mqsend -t 0 "$queue" first later third
        assert_output --regexp "^mqsend: $queue: send message 3: Resource temporarily unavailable \
\(the queue is full: (maxmsg is 2|maxbytes is 10)\); 2 sent$"
        run -1 --separate-stderr mqsend -q -t 0 "$queue" <<<x
        assert_equal "$stderr" ''
        run -0 mqrecv -a "$queue"
        assert_output $'first\nlater'
        mqrecv --remove "$queue"
    done
}

@test "mqsend -t stops waiting for room in time" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 1 --msgsize 5 "$queue" first
        start=$EPOCHREALTIME
        run -1 mqsend -t 0.1 "$queue" later
        assert_output --regexp "^mqsend: $queue: send message 1: .* timed out \
\(the queue is full: (maxmsg is 1|maxbytes is 5)\); 0 sent$"
        took=$(elapsed "$start")
        [ "$took" -ge 100 ] && [ "$took" -lt 10000 ] || fail "took $took ms"
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqsend waits for room and goes on" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 1 --msgsize 5 "$queue" first
        background mqsend -t 1h "$queue" later third
        sender=$!
        eventually is_waiting $sender
        kill -STOP $sender && kill -CONT $sender
        run -0 mqrecv -n 3 -t 5 "$queue"
        assert_output $'first\nlater\nthird'
        ends_with 0 $sender
        mqrecv --remove "$queue"
    done
}

@test "a message as large as the queue takes is sent, and one byte more is refused" {
    for queue in "/$ID" "$KEY"; do
        head -c 8192 /dev/zero | tr '\0' x >data
        mqsend -c -W "$queue" <data
        run -0 mqrecv -W "$queue"
        assert_output "$(cat data)"
        echo x >>data
        run -3 mqsend -W "$queue" <data
        assert_output --regexp \
            "^mqsend: stdin: read: record 1 is longer than 8192 bytes \\((the queue's msgsize|kernel.msgmax)\\); 0 sent$"
        run -3 mqsend -t 5 "$queue" small "$(cat data)"
        assert_output --regexp \
            "^mqsend: $queue: send message 2: M.* \(8193 bytes: .* is 8192\); 1 sent$"
        mqrecv --remove "$queue"
    done
}

@test "a message larger than a whole System V queue is refused at once" {
    mqsend -c --maxmsg 2 --msgsize 5 "$KEY" </dev/null
    run -3 mqsend -t 5 "$KEY" 1 12345678901
    assert_output --regexp \
        "^mqsend: $KEY: send message 2: .* \(11 bytes: the queue's maxbytes is 10\); 1 sent$"
    run -3 mqsend -t 5 "$KEY" <<<12345678901
    assert_output "mqsend: stdin: read: record 1 is longer than 10 bytes (the queue's maxbytes); 0 sent"
    mqrecv --remove "$KEY"
}

@test "mqsend -c private prints the name of the new queue" {
    run -0 --separate-stderr mqsend -c private secret
    [[ $output =~ ^id:[0-9]+$ ]]
    assert_equal "$stderr" ''
    queue=$output
    mqsend "$queue" more
    run -0 mqrecv -a "$queue"
    assert_output $'secret\nmore'
    mqrecv --remove "$queue"
    run -2 mqsend private secret
    assert_output 'mqsend: private: only with -c'
}

@test "mqsend reports which private queue is left when writing its name to stdout fails" {
    run -3 bash -c 'mqsend -c private secret >/dev/full'
    assert_output --regexp '^mqsend: stdout: write: No space left on device; the queue is id:[0-9]+$'
    [[ $output =~ id:[0-9]+ ]]
    holds 0 "${BASH_REMATCH[0]}"
    mqrecv --remove "${BASH_REMATCH[0]}"
}

@test "a limit that stops creation is named with its value" {
    need_root
    share_programs
    as='setpriv --reuid 65534 --regid 65534 --clear-groups mqsend -c'
    # shellcheck disable=SC2086
    {
        run -3 with_limits fs/mqueue/msg_max=20 -- $as --maxmsg 21 --msgsize 10 /q x
        assert_output 'mqsend: /q: open queue: Invalid argument (--maxmsg 21: fs.mqueue.msg_max is 20)'
        run -3 with_limits fs/mqueue/msgsize_max=9000 -- $as --msgsize 9001 /q x
        assert_output 'mqsend: /q: open queue: Invalid argument (--msgsize 9001: fs.mqueue.msgsize_max is 9000)'
        run -3 with_limits fs/mqueue/queues_max=1 -- bash -c "$as /q x && $as /r x"
        assert_output 'mqsend: /r: open queue: No space left on device (one more queue: fs.mqueue.queues_max is 1)'
        run -3 with_limits kernel/msgmnb=1000 -- $as --maxmsg 1 --msgsize 1001 77 x
        assert_output --regexp '^mqsend: 77: open queue: .* \(--maxmsg 1, --msgsize 1001: kernel.msgmnb is 1000\)$'
        run -3 with_limits kernel/msgmni=1 -- bash -c "$as 77 x && $as 78 x"
        assert_output 'mqsend: 78: open queue: No space left on device (one more queue: kernel.msgmni is 1)'
    }
}

@test "ulimit -n is named if no descriptor is left for the queue" {
    prlimit --nofile=3 mqsend --version || skip "the loader needs a descriptor"
    mqsend -c "/$ID" x
    for tool in 'mqsend -c' mqsend mqrecv; do
        # shellcheck disable=SC2086
        run -3 prlimit --nofile=3 $tool "/$ID"
        assert_output --regexp "^${tool% -c}: /$ID: open queue: .* \(ulimit -n is 3\)$"
    done
    mqrecv --remove "/$ID"
}

@test "ulimit -q is named if it stops creation" {
    run -3 bash -c 'ulimit -q 1000; mqsend -c "/$1" x' - "$ID"
    assert_output --regexp "^mqsend: /$ID: open queue: .* \(--maxmsg 10, --msgsize 8192: ulimit -q is 1000 bytes\)$"
}

@test "a limit that binds even root is named as such" {
    run -3 mqsend -c --maxmsg 65537 --msgsize 1 "/$ID" x
    assert_output "mqsend: /$ID: open queue: Invalid argument (--maxmsg 65537: at most 65536)"
    run -3 mqsend -c --maxmsg 1 --msgsize 17M "/$ID" x
    assert_output "mqsend: /$ID: open queue: Invalid argument (--msgsize 17825792: at most 16777216)"
}

@test "a new System V queue that cannot have the requested room is removed again" {
    need_root
    share_programs
    run -3 with_limits kernel/msgmnb=1000 -- bash -c '
        setpriv --reuid 65534 --regid 65534 --clear-groups \
            mqsend -c -m 0200 --maxmsg 1 --msgsize 1001 77 x
        status=$?
        [ "$(wc -l </proc/sysvipc/msg)" -eq 1 ] || echo left behind
        exit $status'
    refute_output --partial 'left behind'
    run -0 with_limits -- setpriv --reuid 65534 --regid 65534 --clear-groups \
        mqsend -c -m 0200 --maxmsg 1 --msgsize 100 77 x
}

@test "mqsend needs the permission to send, and checks it before it reads" {
    need_root
    mqsend -c -m 0644 "/$ID" </dev/null
    mqsend -c -m 0644 "$KEY" </dev/null
    printf '%s\n' one two >lines
    for queue in "/$ID" "$KEY"; do
        run -3 as_nobody mqsend "$queue" x
        assert_output "mqsend: $queue: open queue: Permission denied"
        run -0 as_nobody bash -c 'mqsend "$1" 2>/dev/null; cat' - "$queue" <lines
        assert_output $'one\ntwo'
        holds 0 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "mqsend needs no permission to receive" {
    need_root
    for queue in "/$ID" "$KEY"; do
        mqsend -c -m 0622 "$queue" </dev/null
        as_nobody mqsend "$queue" operand
        as_nobody mqsend "$queue" <<<line
        if [ "$queue" = "$KEY" ]; then
            as_nobody mqsend "id:$(stat_of id "$queue")" identifier
        fi
        run -0 mqrecv -a "$queue"
        assert_line --index 0 operand
        assert_line --index 1 line
        mqrecv --remove "$queue"
    done
}

@test "mqsend reads nothing when it cannot open the queue" {
    printf '%s\n' one two >lines
    run -0 bash -c 'mqsend "/$1" 2>/dev/null; cat' - "$ID" <lines
    assert_output $'one\ntwo'
}

@test "a call that is interrupted although no signal came is reported" {
    mqsend -c "$KEY" </dev/null
    run -3 strace -qqq -o /dev/null -e inject=msgsnd:error=EINTR mqsend -t 0 "$KEY" x
    assert_output --regexp "^mqsend: $KEY: send message 1: Interrupted system call; 0 sent$"
    mqrecv --remove "$KEY"
}

@test "mqsend fails when its stdin is closed" {
    run -3 bash -c 'mqsend -c "$1" <&-' - "/$ID"
    assert_output 'mqsend: stdin: read: Bad file descriptor; 0 sent'
    mqrecv --remove "/$ID"
}

@test "mqsend never takes a queue for stdin, stdout or stderr" {
    for queue in "/$ID" "$KEY"; do
        run -0 bash -c 'mqsend -c "$1" x <&- >&- 2>&-' - "$queue"
        run -3 bash -c 'mqsend "$1" <&- >&- 2>&-' - "$queue"
        run -1 bash -c 'mqsend -x "$1" x <&- >&- 2>&-' - "$queue"
        run -0 mqrecv -a "$queue"
        assert_output x
        mqrecv --remove "$queue"
    done
}

@test "a System V queue that is removed while mqsend waits is reported" {
    mqsend -c --maxmsg 1 --msgsize 5 "$KEY" first
    background mqsend "$KEY" later 2>error
    sender=$!
    eventually is_waiting $sender
    mqrecv --remove "$KEY"
    ends_with 3 $sender
    run -0 cat error
    assert_output "mqsend: $KEY: send message 1: Identifier removed (somebody removed the queue); 0 sent"
}

@test "a System V queue that is removed between two messages is reported" {
    mkfifo in
    mqsend -c "$KEY" </dev/null
    exec 5<>in
    background mqsend "$KEY" <in 2>error
    sender=$!
    echo first >&5
    eventually holds 1 "$KEY"
    mqrecv --remove "$KEY"
    echo second >&5
    ends_with 3 $sender
    exec 5>&-
    run -0 cat error
    assert_output "mqsend: $KEY: send message 2: Identifier removed (somebody removed the queue); 1 sent"
}

@test "the loss of permission while mqsend waits at a System V queue is reported when there is room" {
    need_root
    mqsend -c --maxmsg 1 --msgsize 5 -m 0666 "$KEY" first
    background as_nobody mqsend "$KEY" later 2>error
    sender=$!
    eventually waiting_senders 1 "$KEY"
    perl -MIPC::SysV=IPC_SET -MIPC::Msg -e \
        'IPC::Msg->new(hex $ARGV[0], 0)->set(mode => 0600) or die "$!"' "$KEY"
    run -0 mqrecv "$KEY"
    assert_output first
    ends_with 3 $sender
    run -0 cat error
    assert_output "mqsend: $KEY: send message 1: Permission denied; 0 sent"
    mqrecv --remove "$KEY"
}

@test "no wait depends on the time of day, which can be set" {
    mqsend -c --maxmsg 1 "/$ID" first
    run -1 strace -qqq -e trace=mq_timedsend,clock_nanosleep -o trace mqsend -t 0.05 "/$ID" x
    run -0 cat trace
    assert_output --regexp '^mq_timedsend\([0-9]+, "x", 1, 0, NULL\)'
    mqrecv "/$ID" >out
    run -1 strace -qqq -e trace=mq_timedreceive,clock_nanosleep -o trace mqrecv -t 0.05 "/$ID"
    run -0 cat trace
    assert_output --regexp '^mq_timedreceive\([0-9]+, 0x[0-9a-f]+, 8192, 0x[0-9a-f]+, NULL\)'
    mqrecv --remove "/$ID"
}

@test "many mqsend -c at once make one queue and lose nothing" {
    for queue in "/$ID" "$KEY"; do
        senders=()
        for i in {1..10}; do
            background mqsend -c --maxmsg 10 --msgsize 100 "$queue" "$i"
            senders+=($!)
        done
        for sender in "${senders[@]}"; do ends_with 0 "$sender"; done
        run -0 bash -c 'mqrecv -a "$1" | sort -n | tr "\n" " "' - "$queue"
        assert_output "$(echo {1..10}) "
        mqrecv --remove "$queue"
    done
}

@test "of many mqsend -x at once one wins" {
    for queue in "/$ID" "$KEY"; do
        senders=()
        for i in {1..10}; do
            background mqsend -q -x "$queue" x
            senders+=($!)
        done
        won=0
        for sender in "${senders[@]}"; do
            if wait "$sender"; then ((won += 1)); fi
        done
        assert_equal $won 1
        holds 1 "$queue"
        mqrecv --remove "$queue"
    done
}

@test "a signal ends mqsend while it waits, and its message is not sent" {
    for queue in "/$ID" "$KEY"; do
        mqsend -c --maxmsg 1 --msgsize 5 "$queue" first
        for limit in '' '-t 1h'; do
            for signal in INT TERM; do
                # shellcheck disable=SC2086
                background env --default-signal=INT mqsend $limit "$queue" later
                sender=$!
                eventually is_waiting $sender
                kill -$signal $sender
                ends_with $((128 + $(kill -l $signal))) $sender
            done
        done
        run -0 mqrecv -a "$queue"
        assert_output first
        mqrecv --remove "$queue"
    done
}

@test "a wrong name is a usage error that shows the accepted forms" {
    for name in jobs '' 0x 0xg id: 4294967296 / //x "/x/y" ftok: id:-1; do
        run -2 mqsend -c "$name" x
        assert_output --partial "mqsend: NAME '$name': "
    done
    run -2 mqsend -c jobs x
    assert_output --partial '(/name, a key such as 0x5eed, id:N, ftok:PATH[:N] or private)'
    run -2 mqsend -c
    assert_output --partial 'NAME is missing (usage: mqsend '
}

@test "a name of the greatest length works, a longer one is a usage error" {
    long=$(printf '%0*d' $((255 - ${#ID})) 0)
    mqsend -c "/$ID$long" x
    run -0 mqrecv "/$ID$long"
    assert_output x
    mqrecv --remove "/$ID$long"
    run -2 mqsend -c "/$ID${long}0" x
}

@test "C programs receive what mqsend sends" {
    mqsend -c -p 7 "/$ID" 'for you'
    run -0 mqpeer receive "/$ID"
    assert_output '7 for you'
    mqrecv --remove "/$ID"
    mqsend -c -T 7 "$KEY" 'for you'
    run -0 msgpeer receive "$KEY" 0
    assert_output '7 for you'
    mqrecv --remove "$KEY"
}

@test "mqsend sends to queues that C programs created" {
    mqpeer create "/$ID"
    run -0 msgpeer create "$KEY"
    for queue in "/$ID" "$KEY" "id:$output"; do
        mqsend -c "$queue" hello
        run -0 mqrecv -a "$queue"
        assert_output hello
    done
    mqrecv --remove "/$ID"
    mqrecv --remove "$KEY"
}

@test "queues that perl and python created keep their own limits" {
    run -0 perl -MIPC::SysV=IPC_CREAT,IPC_SET -MIPC::Msg -e '
        $queue = IPC::Msg->new(hex $ARGV[0], IPC_CREAT | 0640) or die "$!";
        $queue->set(qbytes => 100) or die "$!"; $queue->snd(3, "from perl") or die "$!"' "$KEY"
    run -3 mqsend "$KEY" "$(printf '%0101d' 0)"
    assert_output --partial "(101 bytes: the queue's maxbytes is 100)"
    mqsend -T 4 "$KEY" back
    run -0 perl -MIPC::SysV -MIPC::Msg -e '
        $queue = IPC::Msg->new(hex $ARGV[0], 0); $queue->rcv($got, 100, 4) == 4 or die "$!"; print $got' "$KEY"
    assert_output back
    run -0 mqrecv --tagged "$KEY"
    assert_output $'3\tfrom perl'
    mqrecv --remove "$KEY"

    mqpeer create "/$ID" 3 7
    run -3 mqsend "/$ID" 12345678
    assert_output --partial "(8 bytes: the queue's msgsize is 7)"
    run -1 mqsend -t 0 "/$ID" 1 2 3 4
    assert_output --partial '(the queue is full: maxmsg is 3); 3 sent'
    mqrecv --remove "/$ID"
}

@test "mqsend and mqrecv talk to python's sysv_ipc" {
    /usr/bin/python3 -c 'import sysv_ipc' 2>/dev/null || skip 'no sysv_ipc here'
    run -0 /usr/bin/python3 - "$KEY" <<'PY'
import sys, sysv_ipc
queue = sysv_ipc.MessageQueue(int(sys.argv[1], 16), sysv_ipc.IPC_CREX, mode=0o600, max_message_size=64)
queue.max_size = 128
queue.send(b"from python", type=9)
PY
    run -0 mqrecv -t 0 --tagged "$KEY"
    assert_output $'9\tfrom python'
    mqsend -T 5 "$KEY" 'for python'
    run -0 /usr/bin/python3 - "$KEY" <<'PY'
import sys, sysv_ipc
print(sysv_ipc.MessageQueue(int(sys.argv[1], 16)).receive(type=5))
PY
    assert_output "(b'for python', 5)"
    run -3 mqsend "$KEY" "$(printf '%0129d' 0)"
    assert_output --partial "(129 bytes: the queue's maxbytes is 128)"
    mqrecv --remove "$KEY"
}

@test "perl receives what mqsend sends to a System V queue" {
    mqsend -c -T 7 "$KEY" 'for you'
    run -0 perl -e '$id = msgget(hex $ARGV[0], 0) // die "$!"; msgrcv($id, $got, 100, 0, 0) or die "$!";
        ($type, $text) = unpack("l! a*", $got); print "$type $text"' "$KEY"
    assert_output '7 for you'
    mqrecv --remove "$KEY"
}

@test "python receives what mqsend sends to a POSIX queue" {
    mqsend -c -p 7 "/$ID" 'for you'
    run -0 /usr/bin/python3 - "/$ID" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
queue = libc.mq_open(sys.argv[1].encode(), os.O_RDONLY)
text, priority = ctypes.create_string_buffer(8192), ctypes.c_uint()
libc.mq_receive.restype = ctypes.c_ssize_t
got = libc.mq_receive(queue, text, ctypes.c_size_t(8192), ctypes.byref(priority))
assert got >= 0, os.strerror(ctypes.get_errno())
print(priority.value, text.raw[:got].decode())
PY
    assert_output '7 for you'
    mqrecv --remove "/$ID"
}

# bats test_tags=valgrind
@test "the examples of mqsend(1) are true" {
    check_examples mqsend
}
