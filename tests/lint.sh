#!/usr/bin/env bash
# Checks all that a program can judge about the tree in the current folder:
# lint.sh [--only CHECK]... [COMPILER-FLAG]...
#
# A check is a function that prints its findings, `file: what`, one a line. All checks run, or those
# that --only names. The exit status is 1 if there was a finding. No tool is named here: the files in
# cmd/ are the tools. BUILD is the folder that holds the built tools; `make lint` sets it and gives
# the flags.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$PWD/build}

checks=(
    c_is_formatted c_is_tidy c_passes_cppcheck shell_is_formatted shell_passes_shellcheck
    includes_name_their_folder calls_go_down tools_use_one_room modules_have_no_circle
    base_names_are_unique library_leaves_the_end_to_tools map_is_complete
    words_are_plain no_option_is_promised
    tools_have_their_files files_have_their_tool pages_are_clean pages_name_the_options
    pages_have_the_usage pages_name_the_rules completions_have_their_sentences
    completions_know_the_values
)

only=()
while [ "${1-}" = --only ]; do
    [[ " ${checks[*]} " == *" ${2-} "* ]] || {
        echo "lint.sh: there is no check ${2-}; the checks are: ${checks[*]}" >&2
        exit 2
    }
    only+=("$2")
    shift 2
done
flags=("$@")

# The words of $1, one a line, that are not lines of $2.
missing_from() {
    comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed '/^$/d'
}

# All files of the tree, each ended by NUL; those of a tarball too.
tree_files() {
    if [ -e .git ]; then
        git ls-files -z -co --exclude-standard
    else
        find . -name 'build*' -prune -o -type f -printf '%P\0'
    fi
}

# ---- C

mapfile -t c_files < <(find cmd common tests -name '*.[ch]' | sort)

c_is_formatted() {
    local file
    for file in "${c_files[@]}"; do
        clang-format --dry-run -Werror "$file" 2>/dev/null ||
            echo "$file: clang-format -i would change it"
    done
}

# One file at a time: given several, clang-tidy 14 takes every va_list but the first for
# uninitialized.
tidy_file() {
    local file=$1 output
    shift
    output=$(clang-tidy --quiet "$file" -- "$@" 2>/dev/null) && return
    sed -nE "s|^$PWD/||; s/,-warnings-as-errors\]$/]/; s/^([^ ]*): (error|warning): /\1: /p" \
        <<<"$output" | grep . || echo "$file: clang-tidy failed"
}

c_is_tidy() {
    export -f tidy_file
    find cmd common -name '*.c' -print0 | sort -z |
        xargs -0 -P "$(nproc)" -I {} bash -c 'tidy_file "$@"' - {} "${flags[@]}" | sort -u
}

# cppcheck 2.10 does not know _Noreturn and -iquote, and takes what may be NULL from realloc for
# lost.
c_passes_cppcheck() {
    local flag
    local -a macros=('-D_Noreturn=__attribute__((noreturn))' -I common)
    for flag in "${flags[@]}"; do [[ $flag == -[DI]* ]] && macros+=("$flag"); done
    cppcheck --quiet -j "$(nproc)" --enable=warning,performance,portability --inline-suppr \
        --suppress=memleak --suppress=normalCheckLevelMaxBranches --error-exitcode=1 \
        --template='{file}: line {line}: {message} [{id}]' "${macros[@]}" cmd common 2>&1 || true
}

# ---- shell

mapfile -t shell_files < <(find tests .ci/run -type f \
    \( -name '*.sh' -o -name '*.bash' -o -path .ci/run \) | sort)
