#!/usr/bin/env bats
# ipcbox: the guide, the README and the demo show what the tools do.

load helper

readme=$BATS_TEST_DIRNAME/../README.md

@test "the recipes of ipcbox(7) and the other pages of section 7 do what they show" {
    local page
    for page in "$BATS_TEST_DIRNAME"/../man/*.7.scd; do
        check_transcripts "$page"
    done
}

@test "the recipes of the README do what they show" {
    awk '/^## / {is_recipe = /recipes/} is_recipe' "$readme" >recipes
    check_transcripts "$PWD/recipes"
}

@test "every tool stands in the README's table, with an example that works" {
    # shellcheck disable=SC2016
    sed -n 's/^| `\([a-z]*\)` | .* | `\(.*\)` |$/\1\t\2/p' "$readme" >table
    run -0 diff <(cut -f 1 table | sort) <(cd "$BUILD/bin" && printf '%s\n' * | sort)

    # what the examples take for granted; then each as a transcript that has to end with status 0
    cat >transcript <<'END'
```
$ sleep 1000 & pid=$!
$ mkfifo events; echo backup >events &
$ echo hello >request
$ mkfifo ready; sigsend -s USR1 pidfile:ready &
$ { echo '#!/bin/sh'; echo 'echo hello; read -r answer'; } >client
$ { echo '#!/bin/sh'; echo 'read -r question; echo "$question"'; } >server
$ chmod +x client server
$ usockcat -l -k ./app.sock -- cat & server=$!
$ until usockcat -q ./app.sock <request >/dev/null; do sleep 0.1; done
END
    sed 's/.*\t\(.*\)/$ \1 >result; echo "status $?"\nstatus 0/' table >>transcript
    cat >>transcript <<'END'
$ sigsend -w $server
```
END
    run -0 grep -c '^status 0$' transcript
    assert_output "$(wc -l <table)"
    check_transcripts "$PWD/transcript"
}

@test "the demo fails where a result is wrong or a tool is not shown, and leaves nothing behind" {
    mkdir bin temporary
    cp "$BUILD"/bin/* bin
    cp bin/shmget bin/shmlook
    cat >bin/shmget <<END
#!/bin/sh
exec "$BUILD/bin/shmget" "\$@" | tr e f
END
    TMPDIR=$PWD/temporary run -1 --separate-stderr "$BATS_TEST_DIRNAME/demo.sh" bin
    assert_line --partial 'WRONG: status 0'
    assert_line 'WRONG: no step shows shmlook'
    assert_line --regexp '^[0-9]+ of [0-9]+ steps verified$'
    run -0 ls temporary
    assert_output ''
}
