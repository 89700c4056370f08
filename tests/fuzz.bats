#!/usr/bin/env bats
# The fuzz targets of tests/fuzz/, without libFuzzer: each is fed its seeds, among them every input
# that once broke something.

load helper

@test "the fuzz targets hold for their seeds" {
    local target name
    for target in "$BATS_TEST_DIRNAME"/fuzz/*.c; do
        name=$(basename "$target" .c)
        run -0 "$BUILD/replay/$name" "$BATS_TEST_DIRNAME/fuzz/seeds/$name"/*
    done
}

@test "seeds belong to a fuzz target" {
    local seeds
    for seeds in "$BATS_TEST_DIRNAME"/fuzz/seeds/*; do
        [ -e "$BATS_TEST_DIRNAME/fuzz/$(basename "$seeds").c" ]
    done
}
