source (status dirname)/_ipcbox.fish

complete -c usockcat -f -n 'not __ipcbox_has_command' -a '(__ipcbox_socket)'
complete -c usockcat -f -n __ipcbox_has_command -a '(__ipcbox_command)'

complete -c usockcat -s l -l listen -d 'be the server, of one client'
complete -c usockcat -s k -l keep -d 'with -l: serve many clients, at once'
complete -c usockcat -l type -x -a 'stream dgram seqpacket' -d 'stream, dgram or seqpacket (server: stream; client: found)'
complete -c usockcat -l max -x -d 'COMMANDs at once, the rest wait (64)'
complete -c usockcat -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c usockcat -s n -l count -x -d 'end after N clients; dgram, or a client: N messages'
complete -c usockcat -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c usockcat -s 0 -l null -d 'records end in NUL'
complete -c usockcat -s W -l whole -d 'stdin is one record'
complete -c usockcat -s N -l netstring -d 'records are netstrings (5:hello,)'
complete -c usockcat -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c usockcat -s h -l help -d 'print this help'
complete -c usockcat -s V -l version -d 'print the version'
