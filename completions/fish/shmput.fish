source (status dirname)/_ipcbox.fish

complete -c shmput -f -a '(__ipcbox_segment)'

complete -c shmput -s c -l create -d 'create also for -o, or as private'
complete -c shmput -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c shmput -s a -l atomic -d 'readers see the old content or the new'
complete -c shmput -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c shmput -s o -l offset -x -a '(__ipcbox_size)' -d 'write from this byte on, keep the rest'
complete -c shmput -l size -x -a '(__ipcbox_size)' -d 'size of an object that is created'
complete -c shmput -l resize -d 'System V: another size makes the segment anew'
complete -c shmput -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c shmput -s P -l progress -d 'show on stderr how far it is'
complete -c shmput -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c shmput -s h -l help -d 'print this help'
complete -c shmput -s V -l version -d 'print the version'
