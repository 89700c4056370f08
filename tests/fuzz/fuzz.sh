#!/usr/bin/env bash
# Runs fuzz targets, two at once, FUZZ_TIME seconds each: fuzz.sh TARGET...
#
# What they find interesting is kept in build/fuzz/corpus/TARGET and is where the next run begins.
# An input that breaks a target is kept in build/fuzz/found, and the exit status is 1: with its mend
# it becomes a file in tests/fuzz/seeds/TARGET, which fuzz.bats feeds to the target from then on.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-$PWD/build}
FUZZ_TIME=${FUZZ_TIME:-60}

# Prints a line about target $1: what it did and what it found.
fuzz_target() {
    local name=$1 folder=$BUILD/fuzz status executions
    mkdir -p "$folder/corpus/$name" "$folder/found"
    # Some targets signal, read and write descriptors; none of it shall be that of this shell.
    setsid --wait "$folder/bin/$name" -max_total_time="$FUZZ_TIME" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$folder/found/$name-" "$folder/corpus/$name" "tests/fuzz/seeds/$name" \
        >"$folder/$name.log" 2>&1 </dev/null
    status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
    if [ "$status" -eq 0 ]; then
        echo "$name: ${executions:-0} executions, nothing found"
        return
    fi
    echo "$name: ${executions:-some} executions, FOUND (status $status; all of it in $folder/$name.log):"
    grep -E 'Assertion|ERROR:|runtime error|SUMMARY|Test unit written' "$folder/$name.log" | sed 's/^/    /'
    return 1
}

export -f fuzz_target
export BUILD FUZZ_TIME
printf '%s\n' "$@" | xargs -P 2 -I {} bash -c 'fuzz_target "$1"' - {} || exit 1
