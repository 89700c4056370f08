# Mapped files: a range is read whole, written in place, and a file is made with its blocks.
# shellcheck shell=bash

make='printf "0123456789" >f' big='seq 1 30000 >f'
faults -s "$make" -- mmapcat f
faults -s "$make" -w -- mmapcat -o -4 -L 2 -t 1 f
faults -s "$big" -- mmapcat f
faults -s "$big" -w -- mmapcat f
faults -r any -p 'cat f' -s "$make" -i abc -- mmapcat -w -o 3 f
faults -r any -p 'cat f' -s "$make" -i abc -w -- mmapcat -w --sync f
faults -r any -p 'cat f' -s "$big; tac f >input" -- mmapcat -w f
faults -r any -p 'cat f' -s "$big; tac f >input" -w -- mmapcat -w f
faults -r any -p 'cat f' -s "$make" -i abc -- mmapcat -w --size 20 -o 15 f
faults -x 'fstat:1:*' -p 'cat f' -i abc -- mmapcat -w -c --size 8 f
faults -s "$make; (sleep 0.03; printf more >>f) &" -S 1 -- mmapcat -f -t 0.1 f
faults -s "$make" -p 'cat f' -- shmop ./f --type u32 add 1
faults -s "$make" -- shmop ./f --type i64 get
