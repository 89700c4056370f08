#!/usr/bin/env bats
# Every tool in every bad situation: what spec and common/ promise of all of them. The files in
# $BUILD/bin are the tools; scenes shows each at work.

load helper

# Calls "$@" for every tool; $tool is the one in hand.
each_tool() {
    local path tool
    for path in "$BUILD"/bin/*; do
        tool=${path##*/}
        "$@" || fail "$tool"
    done
}

@test "every tool without arguments prints two lines of usage and exits 2" {
    usage() {
        run -2 --separate-stderr "$tool" </dev/null
        assert_output ''
        # shellcheck disable=SC2154
        assert_equal "${#stderr_lines[@]}" 2
        [[ ${stderr_lines[0]} == "usage: $tool "* ]]
    }
    each_tool usage
}

@test "every tool prints its help on stdout" {
    help() {
        run -0 --separate-stderr "$tool" --help
        assert_equal "$stderr" ''
        assert_line --index 0 --partial "usage: $tool "
        assert_line --partial -- '-h, --help'
        assert_line --partial -- '-V, --version'
        assert_line --partial -- '-q, --quiet'
        local long=$output
        run -0 "$tool" -h
        assert_output "$long"
    }
    each_tool help
}

@test "every tool tells its version" {
    version() {
        run -0 --separate-stderr "$tool" --version
        [[ $output =~ ^"$tool (ipcbox) "[0-9]+\.[0-9]+\.[0-9]+$ ]]
        assert_equal "$stderr" ''
        local long=$output
        run -0 "$tool" -V
        assert_output "$long"
    }
    each_tool version
}

@test "every tool fails when its help or version cannot be written" {
    unwritten() {
        local option
        for option in --help --version; do
            run -3 bash -c '"$@" >/dev/full' - "$tool" $option
            assert_output "$tool: stdout: write: No space left on device"
            run -3 bash -c '"$@" >&-' - "$tool" $option
            assert_output "$tool: stdout: write: Bad file descriptor"
            run -3 bash -c 'exec 4> >(:); wait $!; "$@" >&4' - "$tool" $option
            assert_output "$tool: stdout: write: Broken pipe"
            run -3 bash -c '"$@" <&- >&- 2>&-' - "$tool" $option
        done
    }
    each_tool unwritten
}

@test "every tool refuses an option that does not exist" {
    unknown() {
        run -2 --separate-stderr "$tool" --no-such-option x
        assert_output ''
        # shellcheck disable=SC2154
        assert_equal "$stderr" \
            "$tool: --no-such-option: unknown option ($tool --help lists the options)"
        run -2 "$tool" "-$(printf '\001')" x
        assert_output "$tool: -?: unknown option ($tool --help lists the options)"
    }
    each_tool unknown
}

# ---- scenes

