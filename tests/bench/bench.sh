#!/usr/bin/env bash
# Measures the tools, each beside what one would take instead: bench.sh FILE.rows...
#
# A .rows file is a piece of this script. It calls `row` for a comparison and `fact` for a figure that
# has nothing beside it. Peer and tool run in turn, peer tool peer tool, RUNS times after a warm-up
# that does not count; hyperfine times each. What counts is the median; ± is the half of the span in
# which the middle half of the runs lies. The ratio says how many times as fast as its peer the tool
# is. SCALE divides all sizes and counts. The exit status is 1 where a goal is missed.
set -uo pipefail

RUNS=${RUNS:-5}
SCALE=${SCALE:-1}
BUILD=${BUILD:-$(dirname "$0")/../../build}
BUILD=$(cd "$BUILD" && pwd) || exit 1
export PATH=$BUILD/bin:$BUILD/peers:$PATH

command -v hyperfine >/dev/null || {
    echo "bench.sh: hyperfine is missing (make deps-bench installs it)" >&2
    exit 1
}

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
cd "$scratch" || exit 1

# A number of bytes or rounds, divided by SCALE: `count 2G`, `count 1000`.
count() {
    local bytes
    bytes=$(numfmt --from=iec "$1") && echo $((bytes / SCALE > 0 ? bytes / SCALE : 1))
}

has() {
    command -v "$1" >/dev/null
}

print_row() {
    printf '%-50s %16s %16s %8s %8s  %s\n' "$@"
}

# Median of column $1 of the file $2, and the half of the middle half's span.
median_of() {
    cut -d' ' -f"$1" "$2" | sort -g | awk '
        {x[NR] = $1}
        function at(part, place, low) {
            place = 1 + (NR - 1) * part
            low = int(place)
            return low >= NR ? x[NR] : x[low] + (place - low) * (x[low + 1] - x[low])
        }
        END {print at(0.5), (at(0.75) - at(0.25)) / 2}'
}

in_words() {
    awk -v time="$1" -v span="$2" 'BEGIN {
        factor = time < 0.1 ? 1000 : 1
        printf "%.3g %s ±%.0f %%", time * factor, factor == 1 ? "s" : "ms", time ? 100 * span / time : 0}'
}

# One run of peer and tool; adds their times, on a line, to the file times.
run_once() {
    hyperfine --style none --runs 1 --export-csv times.csv \
        ${PREPARE:+--prepare "$PREPARE"} -n peer "$1" -n ours "$2" >log 2>&1 || return
    awk -F, '$1 == "peer" {peer = $2} $1 == "ours" {ours = $2} END {print peer, ours}' times.csv
}

# row NAME GOAL PEER OURS: OURS has to be GOAL times as fast as PEER, both commands for sh; where GOAL
# is `-` there is none. With PREPARE=COMMAND before it that command runs, untimed, before each of them.
row() {
    local name=$1 goal=$2 peer=$3 ours=$4 run peer_time peer_span our_time our_span
    : >times
    for ((run = 0; run <= RUNS; run++)); do
        run_once "$peer" "$ours" >line || {
            print_row "$name" - - - "$goal" "failed: $(grep -m 1 . log)"
            missed=$((missed + 1))
            return
        }
        [ "$run" -eq 0 ] || cat line >>times
    done
    read -r peer_time peer_span < <(median_of 1 times)
    read -r our_time our_span < <(median_of 2 times)
    local ratio verdict=met
    ratio=$(awk -v a="$peer_time" -v b="$our_time" 'BEGIN {printf "%.2f", a / b}')
    if [ "$goal" = - ]; then
        verdict=''
    elif awk -v a="$ratio" -v b="$goal" 'BEGIN {exit !(a < b)}'; then
        verdict=missed
        missed=$((missed + 1))
    fi
    print_row "$name" "$(in_words "$our_time" "$our_span")" "$(in_words "$peer_time" "$peer_span")" \
        "$ratio" "$goal" "$verdict"
}

# fact NAME GOAL COMMAND...: COMMAND prints a figure and succeeds where the goal, in words, is met.
fact() {
    local name=$1 goal=$2 figure verdict=met
    shift 2
    figure=$("$@") || {
        verdict=missed
        missed=$((missed + 1))
    }
    print_row "$name" "$figure" - - "$goal" "$verdict"
}

# A peer that is not there.
skip_row() {
    print_row "$1" - - - - "skipped: $2 is missing (make deps-bench installs it)"
}

processor=$(sed -n '/model name/{s/.*: //p;q}' /proc/cpuinfo)
echo "$(uname -sr), $(nproc) × ${processor:-$(uname -m)}, $(date +%F); median of $RUNS runs"
print_row 'work' ipcbox peer ratio goal ''
for rows in "$@"; do
    # shellcheck source=/dev/null
    . "$rows"
    tidy
done
[ "$missed" -eq 0 ]
