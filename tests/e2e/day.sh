#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One whole day of a jobcoach, an accompagnatrice, a manager and a coordinator: two laptops without
# network from 08:10, the same visit written twice, a line that is cut, what must be true in the
# evening, with its figures; and the night, when a dossier is erased that a third laptop still edits.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

today=$(date +%F)
day() { # days from today
    date -d "$today $1 days" +%F
}

# Add a row; then $made is its id.
add() { # device, table, field=value…
    who=$1
    shift
    expect 0 on "$who" add "$@"
    made=$(cat "$T/out")
}

# Twice round, so that each hears what the others brought.
settle() {
    for round in 1 2; do
        for each in "$@"; do
            try on "$each" sync
            [ "$status" -eq 0 ] || [ "$status" -eq 4 ] || fail "sync of $each: $status ($round)"
        done
    done
}

# What home shows of a kind.
home_shows() { # number, kind
    expect 0 on anna today --at "$today" --json
    same "home: $2" "$1" "$(grep -c "\"kind\":\"$2\"" "$T/out" || true)"
}

# The same rows of an indicator on both replicas and on the server; they stay in $T/out.
agree() { # indicator, further words…
    name=$1
    shift
    for each in anna bilal; do
        expect 0 on $each report "$name" --from "$(day -120)" --to "$(day 1)" --at "$today" "$@" --json
        cp "$T/out" "$T/report.$each"
    done
    expect 0 ctl report "$name" --from "$(day -120)" --to "$(day 1)" --at "$today" \
        --structure "$structure" "$@" --json
    for each in anna bilal; do
        json rows.length "$T/report.$each" >/dev/null
        grep '^rows\.' "$T/json" >"$T/figures.$each"
        json rows.length >/dev/null
        grep '^rows\.' "$T/json" | diff "$T/figures.$each" - >&2 || fail "$name differs: $each"
    done
}

# The value of a column in the row of a report that begins with a code.
figure_is() { # code, column, value
    json rows.length >/dev/null
    line=$(awk -F= -v code="$1" '$2 == code { sub(/[a-z_]*$/, "", $1); print $1; exit }' "$T/json")
    [ "$line" ] || fail "no row $1"
    json_is "$line$2" "$3"
}

init_server
start_server
start_proxy
network
add_structure "EI L'Atelier Fictif"
enrol anna "$proxy_at"
anna=$staff
enrol bilal "$proxy_at"
enrol dora
invite "Responsable Fictive" manager
expect 0 on maud enrol "$code"
invite "Coordination Fictive" coordinator
expect 0 on chloe enrol "$code"
expect 0 ctl pathway_model add "name=Modèle fictif" "structure=$structure"
model=$(cat "$T/out")
expect 0 ctl phase add "model=$model" rank=5 code=JC5 "label=Suivi en emploi" network_phase=EMPLOI
phase=$(cat "$T/out")
expect 0 on anna sync

say "a caseload: three visits today, two late actions, a contract on its day 92"
for n in 1 2 3; do
    add anna person "name=Fictif$n" first_name=Zoé "street=Rue Ancienne $n" city=Ville-Fictive
    eval "person$n=$made"
    add anna pathway "person=$made" "model=$model" "entry=$(day -100)" state=open
    path=$made
    eval "path$n=$path"
    add anna step "pathway=$path" "phase=$phase" "start=$(day -100)"
    add anna assignment "pathway=$path" "staff=$anna" role=referent "start=$(day -100)"
done
for n in 1 2; do
    eval "person=\$person$n"
    add anna session kind=individual "person=$person" "date=$today" "start=1$n:00" minutes=45 state=draft
    eval "visit$n=$made"
done
add anna session kind=group "date=$today" start=14:00 minutes=90 "subject=Groupe vente" state=draft
group=$made
add anna action "pathway=$path1" who=person "label=Permis B" state=planned "due=$(day -3)"
permit=$made
add anna action "pathway=$path2" who=jobcoach "label=Appeler la mutuelle" state=planned "due=$(day -1)"
add anna company "name=Menuiserie Fictive"
company=$made
# Who came from the EI is still the manager's concern for a time.
add anna contract "person=$person2" "employer_structure=$structure" kind=CDD "start=$(day -500)" \
    "actual_end=$(day -93)" end_reason=other_job
add anna contract "person=$person2" "pathway=$path2" "employer_company=$company" kind=CDD \
    "start=$(day -92)" "expected_end=$(day 90)"