# The tools at work, a scene a line:
#     command line | what is there before | what prints the answer | what holds after status 0 |
#     what holds after another status
scenes() {
    cat <<'END'
duplex cat input -- sh -c 'exec cat >got' | | | cmp input got
duplex --log file cat input -- sh -c 'exec cat >got' | | | cmp input got
fifocat fifo | mkfifo fifo; peer 'exec cat input >fifo' | cat input
fifocat -w fifo <input | mkfifo fifo; peer 'exec cat fifo >got' | | eventually cmp input got
fifocat -w --records fifo <lines | mkfifo fifo; peer 'exec cat fifo >got' | | eventually cmp lines got
mmapcat file | cp input file | cat input
mmapcat -w file <input | truncate -s "$size" file | | cmp input file
mmapcat -w -c --size "$size" file <input | | | cmp input file | [ ! -e file ]
mqsend -c "$posix" one two | | | holds 2 "$posix"
mqsend -c "$sysv" one two | | | holds 2 "$sysv"
mqsend "$posix" <lines | queue "$posix"; peer "exec mqrecv -n $count $posix >got" | | eventually cmp lines got
mqsend "$sysv" <lines | queue "$sysv"; peer "exec mqrecv -n $count $sysv >got" | | eventually cmp lines got
mqrecv -a "$posix" | mqsend -c "$posix" one two | printf 'one\ntwo\n' | holds 0 "$posix" | holds 2 "$posix"
mqrecv -a "$sysv" | mqsend -c "$sysv" one two | printf 'one\ntwo\n' | holds 0 "$sysv" | holds 2 "$sysv"
mqrecv -n 1 "$posix" -- cat | mqsend -c "$posix" one | printf one | holds 0 "$posix" | holds 1 "$posix"
mqrecv -n 8 "$posix" | queue "$posix"; peer "exec mqsend $posix 1 2 3 4 5 6 7 8" | seq 8
mqrecv -n 8 "$sysv" | queue "$sysv"; peer "exec mqsend $sysv 1 2 3 4 5 6 7 8" | seq 8
semop create "$posix" 1 | | | semop try "$posix"
semop create "$sysv" 1 | | | semop try "$sysv" | ! semop get "$sysv"
semop run "$posix" -- echo in | semop create "$posix" 1 | echo in | eventually semop try "$posix" | eventually semop try "$posix"
semop run "$sysv" -- echo in | semop create "$sysv" 1 | echo in | semop try "$sysv" | semop try "$sysv"
semop get "$posix" | semop create "$posix" 7 | echo 7
shmput "$posix" <input | | | same "$posix" | ! shmget "$posix"
shmput "$posix" <input | shmput "$posix" <lines | | same "$posix"
shmput -a "$posix" <input | shmput "$posix" <lines | | same "$posix" | same "$posix" lines
shmput "$sysv" <input | | | same "$sysv" | ! shmget "$sysv"
shmget "$posix" | shmput "$posix" <input | cat input
shmget --snapshot "$posix" | shmput "$posix" <input | cat input
shmget --take "$posix" | shmput "$posix" <input | cat input | ! shmget "$posix" | same "$posix"
shmget "$sysv" | shmput "$sysv" <input | cat input
shmop "$posix" add 5 | shmop -c "$posix" set 1 | echo 6 | shmop "$posix" cas 6 6
shmop "$sysv" get | shmop -c "$sysv" set 1 | echo 1
sigrecv -n 1 --ready file --format '%s\n' USR1 | peer 'until [ -s file ]; do sleep 0.01; done; kill -USR1 "$(cut -d: -f1 file)"' | echo USR1
sigsend -w "$peer" | peer 'exec sleep 100' | | is_gone "$peer"
sigsend --list USR1 | | echo '10  USR1      terminate  what the program makes of it'
usockcat socket <input | peer 'exec usockcat -l socket >got'; eventually [ -S socket ] | | eventually cmp input got
usockcat -l socket | peer 'exec usockcat --retry 10 socket <input' | cat input | [ ! -e socket ] | [ ! -e socket ]
usockcat -l -k -n 1 socket | peer 'exec usockcat --retry 10 socket <lines' | cat lines | [ ! -e socket ] | [ ! -e socket ]
END
    # What mqrecv takes fits into its queue again; else it waits, as long as senders keep that full.
    # A suite may bring more scenes, each after `# scene: `.
    sed -n 's/^# scene: //p' "$BATS_TEST_DIRNAME"/*.bats
}

queue() {
    mqsend -c "$1" </dev/null
}

# Whether segment $1 has the content of file $2, or else of input.
same() {
    shmget "$1" | cmp - "${2:-input}"
}

# The other side of a scene, until its end; its pid is in $peer.
peer() {
    background setsid sh -c "$*"
    # shellcheck disable=SC2034 # a word of the scenes
    peer=$!
}

end_peers() {
    local pid
    for pid in "${children[@]}"; do
        kill -TERM -- "-$pid" "$pid" 2>/dev/null || true
        eventually is_gone "$pid" || kill -KILL -- "-$pid"
        wait "$pid" 2>/dev/null || true
    done
    children=()
}

# What is wrong with the scene in hand, with what the tool said.
wrong() {
    echo "$situation $line: status $status: $*"
    printf '    %s\n' "${told[@]}"
    failed=$((failed + 1))
}

# Whether out is what the scene has to print, or with status other than 0 the beginning of it.
is_right() {
    local given=9999999999
    if [ "$answer" = : ] || ! $is_heard; then
        [ "$answer" = : ] || [ "$status" -ne 0 ] && [ ! -s out ]
        return
    fi
    [ "$status" -eq 0 ] || given=$(stat -c %s out)
    eval "$answer" | cmp -n "$given" - out
}

# Whether a tool that failed says why: itself, or its COMMAND.
is_told() {
    if ! $can_tell || [[ $line == *' -- '* && ${#told[@]} -gt 0 ]]; then return 0; fi
    [[ " ${told[*]}" == *" $tool: "* ]]
}

# Whether a limit that the tool met is named with its value.
names_limit() {
    local text
    for text in "${told[@]}"; do
        case $text in
        "$tool: "*": Too many open files"* | "$tool: "*": No file descriptors available"*)
            [[ $text =~ \(.*ulimit\ -[nq]\ is\ [0-9]+.*\) ]] || return
            ;;
        "$tool: "*": File too large"*)
            [[ $text == *": File too large ("@(ulimit -f is 1000 bytes|over the file system\'s limit)")"* ]] ||
                return
            ;;
        esac
    done
}

# What holds of $status and of the files out and err, whatever the situation.
judge() {
    local told most=3
    mapfile -t told <err
    [[ $line != *' -- '* ]] || most=127
    # COMMAND ended so as it does alone, by SIGPIPE, SIGXFSZ or without room for its stack.
    [[ $most = 3 || $status != 141 && $status != 153 && $situation/$status != with_memory*/139 ]] ||
        return 0
    # Then a program that is not static has not begun.
    [[ ${told[*]} != *': error while loading shared libraries: '* ]] || return 0
    [ "$status" -le "$most" ] || wrong 'none of the documented'
    is_right || wrong 'another answer'
    if [ "$status" -eq 0 ]; then
        [ "${#told[@]}" -eq 0 ] || wrong 'a message'
        eval "$after" 2>/dev/null || wrong "not so: $after"
    else
        is_told || wrong 'no message'
        names_limit || wrong 'a limit without its value'
        eval "$otherwise" 2>/dev/null || wrong "not so: $otherwise"
    fi
}

