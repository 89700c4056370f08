#!/usr/bin/env bash
# Everything about the repository that a program can judge: lint.sh COMPILER-FLAG...
#
# A check is a function that prints its findings, `file: what`, a line each. All checks run; the
# exit status is 1 if there was a finding. No tool is named here: the files in cmd/ are the tools.
# BUILD is the folder with everything built; `make lint` sets it and gives the flags.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-$PWD/build}
flags=("$@")
checks=0 findings=0

for program in clang-format clang-tidy cppcheck shellcheck shfmt scdoc; do
    command -v "$program" >/dev/null && continue
    echo "lint.sh: $program is missing (make deps deps-lint installs it)" >&2
    exit 1
done

# Runs the check "$@" and counts what it finds.
check() {
    local found
    found=$("$@")
    checks=$((checks + 1))
    [ -n "$found" ] || return 0
    printf '%s\n' "$found"
    findings=$((findings + $(wc -l <<<"$found")))
}

# The words of $1, a line each, that are not lines of $2.
missing_from() {
    comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | sed '/^$/d'
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

# One file each: with several, clang-tidy 14 takes every va_list but the first for uninitialized.
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

# cppcheck 2.10 does not know _Noreturn, and takes what may be NULL from realloc for lost.
c_passes_cppcheck() {
    local flag
    local -a macros=('-D_Noreturn=__attribute__((noreturn))')
    for flag in "${flags[@]}"; do [[ $flag == -[DI]* ]] && macros+=("$flag"); done
    cppcheck --quiet -j "$(nproc)" --enable=warning,performance,portability --inline-suppr \
        --suppress=memleak --error-exitcode=1 \
        --template='{file}: line {line}: {message} [{id}]' "${macros[@]}" cmd common 2>&1 || true
}

# ---- shell

mapfile -t shell_files < <(find tests .ci/run -type f \
    \( -name '*.sh' -o -name '*.bash' -o -path .ci/run \) | sort)
mapfile -t row_files < <(find tests/bench -name '*.rows' | sort)
mapfile -t bats_files < <(find tests -name '*.bats' | sort)
mapfile -t completion_files < <(find completions/bash -type f | sort)

shell_is_formatted() {
    {
        shfmt -i 4 -l "${shell_files[@]}"
        shfmt -i 4 -ln bash -l "${row_files[@]}"
        shfmt -i 4 -ln bats -l "${bats_files[@]}"
        [ "${#completion_files[@]}" -eq 0 ] || shfmt -i 4 -ln bash -l "${completion_files[@]}"
    } 2>&1 | sed 's/$/: shfmt -i 4 would change it/'
}

shell_passes_shellcheck() {
    {
        shellcheck -f gcc "${shell_files[@]}" "${bats_files[@]}"
        shellcheck -s bash -f gcc "${row_files[@]}"
        [ "${#completion_files[@]}" -eq 0 ] || shellcheck -s bash -f gcc "${completion_files[@]}"
    } | sed 's/: /: line /; s/^\([^:]*\):\([0-9]*\):[0-9]*: line /\1: line \2: /'
}

# ---- tools, pages and completions

mapfile -t tools < <(cd cmd && printf '%s\n' *.c | sed 's/\.c$//')

completion_of() {
    case $1 in
    bash) echo "completions/bash/$2" ;;
    zsh) echo "completions/zsh/_$2" ;;
    fish) echo "completions/fish/$2.fish" ;;
    esac
}

# What the tool $1 says of itself: its options, each form a line.
options_of() {
    "$BUILD/bin/$1" --help | sed -nE '
        s/^  (-[[:alnum:]]), (--[[:alnum:]-]+) .*/\1\n\2/p
        s/^      (--[[:alnum:]-]+) .*/\1/p'
}

# The options of tool $1 with their help: `--name`, a tab, the text.
help_of() {
    "$BUILD/bin/$1" --help |
        sed -nE 's/^  (-[[:alnum:]],|   ) (--[[:alnum:]-]+)( [[:upper:]]+)? +(.*)/\2\t\4/p'
}

# The options that page $1 sets in bold, a form a line.
options_of_page() {
    grep -oE '\*-([[:alpha:]0]|-[[:alpha:]-]+)[* =]' "$1" | tr -d '* ='
}

# The options that the completion of tool $2 for shell $1 knows. That of bash is asked as TAB does.
options_of_completion() {
    local file
    file=$(completion_of "$1" "$2")
    case $1 in
    bash)
        # shellcheck disable=SC2016
        bash -c '. "$1" && COMP_WORDS=("$2" -) COMP_CWORD=1 COMP_LINE="$2 -" COMP_POINT=$((${#2} + 2))
            function=$(complete -p "$2" | sed "s/.*-F \([^ ]*\) .*/\1/")
            "$function" "$2" - "$2" && printf "%s\n" "${COMPREPLY[@]}"' - "$file" "$2" |
            sed 's/ *$//'
        ;;
    zsh)
        grep -oE "['{,*]--?[[:alnum:]][[:alnum:]-]*" "$file" | tr -d "'{,*"
        ;;
    fish)
        grep '^complete ' "$file" | sed "s/'[^']*'//g" |
            grep -oE ' -(s [[:alnum:]]|l [[:alnum:]-]+)' | sed 's/ -s /-/; s/ -l /--/'
        ;;
    esac
}

