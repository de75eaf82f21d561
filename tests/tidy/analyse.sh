#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# analyse.sh BUILD [FILE…]: clang-tidy over the given C files, or over all that BUILD compiles.
# A file whose preprocessed text passed before with the same rules is not looked at again.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
shift
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || exit 2
passed=$build/clang-tidy
mkdir -p "$passed"
cd "$root" || exit 2

if [ "${ANALYSE_ONE:-}" ]; then # one file, in a child of the loop below
    command=$(awk -v file="\"file\": \"$root/$1\"" '
        /"command":/ { line = $0 } index($0, file) { print line; exit }' \
        "$build/compile_commands.json" |
        sed 's/^ *"command": "//; s/",$//; s/\\"/"/g; s/\\\\/\\/g; s/ -o [^ ]* -c / -E -C /')
    [ "$command" ] || { echo "$1: not in $build"; exit 1; }
    key=$({ cat .clang-tidy tests/.clang-tidy; cd "$build" && sh -c "$command"; } 2>/dev/null | sha256sum | cut -c1-64)
    if [ -e "$passed/$key" ]; then
        echo "clang-tidy: $1 passed"
        exit 0
    fi
    if "$tidy" --quiet -p "$build" "$1" >"$passed/out.$$" 2>/dev/null; then
        : >"$passed/$key"
        rm -f "$passed/out.$$"
        echo "clang-tidy: $1 passed"
        exit 0
    fi
    cat "$passed/out.$$"
    rm -f "$passed/out.$$"
    exit 1
fi

if [ $# -eq 0 ]; then
    list=$(sed -n "s|.*\"file\": \"$root/\(.*\.c\)\".*|\1|p" "$build/compile_commands.json" | sort -u)
else
    list=$*
fi
[ "$list" ] || { echo "analyse: nothing to look at in $build" >&2; exit 2; }
export ANALYSE_ONE=1
report=$(mktemp)
trap 'rm -f "$report"' EXIT
printf '%s\n' "$list" | xargs -n 1 -P 2 sh "$here/analyse.sh" "$build" | tee "$report"
files=$(printf '%s\n' "$list" | wc -w)
passed=$(grep -c '^clang-tidy: .* passed$' "$report")
grep ': error: ' "$report" | sed "s|^$root/||" | sort -u
echo "$passed passed, $((files - passed)) failed"
[ "$passed" -eq "$files" ]
