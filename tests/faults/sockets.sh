# Unix sockets: bytes whole both ways, messages with their boundaries, no path left behind.
# shellcheck shell=bash

await='n=0; until [ -s ready ] || [ $((n += 1)) -gt 1000 ]; do sleep 0.005; done'
listen='usockcat -l --ready ready'
echo_server="$listen s -- /bin/cat & $await"

faults -s "$echo_server" -i $'there and back\n' -- usockcat s
faults -s "$echo_server; seq 1 30000 >input" -- usockcat s
faults -s "$echo_server; seq 1 30000 >input" -w -- usockcat -t 5 s
faults -s "$echo_server" -i $'there and back\n' -- usockcat --retry 1 --type stream s
faults -S 1 -- usockcat s

client='printf "from client" >in; usockcat --retry 5 s <in >got &'
faults -r prefix -p 'cat got' -s "$client" -i 'from server' -- usockcat -l s
faults -r prefix -p 'cat got' -s "$client" -i 'from server' -w -- usockcat -l -t 5 s
faults -r prefix -p 'cat got' -s "seq 1 30000 >in; usockcat --retry 5 s <in >got & seq 30000 -1 1 >input" \
    -- usockcat -l s
faults -r prefix -p 'cat got' -s "$client" -- usockcat -l s -- /bin/echo hello
faults -r prefix -p 'cat got' -s "$client" -m -- usockcat -l -k -n 1 s -- /bin/echo hello
faults -r prefix -p 'cat got' -s "$client" -i $'to all\n' -- usockcat -l -k -n 1 s
faults -r prefix -p 'cat got' -s "$client" -- \
    usockcat -l --allow any --ready ready s -- /bin/echo hello
faults -r prefix -p 'cat got' -s "usockcat --retry 5 @faults </dev/null >got &" -i 'abstract' -- \
    usockcat -l @faults
# EAGAIN of connect(2) would mean that a server is there, with many clients waiting.
dead="$listen s -- /bin/true & $await; rm ready; { kill -KILL \$!; wait; } 2>/dev/null"
faults -x 'connect:1:EAGAIN' -s "$dead; $client" -i 'from server' -- usockcat -l s

for type in dgram seqpacket; do
    server="$listen -n 2 --type $type s >got </dev/null & $await"
    [ "$type" = dgram ] || server="$listen --type $type s >got </dev/null & $await"
    faults -r prefix -p 'cat got' -s "$server" -i $'one\ntwo\n' -- usockcat --type "$type" -t 1 s
done
faults -s "sockpeer echo seqpacket s & ${await/-s ready/-S s}" -i $'one\ntwo\n' -- usockcat -n 2 s
send="printf 'one\ntwo\n' | usockcat --retry 5"
faults -s "($send --type dgram -t 0.2 s) &" -- usockcat -l --type dgram -n 2 s
faults -s "($send --type seqpacket s) &" -- usockcat -l --type seqpacket s

# A descriptor that is asked for its flags is open or not.
faults -x 'fcntl:1:E*' -s "$listen --recv-fd s -- /bin/sh -c 'cat <&3; cat' >got & $await" -i body -- \
    usockcat --send-fd 0 s
faults -s "echo passed >x; usockcat --retry 5 --send-fd 3 s 3<x &" -- \
    usockcat -l --recv-fd s -- /bin/sh -c 'cat <&3'
