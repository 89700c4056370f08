#!/usr/bin/env bats
# newtool: what it prints, and how it ends.
# scene: newtool -b input | | echo "$size"

load helper

@test "the examples of newtool(1) do what they show" {
    check_examples newtool
}

@test "newtool prints the size of a file, alone and as JSON too" {
    echo hello >file
    run -0 --separate-stderr newtool file
    assert_output 'size=6'
    run -0 newtool --bare file
    assert_output 6
    run -0 newtool --json file
    assert_output '{"size":6}'
}

@test "a file that does not exist is exit 1, without a message if -q is given" {
    run -1 newtool file
    assert_output 'newtool: file: look at file: No such file or directory'
    run -1 newtool -q file
    assert_output ''
}

@test "a wrong command line is exit 2" {
    run -2 newtool -b
    assert_output --partial 'newtool: FILE is missing'
    run -2 newtool file other
    assert_output --partial 'newtool: other: one operand too many'
}

@test "a path that cannot be looked at, or a full standard output, is exit 3" {
    touch file
    run -3 newtool file/below
    assert_output 'newtool: file/below: look at file: Not a directory'
    run -3 bash -c 'newtool file >/dev/full'
    assert_output 'newtool: stdout: write: No space left on device'
}
