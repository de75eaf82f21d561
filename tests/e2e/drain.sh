#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SIGTERM while devices send and receive: the server ends in order and in time, and what it
# acknowledged is there when it comes back.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
: "${DRAIN_ROUNDS:=8}"
devices="anna bilal carla dora"
rows_made=0

init_server
start_server
start_proxy
network
add_structure "Entreprise fictive"
for each in $devices; do
    enrol "$each" "$proxy_at"
done

work() { # device
    sessions $((rows_made + 1)) $((rows_made + 1500)) >"$T/work.ndjson"
    rows_made=$((rows_made + 1500))
    expect 0 on "$1" import session "$T/work.ndjson"
}

work anna
network
expect 0 on anna sync
proxy_event ended
# shellcheck disable=SC2086 # words
set -- $event
say "$DRAIN_ROUNDS rounds: SIGTERM at a drawn one of the $4 bytes of an upload"
draw "$DRAIN_ROUNDS" $(($4 * 9 / 10)) >"$T/draws"
while read -r byte; do
    for each in $devices; do
        work "$each"
    done
    network "kill_up=$byte" "pid=$server_pid" signal=15 rate=100000
    pids=
    for each in $devices; do
        on "$each" sync >"$T/$each.out" 2>"$T/$each.err" 4>&- 5<&- &
        pids="$pids $!"
    done
    proxy_event killed
    began=$(date +%s)
    status=0
    wait "$server_pid" || status=$?
    took=$(($(date +%s) - began))
    server_pid=
    exec 3<&-
    same "exit of jalond after SIGTERM" 0 "$status"
    [ $took -le 20 ] || fail "it took $took s to end"
    for pid in $pids; do
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || fail "exit $status of a sync cut short"
    done
    start_server
    network
    expect 0 ctl check
    # Acknowledged means there: no device may believe in more than the server has.
    for each in $devices; do
        acked=$(status_of "$each" acked_through)
        expect 0 on "$each" sync --json
        [ "$(status_of "$each" acked_through)" -ge "$acked" ] || fail "$each: acknowledged, then not"
    done
done <"$T/draws"

for each in $devices; do
    expect 0 on "$each" sync
    same "unsent of $each" 0 "$(status_of "$each" unsent)"
done
count_is $rows_made ctl session list --json
# shellcheck disable=SC2086 # words
same_everywhere $devices

say "SIGTERM with nobody there, and twice"
stop_server
start_server
kill -TERM "$server_pid"
end_server TERM
same "exit after two signals" 0 "$status"