tool_has_its_files() {
    local file
    for file in "man/$1.1.scd" "tests/$1.bats" "$(completion_of bash "$1")" \
        "$(completion_of zsh "$1")" "$(completion_of fish "$1")"; do
        [ -s "$file" ] || echo "cmd/$1.c: has no $file"
    done
    [ -x "$BUILD/bin/$1" ] || echo "cmd/$1.c: is not built"
}

files_have_their_tool() {
    local file name
    for file in man/*.1.scd completions/bash/* completions/zsh/* completions/fish/*; do
        name=${file##*/}
        name=${name#_} name=${name%%.*}
        # What the completions of one shell share is called after the toolbox.
        [ "$name" = ipcbox ] || [ -e "cmd/$name.c" ] || echo "$file: there is no cmd/$name.c"
    done
}

# Where the options $3 that the file $2 names are not those of tool $1.
compare_options() {
    local file=$2 named=$3 options
    options=$(options_of "$1")
    missing_from "$options" "$named" | sed "s|.*|$file: lacks the option &|"
    missing_from "$named" "$options" | sed "s|.*|$file: $1 has no option &|"
}

page_names_the_options() {
    local page=man/$1.1.scd
    [ -e "$page" ] || return
    compare_options "$1" "$page" "$(options_of_page "$page")"
}

completions_name_the_options() {
    local shell file
    for shell in bash zsh fish; do
        file=$(completion_of "$shell" "$1")
        [ -e "$file" ] || continue
        compare_options "$1" "$file" "$(options_of_completion "$shell" "$1")"
    done
}

completions_have_the_help() {
    local shell file option text
    while IFS=$'\t' read -r option text; do
        for shell in zsh fish; do
            file=$(completion_of "$shell" "$1")
            [ -e "$file" ] || continue
            # Each shell quotes in its own way; what is left without quoting must be equal.
            grep -e "l ${option#--} " -e "$option=*[[}]" "$file" | sed "s/\\\\//g; s/'''/'/g" |
                grep -qF -e "[$text]" -e "-d '$text'" ||
                echo "$file: the help of $option is not that of --help"
        done
    done < <(help_of "$1")
}

synopsis_is_the_usage() {
    local page=man/$1.1.scd usage synopsis
    [ -e "$page" ] || return
    usage=$("$BUILD/bin/$1" --help | sed -n '/^$/q; s/^usage: //; s/^ *//; p')
    synopsis=$(sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/{/^#/d; /^$/d; s/++$//; s/[*\\]//g; p}' "$page")
    [ "$usage" = "$synopsis" ] || echo "$page: the synopsis is not the usage that --help prints"
}

pages_are_clean() {
    local page text
    text=$(mktemp)
    for page in man/*.scd; do
        scdoc <"$page" 2>&1 >"$text" | sed "s|^|$page: scdoc: |"
        command -v groff >/dev/null || continue
        groff -man -Tutf8 -ww -z "$text" 2>&1 | sed "s|^[^:]*:[^:]*:|$page: groff:|"
    done
    rm -f "$text"
}

# An option is there, or nobody speaks of it.
no_option_is_promised() {
    local file option='(^|[^[:alnum:]-])--?[[:alnum:]][[:alnum:]-]*\>'
    local promise='\b(not yet|planned|upcoming|not (built|implemented)|TODO|FIXME)\b'
    promise+='|\bin a (later|future) (version|release)\b|\bfuture (option|work)\b'
    git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
        [ "$file" = tests/lint.sh ] || [ ! -f "$file" ] ||
            grep -inE "$option.*($promise)" "$file" |
            sed "s|^\([0-9]*\):.*|$file: line \1 names an option as future work|"
    done
}

check c_is_formatted
check c_is_tidy
check c_passes_cppcheck
check shell_is_formatted
check shell_passes_shellcheck
check files_have_their_tool
check pages_are_clean
check no_option_is_promised
for tool in "${tools[@]}"; do
    check tool_has_its_files "$tool"
    [ -x "$BUILD/bin/$tool" ] || continue
    check page_names_the_options "$tool"
    check synopsis_is_the_usage "$tool"
    check completions_name_the_options "$tool"
    check completions_have_the_help "$tool"
done

if [ "$findings" -gt 0 ]; then
    echo "lint: $checks checks, $findings finding(s)"
    exit 1
fi
echo "lint: $checks checks, no finding"