# Ends the peers and removes the objects of a scene. Names that nobody here made are left for
# teardown to find, or found now.
clear_stage() {
    local pid told=()
    for pid in "${children[@]}"; do
        kill -KILL -- "-$pid" "$pid" # it may not be a group yet
        wait "$pid"
    done
    children=()
    case $line in
    mq*posix*) mqrecv --remove "$posix" ;;
    mq*sysv*) mqrecv --remove "$sysv" ;;
    semop*posix*) semop remove "$posix" ;;
    semop*sysv*) semop remove "$sysv" ;;
    shm*posix*) shmget --remove "$posix" ;;
    shm*sysv*) shmget --remove "$sysv" ;;
    esac
    rm -f fifo file got out err socket
    set -- * .[!.]*
    [ "$*" = 'input lines .[!.]*' ] || wrong "left behind: $*"
} 2>/dev/null

# Plays the scene in hand with the words "$@" before its command line, and judges what comes of it.
act() {
    local situation=$* status
    eval "$before" || wrong 'cannot be set up'
    eval "$situation $line" </dev/null >out 2>err && status=0 || status=$?
    judge
    clear_stage
}

# Calls "$@" for each line of scenes, or of $table; fails where something was wrong. A shell of its
# own, without the trap by which bats follows every line, takes half the time.
each_scene() (
    trap - DEBUG
    set +eT
    [ -e input ] || stage 100000 300
    # shellcheck disable=SC2034 # the scenes' words
    failed=0 posix=/$ID sysv=$KEY size=$(stat -c %s input) count=$(wc -l <lines)
    while IFS='|' read -r line before answer after otherwise <&8; do
        tool=${line%% *}
        answer=${answer:-:} after=${after:-:} otherwise=${otherwise:-:}
        "$@"
    done 8< <("${table:-scenes}" | sed 's/ *| */|/g') 2>&1
    [ "$failed" -eq 0 ]
)

# Plays all scenes in the situation "$@". is_heard=false: what goes to stdout does not arrive;
# can_tell=false: nor what goes to stderr.
play() {
    local is_heard=${is_heard:-true} can_tell=${can_tell:-true}
    each_scene act "$@"
}

# Makes the two files that go through the tools: BYTES, and LINES.
stage() {
    head -c "$1" /dev/urandom >input
    seq "$2" >lines
}

# timeout's KILL is a status that judge does not accept. It stands outside of what limits the tool.
in_time() {
    timeout -s KILL 10 "$@"
}

@test "every tool does its work in a scene" {
    each_tool eval 'scenes | grep -q "^$tool "'
    play in_time
}

# ---- descriptors

without_stdin() { in_time "$@" <&-; }
without_stdout() { in_time "$@" >&-; }
without_stderr() { in_time "$@" 2>&-; }
without_any() { in_time "$@" <&- >&- 2>&-; }
onto_full_disk() { in_time "$@" >/dev/full; }

# gone DISPOSITION: stdout is a pipe whose reader is gone.
gone() {
    local disposition=$1
    shift
    (
        exec 4> >(:)
        wait $!
        in_time env "--$disposition-signal=PIPE" "$@" >&4
    )
}

