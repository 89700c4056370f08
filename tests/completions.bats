#!/usr/bin/env bats
# The completions that are made from the pages: what TAB offers in bash, zsh and fish.

load helper

completions=$BUILD/completions

# Cuts $1 into COMP_WORDS as bash does: at blanks, and around runs of COMP_WORDBREAKS.
cut_line() {
    local line=$1 breaks='=:@<>|;&('
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
    while [[ $line =~ ^[[:blank:]]*([$breaks]+|[^[:blank:]$breaks]+)(.*)$ ]]; do
        COMP_WORDS+=("${BASH_REMATCH[1]}")
        line=${BASH_REMATCH[2]}
    done
    if [[ -n $line ]]; then COMP_WORDS+=(''); fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

# What bash offers at the end of line $1, a candidate a line; bash-completion is not needed.
offers() {
    local tool=${1%% *}
    local COMP_LINE COMP_POINT COMP_CWORD COMP_TYPE=${COMP_TYPE-9}
    local -a COMP_WORDS COMPREPLY
    # shellcheck source=/dev/null
    . "$completions/bash/$tool"
    cut_line "$1"
    "_$tool" "$tool" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
    if [[ ${#COMPREPLY[@]} -gt 0 ]]; then printf '%s\n' "${COMPREPLY[@]}"; fi
}

tools() {
    local file
    for file in "$BATS_TEST_DIRNAME"/../cmd/*.c; do
        file=${file##*/}
        echo "${file%.c}"
    done
}

# The first sentence about the option $2 in the page of tool $1, without its markup.
sentence_about() {
    sed -n "/^\*.*$2\*/,/^\$/{/^\t/{s/^\t//; s/\. .*//; s/\.\$//; s/[*_\\]//g; p; q}}" \
        "$BATS_TEST_DIRNAME/../man/$1.1.scd"
}

@test "a dash offers the options that --help names, for every tool" {
    local tool
    for tool in $(tools); do
        run -0 offers "$tool -"
        assert_equal "$tool: $(sort <<<"$output" | xargs)" "$tool: $("$tool" --help |
            grep -oE '^  (-[[:alnum:]], |    )--[[:alnum:]-]+' | tr -s ' ,' '\n' | sort | xargs)"
    done
}

@test "a beginning offers what goes on from it" {
    run -0 offers 'mqsend --m'
    assert_output $'--mode\n--maxmsg\n--msgsize'
    run -0 offers 'mqsend --nonsense'
    assert_output ''
    run -0 offers 'mqsend -c --excl'
    assert_output '--exclusive'
}

@test "an option offers its values, in whatever way it is written" {
    local line
    for line in 'mqsend -m 06' 'mqsend --mode 06' 'mqsend --mode=06' 'mqsend -cxm 06'; do
        run -0 offers "$line"
        assert_output $'0600\n0640\n0644\n0660\n0666'
    done
    run -0 offers 'usockcat --type '
    assert_output $'stream\ndgram\nseqpacket'
    run -0 offers 'mqsend -p '
    assert_output ''
}

@test "a value that is there is not taken for an operand, nor is a redirection" {
    run -0 offers 'semop -t 1 cr'
    assert_output 'create'
    run -0 offers 'semop -t1 cr'
    assert_output 'create'
    touch input
    run -0 offers 'semop < inp'
    assert_output 'input'
    run -0 offers 'semop < input cr'
    assert_output 'create'
}

@test "after -- a dash is no option" {
    run -0 offers 'sigsend -- -'
    assert_output ''
}

@test "memory tools offer POSIX segments, but not semaphores" {
    echo data | shmput "/$ID"
    touch "/dev/shm/sem.$ID"
    run -0 offers "shmget /$ID"
    assert_output "/$ID"
    run -0 offers "shmput -x /"
    assert_line "/$ID"
    refute_output --partial sem.
    run -0 offers "semop get /$ID"
    assert_output "/$ID"
    rm "/dev/shm/sem.$ID" "/dev/shm/$ID"
}

@test "System V objects are offered by key and by identifier" {
    local id
    mqsend -c "$KEY" one
    id=$(mqrecv --stat "$KEY" | sed -n 's/^id=//p')
    run -0 offers "mqrecv ${KEY:0:6}"
    assert_line "$KEY"
    run -0 offers 'mqrecv '
    assert_line "id:$id"
    # Readline replaces only what follows the colon.
    run -0 offers 'mqrecv id:'
    assert_line "$id"
    refute_output --partial id:
    mqrecv --remove "$KEY"

    id=$(ipcmk -M 1)
    id=${id##* }
    run -0 offers 'shmget '
    assert_line "id:$id"
    ipcrm -m "$id"
}

@test "a key with the highest bit set is offered unsigned" {
    local key
    key=$(printf '0x%08x' $((KEY + 0xc0000000)))
    mqsend -c "$key" one
    run -0 offers "mqrecv ${key:0:6}"
    assert_line "$key"
    mqrecv --remove "$key"
}

@test "queue tools offer POSIX queues where they are mounted" {
    local isolate=(unshare --ipc --mount)
    [ "$(id -u)" -eq 0 ] || isolate+=(--map-root-user)
    "${isolate[@]}" true 2>/dev/null || skip "no namespaces here"
    mkdir -p dev/mqueue
    ln -s /proc/self/fd dev/fd
    touch dev/null
    export completions
    export -f offers cut_line
    run -0 "${isolate[@]}" bash -c 'mount --bind /dev/null dev/null &&
        mount -t mqueue mqueue dev/mqueue && mount --rbind dev /dev &&
        mqsend -c "/$1" one && offers "mqrecv /$1"' - "$ID"
    assert_output "/$ID"
}

@test "sigsend offers processes, and signals where it wants signals" {
    run -0 offers 'sigsend '
    assert_line "$$"
    run -0 offers 'sigsend -s RTMIN+1'
    assert_line 'RTMIN+15'
    refute_line 'RTMIN'
    run -0 offers 'sigsend --list TERM US'
    assert_output $'USR1\nUSR2'
    # The C library keeps these for itself.
    run -0 offers 'sigsend -s 3'
    assert_output ''
}

@test "the list of processes names them, the word that is put in does not" {
    background bash -c 'exec -a sleeper sleep 60'
    eventually grep -q sleep "/proc/$!/comm"
    COMP_TYPE=63 run -0 offers 'sigsend '
    assert_line "$! (sleep)"
    COMP_TYPE=63 run -0 offers "sigsend $!"
    assert_output --regexp "^$!"
    COMP_TYPE=37 run -0 offers 'sigsend '
    assert_line "$!"
}

@test "fifocat offers FIFOs and folders" {
    mkfifo some-fifo
    mkdir some-folder
    touch some-file
    run -0 offers 'fifocat some-'
    assert_equal "$(sort <<<"$output")" $'some-fifo\nsome-folder'
    run -0 offers 'fifocat -r some-f'
    assert_line some-fifo
}

@test "mmapcat offers files, also those with blanks in their names" {
    touch 'some file' some-other
    run -0 offers 'mmapcat so'
    assert_equal "$(sort <<<"$output")" $'some file\nsome-other'
}

@test "usockcat offers sockets by path and by abstract name" {
    touch some-file
    background python3 -c 'import socket, sys, time
path, name, other = (socket.socket(socket.AF_UNIX) for i in range(3))
path.bind("some-socket")
path.listen()
name.bind("\0" + sys.argv[1])
name.listen()
open("ready", "w").close()
time.sleep(60)' "$ID"
    eventually test -e ready
    run -0 offers 'usockcat some-'
    assert_output 'some-socket'
    # Readline replaces only what follows the @.
    run -0 offers "usockcat @$ID"
    assert_output "$ID"
    run -0 offers 'usockcat '
    assert_line "@$ID"
}

@test "after -- a command is completed, and then its own words" {
    touch some-file
    run -0 offers 'semop run -c 1 /x -- sigse'
    assert_output 'sigsend'
    run -0 offers 'semop run -c 1 /x -- cat some-'
    assert_output 'some-file'
    run -0 offers 'usockcat -l /x -- semo'
    assert_output 'semop'
}

@test "TAB in a bash puts the word in" {
    mqsend -c "$KEY" one
    run python3 - "$completions" "$(mqrecv --stat "$KEY" | grep ^id=)" <<'PYTHON'
import os, pty, re, select, sys, time
folder, id = sys.argv[1:]
os.environ.update(TERM="dumb", PS1="$ ", INPUTRC="/dev/null")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen = ""

def wait_for(text):
    global seen
    end = time.monotonic() + 30
    while text not in seen:
        if not select.select([terminal], [], [], end - time.monotonic())[0]:
            sys.exit("no %r in %r" % (text, seen))
        seen += os.read(terminal, 4096).decode(errors="replace").replace("\a", "")
    seen = seen[seen.index(text) + len(text):]

def type_in(text):
    os.write(terminal, text.encode())

wait_for("$ ")
type_in("for f in %s/bash/[!_]*; do . $f; done; echo loa''ded\n" % folder)
wait_for("loaded")
type_in("mqsend --maxm\t3 \n")
wait_for("mqsend --maxmsg 3")
type_in("mqrecv --stat %s\t | grep ^i''d=\n" % id.replace("=", ":"))
wait_for(id)
type_in("mqsend --mode=\t\t\t")
wait_for("0644")
type_in("\x15sigsend --list WINC\t| tr a-z A-Z\n")
wait_for("WINCH | tr")
wait_for("TERMINAL HAS ANOTHER SIZE")
os.kill(pid, 9)
PYTHON
    mqrecv --remove "$KEY"
    assert_success
}

@test "verbs are offered where the synopsis has them" {
    run -0 offers 'semop '
    assert_output "$(semop --help | sed -n 's/^ *semop \([a-z]*\) .*/\1/p')"
    run -0 offers 'semop run -'
    refute_line stat
    echo data | shmput "/$ID"
    run -0 offers "shmop /$ID s"
    assert_line set
    assert_line swap
    run -0 offers "shmop /$ID set 1 ge"
    assert_line get
    rm "/dev/shm/$ID"
}

# Types lines into a zsh, each with TAB behind it, and prints what the terminal shows of them.
zsh_shows() {
    command -v zsh >/dev/null || skip "zsh is not installed"
    python3 - "$completions" "$@" <<'PYTHON'
import fcntl, os, pty, re, select, struct, sys, termios, time
folder, lines = sys.argv[1], sys.argv[2:]
os.environ.update(TERM="xterm", HOME=os.getcwd(), PS1="ready> ")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("zsh", ["zsh", "-f", "-i"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 200, 0, 0))
seen = ""

def wait_for(text):
    global seen
    end = time.monotonic() + 30
    while text not in seen:
        if not select.select([terminal], [], [], end - time.monotonic())[0]:
            sys.exit("no %r in %r" % (text, seen))
        seen += os.read(terminal, 65536).decode(errors="replace")
    before, seen = seen[:seen.index(text)], seen[seen.index(text) + len(text):]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\a\b]", "", before)

# Shows what TAB offers, and marks its end by a key of its own.
setup = """fpath=(%s/zsh $fpath); autoload -U compinit; compinit -D -u; LISTMAX=1000
show() { zle list-choices; zle -R; zle -I; print -r -- shown$BUFFER; BUFFER= }; zle -N show
bindkey '^X' show; print load''ed
""" % folder
wait_for("ready> ")
os.write(terminal, setup.encode())
wait_for("loaded")
for line in lines:
    os.write(terminal, (line + "\x18").encode())
    print(wait_for("shown" + line).replace("\r", ""))
os.kill(pid, 9)
PYTHON
}

@test "zsh offers options with their sentences, values and verbs" {
    run -0 zsh_shows 'mqsend --m'
    assert_line --regexp '^--maxmsg +-- '
    assert_line --partial "-- $(sentence_about mqsend --maxmsg)"
    run -0 zsh_shows 'mqsend -m 06'
    assert_line --regexp '^0600 +0640 +0644'
    run -0 zsh_shows 'usockcat --type '
    assert_line --regexp '^dgram +seqpacket +stream'
    run -0 zsh_shows 'semop r'
    assert_line --regexp '^remove +-- [A-Z]'
    assert_line --regexp '^run +-- [A-Z]'
}

@test "zsh offers objects, signals as they are described, and what a COMMAND may be" {
    echo data | shmput "/$ID"
    echo data | shmput "/$ID-2"
    run -0 zsh_shows "shmget /$ID" "shmop /$ID-2 sw" 'sigsend --list ' 'semop run /x -- sig'
    rm "/dev/shm/$ID" "/dev/shm/$ID-2"
    assert_line --regexp "^/$ID +/$ID-2"
    assert_line --regexp '^swap  *-- '
    assert_line --regexp '^QUIT +-- .*\(Ctrl-\\\) *$'
    assert_line --regexp '^WINCH +-- the terminal has another size'
    refute_line --regexp '^3[23] '
    assert_line --regexp '\<sigrecv +sigsend\>'
}

@test "fish offers options, values and objects" {
    command -v fish >/dev/null || skip "fish is not installed"
    echo data | shmput "/$ID"
    mkfifo some-fifo
    touch some-file
    run -0 fish --no-config -c 'for file in $argv[1]/*.fish; source $file; end
        for line in "mqsend --maxm" "mqsend -m 064" "shmget /$argv[2]" "sigsend -s WINC" \
            "sigsend --list TER" "semop cre" "semop run /x -- sigse" "fifocat some-"
            complete -C $line
        end' "$completions/fish" "$ID"
    rm "/dev/shm/$ID"
    assert_equal "$(cut -f 1 <<<"$output" | xargs)" \
        "--maxmsg 0640 0644 /$ID WINCH TERM create sigsend some-fifo"
    assert_line $'--maxmsg\t'"$(sentence_about mqsend --maxmsg)"
    run -0 fish --no-config -c 'for file in $argv/*.fish; source $file; end
        complete -C "sigsend --list " | string match -r "^3[23]\b"; complete -C "shmop /x swa"; complete -C "usockcat --allow an"' \
        "$completions/fish"
    assert_equal "$(cut -f 1 <<<"$output" | xargs)" 'swap any'
}

@test "fish can read the files for fish" {
    command -v fish >/dev/null || skip "fish is not installed"
    run -0 fish --no-execute "$completions"/fish/*.fish
    assert_output ''
}

@test "bash can read the files for bash" {
    local file
    for file in "$completions"/bash/*; do
        run -0 bash -n "$file"
        assert_output ''
    done
}

@test "zsh can read the files for zsh" {
    command -v zsh >/dev/null || skip "zsh is not installed"
    local file
    for file in "$completions"/zsh/*; do
        run -0 zsh -n "$file"
        assert_output ''
    done
    for file in $(tools); do
        run -0 head -n 1 "$completions/zsh/_$file"
        assert_output "#compdef $file"
    done
}

# A page that has all that the generator looks at.
write_page() {
    cat >odd.1.scd <<'END'
odd(1)

# NAME

odd - a tool that is not there

# SYNOPSIS

*odd* VERB [-c VALUE [-m MODE]] [--x-y FILE]... NAME [ARGUMENT]...++
*odd* --list [-j] [SIG]...++
*odd* go NAME -- COMMAND [ARG]...

# DESCRIPTION

*odd* does nothing, not even
*stop*, and *halt* neither.

*stream*
	A word of its own, which is no verb.

# VERBS

*go* [-c _VALUE_] _NAME_ *--* _COMMAND_
	Go to *it*: take [all] of 'em. Then come back.

*stop*, *halt*
	Do not go any further than this and then go on with a sentence that is longer than a line of a terminal.

# OPTIONS

*-c*, *--create* _VALUE_
	Make it, "new" or `$(old)`, at 100%. Default: no.

*-m*, *--mode* _MODE_
	Set some_thing to *\\*.

*--x-y* _FILE_
	Read _FILE_.

*--when* _TIME_:_SIG_
	Send _SIG_. It may be given several times.

*--list* [_SIG_]...
	List signals

*-j*, *--json*
	Print JSON (objects).

# EXIT STATUS
END
    sed 's/^VERB .*/&/; $ a NAME odd @queue' "$BATS_TEST_DIRNAME/../completions/values" >values
}

# Writes the completion of that page for shell $1.
generate() {
    LC_ALL=C awk -v shell="$1" -f "$BATS_TEST_DIRNAME/../completions/generate.awk" values odd.1.scd
}

@test "a page gives the completion for bash" {
    write_page
    run -0 generate bash
    assert_line "    local operands='go,stop,halt @queue @nothing'"
    assert_line "    if _ipcbox_has --list; then operands='@signal'; fi"
    assert_line '    _ipcbox_complete "$operands -- command" '"'"
    assert_line '        -c --create @nothing'
    assert_line '        --x-y @file'
    assert_line '        --when 5s:INT,5s:KILL'
    assert_line '        --list'
    assert_line "        -j --json'"
    bash -n <<<"$output"
}

@test "a page gives the completion for zsh, quoted as zsh wants it" {
    write_page
    run -0 generate zsh
    assert_line '#compdef odd'
    assert_line "    'go:Go to it\\: take [all] of '\\''em'"
    assert_line --regexp "^    'halt:Do not go any .{10,60} \.\.\.'$"
    assert_line "    '(-c --create)'{-c+,--create=}'[Make it, \"new\" or \`\$(old)\`, at 100%]:VALUE: ' \\"
    assert_line "    '(-m --mode)'{-m+,--mode=}'[Set some_thing to \\\\]:MODE:(0600 0640 0644 0660 0666)' \\"
    assert_line "    '*--x-y=[Read FILE]:FILE:_files' \\"
    assert_line "    '*--when=[Send SIG]:TIME\\:SIG:(5s\\:INT 5s\\:KILL)' \\"
    assert_line "    '--list[List signals]' \\"
    assert_line "    '(-j --json)'{-j,--json}'[Print JSON (objects)]' \\"
}

@test "a page gives the completion for fish, quoted as fish wants it" {
    write_page
    run -0 generate fish
    assert_line 'set -l verbs go stop halt'
    assert_line --partial "-a go -d 'Go to it: take [all] of \\'em'"
    assert_line "complete -c odd -s c -l create -x -d 'Make it, \"new\" or \`\$(old)\`, at 100%'"
    assert_line "complete -c odd -s m -l mode -x -a '0600 0640 0644 0660 0666' -d 'Set some_thing to \\\\'"
    assert_line "complete -c odd -l x-y -r -F -d 'Read FILE'"
    assert_line --partial "__fish_contains_opt list\" -a '(__ipcbox_signal)'"
}

@test "make install puts each shell's files where it looks, and make uninstall takes all away" {
    local make=(env -u MAKEFLAGS -u MFLAGS make -o all -C "$BATS_TEST_DIRNAME/.." "BUILD=$BUILD" "DESTDIR=$PWD/it's here" PREFIX=/p)
    local root="it's here/p" tool
    run -0 "${make[@]}" install
    for tool in $(tools); do
        [ -x "$root/bin/$tool" ]
        [ -s "$root/share/man/man1/$tool.1" ]
        [ -s "$root/share/bash-completion/completions/$tool" ]
        [ -s "$root/share/zsh/site-functions/_$tool" ]
        [ -s "$root/share/fish/vendor_completions.d/$tool.fish" ]
    done
    [ -s "$root/share/bash-completion/completions/_ipcbox" ]
    [ -s "$root/share/zsh/site-functions/_ipcbox" ]
    [ -s "$root/share/fish/vendor_completions.d/_ipcbox.fish" ]
    touch "$root/share/other"
    run -0 "${make[@]}" uninstall
    run -0 find . -type f
    assert_output "./$root/share/other"
    rm "$root/share/other"
    run -0 "${make[@]}" uninstall
    run -0 ls
    assert_output ''
}

@test "make install tells when fish does not look where its files went" {
    command -v fish >/dev/null || skip "fish is not installed"
    local make=(env -u MAKEFLAGS -u MFLAGS make -o all -C "$BATS_TEST_DIRNAME/.." "BUILD=$BUILD" DESTDIR=)
    run -0 "${make[@]}" PREFIX="$PWD/p" install
    assert_line "fish looks into $PWD/p/share/fish/vendor_completions.d only if XDG_DATA_DIRS names $PWD/p/share."
    XDG_DATA_DIRS=$PWD/p/share run -0 "${make[@]}" PREFIX="$PWD/p" install
    refute_output --partial 'fish looks'
    run -0 "${make[@]}" PREFIX="$PWD/p" uninstall
    run -0 ls
    assert_output ''
}

@test "make install strips the tools by STRIP, or not at all" {
    local make=(env -u MAKEFLAGS -u MFLAGS make -n -o all -C "$BATS_TEST_DIRNAME/.." install)
    run -0 "${make[@]}"
    assert_line --partial 'install -m 0755 -s '
    refute_output --partial --strip-program
    STRIP=other-strip run -0 "${make[@]}"
    assert_line --partial 'install -m 0755 -s --strip-program=other-strip '
    run -0 "${make[@]}" STRIP= INSTALL='other-install -p'
    assert_line --regexp '^other-install -p -m 0755 +[^ -]'
}
