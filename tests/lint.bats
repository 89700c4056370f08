#!/usr/bin/env bats
# lint finds each kind of violation and nothing else, and make new writes a tool that passes it.

load helper

root=$BATS_TEST_DIRNAME/..

# The checks that need neither the tools nor another program.
reading='includes_name_their_folder calls_go_down tools_use_one_room modules_have_no_circle
    base_names_are_unique library_leaves_the_end_to_tools map_is_complete words_are_plain
    no_option_is_promised files_have_their_tool completions_have_their_sentences
    completions_know_the_values'

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/tree"
    cd "$root" || return
    {
        git ls-files -z -co --exclude-standard 2>/dev/null ||
            find . -name 'build*' -prune -o -type f -print0
    } | tar -c --null --ignore-failed-read -T - 2>/dev/null | tar -xC "$BATS_FILE_TMPDIR/tree"
    cd "$BATS_FILE_TMPDIR/tree" || return
    lint "$reading" >../findings
}

# Each test changes a tree of its own.
setup() {
    prepare
    cp -a "$BATS_FILE_TMPDIR/tree" tree
    cd tree || return
}

# The findings of the checks $1 in the tree of the current folder.
lint() {
    local check
    local -a only=()
    for check in $1; do only+=(--only "$check"); done
    BUILD=$BUILD tests/lint.sh "${only[@]}" 2>&1 | sed '/^lint: /d' | LC_ALL=C sort
}

# Asserts that the changes of the test bring the findings "$@", and take none away.
finds() {
    local new
    lint "$reading" >../after
    new=$(diff "$BATS_FILE_TMPDIR/findings" ../after | sed '/^[<>]/!d')
    assert_equal "$new" "$([ $# -eq 0 ] || printf '> %s\n' "$@" | LC_ALL=C sort)"
}

# The same for check $1 alone, which the tree may fail as it is.
check_finds() {
    local check=$1 new
    shift
    [ -e ../before ] || (cd "$BATS_FILE_TMPDIR/tree" && lint "$check") >../before
    lint "$check" >../after
    new=$(diff ../before ../after | sed '/^[<>]/!d')
    assert_equal "$new" "$([ $# -eq 0 ] || printf '> %s\n' "$@" | LC_ALL=C sort)"
}

# Adds header $1, of the lines on stdin, and a line about it to the map.
plant_module() {
    local room=${1%%/*} name=${1##*/}
    mkdir -p "common/$room"
    cat >"common/$1"
    sed -i "/^## $room /a - \`${name%.h}\`: planted" common/README.md
}

@test "a check that does not exist is refused, with those that do" {
    run -2 tests/lint.sh --only nonsense
    assert_output --partial 'there is no check nonsense'
    assert_output --partial calls_go_down
}

@test "an include that does not name its folder, or names nothing, is found" {
    plant_module sys/planted.h <<<'#include "io.h"'
    echo '#include "sys/nowhere.h"' >>common/sys/planted.h
    finds 'common/sys/planted.h: io.h is not the folder and the file of a header in common/' \
        'common/sys/planted.h: sys/nowhere.h is not the folder and the file of a header in common/'
}

@test "an include of a higher floor, or of another room of floor 4, is found" {
    plant_module sys/planted.h <<<'#include "stream/tee.h"'
    finds 'common/sys/planted.h: stream/tee.h is not on a lower floor'
    plant_module queue/planted_too.h <<<'#include "memory/cell.h"'
    plant_module stream/planted_low.h </dev/null
    plant_module queue/planted_high.h <<<'#include "stream/planted_low.h"'
    finds 'common/queue/planted_too.h: memory/cell.h is not on a lower floor' \
        'common/sys/planted.h: stream/tee.h is not on a lower floor'
}

@test "a room that is new is on floor 4" {
    printf '\n## planted (floor 4): planted\n\n' >>common/README.md
    plant_module planted/one.h <<<'#include "stream/tee.h"'
    plant_module planted/other.h <<<'#include "socket/address.h"'
    finds 'common/planted/other.h: socket/address.h is not on a lower floor'
}

