#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [BUILD [FILE…]]: the browser tests against the programs of a build folder (build/release).
# What they need of npm is installed in BUILD/ui, where they run from; screenshots of every page
# land in BUILD/shots, for a person to look at. The last line is the count.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/release}" && pwd)
[ $# -eq 0 ] || shift
ui=$build/ui
for program in "${CHROMIUM:-chromium}" node npm; do
    command -v "$program" >/dev/null || {
        echo "run.sh: $program is missing: apt-get install chromium fonts-dejavu-core nodejs npm" >&2
        exit 1
    }
done
mkdir -p "$ui"
if ! cmp -s "$here/package-lock.json" "$ui/installed"; then
    cp "$here/package.json" "$here/package-lock.json" "$ui"
    (cd "$ui" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error)
    cp "$here/package-lock.json" "$ui/installed"
fi
rm -f "$ui"/*.js
cp "$here"/*.js "$ui"
cd "$ui"
JALON_BIN=$build
export JALON_BIN
[ $# -gt 0 ] || set -- ./*.test.js
status=0
# Each file has its own world; more than two browsers at a time wait for each other.
side=$(nproc)
[ "$side" -le 2 ] || side=2
node --test --test-concurrency="$side" "$@" >"$ui/log" 2>&1 || status=$?
cat "$ui/log"
# Who reads only the end of a long log finds there what failed, and why.
awk '/^# Subtest/ { bad = 0 } /^not ok/ { bad = 1 } bad' "$ui/log"
awk '/^# pass / { p = $3 } /^# fail / { f = $3 } /^# cancelled / { c = $3 }
    END { if (p + f + c == 0) f = 1; printf "%d passed, %d failed\n", p, f + c }' "$ui/log"
exit $status