mapfile -t row_files < <(find tests/bench -name '*.rows' | sort)
mapfile -t bats_files < <(find tests -name '*.bats' | sort)
completion_files=(completions/bash/*)

shell_is_formatted() {
    {
        shfmt -i 4 -l "${shell_files[@]}"
        shfmt -i 4 -ln bash -l "${row_files[@]}" "${completion_files[@]}"
        shfmt -i 4 -ln bats -l "${bats_files[@]}"
    } 2>&1 | sed 's/$/: shfmt -i 4 would change it/'
}

shell_passes_shellcheck() {
    {
        shellcheck -f gcc "${shell_files[@]}" "${bats_files[@]}"
        shellcheck -s bash -f gcc "${row_files[@]}" "${completion_files[@]}"
    } | sed 's/: /: line /; s/^\([^:]*\):\([0-9]*\):[0-9]*: line /\1: line \2: /'
}

# ---- floors and rooms (common/README.md)

# The includes of ours, one a line: the file, a blank and the included file.
our_includes() {
    grep -HE '^ *# *include "' cmd/*.c common/*/*.[ch] | sed -E 's/^([^:]*):[^"]*"([^"]*)".*/\1 \2/'
}

# For awk: the room of a path below cmd/ or common/, and the floor of a room.
rooms='function room(path) { sub("^common/", "", path); sub("/.*", "", path); return path }
    function floor(of) {
        return of == "cli" ? 1 : of == "sys" ? 2 : of == "stream" ? 3 : of == "cmd" ? 5 : 4
    }'