@test "stdin is closed" {
    play without_stdin
}

@test "stdout is closed" {
    is_heard=false play without_stdout
}

@test "stdout is closed, and there is nothing to print" {
    local words
    : >empty
    shmput "/$ID" </dev/null
    shmput "$KEY" --size 1 </dev/null
    mkfifo fifo
    for words in "shmget /$ID" "shmget -L 0 $KEY" 'mmapcat empty' 'fifocat fifo' 'usockcat -l socket'; do
        background fifocat -w fifo </dev/null
        background usockcat --retry 10 socket </dev/null
        # shellcheck disable=SC2086
        run -3 without_stdout $words
        assert_output "${words%% *}: stdout: write: Bad file descriptor"
        end_peers
    done
    shmget --remove "/$ID"
    shmget --remove "$KEY"
}

@test "stderr is closed" {
    can_tell=false play without_stderr
}

@test "all three are closed" {
    is_heard=false can_tell=false play without_any
}

@test "stdout is a full disk" {
    is_heard=false play onto_full_disk
}

@test "the reader of stdout is gone, whatever the parent does with SIGPIPE" {
    is_heard=false play gone default
    is_heard=false play gone ignore
}

# ---- limits

# limited --RESOURCE=N: of prlimit(1); the limit is the tool's alone.
limited() {
    in_time prlimit "$@"
}

@test "there are hardly any descriptors" {
    local limit
    for limit in 3 4 5 6 7 8; do
        play limited --nofile=$limit
    done
}

@test "a file may have no more than 1000 bytes" {
    play limited --fsize=1000
    play env --ignore-signal=XFSZ prlimit --fsize=1000
}

@test "there is no room for message queues, waiting signals, locked memory and a deep stack" {
    play limited --msgqueue=0 --sigpending=0 --memlock=0 --stack=131072
}

# with_memory BYTES TOOL...: so much more address space than the tool needs to start.
with_memory() {
    local more=$1
    shift
    in_time prlimit --as=$((least[$1] + more)) "$@"
}

@test "there is hardly any memory" {
    unless_sanitized "takes terabytes of addresses"
    local more
    declare -A least
    measure() {
        least[$tool]=65536
        until { prlimit --as="${least[$tool]}" "$tool" --version; } >/dev/null 2>&1; do
            least[$tool]=$((least[$tool] + 65536))
        done
    }
    each_tool measure
    for more in 0 65536 524288; do
        play with_memory $more
    done
}

# ---- rights and file systems

# In a mount namespace of its own, prepared by the shell command $1.
apart() {
    # shellcheck disable=SC2016
    in_time unshare --mount sh -c 'eval "$1" && shift && exec "$@"' - "$@"
}

need_namespaces() {
    need_root
    unshare --mount true 2>/dev/null || skip "no namespaces here"
}

@test "the user is nobody, and the objects are another's" {
    need_root
    share_programs
    chmod 0755 .
    play in_time setpriv --reuid 65534 --regid 65534 --clear-groups
}

@test "no process may be started" {
    need_root
    share_programs
    play in_time setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --nproc=1
}

@test "the directory is read-only" {
    need_namespaces
    play apart "'mount --bind . . && mount -o remount,bind,ro . && cd \"\$PWD\"'"
}

@test "there is no /dev/shm" {
    need_namespaces
    local prepare='mount -t tmpfs none /dev && mknod -m 0666 /dev/null c 1 3' words
    play apart "'$prepare'"
    for words in 'shmput /x' 'shmget /x' 'shmget --wait /x' 'shmget --remove /x' 'shmop -c /x get' \
        'semop create /x 1' 'semop wait /x'; do
        # shellcheck disable=SC2086
        run -3 apart "$prepare" $words
        assert_output --partial 'there is no /dev/shm'
    done
}

@test "there is no /proc" {
    unless_sanitized "needs /proc"
    need_namespaces
    play apart "'mount -t tmpfs none /proc'"
}

# ---- signals

@test "signals come all the time, and nothing is lost by them" {
    stage 8000000 3000
    play in_time env --ignore-signal=ALRM,RTMAX-2 storm 100 18 28 14 62 23 17 --
}

@test "it is stopped and goes on, again and again" {
    stage 8000000 3000
    play in_time storm 200 19 18 --
}

@test "it stands still for a while" {
    stage 2000000 1000
    play in_time storm 50000 19 18 --
}

