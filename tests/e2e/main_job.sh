#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job: two coaches work without a network, come together, disagree, decide, agree.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

say "a server is made once, and says the same the second time"
init_server
pin=$(cat "$T/out")
[ "$pin" ] || fail "no fingerprint"
expect 0 "$JALOND" init --data "$T/server" --network "Réseau d'essai"
same "fingerprint" "$pin" "$(cat "$T/out")"

say "two coaches enrol"
start_server
add_structure "Entreprise fictive"
enrol anna
enrol bilal
same "unsent after enrolment" 0 "$(status_of anna unsent)"
same "complete after the first sync" true "$(status_of anna complete)"

say "both work while the server is away"
stop_server
expect 0 on anna add person name=Exemple first_name=Zoé emergency="la voisine"
zoe=$(cat "$T/out")
expect 0 on bilal add person name=Modèle first_name=Yves
yves=$(cat "$T/out")
expect 0 on anna add session kind=individual date=2026-03-02 minutes=45 person="$zoe"
expect 0 on bilal add session kind=phone date=2026-03-03 minutes=10 person="$yves"
expect 3 on anna sync
[ -s "$T/err" ] || fail "nothing was said about the missing network"
same "unsent while offline" 2 "$(status_of anna unsent)"
expect 0 on anna show person "$zoe"
said out "Zoé"

say "they sync; everybody has everything"
start_server "$server_at"
expect 0 on anna sync --json
json_is pushed 2
json_is conflicts 0
json_is refused 0
for member in pulled bytes_sent bytes_received ms; do
    [ "$(json "$member")" -ge 0 ] || fail "sync --json: $member"
done
expect 0 on bilal sync --json
json_is pushed 2
json_is pulled 2
expect 0 on anna sync --json
json_is pushed 0
json_is pulled 2
for member in unsent acked_through pulled_through last_sync complete conflicts quarantined skew_ms; do
    status_of anna "$member" >/dev/null
done
same "unsent" 0 "$(status_of anna unsent)"
expect 0 on anna status
said out "tout est sur le serveur"
same_everywhere anna bilal
count_is 2 on anna list person --json
count_is 2 on bilal list session --json

say "an idle sync moves nothing"
expect 0 on bilal sync --json
json_is pushed 0
json_is pulled 0

say "both edit one field; both values wait for a person"
stop_server
expect 0 on anna set person "$zoe" emergency="le frère" city=Namur
expect 0 on bilal set person "$zoe" emergency="la tante"
start_server "$server_at"
expect 0 on bilal sync
expect 4 on anna sync --json
json_is conflicts 1
same "conflicts" 1 "$(status_of anna conflicts)"
expect 4 on anna conflicts
said out "le frère"
said out "la tante"
said out "anna Coach"
said out "bilal Coach"
expect 4 on anna conflicts --json
conflict=$(json 0.id)
json_is length 1
expect 4 on anna inbox
expect 0 ctl conflict list
said out "$conflict"

say "one of them decides; both agree"
expect 0 on anna resolve "$conflict" --keep other
expect 0 on anna sync
try on bilal sync
expect 0 on bilal sync
expect 0 on bilal conflicts
same "conflicts of bilal" 0 "$(status_of bilal conflicts)"
same_everywhere anna bilal
expect 0 on bilal show person "$zoe" --json
json_is city Namur
chosen=$(json emergency)
expect 0 on anna show person "$zoe" --json
json_is emergency "$chosen"
expect 0 on bilal show person "$zoe" --history
said out "le frère"
said out "la tante"

say "a deleted row is gone for all, and comes back for all"
expect 0 on anna delete person "$yves"
expect 0 on anna sync
expect 0 on bilal sync
count_is 1 on bilal list person --json
expect 0 on bilal restore person "$yves"
expect 0 on bilal sync
expect 0 on anna sync
count_is 2 on anna list person --json
same_everywhere anna bilal

say "what is exported can be read back"
for form in csv ndjson; do
    expect 0 on anna export person "$T/person.$form"
    expect 0 on bilal import person "$T/person.$form" --json
    json_is records 2
    json_is unchanged 2
done
expect 0 on bilal sync --json
json_is pushed 0

say "all is well to the end"
expect 0 ctl stats
expect 0 ctl backup "$T/backup.jalon"
[ -s "$T/backup.jalon" ] || fail "no backup"
same_everywhere anna bilal
stop_server