@test "an internal header that another folder includes is found" {
    echo '#include "queue/queue_internal.h"' >cmd/planted.c
    finds 'cmd/planted.c: queue/queue_internal.h is for its own folder alone'
}

@test "a tool that uses two rooms of floor 4 is found" {
    printf '#include "%s"\n' queue/queue.h cli/diag.h stream/tee.h memory/cell.h >cmd/planted.c
    finds 'cmd/planted.c: memory/cell.h is of a second room of floor 4, beside queue'
}

@test "modules that include each other in a circle are found" {
    plant_module sys/planted_a.h <<<'#include "sys/planted_b.h"'
    plant_module sys/planted_b.h </dev/null
    plant_module sys/planted_c.h <<<'#include "sys/planted_a.h"'
    finds
    echo '#include "sys/planted_c.h"' >common/sys/planted_b.c
    lint modules_have_no_circle >../after
    run -0 grep -o 'planted_.' ../after
    assert_equal "$(sort <<<"$output" | xargs)" 'planted_a planted_b planted_c'
}

@test "two modules of one name are found" {
    plant_module stream/planted.h </dev/null
    plant_module sys/planted.h </dev/null
    finds 'common/sys/planted.[ch]: has the name of common/stream/planted'
}

@test "library code that ends or reports what is for tools to report is found, comments are not" {
    plant_module sys/planted.h <<'END'
/* It would not exit(1), nor
 * diag_die(2). */
#include "cli/exit.h"
static inline void planted(void)
{
    /* sandbox_enter() */ diag_die(3, "x");
    diag_note("x"); // exit(3)
    _exit(0);
    diag_warn("x");
    return diag_fail("x", 0);
    exit(0);
    sandbox_enter(0);
    progress_start(1);
    progress_add(1);
    progress_end();
}
END
    local line=0 what
    local -a wanted=()
    while read -r line what; do
        wanted+=("common/sys/planted.h: line $line: $what")
    done <<'END'
3 includes cli/exit.h
6 calls diag_die
7 calls diag_note
10 calls diag_fail
11 calls exit
12 calls sandbox_enter
13 calls progress_start
15 calls progress_end
END
    finds "${wanted[@]}"
}

@test "a map that lacks a module, names one that is not there or mixes the floors is found" {
    touch common/sys/planted.h
    # shellcheck disable=SC2016
    sed -i '/^## cli /i ## stream\n\n- `nothing`: planted\n' common/README.md
    finds 'common/README.md: cli is on a lower floor than the room above it' \
        'common/README.md: lacks sys/planted' 'common/README.md: there is no stream/nothing'
}

@test "bad words are found in comments, strings, pages, Markdown and scripts" {
    cat >cmd/planted.c <<'END'
/* planted: where it begins. Where it ends, nobody
 * knows; and what
 * of it. */
static const char *text = "Whoever reads this "
                          "is told so";
int x; /* Who asks gets it. */
END
    printf 'planted(1)\n\n# NAME\n\nThe rest is\nto come. Who\nreads on is told more.\n' >man/planted.7.scd
    printf '\nA cell | of a table.\n\n| Where | it has to be to say it |\n' >>README.md
    printf '#!/bin/sh\necho # Where it is\n' >tests/planted.sh
    local last
    last=$(wc -l <README.md)
    finds "README.md: line $last: \"be to say\"" "README.md: line $last: a sentence begins with Where" \
        'cmd/planted.c: line 1: a sentence begins with Where' 'cmd/planted.c: line 3: "what of it"' \
        'cmd/planted.c: line 4: a sentence begins with Whoever' 'cmd/planted.c: line 5: "is told"' \
        'cmd/planted.c: line 6: a sentence begins with Who' \
        'man/planted.7.scd: line 6: a sentence begins with Who' 'man/planted.7.scd: line 7: "is told"' \
        'tests/planted.sh: line 2: a sentence begins with Where'
}

