#!/usr/bin/env bash
# Every tool at work on real data: demo.sh BINDIR
#
# A step is the text that a user would type. It is printed, then run by a shell of its own, and the
# one line it prints must be the checksum of its input. Exits 0 only if every step did that, every
# tool in BINDIR was seen at work, and nothing stays behind.
set -euo pipefail

PATH=$(cd "${1:?usage: demo.sh BINDIR}" && pwd):$PATH
tools=$(cd "$1" && echo *)
sources=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C # for the order of file names

# A System V key that nobody uses.
key=$((0xde000000 + $$))
while awk -v key=$key '$1 + 0 == key || $1 + 4294967296 == key {found = 1} END {exit !found}' \
    /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem; do
    key=$((key + 1))
done
printf -v key '0x%08x' "$key"
name=/demo-$$

job='' # of the step that runs: the process group of all that it started

clean_up() {
    [ -z "$job" ] || kill -KILL -- "-$job"
    shmget -q --remove "$name"
    shmget -q --remove "$key"
    mqrecv -q --remove "$name"
    mqrecv -q --remove "$key"
    semop remove -q "$name"
    semop remove -q "$key"
    rm -rf "$work"
} 2>/dev/null
work=$(mktemp -d)
trap 'clean_up || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The input: this repository, its manual pages, and the C headers of the system.
pack() {
    tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$@"
}
cd "$work"
mkdir man
cp "$sources"/man/*.scd man
cat man/* >manual.txt
wc -c <manual.txt >manual.size
pack sources.tar -C "$sources" LICENSE Makefile README.md cmd common completions man tests
find /usr/include -maxdepth 1 -name '*.h' -printf '%P\n' | sort >list
for folder in asm-generic linux; do
    [ ! -d "/usr/include/$folder" ] || echo "$folder"
done >>list
pack headers.tar -C /usr/include -T list
find /usr/include -name '*.h' -print0 | sed -zn '1,5000p' >names

seen='' verified=0 failed=0

# step INPUT TITLE <text: runs the text, which must print the sha256sum of the file INPUT.
step() {
    local text got wanted began ended status=0
    text=$(cat)
    text=${text//'/demo'/$name}
    text=${text//@demo/@demo-$$}
    text=${text//0x5eed/$key}
    wanted=$(sha256sum <"$1")
    seen+=" $text"

    printf '\n# %s\n' "$2"
    printf '$ %s\n' "${text//$'\n'/$'\n$ '}"
    began=${EPOCHREALTIME/./}
    timeout 60 bash -eo pipefail -c "$text" </dev/null >printed &
    job=$!
    wait "$job" || status=$?
    ended=${EPOCHREALTIME/./}
    kill -KILL -- "-$job" 2>/dev/null || true # what a step that failed has left
    job=''

    got=$(<printed)
    if [ "$status" -eq 0 ] && [ "$got" = "$wanted" ]; then
        printf '%.16s... = %s, %s bytes, %d ms\n' \
            "$got" "$1" "$(wc -c <"$1")" $(((ended - began) / 1000))
        verified=$((verified + 1))
    else
        printf 'WRONG: status %d, %s, not %s of %s\n' "$status" "${got:-nothing}" "$wanted" "$1"
        failed=$((failed + 1))
    fi
}

step headers.tar 'POSIX shared memory' <<'END'
shmput /demo <headers.tar
shmget /demo | sha256sum
shmget --remove /demo
END

step sources.tar 'System V shared memory' <<'END'
shmput 0x5eed <sources.tar
shmget 0x5eed | sha256sum
shmget --remove 0x5eed
END

step headers.tar 'a mapped file, written by two processes at once' <<'END'
mmapcat -wc --size $(stat -c %s headers.tar) mapped </dev/null
tail -c +1048577 headers.tar | mmapcat -w -o 1M mapped &
head -c 1M headers.tar | mmapcat -w -L 1M mapped
wait; mmapcat mapped | sha256sum
END

step manual.size 'a number in shared memory: all add to it at once, and one waits for the last' <<'END'
shmop -c --size 16 /demo set 0
pages=$(ls man | wc -l)
for page in man/*; do shmop /demo add $(wc -c <$page) >>sums; shmop -o 8 /demo add 1 >>sums; done &
shmop -o 8 /demo wait eq $pages
shmop /demo get | sha256sum
shmget --remove /demo
END

step manual.txt 'a POSIX message queue: each line of the manual is a message' <<'END'
mqsend -c /demo </dev/null
mqsend /demo <manual.txt &
mqrecv -n $(wc -l <manual.txt) /demo | sha256sum
mqrecv --remove /demo
END

step names 'a System V message queue: file names, ended by NUL' <<'END'
mqsend -c 0x5eed </dev/null
mqsend -0 0x5eed <names &
mqrecv -0 -n $(tr -cd '\0' <names | wc -c) 0x5eed | sha256sum
mqrecv --remove 0x5eed
END

step manual.size 'a POSIX semaphore: all add to one total, one at a time' <<'END'
echo 0 >total
add='n=$(cat total); echo $((n + $(wc -c <"$0"))) >total'
for page in man/*; do semop run -c 1 /demo -- sh -c "$add" "$page" & done
wait; sha256sum <total
semop remove /demo
END

step manual.size 'a System V semaphore: the same' <<'END'
echo 0 >total
add='n=$(cat total); echo $((n + $(wc -c <"$0"))) >total'
for page in man/*; do semop run -c 1 0x5eed -- sh -c "$add" "$page" & done
wait; sha256sum <total
semop remove 0x5eed
END

step headers.tar 'signals: stop a process, let it go on, wait for its end' <<'END'
gzip <headers.tar >headers.gz &
sigsend -s STOP $!
sigsend -s CONT -w $!
gunzip <headers.gz | sha256sum
END

step manual.size 'signals with values: each byte of a file is one' <<'END'
mkfifo ready
sigrecv --ready ready -n $(wc -c <manual.size) --format '%v\n' RTMIN >bytes &
read receiver <ready
for byte in $(od -An -tu1 manual.size); do sigsend -s RTMIN --value $byte $receiver; done
wait; awk '{printf "%c", $1}' bytes | sha256sum
END

step headers.tar 'a named pipe' <<'END'
fifocat -w -c pipe <headers.tar &
fifocat -c pipe | sha256sum
END

step sources.tar 'two named pipes: a request one way, the answer the other way' <<'END'
mkfifo request answer
gzip <request >answer &
fifocat -r answer -w request <sources.tar | gunzip | sha256sum
END

step manual.txt 'two commands that talk both ways: one sends the text, the other sends it back' <<'END'
duplex sh -c 'cat manual.txt & exec >&-; sha256sum >&3' 3>&1 -- cat
END

step sources.tar 'a Unix socket: a server that runs a command for each client' <<'END'
usockcat -l -k socket -- gzip &
until usockcat -q socket <sources.tar >answer.gz; do sleep 0.1; done
gunzip <answer.gz | sha256sum
sigsend -w $!
END

step manual.txt 'an abstract Unix socket: each line of the manual is a packet' <<'END'
usockcat -l --type seqpacket @demo >packets &
until usockcat -q @demo <manual.txt; do sleep 0.1; done
wait; sha256sum <packets
END

echo
for tool in $tools; do
    [[ $seen == *"$tool "* ]] || {
        echo "WRONG: no step shows $tool"
        failed=$((failed + 1))
    }
done
left=$(find /dev/shm -maxdepth 1 -name "*demo-$$*" 2>/dev/null)
left+=$(mqrecv -q --stat "$name" 2>/dev/null || true)
left+=$(ipcs -smq | grep -e "$key" || true)
[ -z "$left" ] || {
    echo "WRONG: left behind: $left"
    failed=$((failed + 1))
}
echo "$verified of $((verified + failed)) steps verified"
[ "$failed" -eq 0 ]
