# Semaphores: what was taken for a COMMAND is given back, and none is there without its first value.
# shellcheck shell=bash

# What sem_open(3) of the C library does, which says nothing of it.
library='@(newfstatat:1:*|unlink:*|write:1:@(short|EAGAIN)|semtimedop:1:EAGAIN)'

for name in /s 0x51; do
    make="semop create $name 2" get="semop get $name"

    faults -x "$library" -p "$get" -- semop create -m 0640 "$name" 2
    faults -p "$get" -s "$make" -- semop create "$name" 5
    faults -p "$get" -s "$make" -- semop run "$name" -- /bin/echo inside
    faults -x "$library" -p "$get" -- semop run -c 1 -t 1 "$name" -- /bin/echo inside
    faults -S 124 -p "$get" -s "semop create $name 0" -- semop run -t 0.01 "$name" -- /bin/echo in
    faults -p "$get" -s "semop create $name 0; (sleep 0.03; exec semop post $name) &" -- \
        semop run -t 5 "$name" -- /bin/echo inside
    faults -p "$get" -s "$make" -- semop wait -t 1 "$name"
    faults -p "$get" -s "$make" -- semop try "$name"
    faults -S 1 -p "$get" -s "semop create $name 0" -- semop wait -t 0.01 "$name"
    faults -p "$get" -s "$make" -- semop post "$name"
    faults -p "$get" -s "$make" -- semop set "$name" 7
    faults -s "$make" -- semop get "$name"
    faults -f 's/:[0-9]+/:N/g' -s "$make" -- semop stat -j "$name"
    faults -p "$get" -s "$make" -- semop remove "$name"
    faults -p "$get" -s "semop create $name 1; (sleep 0.03; exec semop wait $name) &" -- \
        semop zero -t 5 "$name"
done

faults -p 'semop get -i 1 0x51; semop get 0x51' -s 'semop create --nsems 2 0x51 3' -- \
    semop ops 0x51 0:-1 1:+2
faults -p 'semop get -i 1 0x51; semop get 0x51' -s 'semop create --nsems 2 0x51 3' -- \
    semop ops 0x51 0:-1:undo 1:-1:undo -- /bin/echo inside
