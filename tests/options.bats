#!/usr/bin/env bats
# The rules about options that need or exclude others. rules.py reads them from the sources and finds
# the smallest command lines that break each of them and no other.

load helper

# Prints the cases: tool, rule, message and command line, with tabs between.
cases() {
    (cd "$BATS_TEST_DIRNAME/.." && tests/rules.py cases "$BUILD/bin")
}

@test "each rule refuses the command line that breaks it, with status 2 and its message" {
    local tool rule message line got status wrong=''
    cases >cases
    while IFS=$'\t' read -r tool rule message line; do
        status=0
        got=$(eval "timeout 10 $line" </dev/null 2>&1) || status=$?
        [[ $status -eq 2 && $got == "$tool: $message" ]] ||
            wrong+="$tool: $rule: $line: status $status, '$got', not '$tool: $message'"$'\n'
    done <cases
    assert_equal "$wrong" ''
}

@test "every rule of every tool has such a command line" {
    local source conditions
    cases | cut -f 1,2 | sort -u >cases
    for source in "$BATS_TEST_DIRNAME"/../cmd/*.c; do
        # a table ends with {0}; each of its other rules has one of these members, or more
        conditions=$(sed -n '/struct option_rule .*{/,/^};/p' "$source" |
            grep -oE '\.(with|without|only|only_one|family) = ' | wc -l)
        run grep -c "^$(basename "$source" .c)"$'\t' cases
        assert_output "$conditions"
    done
}