includes_name_their_folder() {
    local file included
    our_includes | while read -r file included; do
        [[ $included == */* && -e common/$included ]] ||
            echo "$file: $included is not the folder and the file of a header in common/"
    done
}

calls_go_down() {
    our_includes | awk "$rooms"' {
        from = room($1); to = room($2)
        if ($2 !~ /\//)
            next
        if (from != to && floor(from) <= floor(to))
            print $1 ": " $2 " is not on a lower floor"
        else if (from != to && $2 ~ /_internal\.h$/)
            print $1 ": " $2 " is for its own folder alone" }'
}

tools_use_one_room() {
    our_includes | awk "$rooms"' $1 ~ /^cmd\// && $2 ~ /\// && floor(room($2)) == 4 {
        if (first[$1] && first[$1] != room($2))
            print $1 ": " $2 " is of a second room of floor 4, beside " first[$1]
        else
            first[$1] = room($2) }'
}

# A .c, its .h and its _internal.h are one module. tsort names the modules of each circle, one a line.
modules_have_no_circle() {
    our_includes | sed -E 's/(_internal)?\.[ch]\>//g; s|^common/||' | awk '$1 != $2' |
        LC_ALL=C tsort 2>&1 >/dev/null | awk '/contains a loop/ {if (text) print text; text = "common/: a circle of includes:"; next}
            {text = text " " $2} END {if (text) print text}'
}

base_names_are_unique() {
    printf '%s\n' cmd/*.c common/*/*.[ch] | sed 's/\.[ch]$//' | sort -u | awk -F / '
        seen[$NF] {print $0 ".[ch]: has the name of " seen[$NF]} {seen[$NF] = $0}'
}

# Library code prints nothing, does not know exit statuses, and leaves the sandbox and the meter to
# the tools. Comments do not count.
library_leaves_the_end_to_tools() {
    awk 'FNR == 1 {
            is_comment = 0
            may_end = FILENAME ~ /^common\/(cli\/.*|sys\/(exec|program)\.[ch])$/
            words = "sandbox_enter|progress_(start|end)" (may_end ? "" : "|diag_(die|note|fail)|exit")
            if (FILENAME ~ /\/(sandbox|progress)\.[ch]$/) words = "diag_(die|note|fail)"
        }
        {
            code = ""
            for (rest = $0; rest != ""; is_comment = !is_comment) {
                at = index(rest, is_comment ? "*/" : "/*")
                if (!is_comment) code = code (at ? substr(rest, 1, at - 1) : rest)
                if (!at) break
                rest = substr(rest, at + 2)
            }
            if (match(code, "(^|[^_[:alnum:]])(" words ") *\\(")) {
                call = substr(code, RSTART, RLENGTH)
                gsub(/[^_[:alnum:]]/, "", call)
                print FILENAME ": line " FNR ": calls " call
            } else if (!may_end && code ~ /include "cli\/exit\.h"/)
                print FILENAME ": line " FNR ": includes cli/exit.h"
        }' common/*/*.[ch]
}

# A heading of the map is `## ROOM`, a line of it - `MODULE`: what it is.
map_is_complete() {
    local map=common/README.md named there
    [ -e "$map" ] || { echo "$map: is missing" && return; }
    named=$(awk '/^## / {room = $2}
        /^- `[^`]*`: ./ {split($0, part, "`"); print room "/" part[2]}' "$map")
    there=$(printf '%s\n' common/*/*.[ch] | sed -E 's/^common.|(_internal)?\.[ch]$//g')
    missing_from "$there" "$named" | sed "s|.*|$map: lacks &|"
    missing_from "$named" "$there" | sed "s|.*|$map: there is no &|"
    sort <<<"$named" | uniq -d | sed "s|.*|$map: names & twice|"
    awk "$rooms"' /^## / {
        if (floor($2) < last)
            print FILENAME ": " $2 " is on a lower floor than the room above it"
        last = floor($2) }' "$map"
}

# ---- words

words_are_plain() {
    tree_files | grep -zv '^tests/lint\.' |
        grep -zE '\.([ch]|sh|bash|bats|rows|py|awk|fish|scd|md)$|^(Makefile|\.ci/run|completions/.*)$' |
        xargs -0 awk -f "$here/words.awk"
}

# An option is there, or nobody speaks of it.
no_option_is_promised() {
    local option='(^|[^[:alnum:]-])--?[[:alnum:]][[:alnum:]-]*\>'
    local promise='\b(not yet|planned|upcoming|not (built|implemented)|TODO|FIXME)\b'
    promise+='|\bin a (later|future) (version|release)\b|\bfuture (option|work)\b'
    tree_files | grep -zv '^tests/lint\.' | xargs -0 grep -HsinE "$option.*($promise)" |
        sed -E 's/^([^:]*):([0-9]*):.*/\1: line \2: names an option as future work/'
}

# ---- tools, pages and completions

mapfile -t tools < <(cd cmd && printf '%s\n' *.c | sed 's/\.c$//')

# What the tool $1 prints as its options: each form on a line.
options_of() {
    "$BUILD/bin/$1" --help | sed -nE '
        s/^  (-[[:alnum:]]), (--[[:alnum:]-]+) .*/\1\n\2/p
        s/^      (--[[:alnum:]-]+) .*/\1/p'
}

# The options that page $1 sets in bold, or with $2 only those that have an entry of their own.
options_of_page() {
    sed -n "${2:+/^# OPTIONS/,/^# EXIT/{/^\*-/p\};d;}p" "$1" |
        grep -oE '\*-([[:alpha:]0]|-[[:alpha:]-]+)[* =]' | tr -d '* ='
}

tools_have_their_files() {
    local tool file
    for tool in "${tools[@]}"; do
        for file in "man/$tool.1.scd" "tests/$tool.bats"; do
            [ -s "$file" ] || echo "cmd/$tool.c: has no $file"
        done
        [ -x "$BUILD/bin/$tool" ] || echo "cmd/$tool.c: is not built"
    done
}

files_have_their_tool() {
    local file name
    for file in man/*.1.scd; do
        name=${file##*/}
        [ -e "cmd/${name%%.*}.c" ] || echo "$file: there is no cmd/${name%%.*}.c"
    done
}

# Runs "$@" TOOL PAGE for each tool that is built and has a page.
for_each_page() {
    local tool
    for tool in "${tools[@]}"; do
        [ ! -x "$BUILD/bin/$tool" ] || [ ! -e "man/$tool.1.scd" ] || "$@" "$tool" "man/$tool.1.scd"
    done
}

compare_options() {
    local options
    options=$(options_of "$1")
    missing_from "$options" "$(options_of_page "$2" entries)" | sed "s|.*|$2: OPTIONS lacks &|"
    missing_from "$(options_of_page "$2")" "$options" | sed "s|.*|$2: $1 has no option &|"
}

compare_usage() {
    local usage synopsis
    usage=$("$BUILD/bin/$1" --help | sed '/^$/,$d; s/^usage: //; s/^ *//')
    synopsis=$(sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/{/^#/d; /^$/d; s/++$//; s/[*\\]//g; p}' "$2")
    [ "$usage" = "$synopsis" ] || echo "$2: the synopsis is not the usage that --help prints"
}

pages_name_the_options() { for_each_page compare_options; }
pages_have_the_usage() { for_each_page compare_usage; }

# What a rule of the tool needs or excludes stands in the page.
pages_name_the_rules() {
    "$here/rules.py" pages "$BUILD/bin"
}

pages_are_clean() {
    local page text
    text=$(mktemp)
    for page in man/*.scd; do
        scdoc <"$page" 2>&1 >"$text" | sed "s|^|$page: scdoc: |"
        command -v groff >/dev/null || continue
        # groff 1.23 also warns of a short cell, and of a table that it then fits into the line.
        groff -t -man -Tutf8 -ww -W break -z "$text" 2>&1 | grep -v 'table wider than line length' |
            sed "s|^[^:]*:[^:]*:|$page: groff:|"
    done
    rm -f "$text"
}

# The first sentence about an option is what the completions say of it.
completions_have_their_sentences() {
    local page
    for page in man/*.1.scd; do
        awk -v shell=sentences -f completions/generate.awk completions/values "$page" |
            awk -F '\t' -v page="$page" '
                $2 == "" {print page ": " $1 ": has no text"}
                length($2) > 72 {
                    print page ": " $1 ": its first sentence has " length($2) " characters, not 72 at most"
                }'
    done
}

# Each line of the table of values is about something that a page names, and every shell knows how to
# find its objects.
completions_know_the_values() {
    local word tool kinds kind shell table=completions/values
    local -A helpers=([bash]=completions/bash/_ipcbox [zsh]=completions/zsh/_ipcbox
        [fish]=completions/fish/_ipcbox.fish)
    while read -r word tool kinds; do
        [[ $word != '#'* && -n $kinds ]] || continue
        # shellcheck disable=SC2086 # TOOL may be *
        sed -n '/^# SYNOPSIS/,/^# EXIT/s/[_*]//gp' man/$tool.1.scd 2>/dev/null |
            grep -E "(^|[^[:upper:]])$word([^[:upper:]]|\$)" >/dev/null ||
            echo "$table: no page of $tool names $word"
        kind=${kinds#@}
        [[ $kinds == @* && $kind != @(file|verb) ]] || continue
        for shell in "${!helpers[@]}"; do
            grep -qE "^(_ipcbox_$kind\(\)|$kind\)|function __ipcbox_$kind\$)" "${helpers[$shell]}" ||
                echo "${helpers[$shell]}: has no $kind, which $table names"
        done
    done <"$table"
}

programs=(clang-format clang-tidy cppcheck shellcheck shfmt scdoc python3)
for program in "${programs[@]}"; do
    [ "${#only[@]}" -eq 0 ] || break
    command -v "$program" >/dev/null && continue
    echo "lint.sh: $program is missing (make deps deps-lint installs it)" >&2
    exit 1
done

[ "${#only[@]}" -eq 0 ] || checks=("${only[@]}")
findings=0
for check in "${checks[@]}"; do
    found=$("$check")
    [ -n "$found" ] || continue
    printf '%s\n' "$found"
    findings=$((findings + $(wc -l <<<"$found")))
done

echo "lint: ${#checks[@]} check(s), $findings finding(s)"
[ "$findings" -eq 0 ]
