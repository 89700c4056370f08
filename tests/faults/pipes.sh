# Pipes: every byte once and in order, records whole.
# shellcheck shell=bash

reader='mkfifo f; cat f >got &'
asked='fcntl:*:EINTR' # a question for flags waits for nothing
faults -s 'mkfifo f; seq 1 30000 >f 2>/dev/null &' -- fifocat f
faults -s 'mkfifo f; seq 1 30000 >f 2>/dev/null &' -w -- fifocat -t 5 f
faults -s '(until [ -p f ]; do sleep 0.005; done; echo line >f) &' -- fifocat -c f
faults -x "$asked" -r prefix -p 'cat got' -s "$reader seq 1 30000 >input" -- fifocat -w f
faults -x "$asked" -r prefix -p 'cat got' -s "$reader seq 1 30000 >input" -w -- fifocat -w -t 5 f
faults -r prefix -p 'cat got' -s "$reader" -i $'one\ntwo\n' -- fifocat -w --records f
faults -r prefix -p 'cat got' -s "$reader" -i '3:one,3:two,' -w -- fifocat -w --records -N f
faults -r prefix -p 'cat got' -s "$reader" -i $'one\ntwo\n' -- fifocat -w --records --full drop f
faults -S 1 -s 'mkfifo f' -- fifocat -t 0.01 f
faults -s 'mkfifo a b; cat <a >b &' -i $'there and back\n' -- fifocat -r b -w -t 5 a

faults -- duplex /bin/true -- /bin/cat
faults -r any -s ': >log' -f 's/^>[+ ]//' -p 'cat got; tr -d "\n+> " <log' -- \
    duplex --log log /bin/echo hello -- /bin/sh -c 'cat >got'
faults -- duplex --size 65536 --status worst /bin/true -- /bin/true
