#!/usr/bin/env bats
# duplex: what passes between the commands, how it ends, with which status, and what is in the log.

load helper

# Whether file $2 has $1 lines.
has_lines() {
    [ "$(wc -l <"$2")" -eq "$1" ]
}

@test "each command reads what the other writes" {
    run -0 --separate-stderr duplex sh -c 'echo question; read -r answer; echo "$answer" >answered' -- \
        sh -c 'read -r line; echo "$line indeed"'
    assert_output ''
    assert_equal "$stderr" ''
    assert_equal "$(<answered)" 'question indeed'
}

@test "two commands exchange 1 GiB each way at once" {
    local command='head -c 1G /dev/zero & exec >&-; wc -c >"$0"; wait'
    run -0 timeout 60 duplex sh -c "$command" first -- sh -c "$command" second
    assert_equal "$(cat first second)" $'1073741824\n1073741824'
}

@test "either may end first, and the other sees the end of its input" {
    run -0 duplex true -- sh -c 'cat; sleep 0.1; touch second'
    [ -e second ]
    run -0 duplex sh -c 'cat; sleep 0.1; touch first' -- true
    [ -e first ]
}

@test "a command that writes to one that has ended gets SIGPIPE, as in a pipeline" {
    run -141 duplex yes -- true
    run -141 duplex true -- yes
}

@test "the status is that of the command that failed before the other" {
    run -0 duplex true -- true
    run -3 duplex sh -c 'exit 3' -- cat
    run -4 duplex cat -- sh -c 'exit 4'
    # duplex sees the end of a process only after its pipe is closed
    # shellcheck disable=SC2016
    local outlives='read -r other; while kill -0 "$other" 2>/dev/null; do sleep 0.01; done'
    run -4 duplex sh -c "$outlives; exit 3" -- sh -c 'echo $$; exit 4'
    run -3 duplex sh -c 'echo $$; exit 3' -- sh -c "$outlives; exit 4"
    run -3 duplex --status failed sh -c 'echo $$; exit 3' -- sh -c "$outlives; exit 4"
}

@test "--status picks the command whose status counts" {
    local whose
    for whose in first:5 second:6 worst:6; do
        run "-${whose#*:}" duplex --status "${whose%:*}" sh -c 'exit 5' -- sh -c 'cat; exit 6'
        run "-${whose#*:}" duplex --status="${whose%:*}" sh -c 'cat; exit 5' -- sh -c 'exit 6'
    done
    run -0 duplex --status first true -- false
    run -0 duplex --status second false -- true
    run -1 duplex --status worst false -- true
}

@test "a command that is not found is 127, one that cannot be run 126, a killed one 128 and its signal" {
    run -127 --separate-stderr duplex ./nowhere -- cat
    assert_equal "$stderr" 'duplex: ./nowhere: run: No such file or directory'
    run -127 duplex cat -- ./nowhere
    run -126 --separate-stderr duplex cat -- /etc/passwd
    assert_equal "$stderr" 'duplex: /etc/passwd: run: Permission denied'
    run -137 duplex sh -c 'kill -KILL $$' -- cat
    run -143 duplex cat -- sh -c 'kill $$'
}

@test "options end at the first command, and -- divides" {
    run -0 duplex printf %s --status -- sh -c 'cat >got'
    assert_equal "$(<got)" --status
    run -0 duplex -- printf %s -h -- sh -c 'cat >got' --
    assert_equal "$(<got)" -h
}

@test "TERM, INT and HUP go to both, and duplex dies of that signal when they have ended" {
    local signal
    for signal in TERM INT HUP; do
        background env --default-signal duplex \
            sh -c 'trap "echo first >>ended; exit" TERM INT HUP; touch 1; while :; do sleep 0.01; done' -- \
            sh -c 'trap "echo second >>ended; exit" TERM INT HUP; touch 2; while :; do sleep 0.01; done'
        eventually test -e 1 -a -e 2
        kill -"$signal" $!
        ends_with $((128 + $(kill -l $signal))) $!
        assert_equal "$(sort ended)" $'first\nsecond'
        rm 1 2 ended
    done
}

@test "a signal from the terminal is not given twice" {
    python3 3>&- - <<'END'
import os, pty, time
pid, master = pty.fork()
if pid == 0:
    os.execvp("duplex", ["duplex", "python3", "-c", """
import signal, sys, time
count = 0
def note(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, note)
open("ready", "w")
end = time.monotonic() + 0.3
while time.monotonic() < end:
    time.sleep(0.01)
open("count", "w").write(str(count))
""", "--", "cat"])
while not os.path.exists("ready"):
    time.sleep(0.01)
os.write(master, b"\x03")
_, status = os.waitpid(pid, 0)
assert os.WTERMSIG(status) == 2, status
assert open("count").read() == "1", open("count").read()
END
}

@test "duplex that is killed leaves the two to themselves" {
    background duplex sh -c 'echo $$ >first; cat' -- sh -c 'echo $$ >second; read -r line'
    eventually test -s first -a -s second
    kill -KILL $!
    local pid
    kill "$(<second)"
    for pid in "$(<first)" "$(<second)"; do eventually is_gone "$pid"; done
}

