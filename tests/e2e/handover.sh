#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Dossiers change hands: a caseload goes to a colleague in one act, offline, while the one who gives
# it is still writing.
# shellcheck disable=SC1091,SC2034,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# A device for a new staff member with this role; then $who is its id.
enrol_as() { # device, role
    invite "Agent $1" "$2"
    who=$staff
    expect 0 on "$1" enrol "$code"
    expect 0 on "$1" sync
}

# A dossier with a note that holds the mark, led by the device's coach; then $person is its id.
dossier() { # device, staff, name, mark
    expect 0 on "$1" add person "name=$3" first_name=Zoé
    person=$(cat "$T/out")
    expect 0 on "$1" add pathway "person=$person" "model=$model" entry=2026-03-02
    pathway=$(cat "$T/out")
    expect 0 on "$1" add assignment "pathway=$pathway" "staff=$2" role=referent start=2026-03-02
    expect 0 on "$1" add session kind=individual "person=$person" date=2026-03-02 minutes=45
    session=$(cat "$T/out")
    expect 0 on "$1" add session_note "session=$session" "person=$person" "text=$4"
    note=$(cat "$T/out")
}

# Nothing of the mark is left in the device's folder.
gone() { # device, mark
    ! grep -rqF "$2" "$T/$1" || fail "$2 is still on the device of $1"
}

init_server
start_server
expect 0 ctl structure add "Entreprise fictive" --type EI
structure=$(cat "$T/out")
expect 0 ctl pathway_model add "name=Parcours type"
model=$(cat "$T/out")
enrol_as anna jobcoach
anna=$who
enrol_as bilal jobcoach
bilal=$who
enrol_as chloe coordinator
for each in anna bilal; do
    expect 0 on $each sync
done

say "what would move is told, and nothing is saved"
dossier anna "$anna" Fictifun MARQUE-UN
first=$person
dossier anna "$anna" Fictifdeux MARQUE-DEUX
second=$person
second_note=$note
expect 0 on anna sync
expect 0 on chloe sync
expect 0 on chloe handover "anna Agent" "bilal Agent" --dry-run
said out "Fictifun Zoé"
said out "referent"
said err "essai"
same "unsent" 0 "$(status_of chloe unsent)"
expect 5 on bilal handover "$anna" "$bilal" --dry-run
said err "coordination"
expect 1 on chloe handover "$bilal" "$anna"

say "one dossier, by the administrator"
expect 0 ctl handover "$anna" "$bilal" --person "$first" --json
json_is saved true
json_is moved.0.person "$first"
json_is moved.0.role referent
for each in anna bilal chloe; do
    expect 0 on $each sync
done
count_is 1 on anna list person --json
count_is 1 on bilal list person --json
gone anna MARQUE-UN

say "the rest by the coordinator without a network, while the coach writes on"
expect 0 on anna set session_note "$second_note" text=MARQUE-TROIS
stop_server
expect 0 on chloe handover "anna Agent" "bilal Agent" --json
json_is saved true
json_is moved.0.person "$second"
json_is left.length 0
expect 1 on chloe handover "anna Agent" "bilal Agent" # nothing is left to give
start_server "$server_at"
expect 0 on chloe sync
expect 0 on anna sync --json
json_is refused 0
expect 0 on bilal sync
count_is 0 on anna list person --json
count_is 2 on bilal list person --json
expect 0 on bilal show session_note "$second_note" --json
json_is text MARQUE-TROIS
for mark in UN DEUX TROIS; do
    gone anna MARQUE-$mark
done
gone chloe MARQUE- # a coordinator reads facts
expect 0 on bilal sync --json
json_is pulled 0
sound anna bilal chloe
stop_server
