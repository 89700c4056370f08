source (status dirname)/_ipcbox.fish

complete -c sigsend -f -n 'not __fish_contains_opt list' -a '(__ipcbox_pid)'
complete -c sigsend -f -n '__fish_contains_opt list' -a '(__ipcbox_signal)'

complete -c sigsend -s s -l signal -x -a '(__ipcbox_signal)' -d 'TERM, 15, RTMIN+3; 0: only test'
complete -c sigsend -l value -x -d 'an integer that goes along'
complete -c sigsend -s w -l wait -d 'wait until every process is gone'
complete -c sigsend -s t -l timeout -x -a '(__ipcbox_time)' -d 'wait at most TIME, then exit 1; 0 never waits'
complete -c sigsend -l list -d 'print number, name, default action and meaning'
complete -c sigsend -s q -l quiet -d 'no message where the answer is only no (exit 1)'
complete -c sigsend -s h -l help -d 'print this help'
complete -c sigsend -s V -l version -d 'print the version'
