#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# People decide: refused work is opened, corrected and sent again or given up; what was entered twice
# is merged and parted; conflicts are mixed and decided again; and all of it can be read afterwards.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# A device for a new staff member with this role.
enrol_as() { # device, role
    invite "Agent $1" "$2"
    expect 0 on "$1" enrol "$code"
    expect 0 on "$1" sync
}

# Sync until nothing moves; open questions are no failure.
settle() { # device…
    for round in 1 2; do
        for each in "$@"; do
            try on "$each" sync
            [ "$status" -eq 0 ] || [ "$status" -eq 4 ] || fail "sync of $each: $status ($round)"
        done
    done
}

init_server
start_server
add_structure "Entreprise fictive"
home=$structure
add_structure "EI du Canal fictif"
elsewhere=$structure
structure=$home
enrol_as anna jobcoach
enrol_as bilal jobcoach
enrol_as chloe coordinator
settle anna bilal chloe

say "what was refused is shown with what was there, and is not in the rows"
expect 0 on anna add person name=Exemple first_name=Zoé emergency="la voisine"
zoe=$(cat "$T/out")
expect 0 on anna add session kind=individual date=2026-03-02 minutes=45 person="$zoe"
session=$(cat "$T/out")
settle anna bilal
expect 0 on anna set session "$session" state=validated
expect 0 on anna sync
expect 0 on bilal set session "$session" minutes=50
expect 4 on bilal sync
expect 0 on bilal show session "$session" --json
json_is minutes 45
expect 4 on bilal inbox
said out "la fiche était déjà validée ou verrouillée"
said out "45 → 50"
said out "jalon inbox resubmit"
expect 4 on bilal inbox --json
json_is quarantine.0.reason frozen
json_is quarantine.0.state open
json_is quarantine.0.changes.0.fields.minutes 50
json_is quarantine.0.changes.0.before.minutes 45
json_is quarantine.0.changes.0.now.minutes 45
refused=$(json quarantine.0.id)
expect 0 on bilal inbox show "$refused"
said out "bilal Agent"
said out "appareil"
expect 1 on bilal inbox show 9/99
expect 2 on bilal inbox show rien

say "it cannot be sent again as it is; given up with a reason, it stays readable on both sides"
expect 1 on bilal inbox resubmit "$refused"
said err "verrouillé"
expect 2 on bilal inbox discard "$refused"
expect 0 on bilal inbox discard "$refused" --reason "noté deux fois"
expect 0 on bilal inbox
expect 0 on bilal inbox --closed
said out "noté deux fois"
expect 1 on bilal inbox discard "$refused" --reason encore
expect 0 on bilal sync
expect 0 ctl quarantine list --json
json_is length 0
expect 0 ctl quarantine list --closed --json
json_is 0.id "$refused"
json_is 0.state discarded
json_is 0.note "noté deux fois"
expect 0 ctl quarantine show "$refused"
said out "noté deux fois"

say "new rows that were refused are not lost from sight; corrected, they come back as they were"
expect 0 on bilal add person name=Modèle first_name=Luc structure="$elsewhere"
luc=$(cat "$T/out")
expect 0 on bilal add contact_point kind=phone value="0470 00 00 00" person="$luc"
phone=$(cat "$T/out")
expect 4 on bilal sync --json
json_is refused 2
expect 1 on bilal show person "$luc"
said err "jalon inbox show"
expect 0 on bilal list person
said err "saisie refusée"
expect 4 on bilal inbox --json
json_is quarantine.0.reason rights
json_is quarantine.1.reason depends_on_refused
json_is quarantine.0.changes.0.here false
refused=$(json quarantine.0.id)
expect 0 on bilal inbox resubmit "$refused" structure="$home" --json
json_is state resubmitted
json_is changes 1
expect 0 on bilal inbox resubmit all --json
json_is resubmitted 1
json_is left 0
expect 0 on bilal sync
settle anna bilal chloe
expect 0 on anna show person "$luc" --json
json_is first_name Luc
expect 0 on anna show contact_point "$phone" --json
json_is person "$luc"

say "the server can do it too, in the author's name"
expect 0 on bilal add person name=Fictif first_name=Rose structure="$elsewhere"
rose=$(cat "$T/out")
expect 4 on bilal sync
expect 0 ctl quarantine list --json
refused=$(json 0.id)
json_is 0.changes.0.fields.first_name Rose
expect 1 ctl quarantine resubmit "$refused" structure=01900000-0000-7000-8000-000000000000
expect 0 ctl quarantine resubmit "$refused" structure="$home" --json
json_is changes 1
expect 0 ctl person show "$rose" --history --json
json_is first_name Rose
by=$(json by)
expect 0 ctl quarantine show "$refused" --json
json_is by "$by"
json_is state resubmitted
settle bilal anna chloe
expect 0 on anna show person "$rose" --json
expect 0 on bilal inbox discard "$refused" --reason "fait par la coordination"
expect 0 on bilal sync