# What runs a COMMAND, as scenes has it.
commands() {
    cat <<'END'
duplex $show -- dd of=got status=none | | | is_got
duplex --log file $show -- dd of=got status=none | | | is_got
mqrecv -t 9 "$posix" -- $show | mqsend -c "$posix" one | ignored
mqrecv -t 9 "$sysv" -- $show | mqsend -c "$sysv" one | ignored
semop run -t 9 "$posix" -- $show | semop create "$posix" 1 | ignored | eventually semop try "$posix"
semop run -t 9 "$sysv" -- $show | semop create "$sysv" 1 | ignored
usockcat -l socket -- $show | peer 'exec usockcat --retry 9 socket >got' | | eventually is_got
usockcat -l -k -n 1 socket -- $show | peer 'exec usockcat --retry 9 socket >got' | | eventually is_got
usockcat -l -t 9 --recv-fd socket -- $show | peer 'exec usockcat --retry 9 --send-fd 0 socket >got' | | eventually is_got
END
}

# The signals that are ignored in the situation in hand.
ignored() {
    # shellcheck disable=SC2086
    $situation $show
}

# Whether got tells of these.
is_got() {
    ignored | cmp - got
}

@test "what the parent ignores stays ignored in COMMAND" {
    local show='grep SigIgn /proc/self/status'
    local ignoring='env --ignore-signal=HUP,INT,QUIT,PIPE,USR1,ALRM,TERM,CHLD,XFSZ,RTMAX-2'
    # shellcheck disable=SC2086
    table=commands play in_time $ignoring
    # shellcheck disable=SC2086 # there it is SIGALRM that ticks
    table=commands play in_time $ignoring prlimit --sigpending=0
}

# What waits for a signal: command line | what is there before.
waits() {
    cat <<'END'
duplex sleep 100 -- sleep 100
fifocat fifo | mkfifo fifo
fifocat -w fifo <input | mkfifo fifo
mmapcat -f file | : >file
mmapcat -w -c --size 9 file <&9
mqsend "$posix" b | mqsend -c --maxmsg 1 "$posix" a
mqrecv "$posix" | queue "$posix"
mqrecv "$sysv" | queue "$sysv"
semop wait "$posix" | semop create "$posix" 0
semop wait "$sysv" | semop create "$sysv" 0
shmget --wait "$posix"
shmop "$posix" wait eq 1 | shmop -c "$posix" set 0
shmput "$posix" <&9
shmput -a "$posix" <&9
shmput "$sysv" <&9
sigrecv USR1
sigsend -s CONT -w $$
usockcat -l socket
usockcat -l -k socket
usockcat socket <&9 | peer 'exec usockcat -l -k socket'; eventually [ -S socket ]
END
}

# Whether process $1 is the tool in hand, and waits.
has_come_to_wait() {
    [ "$(<"/proc/$1/comm")" = "$tool" ] && is_waiting "$1"
}

# The wait in hand ends by SIGALRM, without a time limit and with one.
alarm() {
    local plain=$line situation=SIGALRM limit status told
    for limit in '' '-t 1h'; do
        [[ -z $limit || $plain != duplex* ]] || continue
        line=${plain/#"$tool"/"$tool" $limit}
        eval "$before" || wrong 'cannot be set up'
        eval "</dev/null background env --default-signal=ALRM $line >out 2>err"
        eventually has_come_to_wait $! || wrong 'does not wait'
        kill -ALRM $!
        eventually is_gone $! || wrong 'goes on'
        kill -KILL $! 2>/dev/null
        wait $! 2>/dev/null && status=0 || status=$?
        mapfile -t told <err
        [ "$status" -eq 142 ] || wrong 'not of SIGALRM'
        [ ! -s out ] || wrong 'an answer'
        [ ! -s err ] || wrong 'a message'
        if [ -z "$before" ]; then
            shmget --stat "$posix" || shmget --stat "$sysv" && wrong 'a segment is left'
            [ -e file ] || [ -e socket ] && wrong 'a file is left'
        fi
        clear_stage
    done 2>/dev/null
}

@test "SIGALRM ends every wait, and what it was for is not left behind" {
    stage 10 1
    mkfifo "$BATS_FILE_TMPDIR/silent"
    table=waits each_scene alarm 9<>"$BATS_FILE_TMPDIR/silent"
}

# ---- the words of the command line

# The options with a value that --help of the tool in hand names: `name VALUE`, a line each.
options_with_value() {
    "$tool" --help | sed -nE 's/^  (-[[:alnum:]],|   ) --([[:alnum:]-]+) ([[:upper:]:]+) .*/\2 \3/p'
}

# Whether value $2 is right for option $1 of the tool in hand, though it looks wrong.
is_meant() {
    case "$tool --$1 $2" in
    'mmapcat --offset -5' | 'mqrecv --type -5' | 'sigsend --value -5') ;;
    *" --format "*) [[ $2 != *%z* ]] ;;
    *' --log '* | *' --read '* | *' --ready '*) [ -n "$2" ] ;;
    *) false ;;
    esac
}

