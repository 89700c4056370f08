#!/usr/bin/env bash
# Writes the source, the page and the suite of a new tool from the templates below tests/new/:
# new.sh NAME
#
# They are of a tool that works, passes lint and its suite, and waits to become another.
set -u

cd "$(dirname "$0")/.." || exit 1
name=${1-}

refuse() {
    echo "new.sh: '$name': $1" >&2
    exit 2
}

[[ $name =~ ^[a-z][a-z0-9]{1,15}$ ]] ||
    refuse 'a name is 2 to 16 lower-case letters and digits, a letter first (make new TOOL=name)'
for file in "cmd/$name.c" common/*/"$name".[ch] "man/$name".* "tests/$name".*; do
    [ ! -e "$file" ] || refuse "there is $file"
done

for place in "cmd/$name.c" "man/$name.1.scd" "tests/$name.bats"; do
    sed "s/newtool/$name/g" "tests/new/newtool.${place#*.}" >"$place" || exit 1
done
echo "wrote cmd/$name.c, man/$name.1.scd and tests/$name.bats"
echo "next: a row in the table of README.md, and a step in tests/demo.sh"
