#!/usr/bin/env bats
# What a tool leaves when SIGKILL ends it at any moment, by storm-kill.py. kill/*.py define what must
# hold.
#
# KILLS makes the storms longer; `make check-storm` has a thousand kills each.

load helper

storm() {
    unless_sanitized "changes nothing in what the kernel keeps, and starts slowly"
    unshare --ipc --pid --fork --mount-proc --map-root-user true 2>/dev/null || skip "no namespaces here"
    run -0 "$BATS_TEST_DIRNAME/storm-kill.py" "$BUILD" "${KILLS:-20}" "$@" 3>&-
}

@test "shmput in place leaves a beginning of the new content, no lock, and what is outside its range" {
    storm shmput-in-place shmput-range shmput-create shmput-resize
}

@test "shmput -a leaves the old content or the new, and the next put clears the name beside" {
    storm shmput-atomic
}

@test "shmget --take leaves the object, or has printed all of it" {
    storm shmget-take
}

@test "shmop has done each operation once or not at all, in order" {
    storm shmop
}

@test "mmapcat -w changes nothing outside its range, and creates a file of full size or none" {
    storm mmapcat
}

@test "mqsend has sent the first messages, each whole" {
    storm mqsend
}

@test "mqrecv loses at most what it has in hand, and doubles nothing" {
    storm mqrecv
}

@test "semop run gives back what it took, before and after it is COMMAND; other verbs happen once or not" {
    storm semop
}

@test "fifocat --records writes whole records; a reader leaves in the FIFO what it has not passed on" {
    storm fifocat
}

@test "a usockcat server's socket is replaced by the next one; clients leave the server to others" {
    storm usockcat
}

@test "duplex leaves two that come to their end" {
    storm duplex
}
