#!/usr/bin/env bash
# Measures the tools, each beside what one would take instead: bench.sh DIRECTORY FILE.rows...
#
# A .rows file is a piece of this script. It calls `row` for a comparison, `fact` for a figure that
# has nothing beside it, `point` for a place on a chart. Peer and tool run in turn, peer tool peer
# tool, RUNS times after a warm-up that does not count; hyperfine times each. What counts is the
# median; ± is the half of the span in which the middle half of the runs lies. The ratio says how many
# times as fast as its peer the tool is. SCALE divides all sizes and counts.
#
# DIRECTORY gets results.json (hyperfine's form), results.md, results.scd and the charts. The exit status is 1
# where a goal is missed.
set -uo pipefail

RUNS=${RUNS:-5}
SCALE=${SCALE:-1}
BUILD=${BUILD:-$(dirname "$0")/../../build}
BUILD=$(cd "$BUILD" && pwd) || exit 1
export PATH=$BUILD/bin:$BUILD/peers:$PATH
SUMMARY=$(cd "$(dirname "$0")" && pwd)/summary.py

for command in hyperfine gnuplot python3; do
    command -v "$command" >/dev/null || {
        echo "bench.sh: $command is missing (make deps-bench installs it)" >&2
        exit 1
    }
done

output=$(mkdir -p "$1" && cd "$1" && pwd) || exit 1
shift
scratch=$(mktemp -d)
ID=bench-$$
export ID
missed=0

# Undoes what `later` noted, the last first, and forgets it.
undone=()
later() {
    undone=("$*" "${undone[@]}")
}
tidy() {
    local command
    for command in "${undone[@]}"; do eval "$command" >/dev/null 2>&1; done
    undone=()
}
trap 'tidy; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
mkdir "$scratch/runs"
results=$scratch/results
: >"$results"

# A number of bytes or rounds, divided by SCALE: `count 2G`, `count 1000`.
count() {
    local bytes
    bytes=$(numfmt --from=iec "$1") && echo $((bytes / SCALE > 0 ? bytes / SCALE : 1))
}

has() {
    command -v "$1" >/dev/null
}

summary() {
    "$SUMMARY" "$1" "$results" "${@:2}"
}

# time_once NUMBER NAME COMMAND [NAME COMMAND]: times COMMANDs, for sh, into the file NUMBER of runs.
# Each stands in a file, so that hyperfine need not guess what of a time is the shell's.
time_once() {
    local number=$1 arguments=()
    shift
    if [ -n "${PREPARE:-}" ]; then
        echo "$PREPARE" >"$scratch/prepare"
        arguments=(--prepare "sh $scratch/prepare")
    fi
    for (( ; $# > 0; )); do
        echo "$2" >"$scratch/command-$#"
        arguments+=(-n "$1" "sh $scratch/command-$#")
        shift 2
    done
    timeout 600 hyperfine --shell none --style none --runs 1 \
        --export-json "$scratch/runs/$number.json" "${arguments[@]}" >log 2>&1
}

fail() {
    summary fact "$1" "${2:--}" - "failed: $(grep -m 1 . log)"
    missed=$((missed + 1))
}

# row NAME GOAL PEER OURS: OURS has to be GOAL times as fast as PEER, both commands for sh; where GOAL
# is `-` there is none. With PREPARE=COMMAND before it that command runs, untimed, before each of them.
row() {
    local run
    rm -f "$scratch"/runs/*
    for ((run = 0; run <= RUNS; run++)); do
        time_once "$run" peer "$3" ours "$4" || {
            fail "$1" "$2"
            return
        }
    done
    rm "$scratch/runs/0.json"
    summary row "$1" "$2" "$scratch"/runs/* || missed=$((missed + 1))
}

# fact NAME GOAL COMMAND...: COMMAND prints a figure and succeeds where the goal, in words, is met.
fact() {
    local figure verdict=met
    figure=$("${@:3}") || {
        verdict=missed
        missed=$((missed + 1))
    }
    summary fact "$1" "$2" "$figure" "$verdict"
}

# A peer that is not there.
skip_row() {
    summary fact "$1" - - "skipped: $2 is missing (make deps-bench installs it)"
}

# point CHART SERIES X TIMES COMMAND: what COMMAND takes, done TIMES in a row, a place on a chart; and
# the memory that it wrote into the file kib, a line a process, of which the largest counts.
point() {
    local run kib loop="i=0; while [ \$((i += 1)) -le $4 ]; do $5; done"
    rm -f "$scratch"/runs/* kib
    for ((run = 0; run <= RUNS; run++)); do
        time_once "$run" "$2 $3" "$loop" || {
            fail "$1: $2 $3"
            return
        }
    done
    rm "$scratch/runs/0.json"
    kib=$(sort -n kib 2>/dev/null | tail -n 1)
    summary point "$1" "$2" "$3" "$4" "${kib:--}" "$scratch"/runs/*
}

processor=$(sed -n '/model name/{s/.*: //p;q}' /proc/cpuinfo)
machine="$(uname -sr), $(nproc) × ${processor:-$(uname -m)}, $(date +%F)"
echo "$machine; median of $RUNS runs"
printf '%-58s %15s %15s %7s %5s\n' work ipcbox peer ratio goal
for rows in "$@"; do
    mkdir "$scratch/${rows##*/}" && cd "$scratch/${rows##*/}" || exit 1
    # shellcheck source=/dev/null
    . "$rows"
    tidy
done
summary tables
summary json "$machine" >"$output/results.json"
summary markdown "$machine" >"$output/results.md"
summary manual "$machine" >"$output/results.scd"
summary charts "$output"
[ "$missed" -eq 0 ]
