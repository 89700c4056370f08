source (status dirname)/_ipcbox.fish

complete -c mqrecv -f -a '(__ipcbox_queue)'

complete -c mqrecv -s n -l count -x -d 'take N messages, not one'
complete -c mqrecv -s a -l all -d 'take all there are now; exit 1 if none'
complete -c mqrecv -s f -l follow -d 'keep going: wait for more'
complete -c mqrecv -s T -l type -x -d 'System V: 5, -5 (lowest up to 5), !5'
complete -c mqrecv -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c mqrecv -s 0 -l null -d 'records end in NUL'
complete -c mqrecv -s W -l whole -d 'nothing ends a record'
complete -c mqrecv -s N -l netstring -d 'records are netstrings (5:hello,)'
complete -c mqrecv -l stat -d 'describe the object'
complete -c mqrecv -s j -l json -d 'describe it in JSON'
complete -c mqrecv -l remove -d 'remove the object'
complete -c mqrecv -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c mqrecv -s h -l help -d 'print this help'
complete -c mqrecv -s V -l version -d 'print the version'