@test "the commands have the two pipes and nothing else of duplex" {
    local list='ls /proc/self/fd | wc -l >"$0"; grep -E "Sig(Ign|Blk)" /proc/self/status >>"$0"'
    run -0 duplex --log log sh -c "$list" first -- sh -c "$list" second
    sh -c "$list" alone </dev/null
    local who
    for who in first second; do
        assert_equal "$(head -n 1 $who)" "$(head -n 1 alone)"
        run ! grep -E 'SigBlk:.*[1-9a-f]|SigIgn:.*[13579bdf]...$' $who
    done
}

@test "--log writes both directions, marked, each line before it is passed on" {
    run -0 duplex --log log sh -c 'echo "EHLO me"; read -r line; echo bye' -- \
        sh -c 'read -r line; echo 250 hello; read -r line'
    assert_equal "$(<log)" $'> EHLO me\n< 250 hello\n> bye'
    assert_equal "$(stat -c %a log)" 600

    # a line in pieces, and one without its end
    run -0 duplex --log=log sh -c 'printf "a "; read -r x; printf "b\nc"; cat' -- \
        sh -c 'dd bs=2 count=1 status=none >part; echo "$(<part)"; dd bs=3 count=1 status=none >part'
    assert_equal "$(<log)" $'> a \n< \n>+b\n> c'
}

@test "--log carries 20 MiB both ways unchanged, and the log holds it" {
    local command='cat "$0" & exec >&-; cat >"$0.got"; wait'
    head -c 20M /dev/urandom >a
    seq 3000000 >b
    run -0 timeout 60 duplex --log log sh -c "$command" a -- sh -c "$command" b
    cmp a b.got
    cmp b a.got
    LC_ALL=C grep -a '^<' log | LC_ALL=C sed -z 's/\n<+//g; s/\n< /\n/g; s/^< //' | cmp b
}

@test "--log changes nothing in how it ends" {
    run -141 timeout 10 duplex --log log yes -- true
    run -141 timeout 10 duplex --log log true -- yes
    run -3 timeout 10 duplex --log log cat -- sh -c 'exit 3'
    run -127 timeout 10 duplex --log log ./nowhere -- cat
}

@test "a log that cannot be written is reported: before anything runs, or at the end" {
    run -125 --separate-stderr duplex --log no/log touch ran -- true
    assert_equal "$stderr" 'duplex: no/log: open log: No such file or directory'
    [ ! -e ran ]
    ln -s nowhere dangling
    run -125 duplex --log dangling true -- true
    run -125 --separate-stderr duplex --log /dev/full echo passed -- sh -c 'cat >got'
    assert_equal "$stderr" 'duplex: /dev/full: write log: No space left on device'
    assert_equal "$(<got)" passed
}

@test "without pipes no log is created, and an existing one is left alone" {
    local limit log
    echo old >kept
    for log in new kept; do
        for limit in 6 7 8 9 10; do
            run -125 prlimit --nofile=$limit duplex --log $log touch ran -- true
            assert_output --regexp "^duplex: .*: open.* \\(ulimit -n is $limit\\)$"
        done
        run -125 duplex --size 100T --log $log touch ran -- true
    done
    [ ! -e ran ]
    [ ! -e new ]
    assert_equal "$(<kept)" old
}

@test "--size sets the capacity of both pipes" {
    local size='import fcntl, sys
print(fcntl.fcntl(0, 1032), fcntl.fcntl(1, 1032), file=open(sys.argv[1], "w"))'
    run -0 duplex --size 8K python3 -c "$size" first -- python3 -c "$size" second
    assert_equal "$(cat first second)" $'8192 8192\n8192 8192'
    run -125 --separate-stderr duplex --size 100T true -- true
    assert_regex "$stderr" '^duplex: pipe: set its size to [0-9]+: .* \(fs.pipe-max-size is [0-9]+\)$'
}

@test "closed standard descriptors and an ignored SIGCHLD change nothing" {
    run -3 bash -c 'duplex sh -c "echo heard" -- sh -c "cat >got; exit 3" <&- >&-'
    assert_equal "$(<got)" heard
    run -3 python3 -c 'import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp("duplex", ["duplex", "true", "--", "sh", "-c", "exit 3"])'
}

@test "a wrong command line is exit 2 and runs nothing" {
    run -2 --separate-stderr duplex
    assert_regex "$stderr" '^usage: duplex '
    local line
    while read -r line; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr duplex $line
        assert_regex "$stderr" '^duplex: '
        [ ! -e ran ]
    done <<'END'
touch ran
touch ran --
-- -- touch ran
--status third touch ran -- true
--status
--size -1 touch ran -- true
--nonsense touch ran -- true
END
    run -0 duplex --help
    assert_line --index 0 --partial 'usage: duplex '
    run -0 duplex --version
    run -3 bash -c 'duplex --help >/dev/full'
}

# bats test_tags=valgrind
@test "the examples of duplex's page print what the page says" {
    check_examples duplex
}
