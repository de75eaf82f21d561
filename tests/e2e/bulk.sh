#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A whole year of a network at once: import, first upload and first download, each in one go, and
# the server's memory. Knob: E2E_ROWS.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
: "${E2E_ROWS:=100000}"

timed() { # what, command…
    what=$1
    shift
    began=$(date +%s%N)
    expect 0 "$@"
    say "$what: $((($(date +%s%N) - began) / 1000000)) ms"
}

# Where stderr is a terminal there is progress with its speed; elsewhere not a byte of it.
quiet() {
    ! grep -q "$(printf '\r')" "$T/err" || fail "progress without a terminal"
}
shown() { # what script(1) wrote, task
    tr '\r' '\n' <"$1" | grep -q "$2 [1-9][0-9]*.*/s" || fail "no progress of $2 on a terminal"
}

init_server
start_server
add_structure "Entreprise fictive"
enrol anna
sessions 1 "$E2E_ROWS" >"$T/year.ndjson"

timed "import of $E2E_ROWS sessions" on anna import session "$T/year.ndjson" --json
json_is created "$E2E_ROWS"
quiet
timed "import of the same again" on anna import session "$T/year.ndjson" --json
json_is unchanged "$E2E_ROWS"

timed "first upload" on anna sync --json
json_is conflicts 0
same "unsent" 0 "$(status_of anna unsent)"
quiet

invite "Coach bilal" jobcoach
expect 0 on bilal enrol "$code"
timed "first download" on bilal sync --json
[ "$(json pulled)" -ge "$E2E_ROWS" ] || fail "too few rows came"
quiet
same "complete" true "$(status_of bilal complete)"

say "with a terminal, progress is shown"
invite "Coach carla" jobcoach
expect 0 on carla enrol "$code"
script -qec "'$JALON' --data '$T/carla' sync" "$T/tty.sync" </dev/null >/dev/null 2>&1 ||
    fail "sync on a terminal"
shown "$T/tty.sync" réception
script -qec "'$JALON' --data '$T/carla' import session '$T/year.ndjson'" "$T/tty.import" \
    </dev/null >/dev/null 2>&1 || fail "import on a terminal"
shown "$T/tty.import" import

memory_bounded
count_is "$E2E_ROWS" ctl session list --json
for each in anna bilal carla; do
    expect 0 on $each sync
done
same_everywhere anna bilal carla
stop_server
