# Message queues: what is sent is there whole and in order, what is taken is written or goes back.
# shellcheck shell=bash

for queue in /q 0x51; do
    send="mqsend -c $queue one two three" empty="mqrecv -a $queue"

    faults -r prefix -p "$empty" -- mqsend -c "$queue" one two
    faults -r prefix -p "$empty" -i $'one\ntwo\nthree\n' -s "$send" -- mqsend "$queue"
    faults -r prefix -p "$empty" -i '3:one,3:two,' -w -- mqsend -cN "$queue"
    faults -r prefix -p "$empty" -i whole -- mqsend -cW -t 1 "$queue"
    # stdio goes on after an error, and the status tells
    faults -x 'writev:*' -f '/^waiting_/d; s/=[0-9]+$/=N/' -s "$send" -- mqrecv --stat "$queue"
    faults -s "$send" -- mqrecv --remove "$queue"

    faults -r kept -p "$empty" -s "$send" -- mqrecv "$queue"
    faults -r kept -p "$empty" -s "$send" -- mqrecv -n 2 "$queue"
    # what does not wait is not interrupted
    faults -x '*rec*:EINTR' -r kept -p "$empty" -s "$send" -- mqrecv -a "$queue"
    faults -x '*rec*:EINTR' -r kept -p "$empty" -s "$send" -w -- mqrecv -a "$queue"
    faults -r kept -p "$empty" -s "$send" -w -- mqrecv -t 1 -n 3 "$queue"
    faults -S 1 -s "mqsend -c $queue; mqsend $queue a; mqrecv $queue" -- mqrecv -t 0.01 "$queue"
    faults -r kept -p "$empty" -s "mqsend -c $queue; (sleep 0.03; mqsend $queue late) &" -- \
        mqrecv -t 5 "$queue"

    faults -r kept -p "$empty" -s "$send" -- mqrecv "$queue" -- /bin/sh -c 'cat; echo'
    faults -x '*rec*:EINTR' -r kept -p "$empty" -s "$send" -- mqrecv -a "$queue" -- /bin/sh -c 'cat; echo'
    faults -S 1 -r kept -u -p "$empty" -s "$send" -- mqrecv "$queue" -- /bin/false
    faults -S 1 -r kept -u -p "$empty" -s "$send" -- mqrecv --retries 1 "$queue" -- /bin/false
done

faults -x '*rec*:EINTR' -r kept -u -p 'mqrecv -a /q; mqrecv -a /d' -s 'mqsend -c /q one two; mqsend -c /d old' -- \
    mqrecv -a --dead /d /q -- /bin/false
faults -r prefix -p 'cat got' -i $'one\ntwo\nthree\n' \
    -s 'mqsend -c --maxmsg 1 /q zero; (sleep 0.03; exec mqrecv -n 4 /q >got) &' -- mqsend -t 5 /q
faults -r prefix -p 'mqrecv -a --tagged /q' -i $'5\tone\n3\ttwo\n' -- mqsend -c --tagged /q
faults -r prefix -p 'mqrecv -a --tagged 0x51' -- mqsend -c -T 4 0x51 one two
faults -r kept -p 'mqrecv -a 0x51' -s 'mqsend -c 0x51 one; mqsend -T 4 0x51 two' -- \
    mqrecv -T 4 0x51
faults -p 'mqrecv -a 0x51' -s 'mqsend -c 0x51 one two' -- mqrecv --peek -a 0x51