say "the same person on two laptops: a question, then one, then two again"
expect 0 on anna add person name=Double first_name=Élise birth_date=1990-03-02
one=$(cat "$T/out")
expect 0 on anna add session kind=phone date=2026-03-02 minutes=10 person="$one"
expect 0 on bilal add person name=DOUBLE first_name=elise birth_date=1990-03-02
two=$(cat "$T/out")
expect 0 on bilal add session kind=phone date=2026-03-03 minutes=20 person="$two"
settle anna bilal chloe
expect 4 on chloe duplicates
said out "même nom, même date de naissance"
said out "anna Agent"
said out "bilal Agent"
expect 4 on chloe duplicates --json
json_is 0.kind person
json_is 0.why "name birth_date"
json_is 0.score 100
json_is 0.state open
case=$(json 0.id)
same "duplicates" 1 "$(status_of chloe duplicates)"
expect 0 ctl duplicate list --json
json_is 0.id "$case"
json_is 0.left_row.birth_date 1990-03-02
expect 0 on chloe duplicate same "$case" --reason "vue ensemble" --json
json_is state same
settle chloe anna bilal
for each in anna bilal; do
    expect 0 on $each duplicates
    count_is 2 on $each list session person="$one" --json
    count_is 2 on $each list session person="$two" --json
    count_is 2 on $each list session person="Élise Double" --json
    count_is 1 on $each list person birth_date=1990-03-02 --json
    count_is 2 on $each list person birth_date=1990-03-02 --merged --json
    expect 0 on $each show person "$one" --json
    json_is same.length 1
    json_is related.0.table session
    json_is related.0.count 2
done
count_is 2 ctl session list person="$one" --json
expect 1 on anna duplicate same "$case"
expect 0 on anna duplicate undo "$case"
settle anna bilal chloe
count_is 1 on chloe list session person="$one" --json
count_is 2 on chloe list person birth_date=1990-03-02 --json
expect 4 on chloe duplicates
expect 0 ctl duplicate different "$case" --reason "jumelles fictives"
settle chloe anna
expect 0 on chloe duplicates
expect 0 on anna duplicates --decided
said out "jumelles fictives"

say "an address of two is mixed"
expect 0 on anna set person "$zoe" street="rue du Pont 1" city=Namur
expect 0 on bilal set person "$zoe" street="rue Haute 2" city=Huy
expect 0 on bilal sync
settle anna bilal
expect 4 on anna conflicts --json
conflict=$(json 0.id)
json_is 0.may_decide true
expect 2 on anna resolve "$conflict"
expect 2 on anna resolve "$conflict" --keep current city=Huy
expect 1 on anna resolve "$conflict" --set name=Autre
said err "name"
expect 0 on anna resolve "$conflict" --keep other --set postcode=4500 city=Huy \
    --reason "vu sur place" --json
json_is decision mixed
settle anna bilal chloe
expect 0 on bilal show person "$zoe" --json
json_is city Huy
json_is postcode 4500
expect 1 on bilal resolve "$conflict" --keep current
said err "--again"
expect 0 on bilal resolve "$conflict" --again --keep current --set city=Liège
settle bilal anna
expect 0 on anna show person "$zoe" --json
json_is city Liège
expect 0 on anna conflicts --decided
said out "tranché : les deux, mêlées, par bilal Agent"

say "another role is named, and nothing is saved"
expect 0 on anna add company name="Forge fictive"
forge=$(cat "$T/out")
expect 0 on anna add contract person="$zoe" employer_company="$forge" kind=CDI start=2026-01-05
contract=$(cat "$T/out")
settle anna bilal chloe
expect 0 on chloe set contract "$contract" actual_end=2026-11-30
expect 0 on chloe sync
expect 0 on anna set contract "$contract" actual_end=2026-12-31
settle anna chloe
expect 4 on anna conflicts
said out "la coordination décide"
expect 4 on anna conflicts --json
conflict=$(json 0.id)
expect 5 on anna resolve "$conflict" --keep other
said err "coordination"
same "unsent" 0 "$(status_of anna unsent)"
expect 0 on anna show contract "$contract" --json
json_is actual_end 2026-11-30
expect 0 on chloe resolve "$conflict" --keep other
settle chloe anna bilal
expect 0 on anna show contract "$contract" --json
json_is actual_end 2026-12-31

say "two decisions at once: the one that is not shown waits too"
stop_server
expect 0 on anna set person "$zoe" emergency="le frère"
expect 0 on bilal set person "$zoe" emergency="la tante"
start_server "$server_at"
settle anna bilal chloe
expect 4 on anna conflicts --json
conflict=$(json 0.id)
expect 0 on anna resolve "$conflict" --keep other --reason "selon Anna"
expect 0 on bilal resolve "$conflict" --keep current --reason "selon Bilal"
settle anna bilal chloe
expect 4 on chloe conflicts
said out "selon Anna"
said out "selon Bilal"
expect 4 on chloe conflicts --json
json_is length 1
json_is 0.of_table conflict
second=$(json 0.id)
expect 0 ctl conflict resolve "$second" --keep current --reason "vu ensemble"
settle anna bilal chloe
expect 0 on chloe conflicts
same "conflicts" 0 "$(status_of anna conflicts)"
expect 0 on anna show conflict "$conflict" --json
decision=$(json decision)
shown=$(json "$decision.emergency")
expect 0 on anna show person "$zoe" --json
json_is emergency "$shown"

say "what became of a field: when, by whom, on which device"
expect 0 on bilal show person "$zoe" --history --json
json_is history.0.kind insert
json_is history.0.changes.0.field name
json_is history.0.changes.0.before null
expect 0 on anna show person "$zoe" --history street
said out "Rue et n° : rue du Pont 1 → rue Haute 2"
said out "cet appareil"
not_said out "Contact d'urgence : "
said out "reçu ici le"
expect 0 ctl person show "$zoe" --history emergency --json
json_is history.0.kind insert
json_is history.0.changes.0.after "la voisine"
json_is history.1.kind update
json_is history.1.changes.0.before "la voisine"
for member in at received by device device_name; do
    json "history.1.$member" >/dev/null
done
[ "$(json history.1.device)" -gt 0 ] || fail "no device in the history"
expect 0 ctl person show "$zoe" --history
said out "création"
expect 2 on bilal show person "$zoe" city

say "all hold the same"
same_everywhere anna bilal chloe
stop_server