@test "words are left alone in code, headings, literal blocks and questions" {
    cat >cmd/planted.c <<'END'
/* planted: who asks? Where is it? Say where. Whole, e.g. Wherever. This told. */
int Where = 1; char *is, told;
END
    cat >>README.md <<'END'

## Where it is

```
# Where it is told
Who is told
```

See `Who is told` and Who.c. Nobody knows who.
END
    printf '#!/bin/sh\nWho is told\necho "Where $#. Where it is told"\n' >tests/planted.sh
    finds
}

@test "an option that is promised is found" {
    printf '\nThe option --planted is not yet there.\n' >>README.md
    finds "README.md: line $(wc -l <README.md): names an option as future work"
}

@test "a page without a tool, and a text about an option that is long or missing, is found" {
    printf '%s(1)\n\n# OPTIONS\n\n*-a*\n\n*-b*\n\t%073d.\n\n*-c*\n\t%072d. %072d\n' planted 0 0 0 >man/planted.1.scd
    finds 'man/planted.1.scd: -a: has no text' \
        'man/planted.1.scd: -b: its first sentence has 73 characters, not 72 at most' \
        'man/planted.1.scd: there is no cmd/planted.c'
}

@test "a value that no page names, or of a kind that a shell does not know, is found" {
    printf 'NOWHERE * a b\nFILE mmapcat @planted\n' >>completions/values
    printf '_ipcbox_planted() { :; }\n' >>completions/bash/_ipcbox
    finds 'completions/fish/_ipcbox.fish: has no planted, which completions/values names' \
        'completions/values: no page of * names NOWHERE' \
        'completions/zsh/_ipcbox: has no planted, which completions/values names'
}

@test "a tool without its page, its suite or its program is found" {
    echo >cmd/planted.c
    check_finds tools_have_their_files 'cmd/planted.c: has no man/planted.1.scd' \
        'cmd/planted.c: has no tests/planted.bats' 'cmd/planted.c: is not built'
}

@test "an option that is not in the page, or only there, is found" {
    sed -i 's/^\*-q\*, \*--quiet\*/*--planted*/' man/duplex.1.scd
    check_finds pages_name_the_options 'man/duplex.1.scd: OPTIONS lacks --quiet' \
        'man/duplex.1.scd: OPTIONS lacks -q' 'man/duplex.1.scd: duplex has no option --planted'
}

@test "a synopsis that is not the usage is found" {
    sed -i '/^\*duplex\* /s/COMMAND/PLANTED/' man/duplex.1.scd
    check_finds pages_have_the_usage 'man/duplex.1.scd: the synopsis is not the usage that --help prints'
}

@test "a rule that the page does not tell is found" {
    local rules='static const struct option_rule rules[] = {
    {"log", .with = "size"}, {"size", .without = "status"},
    {.only_one = "status log"},
    {"status", .family = OBJECT_NAME_SYSV, .because = "planted, "
                                                      "with {} in it"},
    {"log", .without = "planted"},
    {0},
};'
    sed -i '/^\*--/,/^$/{/^\t/s/\*--[a-z]*\*//g; /^\t/s/System V//g}' man/duplex.1.scd
    sed -i '/option_rule rules/,/^};/d' cmd/duplex.c
    printf '%s\n' "$rules" >>cmd/duplex.c
    check_finds pages_name_the_rules 'cmd/duplex.c: a rule names planted, which is no option' \
        'man/duplex.1.scd: --log: does not name --size, which it needs' \
        'man/duplex.1.scd: --size: neither it nor --status says that they exclude each other' \
        'man/duplex.1.scd: --status: neither it nor --log says that they exclude each other' \
        'man/duplex.1.scd: --status: does not say System V'
    sed -i '/^\*--log\*/,/^$/s/^\t/\tWith *--size 4K*, not with *--status*. /' man/duplex.1.scd
    sed -i 's/^\*duplex\* .*/*duplex* [--status WHOSE | --size SIZE] COMMAND/' man/duplex.1.scd
    check_finds pages_name_the_rules 'cmd/duplex.c: a rule names planted, which is no option' \
        'man/duplex.1.scd: --status: does not say System V'
}

