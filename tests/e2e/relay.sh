#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A site whose line to the server is cut: its relay takes what the coaches write, keeps it
# unread, hands it over when the line is back, and brings them the answers.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

init_server
start_server
at=$server_at
add_structure "EI Exemple"
make_relay relay "Atelier"
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
