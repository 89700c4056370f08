source (status dirname)/_ipcbox.fish

complete -c mqsend -f -a '(__ipcbox_queue)'

complete -c mqsend -s c -l create -d 'create the object if it does not exist'
complete -c mqsend -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c mqsend -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c mqsend -l maxmsg -x -d 'messages the new queue holds'
complete -c mqsend -l msgsize -x -a '(__ipcbox_size)' -d 'largest message of the new queue'
complete -c mqsend -s p -l priority -x -d 'POSIX: 0 to 32767, highest first'
complete -c mqsend -s T -l type -x -d 'System V: 1 or more'
complete -c mqsend -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c mqsend -s 0 -l null -d 'records end in NUL'
complete -c mqsend -s W -l whole -d 'stdin is one record'
complete -c mqsend -s N -l netstring -d 'records are netstrings (5:hello,)'
complete -c mqsend -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c mqsend -s h -l help -d 'print this help'
complete -c mqsend -s V -l version -d 'print the version'
