#!/usr/bin/env bash
# Lets each system call of a command fail once in each likely way, and checks how that ends.
#
#     faults.sh [-v] [-e N] [-n N] [OPTION]... -- COMMAND [ARG]...
#     faults.sh [-v] [-e N] [-n N] FILE...
#
# A FILE is sourced and calls `faults [OPTION]... -- COMMAND [ARG]...`. All happens in a working
# directory, a /dev/shm and an IPC namespace of its own, which are empty before each run.
#
#     -i TEXT   what COMMAND reads; else the file `input`, if SETUP makes one
#     -s SETUP  shell code that runs before; what it leaves in the background may end by itself
#     -p PROBE  shell code whose output shows what COMMAND has changed
#     -r RULE   what PROBE may show where COMMAND fails: `same` as before or as after (the default),
#               a `prefix` of after, `any`; or all messages `kept`, a line each, in it and in stdout
#     -S STATUS how COMMAND ends where nothing fails (0)
#     -w        its stdin and stdout are pipes, not files
#     -m        COMMAND goes on for others after it has failed one: a message does for a status
#     -u        the output of COMMAND and of PROBE comes in no certain order
#     -f FILTER what sed does to the output and to that of PROBE, which may differ
#     -x FAULT  a pattern of faults that cannot be
#     -n N      the first N of each call and the last (1)
#     -e N      only each Nth fault of all
#     -v        a line for each run
#
# COMMAND has to end with STATUS without a fault. With one it ends so with the same output, the
# same PROBE and the same objects (or a message why one is left), or with another status that the
# tool may have, a message `TOOL: ...: ...` that names the error, a beginning of the output and names
# of objects as they were before or would be after. It never hangs, dies of a signal or leaves a
# process. A line for each run that ends otherwise; status 1 if there was one.
set -u -o pipefail

BUILD=${BUILD:-$(dirname "$0")/../build}
BUILD=$(cd "$BUILD" && pwd)
PATH=$BUILD/bin:$BUILD/peers:$PATH

errors=(EINTR EAGAIN ENOMEM EMFILE EACCES ENOSPC EIO old)

# What a message says of them, by the words of glibc or musl.
declare -A words=(
    [EINTR]='Interrupted system call'
    [EAGAIN]='Resource temporarily unavailable|timed out|not free|no more processes|in time'
    [ENOMEM]='Cannot allocate memory|[Oo]ut of memory'
    [EMFILE]='Too many open files|No file descriptors available'
    [EACCES]='Permission denied'
    [ENOSPC]='No space left on device|is full|no more semaphores'
    [EIO]='Input/output error|I/O error'
    [ENOSYS]='Function not implemented'
)

# The calls that may fail so; ENOMEM and EIO all may. ENOSYS: all but these, which every kernel has.
transfers='p?read(64|v)?|p?write(64|v|v2)?|splice|tee|vmsplice|sendfile|copy_file_range|(send|recv)(to|from|msg)'
declare -A calls=(
    [EINTR]="$transfers|open(at)?|accept4|connect|close|dup2|p?poll|pselect6|epoll_p?wait|futex|flock|fcntl
        |fallocate|ftruncate|fsync|fdatasync|msync|wait4|waitid|sem(timed)?op|msg(snd|rcv)
        |mq_timed(send|receive)|rt_sigtimedwait|rt_sigsuspend|(clock_)?nanosleep|getrandom|f?statfs"
    [EAGAIN]="$transfers|accept4|connect|clone3?|v?fork|futex|flock|sem(timed)?op|msg(snd|rcv)
        |mq_timed(send|receive)|rt_sigtimedwait|mlock|timer_create|pidfd_send_signal|kill"
    [EMFILE]='open(at)?|pipe2?|socket(pair)?|accept4|dup[23]?|mq_open|(event|signal|timer|pidfd_)[a-z_0-9]*
        |inotify_init1|memfd_create|epoll_create1|recvmsg|shmget|shmat|fcntl|pidfd_open'
    [EACCES]='open(at)?|(un)?link(at)?|rename(at2?)?|(sem|msg|shm)(get|ctl|op|timedop|at|snd|rcv)|mq_.*
        |connect|bind|access|l?stat|newfstatat|kill|pidfd_.*|rt_.*queueinfo|execve|fch.*|mknod(at)?|write'
    [ENOSPC]="$transfers|open(at)?|link(at)?|rename(at2?)?|(sem|msg|shm)get|mq_open|fallocate|ftruncate
        |f(data)?sync|msync|close|bind|mknod(at)?|inotify_.*"
    [old]='read|write|open(at)?|close|[fl]?stat|newfstatat|lseek|mmap|fcntl|dup2|pipe2?|clone|v?fork|execve
        |wait4|p?poll|access|unlink|link|fchmod|ftruncate|ioctl'
)
# What is taken for granted: a child that is waited for is there, there are futexes, memory is no
# device, and a timer that could be made can be set.
impossible='@(wait*:*:E[NI]O*|futex:*:E[NI]O*|mmap:*:EIO|timer_settime:*:ENOSYS)'

