source (status dirname)/_ipcbox.fish

complete -c shmget -f -a '(__ipcbox_segment)'

complete -c shmget -s o -l offset -x -a '(__ipcbox_size)' -d 'begin at this byte'
complete -c shmget -s L -l length -x -a '(__ipcbox_size)' -d 'this many bytes, not all'
complete -c shmget -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c shmget -l stat -d 'describe the object'
complete -c shmget -s j -l json -d 'describe it in JSON'
complete -c shmget -l remove -d 'remove the object'
complete -c shmget -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c shmget -s h -l help -d 'print this help'
complete -c shmget -s V -l version -d 'print the version'
