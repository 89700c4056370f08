# Shared memory: a get is what was put, whatever stays behind of a put that failed is not torn where
# the tool promises so, and nothing temporary is left.
# shellcheck shell=bash

for name in /m 0x51; do
    put="printf 'old content' | shmput $name" get="shmget $name"

    faults -p "$get" -i 'content' -- shmput "$name"
    faults -r any -p "$get" -i 'new content' -s "$put" -- shmput "$name"
    faults -p "$get" -i 'content' -w -- shmput -x -t 1 "$name"
    faults -r any -p "$get" -i 'NEW' -s "$put" -- shmput -o 2 "$name"
    faults -p "$get" -s 'seq 1 30000 >input' -- shmput "$name"
    faults -p "$get" -s 'seq 1 30000 >input' -w -- shmput "$name"
    faults -p "$get" -s 'printf x >input' -- shmput --size 100K "$name"

    faults -s "$put" -- shmget "$name"
    faults -s "$put" -w -- shmget -o 2 -L 4 "$name"
    faults -s "seq 1 30000 | shmput $name" -- shmget "$name"
    faults -s "seq 1 30000 | shmput $name" -w -- shmget "$name"
    faults -s "seq 1 30000 | shmput $name" -w -- shmget --snapshot "$name"
    faults -s "(sleep 0.03; $put) &" -- shmget --wait -t 5 "$name"
    faults -f 's/:[0-9]+/:N/g' -s "$put" -- shmget --stat -j "$name"
    faults -p "$get" -s "$put" -- shmget --remove "$name"

    put="printf '\\1\\0\\0\\0\\0\\0\\0\\0' | shmput $name" get="shmop $name get"
    faults -s "$put" -- shmop "$name" get
    faults -p "$get" -s "$put" -- shmop "$name" add 2
    faults -p "$get" -s "$put" -- shmop "$name" cas 1 7
    faults -r any -p "$get" -- shmop -c --size 8 "$name" set 5
    faults -s "$put; (sleep 0.03; exec shmop $name set 9) &" -- shmop -t 5 "$name" wait eq 9
    faults -S 1 -s "$put" -- shmop -t 0.01 "$name" wait eq 9
    faults -p "$get" -s "$put" -- shmop "$name" set 3 wake
done

put="printf 'old content' | shmput /m" get='shmget /m'
faults -p "$get" -i 'new' -s "$put" -- shmput -a /m
faults -p "$get" -i 'new' -w -- shmput -a /m
faults -p "$get" -s "$put; seq 1 30000 >input" -w -- shmput -a /m
faults -p "$get" -s "$put; seq 1 30000 >input" -- shmput -a /m
faults -s "$put" -- shmget -f -n 1 /m
faults -p "$get" -s "$put" -- shmget --take /m
faults -p "$get" -s "$put" -w -- shmget --take /m
# the page says that what is removed and cannot be created again is lost
faults -x '@(shmget:2|shmat:2|read:1):*' -p 'shmget 0x51' -i 'longer than that' -s 'echo old | shmput 0x51' -- \
    shmput --resize 0x51
