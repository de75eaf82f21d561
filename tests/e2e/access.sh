#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who opens a dossier is noted, once a day, without a network too; the server lists it, and the
# devices that have had the dossier. A national number is shown only when asked for.
. "$(dirname "$0")/lib.sh"

number=99010112390 # its check digits fit
wrong=99010112391

init_server
start_server
add_structure "EI Exemple"
enrol anne
anne_id=$staff
invite "Coordination Fictive" coordinator
expect 0 on bilal enrol "$code"

say "a dossier with a national number; doubtful digits are told, and taken"
expect 0 on anne add person name=Fictif first_name=Zoé
person=$(cat "$T/out")
expect 0 on anne add identity_number "person=$person" "value=$wrong"
said err "chiffres de contrôle"
nn=$(cat "$T/out")
expect 0 on anne set identity_number "$nn" "value=$number"
not_said err "chiffres de contrôle"
expect 0 on anne show person "$person"
same "unsent" 3 "$(status_of anne unsent)" # what she has just written is no opening
expect 0 on anne sync
expect 0 on bilal sync
at=$server_at
stop_server

say "masked wherever it is shown, and no key"
for words in "show identity_number $nn" "show identity_number $nn --json" \
    "show identity_number $nn --history" "show identity_number $nn --history --json" \
    "list identity_number" "list identity_number --json" "show person $person" \
    "export identity_number $T/numbers.csv" "export identity_number $T/numbers.ndjson"; do
    # shellcheck disable=SC2086 # words of a command
    expect 0 on anne $words
    not_said out "990101"
done
expect 0 on anne list identity_number
said out "*********90"
for file in numbers.csv numbers.ndjson; do
    not_said $file 990101
    said $file "*********90"
done
expect 5 on anne list identity_number "value=$number"
expect 1 on anne set identity_number "$nn" "value=*********90"

say "shown when asked for, and each time is noted"
expect 0 on anne show identity_number "$nn" --reveal --reason "visite fictive"
said out "$number"
expect 0 on anne show identity_number "$nn" --reveal --json
said out "\"value\":\"$number\""
expect 2 on anne show person "$person" --reveal

say "her own list, without a network"
expect 0 on anne access "$person" --json
same "openings of the number" 2 "$(grep -o national_number "$T/out" | wc -l | tr -d ' ')"
same "openings of the vault" 2 "$(grep -o '"vault"' "$T/out" | wc -l | tr -d ' ')"
same "openings of the dossier" 1 "$(grep -o '"dossier"' "$T/out" | wc -l | tr -d ' ')"
said out "visite fictive"
same "taken out" 1 "$(grep -o '"reason":"export"' "$T/out" | wc -l | tr -d ' ')"
expect 0 on anne access "$person"
said out "le numéro national"
before=$(status_of anne unsent)
expect 0 on anne show person "$person"
same "a second opening" "$before" "$(status_of anne unsent)"

say "what is written to a file is noted of each dossier, a list of people is not"
expect 0 on anne list person
same "a list of people" "$before" "$(status_of anne unsent)"
expect 0 on anne export person "$T/persons.csv"
expect 0 on anne access "$person" --json
same "taken out" 2 "$(grep -o '"reason":"export"' "$T/out" | wc -l | tr -d ' ')"
before=$(status_of anne unsent)
expect 0 on anne export person "$T/persons.ndjson"
same "taken out again" "$before" "$(status_of anne unsent)"

say "the server knows, the coordinator's copy knows of no vault"
start_server "$at"
expect 0 on anne sync
expect 0 on bilal show person "$person"
try on bilal sync
expect 0 ctl access list "$person" --json
same "openings at the server" 2 "$(grep -o national_number "$T/out" | wc -l | tr -d ' ')"
json_is recipients.0.staff "$anne_id"
json_is recipients.0.device 1
json_is recipients.0.until null
json_is recipients.0.received yes
expect 0 ctl access list "$person"
said out "anne Coach"
expect 0 ctl identity_number show "$nn"
said out "*********90"
expect 0 ctl access list "$person"
said out "au serveur"
try on bilal sync
expect 0 on bilal access "$person" --json
not_said out vault
not_said out national_number

say "whoever opens many dossiers is told of"
expect 0 ctl access alerts
not_said out "anne Coach"
expect 0 ctl parameter add key=access_alert value=1 valid_from=2020-01-01
expect 0 ctl access alerts --json
same "alerts" "[]" "$(tr -d '\n' <"$T/out")"
expect 0 on anne add person name=Autre first_name=Fictif
other=$(cat "$T/out")
try on anne sync
expect 0 on anne show person "$other"
try on anne sync
expect 0 ctl access alerts --json
json_is 0.dossiers 2
json_is 0.staff "$anne_id"
expect 0 ctl check
sound anne bilal
