#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Devices that stay connected: an edit of one appears on the other by itself; cuts, a server that
# is killed and one that is stopped; commands through the process that stays; its end.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
: "${LIVE_EDITS:=20}"
anna_pid=
bilal_pid=

# Start `jalon sync --live` on a device; what it says is read by live_event.
stay() { # device
    mkfifo "$T/$1.fifo"
    "$JALON" --data "$T/$1" sync --live --json >"$T/$1.fifo" 2>"$T/$1.err" &
    eval "$1_pid=$!"
    others="$others $!"
}
listen() {
    exec 6<"$T/anna.fifo" 7<"$T/bilal.fifo"
}
# The next event of that name from anna (6) or bilal (7); passes over others.
live_event() { # descriptor, name
    while read -r event <&"$1"; do
        case $event in
        *"\"event\":\"$2\""*) return ;;
        esac
    done
    fail "the live process ended before «$2»"
}
# So many rows come to a device, by themselves: each page is an event of its own.
has() { # device, number, words of list…
    device=$1
    number=$2
    shift 2
    tries=0
    while
        rows "$T/rows" on "$device" list "$@" --json
        [ "$(awk 'END { print NR }' "$T/rows")" != "$number" ]
    do
        tries=$((tries + 1))
        [ $tries -lt 2000 ] || fail "$number rows never came: $*"
    done
}
status_is() { # device, path, value
    found=$(status_of "$1" "$2")
    same "$2 of $1" "$3" "$found"
}

init_server
start_server
start_proxy
network
add_structure "Entreprise fictive"
enrol anna "$proxy_at"
enrol bilal "$proxy_at"
status_is anna live null

say "both stay connected"
stay anna
stay bilal
listen
live_event 6 synced
live_event 7 synced
status_is anna live.connected true
status_is bilal live.stuck false
expect 0 on anna status
said out "connecté au serveur depuis"

say "an edit of one appears on the other, without any command"
live=0
while [ $live -lt "$LIVE_EDITS" ]; do
    live=$((live + 1))
    expect 0 on anna add company name="Forge $live" city=Huy
    live_event 7 synced
    case $event in
    *'"pulled":1,'*) ;;
    *) fail "bilal did not receive one row: $event" ;;
    esac
done
count_is "$LIVE_EDITS" on bilal list company --json
same "unsent" 0 "$(status_of anna unsent)"
count_is "$LIVE_EDITS" ctl company list --json

say "jalon sync asks the process that stays, and tells what it did"
expect 0 ctl company add name="Du serveur" city=Namur
expect 0 on bilal sync --json
json_is error null
[ "$(json bytes_received)" -gt 0 ] || fail "no byte came"
count_is $((LIVE_EDITS + 1)) on bilal list company --json
expect 0 on bilal sync
said err "tout est sur le serveur"
expect 1 on bilal sync --live
said err "tourne déjà"
count_is $((LIVE_EDITS + 1)) on bilal list company --json

say "a laptop that slept hears what it missed"
kill -STOP "$bilal_pid"
expect 0 on anna add person name=Exemple first_name=Zoé
person=$(cat "$T/out")
expect 0 on anna set person "$person" emergency="la voisine"
expect 0 on anna sync
kill -CONT "$bilal_pid"
expect 0 on bilal sync
expect 0 on bilal show person "$person"
said out "la voisine"

say "the server is killed: that is said, work goes on, and both come back by themselves"
end_server KILL
live_event 6 away
live_event 7 away
status_is anna live.connected false
expect 0 on anna status
said out "hors ligne depuis"
expect 0 on anna add company name="Sans réseau" city=Ath
expect 3 on anna sync
expect 3 on bilal sync --json
json_is error "$(json error)"
same "unsent" 1 "$(status_of anna unsent)"
start_server
network
live_event 6 connected
live_event 7 synced
has bilal 1 company "name=Sans réseau"
same "unsent" 0 "$(status_of anna unsent)"
status_is anna live.connected true
status_is anna live.error null

say "the server is stopped in order: both leave, and come back when it asked them to"
stop_server
live_event 6 away
case $event in
*'"error":"LATER"'* | *'"error":"CLOSED"'*) ;;
*) fail "how a server that stops was heard: $event" ;;
esac
expect 3 on anna sync
start_server
network
live_event 6 connected
live_event 7 connected
live_event 7 synced

say "many commands at once through the process that stays"
pids=
live=0
while [ $live -lt 6 ]; do
    live=$((live + 1))
    on anna add company name="Ensemble $live" city=Mons >/dev/null 2>"$T/add$live.err" &
    pids="$pids $!"
    on anna sync >/dev/null 2>"$T/sync$live.err" &
    pids="$pids $!"
done
for pid in $pids; do
    status=0
    wait "$pid" || status=$?
    [ $status -eq 0 ] || {
        cat "$T"/add*.err "$T"/sync*.err >"$T/err"
        fail "exit $status of a command through the live process"
    }
done
has bilal 6 company city=Mons

say "SIGTERM and SIGINT end it in order; the next command needs nobody"
kill -TERM "$anna_pid"
status=0
wait "$anna_pid" || status=$?
same "exit after SIGTERM" 0 "$status"
kill -INT "$bilal_pid"
status=0
wait "$bilal_pid" || status=$?
same "exit after SIGINT" 0 "$status"
exec 6<&- 7<&-
for each in anna bilal; do
    status_is $each live null
    rm "$T/$each.fifo"
    expect 0 on $each sync
done
same_everywhere anna bilal

say "a kill -9 leaves nothing behind that a command would stumble over"
stay anna
exec 6<"$T/anna.fifo"
live_event 6 synced
kill -KILL "$anna_pid"
wait "$anna_pid" 2>/dev/null || true
exec 6<&-
rm "$T/anna.fifo"
expect 0 on anna add company name="Après" city=Visé
expect 0 on anna sync
json=$(status_of anna live)
same "live" null "$json"

say "a revoked device ends, and says so"
stay bilal
exec 7<"$T/bilal.fifo"
live_event 7 synced
device=$(status_of bilal device)
expect 0 ctl device revoke "$device"
live_event 7 over
status=0
wait "$bilal_pid" || status=$?
same "exit of a revoked device" 5 "$status"
exec 7<&-
expect 0 ctl check
stop_server
not_said server.err "Exemple"
