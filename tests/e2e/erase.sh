#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A dossier is erased: two people sign on their laptops, everybody's copy goes at the next sync,
# the list says who has confirmed, and a backup from before does not bring it back.
. "$(dirname "$0")/lib.sh"

mark=MARQUEFICTIVE

# No file of this folder holds the mark.
clean() { # folder
    if grep -rqaF --exclude='backup*' -e "$mark" "$T/$1"; then
        grep -rlaF -e "$mark" "$T/$1" >&2
        fail "still in $1"
    fi
}

# So many devices have confirmed; the last word of one may still be on its way.
confirmed() { # n/n
    tries=0
    until ctl erasure orders >"$T/out" 2>"$T/err" && grep -qF -e "  $1" "$T/out"; do
        tries=$((tries + 1))
        [ $tries -lt 500 ] || fail "not $1 devices have confirmed"
    done
}

init_server
start_server
add_structure "EI Exemple"
enrol anne
enrol chloe
invite "Coordination Fictive" coordinator
expect 0 on bilal enrol "$code"
expect 0 on bilal sync

say "a dossier on three laptops"
expect 0 on anne add person name=Fictif first_name=Zoé "city=$mark" gender=F
person=$(cat "$T/out")
expect 0 on anne add session kind=individual "person=$person" date=2026-11-02 minutes=45 "subject=$mark"
session=$(cat "$T/out")
expect 0 on anne add session_note "session=$session" "person=$person" "text=$mark $mark"
for each in anne chloe bilal; do expect 0 on $each sync; done
cat "$T"/server/jalon.db* | grep -qaF -e "$mark" || fail "the mark never arrived"
expect 0 ctl backup "$T/backup.db"

say "asked by one, confirmed by another"
expect 0 on anne add erasure "dossier=$person" reason=request asked_as=jobcoach
order=$(cat "$T/out")
expect 0 on anne sync
expect 0 on bilal sync
expect 0 on chloe set person "$person" "city=$mark-tard" # she does not know yet
expect 0 on bilal set erasure "$order" state=confirmed signed_as=coordinator
expect 0 on bilal sync
expect 0 ctl erasure orders --json
json_is 0.dossier "$person"
json_is 0.devices.0.confirmed null
confirmed 1/3
expect 0 ctl check

say "the others hear of it, late work is refused, nothing is left"
expect 4 on chloe sync
try on chloe inbox
said out "ce dossier a été effacé"
expect 0 on anne sync
confirmed 3/3
not_said out "pas confirmé"
expect 0 ctl erasure ids
cp "$T/out" "$T/erasures"

say "numbers of it stay, and are shown with those of others only"
expect 0 ctl stats
said out "autres, ensemble : moins de 5"
not_said out "EI Exemple"
expect 0 ctl stats --json
json_is erased.masked_below 5
json_is erased.tables.0.by structure
json_is erased.tables.0.cells.0.people null
expect 0 ctl parameter add key=masked_below value=1 valid_from=2026-01-01
expect 0 ctl stats
said out "EI Exemple : 1"
for each in anne chloe bilal; do
    expect 0 on $each doctor
    count_is 0 on $each list person --json
    clean $each
done
stop_server
clean server

say "a backup from before is put back, the database is lost: the list beside it does it again"
rm "$T"/server/jalon.db*
expect 0 ctl restore "$T/backup.db" --erasures "$T/erasures"
clean server
start_server "$server_at"
for each in anne chloe bilal anne; do try on $each sync; done
count_is 0 ctl person list --json
confirmed 3/3
for each in anne chloe bilal; do clean $each; done
sound anne chloe bilal

say "with the database in place, it is read from there"
stop_server
expect 0 ctl restore "$T/backup.db"
clean server
start_server "$server_at"
count_is 0 ctl person list --json
stop_server
