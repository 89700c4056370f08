#!/bin/sh
# A program under valgrind's memcheck: make check-valgrind lays it in front of PATH under the name of
# each program. WATCHED is the folder of the real ones; findings.sh sets FINDINGS.
#
# A program that cannot do without pidfd_open(2), which valgrind 3.19 does not know, runs as it is.
program=$WATCHED/${0##*/}
! grep -q -e target_read -e guardian_start "$program" || exec "$program" "$@"
exec valgrind -q --error-exitcode=86 --log-file="$FINDINGS/valgrind.%p" "$program" "$@"
