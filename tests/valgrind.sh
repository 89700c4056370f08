#!/bin/sh
# A program under valgrind's memcheck: make check-valgrind lays it in front of PATH under the name of
# each program. WATCHED is the folder of the real ones; findings.sh sets FINDINGS.
exec valgrind -q --error-exitcode=86 --log-file="$FINDINGS/valgrind.%p" "$WATCHED/${0##*/}" "$@"
