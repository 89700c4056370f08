source (status dirname)/_ipcbox.fish

complete -c shmop -f -a '(__ipcbox_segment)'
complete -c shmop -f -a 'get set add sub max min or and swap cas wait wake'

complete -c shmop -s c -l create -d 'create the object if it does not exist'
complete -c shmop -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c shmop -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c shmop -s o -l offset -x -a '(__ipcbox_size)' -d 'begin at this byte'
complete -c shmop -l size -x -a '(__ipcbox_size)' -d 'size of an object that is created'
complete -c shmop -l type -x -a 'u32 i32 u64 i64' -d 'u32, i32, u64 or i64 (i64)'
complete -c shmop -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c shmop -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c shmop -s h -l help -d 'print this help'
complete -c shmop -s V -l version -d 'print the version'
