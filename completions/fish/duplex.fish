source (status dirname)/_ipcbox.fish

complete -c duplex -f -n 'not __ipcbox_has_command' -a '(__fish_complete_subcommand)'
complete -c duplex -f -n __ipcbox_has_command -a '(__ipcbox_command)'

complete -c duplex -l status -x -a 'first second worst failed' -d 'exit as first, second, worst, or who failed first'
complete -c duplex -l log -r -d 'write both directions there, marked > and <'
complete -c duplex -l size -x -a '(__ipcbox_size)' -d 'capacity of the pipes'
complete -c duplex -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c duplex -s h -l help -d 'print this help'
complete -c duplex -s V -l version -d 'print the version'
