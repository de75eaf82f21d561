#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The line breaks at any byte, crawls or goes dumb: the next sync completes, nothing comes twice.
# Knob: CUT_ROUNDS, breaks of each kind.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
: "${CUT_ROUNDS:=30}"
rows_made=0

# More sessions on a device.
work() { # device, how many
    sessions $((rows_made + 1)) $((rows_made + $2)) >"$T/work.ndjson"
    rows_made=$((rows_made + $2))
    expect 0 on "$1" import session "$T/work.ndjson"
}

# What went through the connection that ends now: $up and $down bytes.
measured() {
    proxy_event ended
    # shellcheck disable=SC2086 # words
    set -- $event
    up=$4
    down=$6
}

# The same for an undisturbed sync.
measure() { # device
    network
    expect 0 on "$1" sync
    measured
}

# A sync on a broken line, then one on a whole line.
interrupted() { # device, words of the break…
    device=$1
    shift
    network "$@"
    try on "$device" sync
    case $status in
    0) unbroken=$((unbroken + 1)) ;;
    1 | 3 | 5)
        # A changed byte may look like a peer of another kind, or another server.
        [ "$status" -eq 3 ] || [ "${1%_*}" = corrupt ] || fail "exit $status: $*"
        [ -s "$T/err" ] || fail "nothing was said about the broken line"
        ;;
    *) fail "exit $status on a broken line: $*" ;;
    esac
    network
    expect 0 on "$device" sync
}

init_server
start_server
start_proxy
network
add_structure "Entreprise fictive"
enrol anna "$proxy_at"
enrol bilal "$proxy_at"

say "an enrolment that breaks is asked again, and makes one device"
invite "Coach dora" jobcoach
network
expect 0 on dora enrol "$code" --server "$proxy_at"
measured
devices=3
for fault in reset_up reset_down cut_down; do
    all=$up
    [ $fault = reset_up ] || all=$down
    for part in 0 2 4 6 7 8 9; do
        devices=$((devices + 1))
        invite "Coach e$devices" jobcoach
        network "$fault=$((all * part / 9))"
        try on "e$devices" enrol "$code" --server "$proxy_at"
        case $status in
        0 | 3) ;;
        *) fail "exit $status of an enrolment on a broken line" ;;
        esac
        network
        expect 0 on "e$devices" enrol "$code" --server "$proxy_at"
        expect 0 on "e$devices" sync
    done
done
expect 0 ctl device list --json
json_is length "$devices"

say "what a sync moves when nothing breaks"
work anna 30
measure anna
up_max=$up
up_back=$down
measure bilal
down_max=$down

for fault in reset cut; do
    say "$CUT_ROUNDS uploads ended by $fault"
    unbroken=0
    at=0
    while [ $at -lt "$CUT_ROUNDS" ]; do
        work anna 30
        interrupted anna "${fault}_up=$((up_max * at / CUT_ROUNDS))"
        at=$((at + 1))
    done
    say "$CUT_ROUNDS downloads ended by $fault, and the answers to uploads"
    at=0
    while [ $at -lt "$CUT_ROUNDS" ]; do
        work anna 30
        interrupted anna "${fault}_down=$((up_back * at / CUT_ROUNDS))"
        interrupted bilal "${fault}_down=$((down_max * at / CUT_ROUNDS))"
        at=$((at + 1))
    done
    [ $unbroken -lt $((CUT_ROUNDS * 3 / 2)) ] || fail "$unbroken syncs met no break"
done
expect 0 on anna sync
expect 0 on bilal sync
count_is $rows_made ctl session list --json
same_everywhere anna bilal

say "a changed byte is noticed"
unbroken=0
for at in 5 100 700 1500 $((up_max - 40)); do
    work anna 30
    interrupted anna "corrupt_up=$at"
    interrupted bilal "corrupt_down=$at"
done

say "byte by byte, and slowly"
work anna 30
network slice=1
expect 0 on anna sync
work anna 30
network slice=700 delay_ms=1-20
expect 0 on anna sync
expect 0 on bilal sync
count_is $rows_made on bilal list session --json

say "a first download that breaks again and again goes on where it was"
work anna 6000
network
expect 0 on anna sync
invite "Coach carla" jobcoach
expect 0 on carla enrol "$code" --server "$proxy_at"
tries=0
status=3
while [ "$status" -eq 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "the first download never ends"
    network reset_down=40000
    try on carla sync
done
same "exit of the last try" 0 "$status"
[ $tries -gt 2 ] || fail "the download was never broken"
same "complete" true "$(status_of carla complete)"
network
expect 0 on anna sync
same_everywhere anna carla

say "a line that goes dumb is given up in time"
work anna 30
work bilal 30
network swallow_up=$((up_max / 2))
on anna sync >"$T/anna.out" 2>"$T/anna.err" &
anna=$!
proxy_event opened
network swallow_down=$((down_max / 2))
began=$(date +%s)
try on bilal sync
same "exit when no answer comes" 3 "$status"
status=0
wait $anna || status=$?
same "exit when nothing arrives" 3 "$status"
took=$(($(date +%s) - began))
[ $took -le 60 ] || fail "it took $took s to give up"
network
for each in anna bilal carla anna bilal; do
    expect 0 on $each sync
done
count_is $rows_made ctl session list --json
same_everywhere anna bilal carla
stop_server
