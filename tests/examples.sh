#!/usr/bin/env bash
# Runs the examples of a manual page: examples.sh PAGE.scd
#
# Each literal block of the page is a transcript: `$ ` begins a command, `> ` goes on with it, other
# lines are what it prints; `...` stands for anything. scdoc wants a backslash to be written twice.
# The caller gives a namespace of its own, so the names on the page meet nobody else's. Exits 1 where
# the page and the tools disagree.
set -u

failed=0
command='' expected=''

# Runs the command in hand in this shell, so that variables and jobs live on.
run_command() {
    local got
    [ -n "$command" ] || {
        expected='' # a block without commands shows something else
        return 0
    }
    eval "$command" >"$output" 2>&1
    got=$(<"$output")
    # The expected text is a pattern whose only wildcard is `...`.
    local pattern
    pattern=$(sed 's/[][\\*?]/\\&/g; s/\.\.\./*/g' <<<"$expected")
    # shellcheck disable=SC2053
    if [[ $got != $pattern ]]; then
        printf '$ %s\n--- the page says\n%s\n--- it printed\n%s\n' "$command" "$expected" "$got"
        failed=1
    fi
    command='' expected=''
}

output=$(mktemp)
page=$(realpath "$1")
top=$(mktemp -d)
count=0 inside=false
while IFS= read -r line <&9; do
    case $line in
    '```')
        if $inside; then
            run_command
            inside=false
        else
            inside=true
            mkdir "$top/$((++count))" && cd "$top/$count" || exit 1
        fi
        ;;
    *)
        $inside || continue
        # What the reader sees: in a literal block too, scdoc takes `\` for an escape.
        [[ $line != *\\* ]] || line=$(sed -E 's/\\(.|$)/\1/g' <<<"$line")
        case $line in
        '$ '*)
            run_command
            command=${line#'$ '}
            ;;
        '> '*) command+=$'\n'${line#'> '} ;;
        *) expected+=${expected:+$'\n'}$line ;;
        esac
        ;;
    esac
done 9<"$page"
rm -rf "$top" "$output"

[ "$count" -gt 0 ] || { echo "$page: no examples" && exit 1; }
exit "$failed"
