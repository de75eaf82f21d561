#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A site whose line to the server is cut: its relay takes what the coaches write, keeps it
# unread, hands it over when the line is back, and brings them the answers.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# Serve the site; then $relay_at is where, and descriptor 6 is what it says.
start_relay() { # folder
    [ -p "$T/relay.fifo" ] || mkfifo "$T/relay.fifo" "$T/relay.log"
    "$JALOND" serve --data "$T/$1" --sync "${relay_at:-127.0.0.1:0}" >"$T/relay.fifo" \
        2>"$T/relay.log" &
    relay_pid=$!
    others="$others $relay_pid"
    exec 7<"$T/relay.fifo" 6<"$T/relay.log"
    read -r word relay_at <&7
    same "first word of the relay" sync "$word"
}

end_relay() { # signal
    kill "-$1" "$relay_pid"
    wait "$relay_pid" 2>/dev/null || true
    exec 6<&- 7<&-
}

# Its next line with this text.
relay_says() { # text
    while read -r line <&6; do
        case $line in
        *"$1"*) return ;;
        esac
    done
    fail "the relay ended without saying: $1"
}

deposited_is() { # device, operations
    same "deposited by $1" "$2" "$(status_of "$1" deposited.operations)"
}

init_server
start_server
at=$server_at
add_structure "EI Exemple"
expect 0 ctl relay add "$structure" "Atelier"
code=$(cat "$T/out")
expect 0 "$JALOND" relay "$code" --data "$T/relay"
said err "Atelier"
echo "verbose = yes" >"$T/relay/jalond.conf"
start_relay relay
for device in anna bilal; do
    enrol $device
    expect 0 on $device site "$relay_at"
done

say "the line is up: the relay passes on what it cannot read, enrolment included"
invite "Coach chloe" jobcoach
expect 0 on chloe enrol "$code" --server "$relay_at"
expect 0 on chloe add person name=Exemple first_name=Zoé emergency=Secret
zoe=$(cat "$T/out")
expect 0 on chloe sync --json
json_is pushed 1
json_is deposited 0
expect 0 on anna sync

say "the line is cut: what is written goes to the relay, and nobody says it is on the server"
stop_server
expect 0 on anna set person "$zoe" emergency="Secret de Zoé"
expect 0 on anna add company name="Forge Secrète"
company=$(cat "$T/out")
expect 3 on anna sync
said err "« Atelier »"
not_said err "tout est sur le serveur"
expect 3 on anna sync --json
json_is deposited 2
json_is error OFFLINE
deposited_is anna 2
same "unsent of anna" 2 "$(status_of anna unsent)"
expect 0 on anna status
said out "Atelier"
expect 0 on bilal add person name=Fictif first_name=Yves
yves=$(cat "$T/out")
expect 3 on bilal sync
deposited_is bilal 1

say "a relay that is killed keeps what it has taken"
end_relay KILL
start_relay relay
for text in Secret secret Zoé Exemple Fictif Yves Forge "EI Exemple" Coach; do
    ! grep -rqaF -e "$text" "$T/relay" || fail "«$text» can be read at the relay"
done

say "the line is back: the relay hands over, the server judges, everybody finds it, once"
start_server "$at"
relay_says "handed over"
count_is 1 ctl company list --json
count_is 2 ctl person list --json
expect 0 on anna sync --json
json_is deposited 0
expect 0 on bilal sync
expect 0 on chloe sync
expect 0 on chloe show company "$company"
expect 0 on chloe show person "$yves"
expect 0 on anna status
said out "tout est sur le serveur"
same_everywhere anna bilal chloe
