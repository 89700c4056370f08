source (status dirname)/_ipcbox.fish

complete -c mmapcat -s w -l write -d 'write stdin into the file'
complete -c mmapcat -s c -l create -d 'create the object if it does not exist'
complete -c mmapcat -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c mmapcat -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c mmapcat -l size -x -a '(__ipcbox_size)' -d 'make the file this long if it is shorter'
complete -c mmapcat -s o -l offset -x -a '(__ipcbox_size)' -d 'begin at this byte'
complete -c mmapcat -s L -l length -x -a '(__ipcbox_size)' -d 'this many bytes, not all'
complete -c mmapcat -l sync -d 'return when the data is on disk'
complete -c mmapcat -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c mmapcat -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c mmapcat -s h -l help -d 'print this help'
complete -c mmapcat -s V -l version -d 'print the version'
