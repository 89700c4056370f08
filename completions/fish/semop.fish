source (status dirname)/_ipcbox.fish

set -l verbs create run wait try post zero get set ops stat remove
complete -c semop -f -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c semop -f -n "__fish_seen_subcommand_from $verbs; and not __ipcbox_has_command" \
    -a '(__ipcbox_semaphore)'
complete -c semop -f -n __ipcbox_has_command -a '(__ipcbox_command)'

complete -c semop -s c -l create -x -d 'run: create the semaphore with VALUE if there is none'
complete -c semop -s x -l exclusive -d 'with create: if it exists, exit 1'
complete -c semop -s m -l mode -x -a '(__ipcbox_mode)' -d 'octal permissions (0600)'
complete -c semop -l nsems -x -d 'System V: create a set of N semaphores'
complete -c semop -s i -l index -x -d 'System V: number N of the set, from 0'
complete -c semop -s b -l by -x -d 'System V: take or give N at once'
complete -c semop -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c semop -s E -l exit-code -x -d 'the status where it was not to be had in time'
complete -c semop -s j -l json -d 'describe it in JSON'
complete -c semop -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c semop -s h -l help -d 'print this help'
complete -c semop -s V -l version -d 'print the version'
