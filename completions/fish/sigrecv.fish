source (status dirname)/_ipcbox.fish

complete -c sigrecv -f -a '(__ipcbox_signal)'

complete -c sigrecv -s n -l count -x -d 'end after N signals'
complete -c sigrecv -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c sigrecv -l ready -r -F -d 'write PID:INODE to it, a file, FIFO or fd:N, once all is set'
complete -c sigrecv -l format -x -d 'print FMT for each, instead of a line'
complete -c sigrecv -s j -l json -d 'describe it in JSON'
complete -c sigrecv -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c sigrecv -s h -l help -d 'print this help'
complete -c sigrecv -s V -l version -d 'print the version'
