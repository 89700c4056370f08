#!/usr/bin/env bats
# What every tool has from common/: the words of a command line, records, time limits, descriptors.
# tests/peers/unit.c calls the functions. What all tools have in common is in matrix.bats.

load helper

# comes_to VERB EXPECTED: TEXT...: each TEXT comes to EXPECTED.
comes_to() {
    local verb=$1 expected=${2%:}
    shift 2
    is_answered "$verb" "$expected" "$@"
}

# refuses VERB PATTERN: TEXT...: each TEXT is refused with words that PATTERN fits.
refuses() {
    local verb=$1 pattern="no: ${2%:}"
    shift 2
    is_answered "$verb" "$pattern" "$@"
}

# is_answered VERB PATTERN TEXT...: unit's line for each TEXT fits PATTERN.
is_answered() {
    local verb=$1 pattern=$2 text answer
    shift 2
    while IFS= read -r answer; do
        text=$1
        shift
        # shellcheck disable=SC2053
        [[ $answer == $pattern ]] || fail "$verb '$text' is $answer, not $pattern"
    done < <(unit "$verb" "$@")
    [ $# -eq 0 ] || fail "$verb: no answer for $1"
}

# Milliseconds since $1, a value of EPOCHREALTIME.
elapsed() {
    echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

@test "a time is in seconds, or has a unit" {
    comes_to time 1000000000: 1 1s 1000ms 1. 1.0 1.000000000000000000000000 001
    comes_to time 250000000: 0.25 .25 250ms 0.25s 00.250
    comes_to time 90000000000: 90 1.5m 0.025h
    comes_to time 86400000000000: 1d 24h 1440m 86400
    comes_to time 0: 0 0ms 0.0 0d .0 0.
}

@test "a time is rounded up, so that only a written zero is zero" {
    comes_to time 1: 0.000000001 0.0000000001 0.00000000000000000000000000001d 0.0000001ms
    comes_to time 2: 0.0000000011
    comes_to time 87: 0.000000000001d
    comes_to time 86400000000000: 0.99999999999999999999999999d 1d
    comes_to time 333333334: 0.333333333333333333333333333333
}

@test "a time that is none is refused" {
    refuses time 'not a time*:' '' . ms s .s -1 +1 ' 1' '1 ' 1x 1S 1M 1sec 1e3 0x10 1..5 1.5.5 1,5 \
        inf nan '-' $'1\n' '1.-5'
    refuses time 'too large:' 9223372036854775808 9223372037 99999999999999999999 153722868m 106752d
    comes_to time 9223372035000000000: 9223372035
}

@test "a size has units of powers of 1024 and of 1000" {
    comes_to size 0: 0 0K 00
    comes_to size 8192: 8192 8K 8KiB
    comes_to size 1000: 1000 1KB
    comes_to size 5242880: 5M 5MiB
    comes_to size 5000000: 5MB
    comes_to size 3221225472: 3G 3GiB
    comes_to size 3000000000: 3GB
    comes_to size 1099511627776: 1T 1TiB
    comes_to size 1000000000000: 1TB
    comes_to size 9223372036854775807: 9223372036854775807
}

@test "a size that is none is refused" {
    refuses size 'not a size*:' '' K KiB -1 +1 ' 1' '1 ' 1k 1B 1kB 1Kib 1KK 1.5K 0x10 1K5 1P
    refuses size 'too large:' 9223372036854775808 99999999999999999999 8388608T 9007199254740992K
}

@test "a count is an integer from 1 up" {
    comes_to count 1: 1 01
    comes_to count 9223372036854775807: 9223372036854775807
    refuses count 'not a count*:' '' 0 -1 +1 1K ' 1' 1.0 x
    refuses count 'too large:' 9223372036854775808 99999999999999999999
}

@test "an integer is in C notation and fits an int" {
    comes_to int 0: 0 -0 0x0 00
    comes_to int 31: 31 +31 0x1f 0X1F 037
    comes_to int -31: -31 -0x1f -037
    comes_to int 2147483647: 2147483647 0x7fffffff
    comes_to int -2147483648: -2147483648 -0x80000000
    refuses int 'not an integer:' '' - + -- 0x 08 1x ' 1' '1 ' --1 1.0
    refuses int 'too large:' 2147483648 -2147483649 0xffffffff 99999999999999999999
}

@test "a mode is octal and up to 0777" {
    comes_to mode 0600: 600 0600 00600
    comes_to mode 0000: 0 000
    comes_to mode 0777: 777 0777
    refuses mode 'not a mode*:' '' 8 1000 01777 4755 0o600 0x1ff -1 u=rw ' 600' '600 '
}

@test "an object's name is read in every form" {
    comes_to name 'posix /x:' /x
    comes_to name 'posix /a b:c.d:' '/a b:c.d'
    comes_to name 'posix /...:' /...
    comes_to name 'key 0x00005eed:' 0x5eed 0X5EED 24301 057355
    comes_to name 'key 0xffffffff:' 0xffffffff 4294967295
    comes_to name 'id 7:' id:7 id:07
    comes_to name 'id 2147483647:' id:2147483647
    comes_to name 'ftok /etc/passwd 1:' ftok:/etc/passwd ftok:/etc/passwd:1
    comes_to name 'ftok . 255:' ftok:.:255
    comes_to name 'private:' private
}

@test "the number of ftok: is what follows the last colon, if that is a number" {
    comes_to name 'ftok a:b 1:' ftok:a:b
    comes_to name 'ftok a:b: 1:' ftok:a:b:
    comes_to name 'ftok a:7x 1:' ftok:a:7x
    comes_to name 'ftok a:b 3:' ftok:a:b:3
    comes_to name 'ftok a:5 1:' ftok:a:5:1
    comes_to name 'ftok : 2:' ftok:::2
}

@test "a name that is none is refused with the accepted forms" {
    refuses name 'not an object name (/name, a key such as 0x5eed, id:N, ftok:PATH*private):' \
        '' x 0x 0xg 5eed 09 ' /x' '1 ' -1 privat PRIVATE ID:7 a/b @x
    refuses name 'a POSIX name is one slash and then a name*:' / // /. /.. /a/b /a/ //a
    refuses name 'a key has 32 bits:' 4294967296 0x100000000 99999999999999999999
    refuses name 'key 0 is IPC_PRIVATE*:' 0 0x0 00
    refuses name 'an identifier is id: and a number:' id: id:x id:-1 id:0x7 id:2147483648 'id:7 '
    refuses name 'ftok: needs the path*:' ftok: ftok::7
    refuses name 'the number after ftok:PATH: is from 1 to 255:' ftok:x:0 ftok:x:256 \
        ftok:x:99999999999999999999
}

@test "a POSIX name has 255 bytes and not one more" {
    long=$(printf '%0255d' 0)
    comes_to name "posix /$long:" "/$long"
    refuses name '*at most 255 bytes*:' "/0$long"
}

@test "ftok: gives the key that every C library gives" {
    touch "$ID" "$ID:5"
    for name in "$ID" "$ID:5"; do
        for number in 1 7 255; do
            run -0 unit key "ftok:$name:$number"
            assert_output "$(/usr/bin/python3 -c 'import ctypes, sys
print("0x%08x" % (ctypes.CDLL(None).ftok(sys.argv[1].encode(), int(sys.argv[2])) & 0xffffffff))' \
                "$name" "$number")"
        done
    done
    run -0 unit key "ftok:$ID"
    assert_output "$(unit key "ftok:$ID:1")"
    run -3 unit key "ftok:$ID-missing"
    assert_output --partial 'No such file or directory'
}

# records IN OUT LIMIT TEXT: what becomes of TEXT, written with the escapes of printf.
records() {
    # shellcheck disable=SC2059
    printf "$4" | unit records "$1" "$2" "$3"
}

@test "lines are records, the last without a newline too" {
    run -0 records line netstring 10 'one\n\nthree\n'
    assert_output '3:one,0:,5:three,'
    run -0 records line netstring 10 'one\nlast'
    assert_output '3:one,4:last,'
    run -0 records line netstring 10 '\n'
    assert_output '0:,'
    run -0 records line netstring 10 ''
    assert_output ''
    run -0 records line netstring 10 'a\r\n'
    assert_output $'2:a\r,'
}

@test "records that end in NUL hold newlines" {
    run -0 records null netstring 10 'a\nb\0\0c'
    assert_output $'3:a\nb,0:,1:c,'
}

@test "a whole input is one record, an empty one too" {
    run -0 records whole netstring 10 'a\nb\n'
    assert_output $'4:a\nb\n,'
    run -0 records whole netstring 10 ''
    assert_output '0:,'
    run -0 records whole whole 10 ''
    assert_output ''
}

@test "netstrings hold any byte and may be empty" {
    run -0 records netstring netstring 10 '0:,3:a\nb,1:,,2:::,'
    assert_output $'0:,3:a\nb,1:,,2:::,'
    run -0 bash -c "printf '4:a\0\n\0,' | unit records netstring netstring 4 | od -An -c | tr -d ' '"
    assert_output '4:a\0\n\0,'
    run -0 records netstring line 10 ''
    assert_output ''
}

@test "on output a record gets its terminator and nothing else" {
    run -0 records null line 10 'a\0\0b'
    assert_output $'a\n\nb'
    run -0 bash -c "printf 'a\n\nb\n' | unit records line null 10 | od -An -c | tr -d ' '"
    assert_output 'a\0\0b\0'
    run -0 bash -c "printf 'a\n\nb\n' | unit records line whole 10 | od -An -c | tr -d ' '"
    assert_output 'ab'
}

@test "a record may be as long as the limit, and one byte more is refused with its number" {
    for form in line null; do
        run -0 records $form netstring 3 'abc'
        assert_output '3:abc,'
        run -3 records $form netstring 3 'abcd'
        assert_output 'unit: stdin: read: record 1 is longer than 3 bytes'
    done
    run -3 --separate-stderr records line line 3 'abc\nab\nabcd\nx\n'
    assert_output $'abc\nab'
    [ "$stderr" = 'unit: stdin: read: record 3 is longer than 3 bytes' ]
    run -3 records whole whole 3 'ab\nc'
    assert_output --partial 'record 1 is longer than 3 bytes'
    run -3 records netstring line 3 '3:abc,4:abcd,'
    assert_output $'abc\nunit: stdin: read: record 2 is longer than 3 bytes'
    run -3 records netstring line 3 '9999999999999999999:'
    assert_output --partial 'longer than 3 bytes'
}

@test "what is not a netstring is refused with its number" {
    local text
    for text in 'x' ':' ':,' '1' '1:' '1:a' '1:a;' '01:a,' '00:,' '-1:a,' ' 1:a,' '1 :a,' '2:a,' \
        '1:ab,' '99999999999999999999:' '+1:a,'; do
        run -3 records netstring line 10 "3:abc,$text"
        assert_output $'abc\nunit: stdin: read: record 2 is not a netstring'
    done
    run -3 records netstring line 10 '1:a,\n'
    assert_output $'a\nunit: stdin: read: record 2 is not a netstring'
}

@test "a line of 100 MiB is refused in bounded memory" {
    unless_sanitized "needs an address space of its own"
    for form in line null whole netstring; do
        run -3 --separate-stderr bash -c 'ulimit -v 32768
            { printf 104857600:; head -c 100M /dev/zero | tr "\0" x; } |
                unit records "$1" line 8192' - $form
        assert_output ''
        [[ $stderr == 'unit: stdin: read: record 1 is longer than 8192 bytes' ]]
    done
}

@test "many records of every length come through whole" {
    /usr/bin/python3 -c 'import random
r = random.Random(7)
for i in range(3000):
    print("x" * r.choice([0, 1, 2, 30000, 65535, 65536, r.randrange(5000)]))' >lines
    unit records line netstring 70000 <lines | unit records netstring null 70000 |
        unit records null line 70000 >copy
    cmp lines copy
}

@test "bytes that come one by one make the same records" {
    one_by_one() {
        /usr/bin/python3 -c 'import os, sys, time
for c in sys.argv[1].encode():
    os.write(1, bytes([c])); time.sleep(0.001)' "$1"
    }
    run -0 bash -c "$(declare -f one_by_one); one_by_one 'ab

c' | unit records line netstring 5"
    assert_output '2:ab,0:,1:c,'
    run -0 bash -c "$(declare -f one_by_one); one_by_one '2:ab,0:,12:123456789012,' |
        unit records netstring line 12"
    assert_output $'ab\n\n123456789012'
}

@test "a record is passed on before the next one comes" {
    mkfifo in
    background unit records line line 100 <>in >out
    echo first >in
    eventually grep -qx first out
}

@test "a record larger than a pipe goes to a slow reader whole" {
    head -c 300000 /dev/urandom >data
    run -0 bash -c 'unit records whole netstring 300000 <data |
        /usr/bin/python3 -c "import os, sys, time
while True:
    time.sleep(0.0005)
    some = os.read(0, 3001)
    if not some: break
    os.write(1, some)" >copy; exit "${PIPESTATUS[0]}"'
    { printf 300000: && cat data && printf ,; } | cmp - copy
}

@test "a pipe that somebody made non-blocking is waited for" {
    head -c 1000000 /dev/urandom >data
    cat >nonblocking.py <<'PY'
import os, subprocess, sys, time
down, up = os.pipe(), os.pipe()
os.set_blocking(down[0], False); os.set_blocking(up[1], False)
child = subprocess.Popen(sys.argv[1:], stdin=down[0], stdout=up[1])
os.close(down[0]); os.close(up[1])
time.sleep(0.05)
if os.fork() == 0:
    os.close(up[0])
    os.write(down[1], open("data", "rb").read())
    os._exit(0)
os.close(down[1])
time.sleep(0.05)
while some := os.read(up[0], 4096): os.write(1, some)
sys.exit(child.wait())
PY
    /usr/bin/python3 nonblocking.py unit records whole whole 1000000 >copy
    cmp data copy
}

@test "a record that a full disk does not take is an error" {
    run -3 bash -c 'echo x | unit records line line 10 >/dev/full'
    assert_output 'unit: stdout: write: No space left on device'
    run -3 bash -c 'echo x | unit records line line 10 >&-'
    assert_output 'unit: stdout: write: Bad file descriptor'
    run -3 bash -c 'unit records line line 10 <&-'
    assert_output 'unit: stdin: read: Bad file descriptor'
    run -3 bash -c 'unit records line line 10 </'
    assert_output 'unit: stdin: read: Is a directory'
}

@test "a reader that is gone is an error, not a death" {
    mkfifo pipe
    run -3 bash -c 'exec 4<>pipe 5>pipe; exec 4<&-
        echo x | unit records line line 10 >&5'
    assert_output 'unit: stdout: write: Broken pipe'
}

@test "options may stand anywhere, in every way GNU has them" {
    local want='all=1 append=0 timeout=5000000000 count=2 word=x wording='
    local line
    while read -r line; do
        eval "run -0 unit options $line"
        assert_line --index 0 "$want"
        assert_line --index 1 'operand one'
        assert_line --index 2 'operand two'
        assert_equal "${#lines[@]}" 3
    done <<'LINES'
-a -t 5 -n 2 -w x one two
one -a -t5 -n2 -wx two
one two -at5 -n2 -w x
one two -an2 -wx -t 5
--all --timeout=5 --count=2 --word=x one two
one --all --timeout 5 two --count 2 --word x
one --al --tim=5 --c 2 --word=x two
-a -t 9 -t 5 -n 2 -w x one two
-a -t5 -n2 -wx -- one two
LINES
}

@test "a value may look like an option, and an operand after -- too" {
    run -0 unit options -w -a --wording=-t -- -x --all - --
    assert_output 'all=0 append=0 timeout=-1 count=-1 word=-a wording=-t
operand -x
operand --all
operand -
operand --'
    run -0 unit options -w '' --wording '' x
    assert_line --index 0 'all=0 append=0 timeout=-1 count=-1 word= wording='
    run -0 unit options -w= x
    assert_line --index 0 --partial ' word== '
}

@test "a lone dash is an operand" {
    run -0 unit options - -a
    assert_line --index 0 --partial all=1
    assert_line --index 1 'operand -'
}

@test "what follows -- is the command, untouched" {
    run -0 unit command one -- cat -a -- --help
    assert_output 'all=0 append=0 timeout=-1 count=-1 word= wording=
operand one
command cat
command -a
command --
command --help'
}

@test "a long option may be cut as long as it fits only one" {
    run -0 unit options --app x
    assert_line --index 0 --partial 'append=1'
    run -0 unit options --word=a x
    assert_line --index 0 --partial 'word=a wording='
    run -0 unit options --wordi=a x
    assert_line --index 0 --partial 'word= wording=a'
    run -2 unit options --a x
    assert_output --partial '--a: fits more than one option'
    run -2 unit options --wor=a x
    assert_output --partial '--wor=a: fits more than one option'
    run -0 unit options --vers
    assert_output --partial '(ipcbox)'
}

@test "an option that does not exist is refused by name" {
    run -2 unit options --nonsense x
    assert_output 'unit: --nonsense: unknown option (unit --help lists the options)'
    run -2 unit options --allx
    assert_output --partial '--allx: unknown option'
    run -2 unit options --=x
    assert_output --partial '--=x: unknown option'
    run -2 unit options -z
    assert_output --partial '-z: unknown option'
    run -2 unit options -az
    assert_output --partial '-az: unknown option'
    run -2 unit options --all=1
    assert_output --partial '--all=1: takes no value'
}

@test "a value that is missing or wrong is refused with the option" {
    run -2 unit options -t
    assert_output 'unit: -t: needs a value (unit --help lists the options)'
    run -2 unit options x --timeout
    assert_output --partial '--timeout: needs a value'
    run -2 unit options -at
    assert_output --partial '-t: needs a value'
    run -2 unit options -t5x
    assert_output --partial "-t '5x': not a time"
    run -2 unit options --tim=-1
    assert_output --partial "--timeout '-1': not a time"
    run -2 unit options -t ''
    assert_output --partial "-t '': not a time"
    run -2 unit options -n 0
    assert_output --partial "-n '0': not a count"
}

@test "what does not go together is refused by the rules of the tool" {
    local words expected
    while IFS='|' read -r expected words; do
        eval "run -2 unit rules $words"
        assert_output "unit: ${expected% }"
    done <<'LINES'
-k needs -l or -f | -k /q
--max needs COMMAND (it counts them) | --max /q
--take does not go with --peek | --take --peek /q
--take does not go with COMMAND | --take /q -- true
-l does not go with --stat | -l --stat /q
COMMAND does not go with --stat | --stat -j /q -- true
only one of -n, -a and -f | -n -f /q
only one of -n, -a and -f | -naf /q
/q: -T is for System V objects | -T /q
0x5eed: --mark is for POSIX objects | --mark 0x5eed
-k needs -l or -f | -k -na /q
COMMAND is missing after -- | -k /q --
LINES
    while read -r words; do
        eval "run -0 unit rules $words"
    done <<'LINES'
/q
-k -l /q
-k --follow /q
--max /q -- true
--take -l /q
--peek /q -- true
--stat /q
--stat -j /q
-f /q
-T 0x5eed
-T id:7
--mark /q
LINES
}

@test "a message is one line whatever the operand holds" {
    run -0 unit warn $'two\nlines\e[31m\x7f' "$(printf '%010000d' 0)"
    assert_line --index 0 'unit: two?lines?[31m?'
    assert_equal "${#lines[@]}" 2
    assert_equal "${#lines[1]}" 4094
    run -0 unit warn 'Grüße 100%s'
    assert_output 'unit: Grüße 100%s'
}

@test "a message names the limit that was met, once" {
    check() {
        run -0 prlimit --nofile=77 --fsize="$1" unit fail "$2 it"
        assert_line --index 0 "unit: it: $3$4"
        assert_line --index 1 "unit: it: $3$4; and more"
        assert_line --index 2 "unit: it: $3 (a hint)"
        assert_line --index 3 'unit: it'
    }
    check 1000 24 'Too many open files' ' (ulimit -n is 77)'
    check 1000 23 'Too many open files in system' " (fs.file-max is $(cat /proc/sys/fs/file-max))"
    check 1000 27 'File too large' ' (ulimit -f is 1000 bytes)'
    check unlimited 27 'File too large' " (over the file system's limit)"
    check 1000 2 'No such file or directory' ''
}

@test "a limit is named where there is room for it" {
    local size line texts=()
    for ((size = 4030; size < 4090; size++)); do
        texts+=("24 $(printf '%0*d' "$size" 0)")
    done
    run -0 prlimit --nofile=77 unit fail "${texts[@]}"
    assert_equal "${#lines[@]}" 240
    assert_line --index 0 --regexp '0: Too many open files \(ulimit -n is 77\)$'
    for line in "${lines[@]}"; do
        [ "${#line}" -le 4094 ]
        [[ $line != *'(ulimit'* || $line == *'(ulimit -n is 77)'* ]]
    done
}

@test "a failure is reported with its object, what was tried, why, hint and consequence" {
    fails() {
        local expected=$1 message=$2
        shift 2
        run "-$expected" unit failure "$@"
        assert_output "${message:+unit: $message}"
    }
    fails 3 "the tool's: try it: Permission denied" 13
    fails 3 'its own: try it: Permission denied' 13 'object=its own'
    fails 3 "the tool's: try it: it is locked" 13 'why=it is locked'
    fails 3 "the tool's: try it: Permission denied (ask root)" 13 'hint=ask root'
    fails 3 "the tool's: try it: Permission denied" 13 hint= loss=
    fails 3 "the tool's: try it: Permission denied; 5 bytes are lost" 13 'loss=5 bytes are lost'
    fails 3 'q: try it: why (one) (two); this; that' 13 object=q why=why hint=one hint=two \
        loss=this loss=that
    # what is too long is cut
    run -3 unit failure 13 "hint=$(printf '%0300d' 0)" loss=all
    assert_output --regexp 'Permission denied \(0{200,}$'
}

@test "the status of a failure is that of its errno: 1 for no, unless it is an error, 3 for all else" {
    local no
    for no in 2 3 6 11 17 42 110 111; do # ENOENT ESRCH ENXIO EAGAIN EEXIST ENOMSG ETIMEDOUT ECONNREFUSED
        run -1 unit failure $no
        assert_output --partial "the tool's: try it: "
        run -3 unit failure $no error
        assert_output --partial "the tool's: try it: "
    done
    run -3 unit failure 5
}

@test "quiet silences what only says no, and a signal is reported by its death alone" {
    run -1 unit failure 11 quiet
    assert_output ''
    run -3 unit failure 11 error quiet
    assert_output --partial 'try it: '
    run -3 unit failure 13 quiet
    assert_output --partial 'try it: Permission denied'
    run -3 unit failure 4 signal
    assert_output ''
    run -3 unit failure 4 error signal
    assert_output ''
    run -3 unit failure 4
    assert_output --partial 'try it: Interrupted system call'
    run -3 unit failure 5 signal
    assert_output --regexp 'try it: (Input/output|I/O) error'
}

@test "a failure names the limit that was met, if nothing better is known" {
    run -3 prlimit --nofile=77 unit failure 24
    assert_output "unit: the tool's: try it: Too many open files (ulimit -n is 77)"
    run -3 prlimit --nofile=77 unit failure 24 'loss=it is lost'
    assert_output "unit: the tool's: try it: Too many open files (ulimit -n is 77); it is lost"
    run -3 prlimit --nofile=77 unit failure 24 'hint=close some'
    assert_output "unit: the tool's: try it: Too many open files (close some)"
    run -3 prlimit --nofile=77 unit failure 24 'why=none is left'
    assert_output "unit: the tool's: try it: none is left"
}

@test "beside a COMMAND 1 and 3 become 124 and 125" {
    run -0 unit beside 0 1 2 3 42 127
    assert_output $'0\n124\n2\n125\n42\n127'
}

@test "a word is one of a list, whole" {
    run -0 unit word block drop close '' dro drops DROP 'block drop'
    assert_output $'0\n1\n2\n-1\n-1\n-1\n-1\n-1'
}

@test "the directory of a path is what stands before its last component" {
    run -0 unit directory a/b a /a / a/b/ ./a a//b ../a ''
    assert_output $'a\n.\n/\n/\na\n.\na\n..\n.'
}

@test "what exists is opened, else created, and a race in either order is won" {
    opens() {
        local expected=$1
        shift
        run -0 unit open "$@"
        assert_output "$expected"
    }
    opens 'o 7' - 0
    opens 'o No such file or directory' - 2
    opens 'o 7' c 0
    opens 'oc 7' c 2 0
    opens 'o Permission denied' c 13
    opens 'oc Permission denied' c 2 13
    # another process creates between open and create, and one removes before the next open
    opens 'oco 7' c 2 17 0
    opens 'ococ 7' c 2 17 2 0
    opens 'oco Permission denied' c 2 17 13
    # only new
    opens 'c 7' cx 0
    opens 'c File exists' cx 17
    # a symbolic link that leads nowhere
    run -0 unit open c 2 17
    assert_output --regexp '^(oc)+ (Too many levels of s|S)ymbolic link'
}

@test "a report in JSON is JSON whatever the name holds" {
    for text in '' plain $'"\\' $'\n\t\e' 'Grüße €😀' $'\xff' $'a\xc3' $'\xc0\x80' $'\xe0\x80\x80' \
        $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\xe2\x82' $'\xf0\x9f\x98x'; do
        unit json "$text" >report
        /usr/bin/python3 - "$text" report <<'PY'
import json, os, sys
report = json.loads(open(sys.argv[2], "rb").read().decode("utf-8"))
assert report["number"] == -1 and report["mode"] == "0640" and report["then"] == 1, report
assert "never" not in report
try:
    assert report["text"] == os.fsencode(sys.argv[1]).decode("utf-8"), report
except UnicodeDecodeError:
    assert "\ufffd" in report["text"], report
PY
    done
    run -3 bash -c 'unit json x >/dev/full'
}

@test "a limit of the kernel is read by its name" {
    run -0 unit limit kernel.msgmax no.such.limit
    assert_line --index 0 "$(cat /proc/sys/kernel/msgmax)"
    assert_line --index 1 -- -1
}

@test "a wait ends when its time is up" {
    mkfifo pipe
    for verb in read poll; do
        start=$EPOCHREALTIME
        run -1 unit $verb 0.2 <>pipe
        took=$(elapsed "$start")
        [ "$took" -ge 200 ] && [ "$took" -lt 10000 ] || fail "$verb took $took ms"
        assert_output --partial 'timed out'
    done
    run -1 unit poll 0 <>pipe
}

@test "a wait ends in time under a storm of signals" {
    mkfifo pipe
    for verb in read poll; do
        start=$EPOCHREALTIME
        background unit $verb 0.5 <>pipe
        waiter=$!
        eventually is_waiting $waiter
        while ! is_gone $waiter; do
            # poll is ended by its own clock, so nothing handles the tick there
            [ $verb = poll ] || kill -RTMAX-2 $waiter 2>/dev/null || true
            kill -STOP $waiter 2>/dev/null || true
            kill -CONT $waiter 2>/dev/null || true
        done
        took=$(elapsed "$start")
        ends_with 1 $waiter
        [ "$took" -ge 500 ] && [ "$took" -lt 10000 ] || fail "$verb took $took ms"
    done
}

@test "a wait ends in time where the parent blocked or ignored the tick" {
    mkfifo pipe
    run -1 env --block-signal=RTMAX-2 unit read 0.1 <>pipe
    run -1 env --ignore-signal=RTMAX-2 unit read 0.1 <>pipe
}

@test "a wait ends in time where the user has no room for another timer" {
    mkfifo pipe
    run -1 timeout 10 prlimit --sigpending=0 unit read 0.2 <>pipe
    assert_output --partial 'timed out'
}

@test "an alarm ends a wait, one that the parent ignores does not" {
    mkfifo pipe
    alarm() {
        # shellcheck disable=SC2016
        run "$1" timeout 10 perl -e '$SIG{ALRM} = shift; alarm 1; exec @ARGV' "${@:2}" <>pipe
    }
    alarm -142 DEFAULT unit read 1h
    alarm -1 IGNORE unit read 1.2
}

@test "a signal that comes just before a wait ends it all the same" {
    mkfifo pipe
    for limit in 1h 4; do
        start=$EPOCHREALTIME
        run -143 timeout -s KILL 10 unit stop $limit <>pipe
        [ "$(elapsed "$start")" -lt 10000 ] || fail "took $(elapsed "$start") ms"
    done
}

@test "no file is ever opened as 0, 1 or 2" {
    for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-' '>&- 2>&-'; do
        run bash -c "unit descriptor $closed"
        [ "$status" -ge 3 ] || fail "$closed: $status"
    done
}

@test "no file is opened as 0, 1 or 2 where there is no /dev" {
    unless_sanitized "reads /proc"
    need_root
    mkdir root
    cp "$BUILD/peers/unit" root/
    for library in $(ldd "$BUILD/peers/unit" | grep -o '/[^ ]*'); do
        cp --parents "$library" root/
    done
    run bash -c 'chroot root /unit descriptor <&- >&- 2>&-'
    [ "$status" -ge 3 ] || fail "$status"
}
