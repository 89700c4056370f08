# What every suite loads: the tools first in PATH, names of its own for each test, and a teardown
# that fails where a test left something behind.

bats_require_minimum_version 1.5.0
BATS_LIB_PATH=${BATS_LIB_PATH:-}:/usr/lib/bats:/usr/share/bats
bats_load_library bats-support
bats_load_library bats-assert

BUILD=${BUILD:-$BATS_TEST_DIRNAME/../build}
BUILD=$(cd "$BUILD" && pwd)
PATH=$BUILD/bin:$BUILD/peers:$PATH

# A word that no other test and no other run uses: for names of objects.
prepare() {
    ID=ipcbox-$$-$BATS_TEST_NUMBER
    KEY=$(printf '0x%08x' $((0x1bc00000 + (BASHPID * 64 + BATS_TEST_NUMBER) % 0x3fffff)))
    cd "$BATS_TEST_TMPDIR" || return
    children=()
}
setup() {
    prepare
}

# Starts "$@" in the background, ended in teardown at the latest; its pid is in $!. Without the
# `<&0` the shell would take /dev/null for its stdin.
background() {
    "$@" <&0 3>&- &
    children+=($!)
}

# Waits, at most 10 s, until "$@" succeeds.
eventually() {
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.01
    done
    echo "never came true: $*" >&2
    return 1
}

# Whether process $1 sleeps in the kernel: it has come to its wait.
is_waiting() {
    local stat
    stat=$(cat "/proc/$1/stat") && [[ ${stat##*) } == S* ]]
}

# Whether queue $2 holds $1 messages.
holds() {
    mqrecv --stat "$2" | grep -qx "messages=$1"
}

# Whether $1 processes wait to receive from queue $2.
waiting_receivers() {
    mqrecv --stat "$2" | grep -qx "waiting_receivers=$1"
}

# Whether $1 processes wait to send to queue $2.
waiting_senders() {
    mqrecv --stat "$2" | grep -qx "waiting_senders=$1"
}

# Whether process $1 is gone, a zombie included.
is_gone() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    [[ ${stat##*) } == Z* ]]
}

# Waits until process $2, which background started, ends; its status must be $1.
ends_with() {
    local got=0
    eventually is_gone "$2" || return
    wait "$2" || got=$?
    [ "$got" -eq "$1" ] || {
        echo "process $2 ended with status $got, not $1" >&2
        return 1
    }
}

# Puts copies of the programs first in PATH, where every user may go: the build folder may lie below
# /root.
share_programs() {
    local programs=$BATS_RUN_TMPDIR/programs
    if [ ! -d "$programs" ]; then
        mkdir "$programs.$$"
        cp "$BUILD"/bin/* "$BUILD"/peers/* "$programs.$$"
        chmod 0711 "$BATS_RUN_TMPDIR"
        mv -T "$programs.$$" "$programs" 2>/dev/null || rm -rf "$programs.$$"
    fi
    PATH=$programs:$PATH
}

# Runs "$@" as another user who owns nothing here.
as_nobody() {
    share_programs
    setpriv --reuid 65534 --regid 65534 --clear-groups -- env PATH="$PATH" "$@"
}

# Wants root, for a test that needs another user or a mount.
need_root() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
}

# Skips a test that says nothing of a program with a sanitizer in it, for the reason $1.
unless_sanitized() {
    ! grep -qs -e -fsanitize "$BUILD/flags" || skip "a sanitizer $1"
}

# with_limits NAME=VALUE... -- COMMAND: runs it in an IPC namespace where the kernel has these limits.
with_limits() {
    need_root
    unshare --ipc true 2>/dev/null || skip "no namespaces here"
    # shellcheck disable=SC2016
    unshare --ipc bash -c 'for word; do
            shift
            [ "$word" != -- ] || break
            echo "${word#*=}" >"/proc/sys/${word%%=*}" || exit 99
        done
        "$@"' - "$@"
}

# What of this test still lives in the kernel.
leaks() {
    local decimal=$((KEY))
    find /dev/shm -maxdepth 1 -name "*$ID*" 2>/dev/null
    awk -v key="$decimal" 'FNR > 1 && $1 == key {print FILENAME ": key " key}' \
        /proc/sysvipc/msg /proc/sysvipc/shm /proc/sysvipc/sem
    mqrecv -q --stat "/$ID" 2>/dev/null | sed -n 's/^name=/queue /p'
    mqrecv -q --stat "/$ID-2" 2>/dev/null | sed -n 's/^name=/queue /p'
}

teardown() {
    local pid left
    for pid in "${children[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    left=$(leaks)
    rm -f /dev/shm/*"$ID"*
    ipcrm -Q "$KEY" 2>/dev/null || true
    ipcrm -M "$KEY" 2>/dev/null || true
    ipcrm -S "$KEY" 2>/dev/null || true
    mqrecv --remove "/$ID" 2>/dev/null || true
    mqrecv --remove "/$ID-2" 2>/dev/null || true
    if [ -n "$left" ]; then
        echo "left behind: $left" >&2
        return 1
    fi
}

# Runs the examples of page $1 (`mqsend`, `ipcbox.7`) and compares what they print.
check_examples() {
    local page=$1
    [[ $page == *.[1-9] ]] || page+=.1
    check_transcripts "$BATS_TEST_DIRNAME/../man/$page.scd"
}

# The same with all literal blocks of file $1, in namespaces of their own.
check_transcripts() {
    local isolate=(unshare --ipc --mount)
    [ "$(id -u)" -eq 0 ] || isolate+=(--map-root-user)
    "${isolate[@]}" true 2>/dev/null || skip "no namespaces here"
    run "${isolate[@]}" bash -c 'mount -t tmpfs tmpfs /dev/shm && exec "$@"' - \
        bash "$BATS_TEST_DIRNAME/examples.sh" "$1" 3>&-
    assert_success
}
