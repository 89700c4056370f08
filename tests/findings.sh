#!/usr/bin/env bash
# Runs a command whose programs are watched for errors: findings.sh COMMAND [ARG]...
#
# What AddressSanitizer, UndefinedBehaviorSanitizer or valgrind finds goes to a file of its own, for
# a test may throw stderr away, or expect that the tool fails. The exit status is that of the
# command, or 1 where there is a finding.
#
# Leaks are no finding: the tools let exit free the memory, and the suites bound what they use.
set -uo pipefail

FINDINGS=$(mktemp -d)
export FINDINGS
trap 'rm -rf "$FINDINGS"' EXIT
chmod 1777 "$FINDINGS" # some tests run as another user

common="log_path=$FINDINGS/sanitizer:exitcode=86"
# malloc(3) fails as it does elsewhere: that is for the tool to tell.
export ASAN_OPTIONS="$common:detect_leaks=0:allocator_may_return_null=1"
ASAN_OPTIONS+=:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS="$common:print_stacktrace=1"

"$@"
status=$?

found=0
while IFS= read -r -d '' file; do
    found=$((found + 1))
    echo "finding $found:"
    cat "$file"
done < <(find "$FINDINGS" -type f -exec grep -lZv -e '^--[0-9]*-- ' {} +) # valgrind's notes on itself
[ "$found" -eq 0 ] || exit 1
exit "$status"
