source (status dirname)/_ipcbox.fish

complete -c fifocat -f -a '(__ipcbox_fifo)'

complete -c fifocat -s w -l write -d 'write stdin to the FIFO'
complete -c fifocat -s r -l read -x -a '(__ipcbox_fifo)' -d 'both ways: read the FIFO IN'
complete -c fifocat -s k -l keep -d 'stay while the other side comes and goes'
complete -c fifocat -s c -l create -d 'create the object if it does not exist'
complete -c fifocat -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c fifocat -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c fifocat -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c fifocat -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c fifocat -s h -l help -d 'print this help'
complete -c fifocat -s V -l version -d 'print the version'
