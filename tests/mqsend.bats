#!/usr/bin/env bats
# mqsend: what it accepts, in which order, and what it says when it cannot.

load helper

@test "mqsend sends operands in order and mqrecv prints a line each" {
    mqsend -c "/$ID" one 'two words' ''
    run -0 mqrecv -a -N "/$ID"
    assert_output '3:one,9:two words,0:,'
    mqrecv --remove "/$ID"
}
