#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [SECONDS]: every fuzz target of build/fuzz for SECONDS each (15), two at a time. New inputs
# worth keeping stay in build/fuzz/corpus; an input that breaks a target is named, and fails the run.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/fuzz
out=$build/found

if [ "${FUZZ_ONE:-}" ]; then # one target, in a child of the loop below
    target=$1 seconds=$2
    name=${target##*/fuzz_}
    mkdir -p "$build/corpus/$name" "$out"
    set -- "$build/corpus/$name"
    [ ! -d "$here/corpus/$name" ] || set -- "$@" "$here/corpus/$name"
    [ ! -f "$here/$name.dict" ] || set -- "-dict=$here/$name.dict" "$@"
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$out/$name-" "$@" >"$out/$name.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
        echo "fuzz/$name: passed, ${runs:-0} runs"
        [ "${runs:-0}" -gt 0 ]
        exit
    fi
    echo "fuzz/$name: FAILED; again with: $target FILE, where FILE is"
    sed -n 's/.*Test unit written to /    /p' "$out/$name.log"
    tail -n 60 "$out/$name.log"
    exit 1
fi

seconds=${1:-15}
targets=
for source in "$here"/fuzz_*.c; do
    name=$(basename "$source" .c)
    [ -x "$build/tests/fuzz/$name" ] || {
        echo "fuzz: $name is not built; first: cmake --workflow --preset fuzz" >&2
        exit 2
    }
    targets="$targets$build/tests/fuzz/$name
"
done
export FUZZ_ONE=1
report=$(mktemp)
trap 'rm -f "$report"' EXIT
printf '%s' "$targets" | xargs -I '{}' -P 2 sh "$here/run.sh" '{}' "$seconds" | tee "$report"
passed=$(grep -c '^fuzz/[^ ]*: passed' "$report")
count=$(printf '%s' "$targets" | wc -l)
echo "$passed passed, $((count - passed)) failed"
[ "$passed" -eq "$count" ]
