#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [NAME…]: does any test notice? Plants known bugs (NAME.patch beside this script; all of
# them), one at a time, in a copy of the tree, and expects one of the tests that the patch names to
# fail. A patch begins with a sentence and `tests: TARGET… sim:SEEDS`; the first that fails counts.
# Fails when a patch does not fit any more, does not build, or is caught by nothing.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d /tmp/jalon-mutants-XXXXXX) || exit 2
trap 'rm -rf "$copy"' EXIT
trap 'exit 130' INT TERM HUP
caught=0
missed=0

(cd "$root" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$copy" || exit 2
cd "$copy" || exit 2
[ -z "$(command -v ccache)" ] || export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_NOHASHDIR=1 \
    CCACHE_BASEDIR="$copy"
mkdir -p build/m
cmake -S . -B build/m -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null || exit 2

row() { # outcome, name, what
    printf '%-7s %-30s %s\n' "$1" "$2" "$3"
    case $1 in
    caught) caught=$((caught + 1)) ;;
    *) missed=$((missed + 1)) ;;
    esac
}

# How the test ended, and the line that says why.
tried() { # unit_NAME, sim_NAME, property_NAME or sim:SEEDS
    case $1 in
    sim:*)
        cmake --build build/m --target sim_main >log 2>&1 || return 2
        build/m/tests/sim/sim --seeds "${1#sim:}" --stop >out 2>&1
        ;;
    sim_*)
        cmake --build build/m --target "$1" >log 2>&1 || return 2
        (cd build/m/tests/sim && timeout 300 "./$1") >out 2>&1
        ;;
    *)
        cmake --build build/m --target "$1" >log 2>&1 || return 2
        (cd build/m/tests && timeout 300 "./$1") >out 2>&1
        ;;
    esac
}

# Every test of the list passes; prints what failed.
passes() { # test…
    for test in "$@"; do
        status=0
        tried "$test" || status=$?
        [ $status -ne 2 ] || ! grep -q 'FAILED: ' log || {
            grep -m 1 -E 'error:|FAILED: ' log
            return 2
        }
        [ $status -eq 0 ] || {
            why=$(grep -a -m 1 -E '^FAILED|\[  FAILED  \] [a-z]|must\(|error: Failure' out)
            echo "$test: ${why:-status $status}" | cut -c1-110
            return 1
        }
    done
}

[ $# -gt 0 ] || set -- tests/mutants/*.patch
tests=$(for patch in "$@"; do
    sed -n 's/^tests: //p' "tests/mutants/$(basename "$patch" .patch).patch"
done | tr ' ' '\n' | sort -u | sed '/^sim:/d')
# shellcheck disable=SC2086 # a list of words
if ! why=$(passes $tests sim:5); then
    echo "without any mutant: $why"
    exit 1
fi
for patch in "$@"; do
    name=$(basename "$patch" .patch)
    patch=tests/mutants/$name.patch
    file=$(sed -n 's/^+++ b\///p' "$patch")
    cp -p "$file" kept.c
    list=$(sed -n 's/^tests: //p' "$patch")
    # shellcheck disable=SC2086 # a list of words
    if ! patch -s -p1 -F0 <"$patch" >log 2>&1; then
        row STALE "$name" "the patch no longer fits $file"
    elif why=$(passes $list); then
        row MISSED "$name" "passes $list"
    elif grep -q 'FAILED: ' log; then
        row STALE "$name" "does not build: $why"
    else
        row caught "$name" "$why"
    fi
    cp kept.c "$file"
    rm -f "$file.orig" "$file.rej"
done
echo "$caught passed, $missed failed"
[ "$missed" -eq 0 ]