if [ -z "${FAULTS_WORK-}" ]; then
    isolate=(unshare --ipc --mount)
    [ "$(id -u)" -eq 0 ] || isolate+=(--map-root-user)
    FAULTS_WORK=$(mktemp -d)
    export FAULTS_WORK BUILD
    trap 'rm -rf "$FAULTS_WORK"' EXIT
    "${isolate[@]}" "$BASH" "$0" "$@"
    exit
fi
mount -t tmpfs tmpfs /dev/shm || exit
shopt -s nullglob
ulimit -n 256 # where there is no close_range(2), each descriptor is closed
mkdir "$FAULTS_WORK/run" "$FAULTS_WORK/mqueue" && mount -t mqueue mqueue "$FAULTS_WORK/mqueue" || exit

most=1 every=1 number=0 injections=0 findings=0 verbose=
W=$FAULTS_WORK

# An empty world, but for what SETUP does. No process that can be spared: this runs thousands of
# times.
begin() {
    local left list
    cd "$W/run" || exit
    left=(* /dev/shm/* "$W"/mqueue/*)
    [ "${#left[@]}" -eq 0 ] || rm -rf "${left[@]}"
    for list in /proc/sysvipc/*; do
        mapfile -t -s 1 left <"$list"
        [ "${#left[@]}" -eq 0 ] || ipcrm -a
    done
    exec 8>"$W/setup" # what is in the background may go on writing there
    eval "$setup" >&8 2>&1 8>&-
    exec 8>&-
}

# COMMAND, with the options of fault in front. Its status is in $status.
run() {
    local input=/dev/null lines
    [ ! -e input ] || input=input
    [ -z "${text+set}" ] || input=$W/text
    if [ -n "$has_pipes" ]; then
        cat "$input" | fault "$@" -l "$W/log" -- "${command[@]}" 2>"$W/err" | cat >"$W/out"
        status=${PIPESTATUS[1]}
    else
        fault "$@" -l "$W/log" -- "${command[@]}" <"$input" >"$W/out" 2>"$W/err"
        status=$?
    fi
    mapfile -t lines <"$W/log"
    end=${lines[-1]}
}

# Whether something in the background still lives; those are then in $jobs.
are_running() {
    jobs -pr >"$W/jobs"
    mapfile -t jobs <"$W/jobs"
    [ "${#jobs[@]}" -gt 0 ]
}

# Waits for what SETUP started, at most 5 s where COMMAND has done its part.
settle() {
    local tries=0 most_tries=500 jobs
    [ "$status" -eq "$wanted" ] || most_tries=5
    while are_running && [ $((tries += 1)) -le "$most_tries" ]; do sleep 0.01; done
    if are_running; then
        [ "$status" -ne "$wanted" ] || complain "the other side never ends"
        kill -KILL "${jobs[@]}"
    fi 2>/dev/null
    wait 2>/dev/null
}

look() {
    eval "$probe" >"$W/$1.probe" 2>/dev/null
    [ -z "$filter" ] || sed -i -E "$filter" "$W/$1.probe" "$W/out"
}

# The names of all objects there are, in $1.
names() {
    local list line system=()
    printf -v "$1" '%s\n' * /dev/shm/* "$W"/mqueue/*
    for list in /proc/sysvipc/*; do
        mapfile -t -s 1 system <"$list"
        for line in "${system[@]}"; do
            read -r line _ <<<"$line"
            printf -v "$1" '%s%s %s\n' "${!1}" "${list##*/}" "$line"
        done
    done
}

