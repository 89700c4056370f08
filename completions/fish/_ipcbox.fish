# What the fish completions of all ipcbox tools share: __ipcbox_KIND prints the objects of that kind
# that live at the moment, one a line.

# The files of folder $argv[1] whose names begin with $argv[2], as POSIX names without that
# beginning.
function __ipcbox_posix
    for file in $argv[1]/*
        test -f $file
        and string match -q -- "$argv[1]/$argv[2]*" $file
        and string replace -- "$argv[1]/$argv[2]" / $file
    end
end

# Keys and identifiers of the System V objects in /proc/sysvipc/$argv[1], whose keys are signed.
function __ipcbox_sysv
    awk 'FNR > 1 && $1 != 0 {printf "0x%08x\n", $1 < 0 ? $1 + 4294967296 : $1}
        FNR > 1 {print "id:" $2}' /proc/sysvipc/$argv[1] 2>/dev/null
end

function __ipcbox_queue
    __ipcbox_posix /dev/mqueue ''
    __ipcbox_sysv msg
end

function __ipcbox_segment
    __ipcbox_posix /dev/shm '' | string match -v '/sem.*'
    __ipcbox_sysv shm
end

function __ipcbox_semaphore
    __ipcbox_posix /dev/shm sem.
    __ipcbox_sysv sem
end

# Signals that a program may use: the C library keeps 32 and 33 for itself.
function __ipcbox_signal
    sigsend --list 2>/dev/null | awk '$1 != 32 && $1 != 33 {print $2 "\t" substr($0, 26)}'
end

# Users and groups that a server may let in.
function __ipcbox_allowed
    printf '%s\n' any uid: gid: user:(__fish_complete_users) group:(__fish_complete_groups)
end

function __ipcbox_pid
    __fish_complete_pids
end

# Files that $argv, a call of test, is true of, and folders.
function __ipcbox_files
    for path in (__fish_complete_path (commandline -ct) | string split -f 1 \t)
        test $argv $path -o -d $path
        and echo $path
    end
end

function __ipcbox_fifo
    __ipcbox_files -p
end

# Abstract sockets that somebody can connect to (flag 00010000 is a listening one, type 0002 takes
# datagrams), and paths.
function __ipcbox_socket
    awk '$8 ~ /^@/ && ($4 == "00010000" || $5 == "0002") {print $8}' /proc/net/unix 2>/dev/null
    __ipcbox_files -S
end

# Whether the words before the cursor end the options with `--`.
function __ipcbox_has_command
    contains -- -- (commandline -opc)
end

# What the command after `--` would be completed with.
function __ipcbox_command
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- -- $words)
    complete -C (string join ' ' -- $words[(math $at + 1)..-1])
end
