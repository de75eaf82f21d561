#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the device and of the server, again and again, when a drawn byte passes between them
# or in the middle of an import: what was said to be saved is there once, and all is sound.
# Knobs: KILL_ROUNDS, SEED.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
: "${KILL_ROUNDS:=200}"
rows_made=0
killed=0

init_server
start_server
start_proxy
network
add_structure "Entreprise fictive"
enrol anna "$proxy_at"
enrol bilal "$proxy_at"
mkfifo "$T/go"

# Sessions and a person whose ids were told: $T/saved lists what must survive.
work() { # device
    sessions $((rows_made + 1)) $((rows_made + 20)) >"$T/work.ndjson"
    rows_made=$((rows_made + 20))
    expect 0 on "$1" import session "$T/work.ndjson"
    expect 0 on "$1" add person name=Exemple "first_name=Zoé $rows_made"
    cat "$T/out" >>"$T/saved"
}

# Start `jalon sync` of a device, which waits for `go`; then $pid is its process.
ready() { # device
    (
        read -r _ <"$T/go"
        exec "$JALON" --data "$T/$1" sync
    ) >"$T/out" 2>"$T/err" 4>&- 5<&- &
    pid=$!
}

go() {
    echo go >"$T/go"
    status=0
    wait "$pid" 2>/dev/null || status=$?
}

sync_killed() { # device, side, byte
    ready "$1"
    network "kill_$2=$3" "pid=$pid"
    go
    case $status in
    137) killed=$((killed + 1)) ;;
    0) ;;
    *) fail "exit $status of a sync that should be killed" ;;
    esac
    expect 0 on "$1" doctor
}

server_killed() { # device, side, byte
    ready "$1"
    network "kill_$2=$3" "pid=$server_pid"
    go
    case $status in
    3)
        killed=$((killed + 1))
        wait "$server_pid" 2>/dev/null || true
        exec 3<&-
        start_server
        expect 0 ctl check
        ;;
    0) # the byte never passed, or was one of the last
        if ! kill -0 "$server_pid" 2>/dev/null || ! ctl stats >/dev/null 2>&1; then
            wait "$server_pid" 2>/dev/null || true
            exec 3<&-
            start_server
        fi
        ;;
    *) fail "exit $status of a sync whose server was killed" ;;
    esac
}

# An import takes $import_ms; end it somewhere on the way.
import_killed() { # device, thousandth
    sessions $((rows_made + 1)) $((rows_made + 300)) >"$T/work.ndjson"
    rows_made=$((rows_made + 300))
    each=--each
    [ $(($2 % 2)) -eq 0 ] || each=
    after=$(((import_ms * $2 / 1000) + 1))
    status=0
    timeout -s KILL "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))" \
        "$JALON" --data "$T/$1" import session "$T/work.ndjson" $each \
        >"$T/out" 2>"$T/err" || status=$?
    case $status in
    137) killed=$((killed + 1)) ;;
    0) ;;
    *) fail "exit $status of an import that should be killed" ;;
    esac
    expect 0 on "$1" doctor
    expect 0 on "$1" import session "$T/work.ndjson"
}

sessions 1 300 >"$T/work.ndjson"
rows_made=300
began=$(date +%s%N)
expect 0 on anna import session "$T/work.ndjson" --each
import_ms=$((($(date +%s%N) - began) / 1000000))

# What one sync moves each way.
network
expect 0 on anna sync
work anna
network
expect 0 on anna sync
proxy_event ended
# shellcheck disable=SC2086 # words
set -- $event
up=$4
down=$6
say "$KILL_ROUNDS rounds; a sync sends $up bytes and receives $down, an import takes $import_ms ms"

draw "$KILL_ROUNDS" 1000 >"$T/draws"
round=0
while read -r drawn; do
    device=anna
    [ $((drawn % 3)) -ne 0 ] || device=bilal
    case $((round % 5)) in
    0)
        work $device
        sync_killed $device up $((up * drawn / 1000))
        ;;
    1)
        work $device
        sync_killed $device down $((down * drawn / 1000))
        ;;
    2)
        work $device
        server_killed $device up $((up * drawn / 1000))
        ;;
    3)
        work $device
        server_killed $device down $((down * drawn / 1000))
        ;;
    4) import_killed $device "$drawn" ;;
    esac
    round=$((round + 1))
done <"$T/draws"
say "$killed of them killed something"
[ $killed -ge $((KILL_ROUNDS / 2)) ] || fail "only $killed rounds killed anything"

# Several pushes on their way at once: one is being committed when the byte of another passes.
heavy() { # device
    for _ in 1 2 3; do
        sessions $((rows_made + 1)) $((rows_made + 2500)) >"$T/work.ndjson"
        rows_made=$((rows_made + 2500))
        expect 0 on "$1" import session "$T/work.ndjson"
    done
}
heavy anna
network
expect 0 on anna sync
proxy_event ended
# shellcheck disable=SC2086 # words
set -- $event
up=$4
down=$6
say "the same with three large pushes, $up bytes; then the way down"
killed=0
rounds=$((KILL_ROUNDS / 25))
draw $rounds 1000 >"$T/draws"
while read -r drawn; do
    heavy anna
    server_killed anna up $((up * drawn / 1000))
    heavy bilal
    sync_killed bilal up $((up * drawn / 1000))
    server_killed bilal up $((up * (1000 - drawn) / 1000))
    sync_killed anna down $((up * drawn / 1000))
done <"$T/draws"
say "$killed of $((rounds * 4)) killed something"
[ $killed -ge $((rounds * 2)) ] || fail "only $killed rounds killed anything"

network
for each in anna bilal anna bilal; do
    expect 0 on $each sync
done
same_everywhere anna bilal
count_is $rows_made ctl session list --json
count_is "$(awk 'END { print NR }' "$T/saved")" ctl person list --json
while read -r id; do
    grep -qF "$id" "$T/rows" || fail "person $id was saved, and is gone"
done <"$T/saved"
same "unsent" 0 "$(status_of anna unsent)"
stop_server
