#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A person is referred to another structure: what is shared is seen there while the consent and the
# referral stand; without them it is refused, and can be corrected.
# shellcheck disable=SC1091,SC2034,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# A device for a new staff member with this role; then $who is its id.
enrol_as() { # device, role
    invite "Agent $1" "$2"
    who=$staff
    expect 0 on "$1" enrol "$code"
    expect 0 on "$1" sync
}

sync_all() {
    for round in 1 2; do
        for each in anna dora emil fara; do
            try on $each sync
            [ "$status" -eq 0 ] || [ "$status" -eq 4 ] || fail "sync of $each: $status ($round)"
        done
    done
}

# Does the device hold the mark?
holds() { # device, mark
    grep -rqF "$2" "$T/$1" || fail "$2 is not on the device of $1"
}
gone() { # device, mark
    ! grep -rqF "$2" "$T/$1" || fail "$2 is still on the device of $1"
}

# A consent from anna's dossier; then $consent is its id.
consents() { # shares
    expect 0 on anna add consent "person=$person" purpose=share_structure "recipient=$there" \
        "shares=$1" given_on=2026-03-01 mode=signed
    consent=$(cat "$T/out")
}

refers() { # status, shares
    want=$1
    try on anna add referral "person=$person" "to=$there" "staff=$dora" "consent=$consent" \
        "shares=$2" informed=oui agrees=oui bound=oui same_mission=oui needed=oui \
        sent_on=2026-03-02
    [ "$status" -eq "$want" ] || fail "exit $status instead of $want: refer"
}

init_server
start_server
expect 0 ctl structure add "Entreprise fictive" --type EI
structure=$(cat "$T/out")
expect 0 ctl pathway_model add "name=Parcours type"
model=$(cat "$T/out")
enrol_as anna jobcoach
expect 0 ctl structure add "CISP du Canal fictif" --type CISP_EFT
structure=$(cat "$T/out")
there=$structure
enrol_as dora jobcoach
dora=$who
enrol_as emil coordinator
enrol_as fara jobcoach
expect 0 on anna sync

expect 0 on anna add person name=Fictifun first_name=Zoé emergency=MARQUE-FAIT
person=$(cat "$T/out")
expect 0 on anna add pathway "person=$person" "model=$model" entry=2026-03-02
expect 0 on anna add session kind=individual "person=$person" date=2026-03-02 minutes=45
session=$(cat "$T/out")
expect 0 on anna add session_note "session=$session" "person=$person" text=MARQUE-NOTE
expect 0 on anna sync

say "what the consent does not cover is refused at once, with the reason"
consents facts
refers 1 facts_notes
said err "consentement"

say "facts are seen by who is named and by the coordination, and by nobody else"
refers 0 facts
referral=$(cat "$T/out")
sync_all
for each in dora emil; do
    count_is 1 on $each list person --json
    holds $each MARQUE-FAIT
    gone $each MARQUE-NOTE
done
count_is 0 on fara list person --json
gone fara MARQUE-
expect 0 on dora set referral "$referral" answer=accepted appointment=2026-03-09
expect 0 on dora sync --json
json_is refused 0
expect 0 on dora set referral "$referral" reason="autre chose"
expect 4 on dora sync --json # who receives answers, and no more
json_is refused 1
expect 0 on anna sync
expect 0 on anna show referral "$referral" --json
json_is answer accepted
json_is reason null

say "the consent is withdrawn: nothing is left over there"
expect 0 on anna set consent "$consent" withdrawn_on=2026-03-10
sync_all
for each in dora emil; do
    count_is 0 on $each list person --json
    gone $each MARQUE-
done
count_is 1 on anna list session_note --json

say "referred offline on a consent withdrawn elsewhere: refused, corrected, sent again"
consents facts_notes
sync_all
stop_server
refers 0 facts_notes
referral=$(cat "$T/out")
start_server "$server_at"
expect 0 ctl consent set "$consent" withdrawn_on=2026-03-11
expect 4 on anna sync --json
json_is refused 1
expect 4 on anna inbox --json
json_is quarantine.0.reason consent
refused=$(json quarantine.0.id)
expect 4 on anna inbox
said out "consentement"
expect 0 ctl quarantine list --json
said out '"consent"'
consents facts_notes
expect 0 on anna inbox resubmit "$refused" "consent=$consent"
sync_all
holds dora MARQUE-NOTE
holds emil MARQUE-FAIT
gone emil MARQUE-NOTE
expect 0 on dora show referral "$referral" --json
json_is consent "$consent"

say "accepted, without contact: a dossier over there begins with the facts that are shared"
stop_server
expect 0 on dora referral accept "$referral" appointment=2026-03-16 --json
json_is created true
own=$(json id)
expect 0 on dora referral accept "$referral" --json
json_is created false
expect 0 on dora set person "$own" emergency=SUITE-FAIT
expect 0 on dora add session kind=individual "person=$own" date=2026-03-16 minutes=30
session=$(cat "$T/out")
expect 0 on dora add session_note "session=$session" "person=$own" text=SUITE-NOTE
start_server "$server_at"
sync_all
expect 0 ctl person show "$own" --json
json_is first_name Zoé
json_is structure "$there"
holds anna SUITE-FAIT
gone anna SUITE-NOTE
gone fara SUITE-
expect 5 on anna referral accept "$referral"
expect 0 ctl stats --json
json_is dossiers 2
json_is people 1

say "it has ended"
expect 0 on anna set referral "$referral" answer=ended
sync_all
for each in dora emil fara; do
    gone $each MARQUE-NOTE
done
gone anna SUITE-
holds dora SUITE-NOTE
expect 0 ctl stats --json
json_is people 1
sound anna dora emil fara
stop_server