complain() {
    complaint+="${complaint:+; }$1"
}

same() {
    if [ -n "$is_unordered" ]; then
        cmp -s <(sort "$1") <(sort "$2")
    else
        [ -s "$1" ] || [ -s "$2" ] || return 0
        cmp -s "$1" "$2"
    fi
}

# Whether file $1 is a beginning of file $2.
is_prefix() {
    [ ! -s "$1" ] || cmp -s -n "$(stat -c %s "$1")" "$1" "$2"
}

is_part() {
    if [ -n "$is_unordered" ]; then
        [ -z "$(comm -23 <(sort "$1") <(sort "$2"))" ]
    else
        is_prefix "$1" "$2"
    fi
}

# Whether PROBE shows what it may after COMMAND has failed.
obeys_rule() {
    case $rule in
    any) true ;;
    same) same "$W/now.probe" "$W/before.probe" || same "$W/now.probe" "$W/after.probe" ;;
    prefix) same "$W/now.probe" "$W/before.probe" || is_part "$W/now.probe" "$W/after.probe" ;;
    kept)
        grep -q ' lost' "$W/err" ||
            cmp -s <(sort "$W/out" "$W/now.probe") <(sort "$W/want" "$W/after.probe")
        ;;
    esac
}

says_why() {
    [[ $2 =~ ${words[$1]-.}|'start guardian: it was killed' ]]
}