# The tool in hand with values that are none for each option.
refuse() {
    local option value status told situation='' failed=0 line
    while read -r option _; do
        for value in '' -5 99999999999999999999 1x%z "${long}x"; do
            line="$tool --$option '${value:0:40}'"
            in_time "$tool" "--$option" "$value" </dev/null >out 2>err && status=0 || status=$?
            mapfile -t told <err
            [ "$status" -eq 2 ] || wrong 'not 2'
            [ ! -s out ] || wrong 'an answer'
            is_meant "$option" "$value" ||
                [[ ${told[0]} == "$tool: --$option '${value:0:3000}"* ]] || wrong 'not shown'
        done
    done < <(options_with_value)
    [ "$failed" -eq 0 ]
}

@test "every option refuses a value that is none, and shows it" {
    local long
    printf -v long %0100000d 0
    each_tool refuse
}

# The scene in hand with the largest number for each option that takes one.
exaggerate() {
    local plain=$line option value
    while read -r option value; do
        [[ $value == SIZE || $value == N ]] || continue
        line="${plain/#$tool/$tool --$option 9223372036854775807}"
        act in_time
    done < <(options_with_value)
}

@test "every option that counts or measures may have the largest number" {
    is_heard=true can_tell=true each_scene exaggerate
}

# mistake WORD WRONG...: the scene in hand with each of WRONG instead of WORD. $expected is the
# status, or a pattern.
mistake() {
    local plain=$line word=$1 mistaken situation status told
    shift
    [[ " $plain " == *" $word "* ]] || return 0
    for mistaken; do
        printf -v mistaken %q "$mistaken"
        situation=${mistaken:0:40} line=" $plain "
        line=${line/ "$word" / $mistaken }
        eval "in_time $line" </dev/null >out 2>err && status=0 || status=$?
        line=$plain
        mapfile -t told <err
        # shellcheck disable=SC2053,SC2154
        [[ $status == $expected ]] || wrong "not $expected"
        [[ ${told[*]} == "$tool: "* ]] || wrong 'no message'
        [ ! -s out ] || wrong 'an answer'
    done
    clear_stage
}

any='@([123]|12[567])'

@test "a name that is none is refused" {
    local word
    for word in '"$posix"' '"$sysv"'; do
        expected=2 each_scene mistake "$word" '' / /. /.. a @a 0 0x 0xg 09 1x 4294967296 id: id:x \
            id:-1 id:2147483648 ftok: ftok::7 ftok:.:0 ftok:.:256 "/$(printf '%0256d' 0)"
        expected=$any each_scene mistake "$word" // /a/b a/b -- -1 ftok:missing ftok:input/x \
            "ftok:$(printf '%05000d' 0)"
    done
}

@test "a path that is none, or leads to something else, is refused" {
    local word
    ln -s loop "$BATS_FILE_TMPDIR/loop"
    for word in fifo file socket; do
        expected=$any each_scene mistake "$word" '' . / missing/x input/x \
            "$BATS_FILE_TMPDIR/loop" "$BATS_FILE_TMPDIR/loop/x" /proc/self/x \
            "$(printf '%0256d' 0)" "$(printf '%05000d' 0)"
    done
    expected=$any each_scene mistake socket @ fd: fd:x fd:-1 fd:99 fd:99999999999 input \
        "$(printf '%0108d' 0)" "@$(printf '%0108d' 0)"
    expected=$any each_scene mistake fifo input /dev/null
}

@test "a process, a signal and a COMMAND that is none is refused" {
    expected=$any each_scene mistake '"$peer"' '' x 0 1x 1: 1:x :1 99999999999 pidfile: \
        pidfile:missing pidfile:. pidfile:input pidfile:/dev/zero
    expected=2 each_scene mistake USR1 '' x -1 65 1x usr RTMIN+99 SIG 99999999999999999999
    expected=$any each_scene mistake cat '' missing ./input . input/x "$(printf '%05000d' 0)"
}
