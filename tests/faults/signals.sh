# Signals: sent once, to the right process, and every signal that is received is printed.
# shellcheck shell=bash

# A process that says in `input` who it is, and in `got` what it got.
wait_for_signal='sigrecv -n 1 --ready input --format "%s %v\n" USR1 TERM >got &
    until [ -s input ]; do sleep 0.005; done'
faults -p 'cat got' -s "$wait_for_signal" -- sigsend -s USR1 -
faults -p 'cat got' -s "$wait_for_signal" -- sigsend -s USR1 --value 7 -
faults -s 'sleep 100 & echo $! >input' -- sigsend -w -t 5 -
faults -s '(trap "" TERM; exec sleep 100) & echo $! >input; sleep 0.01' -- \
    sigsend -w --then 20ms:KILL -t 5 -
faults -S 1 -i 999999999 -- sigsend -
faults -- sigsend --id 1
# stdio goes on after an error, and the status tells
faults -x 'writev:*' -- sigsend --explain 1
faults -x 'writev:*' -- sigsend --list

answer='(until [ -s ready ]; do sleep 0.005; done
    exec sigsend -s USR1 --value 7 "$(cat ready)") &'
# a format that finds no memory is refused like a wrong one
faults -x 'mmap:2:*' -s "$answer" -- sigrecv -n 1 -t 5 --ready ready --format '%s %v\n' USR1
faults -S 1 -- sigrecv -t 0.01 USR1