contract=$made
for point in W1:-85 M1:-62; do
    add anna job_followup "contract=$contract" "milestone=${point%:*}" "date=$(day "${point#*:}")" \
        in_job=same person_score=4 company_score=4
done
for n in 1 2 3 4 5 6 7; do
    add anna person "name=Groupe$n" first_name=Yves
    eval "member$n=$made"
done
settle anna bilal maud chloe dora

say "07:40: home"
expect 0 on anna status
said out "tout est sur le serveur"
home_shows 3 visit
home_shows 1 point
home_shows 2 action
same "late actions" 2 "$(grep -c '"kind":"action".*"late":true' "$T/out")"

say "08:10: no network for two laptops"
network reset_up=0
expect 3 on anna sync

say "visit 1, written by both"
expect 0 on anna set session "$visit1" kind=tripartite "subject=Visite tripartite" \
    "next_date=$(day 14)"
add anna session_note "session=$visit1" "person=$person1" "text=Incident à la scie, médiation faite."
for coach in anna bilal; do
    add anna session_staff "session=$visit1" "staff=$coach Coach"
done
expect 0 on anna set session "$visit1" state=validated
add anna contact_point "person=$person1" kind=phone "value=0400 00 00 01"
expect 0 on anna set action "$permit" state=done "done_on=$today"
expect 0 on anna set person "$person1" "street=Rue de Jeanne 2"
add bilal session kind=tripartite "person=$person1" "date=$today" minutes=45 \
    "subject=Visite à l'atelier" state=validated
theirs=$made
expect 0 on bilal set action "$permit" "due=$(day 20)" state=in_progress
expect 0 on bilal set person "$person1" "street=Rue de Claire 3"
add bilal contact_point "person=$person1" kind=phone "value=0400 00 00 02"

say "visit 2: the point of month 3, and an earlier end; at the office another one"
add anna job_followup "contract=$contract" milestone=M3 "date=$today" in_job=same person_score=4 \
    company_score=3 incident=true mediation=true
expect 0 on anna set contract "$contract" "actual_end=$(day 15)" end_reason=other_job
expect 0 on maud set contract "$contract" "actual_end=$(day 30)" end_reason=other_job
expect 0 on maud sync
home_shows 0 point

say "visit 3: nine persons, one of them new, whom the office enters too"
add anna person name=Nouveau first_name=Théo birth_date=1995-05-05
new=$made
for each in "$person1" "$member1" "$member2" "$member3" "$member4" "$member5" "$member6" "$member7" "$new"; do
    add anna attendance "session=$group" "person=$each" "date=$today" status=present minutes=90
done
expect 0 on anna set session "$group" state=validated
add chloe person name=Nouveau first_name=Theo birth_date=1995-05-05
expect 0 on chloe sync
expect 3 on bilal sync
unsent=$(status_of anna unsent)
[ "$unsent" -gt 15 ] || fail "$unsent unsent"
expect 3 on anna sync
same "unsent without network" "$unsent" "$(status_of anna unsent)"

say "17:10: a line that is cut while it sends, then a whole one"
network reset_up=2000
expect 3 on anna sync
said err "perdu"
network
settle bilal anna bilal chloe maud dora
for each in anna bilal maud chloe; do same "unsent of $each" 0 "$(status_of $each unsent)"; done

say "nothing is lost, nothing doubled"
for each in anna bilal; do
    count_is 2 on $each list contact_point "person=$person1" --json
    count_is 9 on $each list attendance "session=$group" --json
    count_is 1 on $each list job_followup "contract=$contract" milestone=M3 --json
    count_is 2 on $each list session "person=$person1" kind=tripartite --json
    expect 0 on $each show session "$theirs" --json
    json_is state validated
    count_is 12 on $each list person --json
    expect 0 on $each show action "$permit" --json
    json_is state "done"
    json_is due "$(day 20)" # who moved the date finds it, on what is done
    expect 0 on $each show person "$person1" --json
    json_is street "Rue de Claire 3"
    expect 0 on $each show contract "$contract" --json
    json_is actual_end "$(day 30)"
done
expect 4 on anna conflicts
said out "Rue de Jeanne 2"
same_everywhere anna bilal

say "the manager decides the end of the contract, and nobody else"
expect 4 on maud conflicts --json
awk -v table=contract -f "$e2e/json.awk" "$T/out" >"$T/json"
line=$(awk -F= '$2 == "contract" && $1 ~ /of_table$/ { sub(/of_table$/, "", $1); print $1; exit }' "$T/json")
json_is "${line}may_decide" true
conflict=$(json "${line}id")
expect 5 on anna resolve "$conflict" --keep other
expect 0 on maud resolve "$conflict" --keep other --reason "vu avec l'entreprise"
settle maud anna bilal
for each in anna bilal maud; do
    expect 0 on $each show contract "$contract" --json
    json_is actual_end "$(day 15)"
done

say "possible doubles: a visit and a person"
expect 4 on anna duplicates --json
cp "$T/out" "$T/doubles"
json_is length 2
agree I7
figure_is tripartite staff_hours 2.25
for n in 0 1; do
    expect 0 on anna duplicate same "$(json $n.id "$T/doubles")" --reason "vu ensemble"
done
settle anna bilal chloe
expect 0 on bilal duplicates
count_is 11 on bilal list person --json

say "hours once per coach; points; phases: the same figures on both laptops and on the server"
agree I7
figure_is tripartite staff_hours 1.50
figure_is group staff_hours 1.50
figure_is group person_hours 13.50
agree I6
figure_is M3 "done" 1
agree I1
figure_is EMPLOI pathways 3

say "the night: the person asks for erasure; a laptop that has not been seen for weeks edits on"
add anna erasure "dossier=$person1" reason=request asked_as=jobcoach
order=$made
settle anna
expect 0 on dora show person "$person1"
expect 0 on dora set person "$person1" city=Tard
settle chloe
expect 0 on chloe set erasure "$order" state=confirmed signed_as=coordinator
settle chloe anna bilal maud
try on dora sync --json
same "exit of the late laptop" 4 "$status"
json_is refused 1
try on dora inbox
said out "ce dossier a été effacé"
for each in anna bilal dora; do
    expect 1 on $each show person "$person1"
    ! grep -rqaF -e "Rue de Claire 3" "$T/$each" || fail "still on $each"
done
tries=0 # the manager never held it
until ctl erasure orders >"$T/out" && grep -qF -e "  4/4" "$T/out"; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || fail "not all have confirmed"
done
sound anna bilal chloe dora maud
stop_server
