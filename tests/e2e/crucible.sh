#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# crucible.sh [SEED [RUNS]]: a server, a site's relay, ten devices and a nemesis, RUNS times from SEED
# on (ten from 1). People write, attach, refer, hand over, erase, are put out and come back; then
# all must agree, nothing told may be missing, and nothing that went may be left. For a night:
# crucible.sh 1000 200. The folder of a run that fails is kept. Knobs: CRUCIBLE_DEEDS of each person,
# JOBS at a time.
# shellcheck disable=SC1091,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
first=${1:-1}
runs=${2:-10}
: "${CRUCIBLE_DEEDS:=20}" "${JOBS:=2}"

for faketime in /usr/lib/*/faketime/libfaketime.so.1 ''; do
    [ ! -e "$faketime" ] || break
done
[ "$faketime" ] || say "libfaketime is not installed: all clocks stay right"

one() { # seed
    mkdir "$T/$1"
    "$JALON_BIN/tests/e2e/crucible" "$1" "$JALON_BIN" "$T/$1" --deeds "$CRUCIBLE_DEEDS" \
        ${faketime:+--faketime "$faketime"} >"$T/$1.log" 2>&1 && rm -rf "${T:?}/$1"
}

# Each job takes every JOBS-th seed.
job() { # number
    seed=$((first + $1))
    while [ "$seed" -lt $((first + runs)) ]; do
        one "$seed" || true
        cat "$T/$seed.log"
        seed=$((seed + JOBS))
    done
}

number=0
while [ "$number" -lt "$JOBS" ]; do
    job "$number" &
    others="$others $!"
    number=$((number + 1))
done
for pid in $others; do
    wait "$pid"
done
others=
failed=0
for folder in "$T"/[0-9]*; do
    if [ -d "$folder" ]; then
        failed=$((failed + 1))
        export E2E_KEEP=1
    fi
done
[ "$failed" -eq 0 ] || fail "$failed of $runs runs failed; kept in $T"
say "$runs runs, all agree"
