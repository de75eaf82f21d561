#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A relay's odd days: answers collected at the relay, parcels handed over twice or late, laptops
# put back, devices and relays without access.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# What a device writes while the line is cut lies at the relay.
leave() { # device, company
    expect 0 on "$1" add company name="$2"
    expect 3 on "$1" sync
    same "error of the visit" 1 "$(status_of "$1" deposited.operations)"
}

# The server comes back, and the relay has handed over what it had.
hand_over() {
    start_server "$at"
    relay_says "handed over"
}

number_of() { # device: its number at the server
    status_of "$1" device
}

init_server
start_server
at=$server_at
add_structure "EI Exemple"
make_relay relay "Atelier"
for device in anna bilal chloe dora; do
    enrol $device
    expect 0 on $device site "$relay_at"
done

say "the line is cut again before the device has heard: the answer lies at the relay"
stop_server
leave anna "Forge Fictive"
hand_over
stop_server
expect 3 on anna sync --json
json_is pushed 1
json_is deposited 0
same "unsent of anna" 0 "$(status_of anna unsent)"
same "deposited by anna" null "$(status_of anna deposited)"

say "the same parcel is handed over twice, for the relay forgot that it had been"
leave anna "Scierie Fictive"
end_relay TERM
cp "$T/relay/relay.db" "$T/before.db"
start_relay relay
hand_over
end_relay TERM
rm -f "$T"/relay/relay.db*
cp "$T/before.db" "$T/relay/relay.db"
start_relay relay
relay_says "handed over"
count_is 2 ctl company list --json
expect 0 on anna sync
expect 0 on anna status
said out "tout est sur le serveur"

say "the device reaches the server first: the late parcel and the old answer do no harm"
stop_server
leave bilal "Tannerie Fictive"
end_relay TERM
start_server "$at"
expect 0 on bilal sync
expect 0 on bilal add company name="Verrerie Fictive"
expect 0 on bilal sync
start_relay relay
relay_says "handed over"
stop_server
expect 0 on bilal add company name="Filature Fictive"
expect 3 on bilal sync --json
json_is deposited 1
hand_over
expect 0 on bilal sync
count_is 5 ctl company list --json
same_everywhere anna bilal

say "a laptop put back to an older image leaves a second parcel: neither takes the other's place"
cp -r "$T/anna" "$T/image"
stop_server
leave anna "Papeterie Fictive"
rm -rf "$T/anna"
mv "$T/image" "$T/anna"
leave anna "Brasserie Fictive"
hand_over
expect 0 on anna sync
count_is 7 ctl company list --json
expect 0 on bilal sync
same_everywhere anna bilal

say "live, through the relay"
invite "Coach eva" jobcoach
expect 0 on eva enrol "$code" --server "$relay_at"
mkfifo "$T/live"
on eva sync --live --json >"$T/live" 2>"$T/live.err" &
live_pid=$!
others="$others $live_pid"
exec 8<"$T/live"
next_synced() { # until rows came, or not
    while read -r line <&8; do
        case $line in
        *'"synced"'*'"pulled":0'*) [ "$1" = any ] && return ;;
        *'"synced"'*) return ;;
        esac
    done
    fail "live ended"
}
next_synced any
expect 0 on anna add company name="Menuiserie Fictive"
expect 0 on anna sync
next_synced rows
kill -TERM "$live_pid"
wait "$live_pid" || true
exec 8<&-

say "who is to be wiped hears it through the relay, from the server alone"
stop_server
leave dora "Laiterie Fictive"
end_relay TERM
start_server "$at"
expect 0 ctl device wipe "$(number_of dora)"
start_relay relay
relay_says "handed over"
stop_server
expect 5 on dora sync
[ ! -e "$T/dora/device.key" ] || fail "dora's key is still there"
expect 0 on dora status --json
json_is enrolled false

say "a revoked device leaves nothing and gets nothing"
start_server "$at"
expect 0 ctl device revoke "$(number_of chloe)"
end_relay TERM
start_relay relay
relay_says "2 keys have no access"
stop_server
expect 0 on chloe add company name="Cordonnerie Fictive"
expect 3 on chloe sync
same "deposited by chloe" null "$(status_of chloe deposited)"

say "a revoked relay hears it, and serves nobody"
start_server "$at"
expect 0 ctl device list
said out "relais : Atelier"
expect 0 ctl device revoke 1
end_relay TERM
start_relay relay
relay_says "taken this relay's access away"
stop_server
expect 0 on bilal add company name="Cidrerie Fictive"
expect 3 on bilal sync
same "deposited by bilal" null "$(status_of bilal deposited)"
start_server "$at"
expect 0 on bilal sync
count_is 9 ctl company list --json
sound anna bilal