@test "C and scripts that their own tools would change or refuse are found" {
    local program
    for program in clang-format clang-tidy cppcheck shfmt shellcheck; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
    # all of the real ones would take minutes
    find cmd common tests -type f ! -name lint.sh -delete
    printf '@test "x" {\n    :\n}\n' >tests/planted.bats
    printf ':\n' >tests/bench/planted.rows
    finds_alone() {
        run -1 tests/lint.sh --only "$1"
        assert_line --index 0 "$2"
        assert_line --index 1 'lint: 1 check(s), 1 finding(s)'
    }
    printf 'int  planted;\n' >cmd/planted.c
    printf '#!/bin/bash\n  echo $1\n' >tests/planted.sh
    finds_alone c_is_formatted 'cmd/planted.c: clang-format -i would change it'
    finds_alone shell_is_formatted 'tests/planted.sh: shfmt -i 4 would change it'
    finds_alone shell_passes_shellcheck \
        'tests/planted.sh: line 2: note: Double quote to prevent globbing and word splitting. [SC2086]'

    printf '#include "cli/planted.h"\nint main(int argc, char **argv)\n{\n    return planted(&argv[argc]) + 1;\n}\n' >cmd/planted.c
    printf 'static inline int planted(char **p)\n{\n    char a[2];\n    a[2] = **p;\n    return a[0];\n}\n' >common/cli/planted.h
    run -1 tests/lint.sh --only c_passes_cppcheck -iquote common
    assert_line --regexp '^common/cli/planted.h: line 4: .*\[arrayIndexOutOfBounds\]$'
    run -1 tests/lint.sh --only c_is_tidy -iquote common
    assert_line --regexp '^common/cli/planted.h:5:.*garbage'
}

@test "a page that scdoc does not take is found" {
    printf 'planted\n\n# NAME\n' >man/planted.1.scd
    run -1 tests/lint.sh --only pages_are_clean
    assert_line --regexp '^man/planted.1.scd: scdoc: '
}

# make with the variables of the one that runs the tests, and nothing else of it.
make_here() {
    local variables=''
    [[ ${MAKEFLAGS-} != *'-- '* ]] || variables="-- ${MAKEFLAGS#*-- }"
    env -u MFLAGS MAKEFLAGS="$variables" make --no-print-directory "$@" BUILD=build
}

@test "make new writes a tool that builds, passes lint and its suite, and completes" {
    mkdir build
    cp -a "$BUILD"/{bin,man,completions,peers,static,system,flags} build
    run -0 make_here new TOOL=newborn
    assert_line 'wrote cmd/newborn.c, man/newborn.1.scd and tests/newborn.bats'
    finds
    run -0 make_here build/bin/newborn build/man/newborn.1 \
        build/completions/bash/newborn build/completions/zsh/_newborn build/completions/fish/newborn.fish
    assert_output ''
    # shellcheck disable=SC2030
    BUILD=$PWD/build
    for check in tools_have_their_files pages_name_the_options pages_have_the_usage pages_name_the_rules \
        pages_are_clean; do
        rm -f ../before
        check_finds "$check"
    done
    run -0 env BUILD="$BUILD" bats tests/newborn.bats 3>&-
    run -0 grep -F -- '-l bare' build/completions/fish/newborn.fish
    if command -v clang-format shfmt shellcheck >/dev/null; then
        run -0 clang-format --dry-run -Werror cmd/newborn.c
        run -0 shfmt -i 4 -ln bats -d tests/newborn.bats
        run -0 shellcheck tests/newborn.bats
    fi
    # The suites of all tools take it in without a word of theirs.
    run -0 env BUILD="$BUILD" bats -f 'rule' tests/options.bats 3>&-
    run -0 env BUILD="$BUILD" bats -f 'scene|without arguments|help' tests/matrix.bats 3>&-
}

@test "make new refuses names that are bad or taken" {
    local name
    for name in '' X a-b 1a a/b "a'b" segment common mqsend ipcbox abcdefghijklmnopq; do
        run -2 make_here new TOOL="$name"
        assert_line --partial "new.sh: '$name': "
    done
    finds
}