# Judges the run with the fault CALL:N:ERROR.
judge() {
    local error=${1##*:} tool=${command[0]##*/} allowed='[13]' message
    read -r -d '' message <"$W/err"
    [[ " ${command[*]} " != *' -- '* ]] || allowed='[13]|12[4-7]'
    [[ $end == *' hang=0' ]] || complain "hangs"
    [[ $end == *' left=0 '* ]] || complain "leaves a process"
    [[ $end == *' signal=0 '* || $end == *'hang=1' ]] || complain "dies of a signal"
    names names_now
    if [ "$status" -eq "$wanted" ] && same "$W/out" "$W/want" && same "$W/now.probe" "$W/after.probe"; then
        [ "$names_now" = "$names_after" ] || says_why "$error" "$message" ||
            complain "leaves an object without a word: ${names_now//$'\n'/ }"
        return
    fi
    [ -z "$goes_on" ] || allowed+='|0'
    [[ $status =~ ^($allowed)$ ]] || complain "status $status with another result"
    [[ $message =~ ^$tool:\ .+:\ . ]] || complain "the message has not its form"
    [ "$error" != short ] || complain "fails"
    says_why "$error" "$message" || complain "the message names another error"
    is_part "$W/out" "$W/want" || complain "another output"
    [ "$names_now" = "$names_before" ] || [ "$names_now" = "$names_after" ] ||
        complain "other objects: ${names_now//$'\n'/ }"
    obeys_rule || complain "another result"
}

inject() {
    local fault=$1 complaint
    for _ in 1 2; do # what a busy machine does once is no finding; what a fault does it does again
        complaint=
        begin
        run -f "$fault"
        settle
        [[ $end != *' hits=0 '* ]] || return
        look now
        judge "$fault"
        [ -n "$complaint" ] || break
    done
    injections=$((injections + 1))
    [ -z "$complaint" ] || findings=$((findings + 1))
    [ -n "$complaint$verbose" ] || return
    printf '%s: %s: %s (status %d, stderr: %s)\n' "${command[*]}" "$fault" "${complaint:-right}" "$status" \
        "$(paste -sd '|' "$W/err")"
}

# The faults to try, from the log of a run without one.
plan() {
    local error pattern
    for error in "${errors[@]}"; do
        pattern=${calls[$error]-.*}
        printf '%s (%s)\n' "$error" "${pattern//[$'\n' ]/}"
    done | awk -v most="$most" '
        FILENAME == "-" { error[++many] = $1; can[many] = "^" $2 "$"; next }
        !/^(#|end)/ {
            if (!($1 in last)) calls[++kinds] = $1
            last[$1] = $2
            if ($3) is_short[$1, $2] = 1
        }
        END {
            for (k = 1; k <= kinds; k++) {
                for (n = 1; n <= last[calls[k]]; n++) {
                    if (n > most && n < last[calls[k]]) continue
                    for (e = 1; e < many; e++) # the last are the old calls
                        if (calls[k] ~ can[e]) print calls[k] ":" n ":" error[e]
                    if ((calls[k], n) in is_short) print calls[k] ":" n ":short"
                }
                if (calls[k] !~ can[many]) print calls[k] ":1+:ENOSYS"
            }
        }' - "$W/log"
}

faults() {
    local setup=: probe=: rule=same filter='' never='' wanted=0
    local has_pipes='' goes_on='' is_unordered=''
    local option OPTIND=1 end status complaint='' text command faults fault
    unset text
    while getopts vn:e:i:s:p:r:S:f:x:mwu option; do
        case $option in
        f) filter=$OPTARG ;;
        x) never=$OPTARG ;;
        v) local verbose=1 ;;
        i) text=$OPTARG && printf %s "$text" >"$W/text" ;;
        s) setup=$OPTARG ;;
        p) probe=$OPTARG ;;
        r) rule=$OPTARG ;;
        S) wanted=$OPTARG ;;
        w) has_pipes=1 ;;
        m) goes_on=1 ;;
        u) is_unordered=1 ;;
        n) local most=$OPTARG ;;
        e) local every=$OPTARG ;;
        *) usage ;;
        esac
    done
    shift $((OPTIND - 1))
    command=("$@")

    begin
    status=-1 settle
    names names_before
    : >"$W/out"
    look before
    begin
    run
    settle
    look after
    cp "$W/out" "$W/want"
    names names_after
    if [ "$status" -ne "$wanted" ] || [ -n "$complaint" ]; then
        printf '%s: without a fault: status %d %s %s\n' "${command[*]}" "$status" "$complaint" \
            "$(cat "$W/err" "$W/setup")"
        findings=$((findings + 1))
        return
    fi
    mapfile -t faults < <(plan)
    for fault in "${faults[@]}"; do
        # shellcheck disable=SC2053
        [[ $fault == $impossible || $fault == $never || $(((number += 1) % every)) -ne 0 ]] || inject "$fault"
    done
}

usage() {
    echo "usage: faults.sh [-v] [-e N] [-n N] [OPTION]... -- COMMAND [ARG]..., or FILE..." >&2
    exit 2
}

if [[ " $* " == *' -- '* ]]; then
    faults "$@"
else
    while getopts vn:e: option; do
        case $option in
        v) verbose=1 ;;
        n) most=$OPTARG ;;
        e) every=$OPTARG ;;
        *) usage ;;
        esac
    done
    shift $((OPTIND - 1))
    [ $# -gt 0 ] || usage
    files=()
    for file; do files+=("$(realpath "$file")"); done
    # shellcheck disable=SC1090
    for file in "${files[@]}"; do . "$file"; done
fi
echo "$injections faults, $findings findings"
[ "$findings" -eq 0 ]
