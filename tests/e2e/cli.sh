#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line as people and scripts meet it: exit statuses, languages, mistakes, spreadsheets,
# and commands while a sync runs.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# An error: its status, and words that must be in it.
wrong() { # status, word, command…
    want=$1
    word=$2
    shift 2
    expect "$want" "$@"
    said err "$word"
    [ ! -s "$T/out" ] || fail "data beside the error: $*"
}

say "help and version need no data"
expect 0 "$JALON" --help
cp "$T/out" "$T/help"
for command in enrol add set delete restore show list import export schema sync status conflicts \
    resolve inbox duplicates doctor; do
    said help "  $command "
    expect 0 "$JALON" "$command" --help
done
expect 0 "$JALON" --version
expect 0 "$JALON" schema
[ ! -e "$T/.local" ] || fail "data were made for nothing"

say "a device that is not enrolled says so"
expect 0 on anna status
said out "jalon enrol CODE"
not_said out "tout est sur le serveur"
same "enrolled" false "$(status_of anna enrolled)"
same "mode of the data folder" 700 "$(stat -c %a "$T/anna")"
same "mode of the database" 600 "$(stat -c %a "$T/anna/replica.db")"
wrong 5 "jalon enrol CODE" on anna add company name=Forge
wrong 5 "jalon enrol CODE" on anna sync
wrong 1 "code" on anna enrol ABCDE-FGHJK
expect 0 env XDG_DATA_HOME="$T/xdg" "$JALON" status
[ -d "$T/xdg/jalon" ] || fail "XDG_DATA_HOME is not heeded"

say "enrolment"
init_server
start_server
add_structure "Entreprise fictive"
enrol anna
expect 0 on anna enrol "$code" # a reply that was lost can be asked for again
try on bilal enrol "$code"
[ "$status" -eq 1 ] || [ "$status" -eq 5 ] || fail "a used code: exit $status"
said err "un autre"
invite "Coach bilal" jobcoach
wrong 1 "déjà inscrit" on anna enrol "$code"

say "wrong words: what was meant, what to do, and nothing is done"
wrong 2 "list" on anna lits person
wrong 2 "commande inconnue" on anna chercher Zoé
wrong 2 "TABLE" on anna add
wrong 2 "--limit" on anna list person --limt 3
wrong 1 "person" on anna add persn name=A first_name=B
wrong 1 "first_name" on anna add person name=A firstname=B
wrong 1 "minutes" on anna add session kind=phone date=2026-03-02 minutes=601
wrong 1 "date" on anna add session kind=phone date=30/02/2026 minutes=5
wrong 1 "minutes" on anna add session kind=phone date=2026-03-02
wrong 1 "kind" on anna add session kind=telegraphe date=2026-03-02 minutes=5
wrong 1 "gender" on anna add person name=A first_name=B gender=Z
wrong 1 "company" on anna add session kind=phone date=2026-03-02 minutes=5 company=Personne
wrong 1 "person" on anna show person 01900000-0000-7000-8000-000000000000
wrong 5 "structure" on anna add structure name=Autre kind=EI
long=$(awk 'BEGIN { while (n++ < 81) printf "é" }')
wrong 1 "name" on anna add person name="$long" first_name=B
expect 1 on anna add person name="$long" first_name=B --json
[ ! -s "$T/out" ] || fail "data beside the error"
cp "$T/err" "$T/out"
json_is error INVALID
json_is exit 1
count_is 0 on anna list person --json
same "unsent" 0 "$(status_of anna unsent)"

say "names, labels, short ids"
expect 0 on anna add company Nom="Forge d'Été" "Localité=Huy"
forge=$(cat "$T/out")
expect 0 on anna add session kind=company_visit date=3/2/26 minutes=45 start=9h05 company="forge d ete"
session=$(cat "$T/out")
expect 0 on anna show session "$(echo "$session" | cut -c1-30)" --json
json_is date 2026-02-03
json_is start 09:05
json_is company "$forge"
expect 0 on anna show session "$session"
said out "Forge d'Été"
said out "03/02/2026"
expect 0 on anna set session "$session" minutes=45 --json
json_is changed false
expect 0 on anna set session "$session" minutes=50
expect 0 on anna show session "$session" --history --json
json_is history.0.kind insert
json_is history.1.changes.0.before 45
json_is history.1.changes.0.after 50

say "English for those who read it; JSON is the same in all languages"
expect 0 env LANG=en_GB.UTF-8 "$JALON" --data "$T/anna" status
said out "on this device only"
expect 1 env LANG=en_GB.UTF-8 "$JALON" --data "$T/anna" add person name=A
said err "may not be empty"
for command in "status" "list company" "schema session" "conflicts" "inbox" "duplicates" \
    "show session $session" "show session $session --history"; do
    # shellcheck disable=SC2086 # words of a command
    expect 0 on anna $command --json
    cp "$T/out" "$T/french"
    # shellcheck disable=SC2086
    expect 0 env LANG=en_GB.UTF-8 "$JALON" --data "$T/anna" $command --json
    cmp -s "$T/french" "$T/out" || fail "the language shows in $command --json"
done

say "a spreadsheet as it comes: semicolons, accents of Windows, Belgian dates"
printf '%s\r\n' "Nom;Pr\351nom;Naissance;Localit\351" "Exemple;Zo\351;2/3/1990;Li\350ge" \
    "Mod\350le;Yves;;" >"$T/raw"
# shellcheck disable=SC2059 # the octal escapes are the point
printf "$(cat "$T/raw")" >"$T/people.csv"
expect 0 on anna import person "$T/people.csv" --dry-run --json
json_is created 2
json_is saved false
count_is 0 on anna list person --json
expect 0 on anna import person "$T/people.csv" --json
json_is created 2
json_is saved true
expect 0 on anna list person name=Exemple --json
json_is 0.first_name Zoé
json_is 0.birth_date 1990-03-02
json_is 0.city Liège

say "wrong lines are named; nothing is imported, or the rest, as asked"
cat >"$T/sessions.csv" <<'EOF'
kind;date;minutes;person
phone;02/03/2026;10;Exemple Zoé
phone;demain;10;zoé exemple
phone;02/03/2026;dix;
phone;02/03/2026
"phone;02/03/2026;10;
EOF
before=$(status_of anna unsent)
expect 1 on anna import session "$T/sessions.csv"
said err "ligne 3, colonne 2 (date)"
said err "ligne 4, colonne 3 (minutes)"
said err "ligne 5"
said err "ligne 6"
said err "rien n'a été enregistré"
same "unsent" "$before" "$(status_of anna unsent)"
expect 4 on anna import session "$T/sessions.csv" --skip-bad --json
json_is created 1
json_is rejected 4
json_is problems.0.line 3
json_is problems.0.column 2
json_is problems.0.title date
wrong 1 "none.csv" on anna import session "$T/none.csv"
wrong 2 ".csv" on anna import session "$T/x.ods"
printf 'kind;colour\r\nphone;red\r\n' >"$T/bad.csv"
wrong 1 "colour" on anna import session "$T/bad.csv"

say "the same file twice changes nothing"
sessions 1 500 >"$T/s.ndjson"
expect 0 on anna import session "$T/s.ndjson" --json
json_is created 500
expect 0 on anna import session "$T/s.ndjson" --each --json
json_is unchanged 500
expect 0 on anna sync
expect 0 on anna export session "$T/s.csv"
before=$(status_of anna op_last) # with who took what out
expect 0 on anna import session "$T/s.csv" --json
json_is updated 0
same "operations" "$before" "$(status_of anna op_last)"
expect 0 on anna export session "$T/s.xlsx" --json
rows=$(json rows "$T/out")
[ "$rows" -ge 500 ] || fail "rows missing in the spreadsheet: $rows"
same "how an archive begins" PK "$(head -c 2 "$T/s.xlsx")"
expect 0 on anna import session "$T/s.xlsx" --json
json_is updated 0
json_is unchanged "$rows"
[ ! -e "$T/s.xlsx.part" ] || fail "something is left beside the file"

say "while a sync hangs in a dead network, work goes on"
start_proxy "target=$server_at"
enrol carla "$proxy_at"
network blackhole=1
on carla sync >"$T/sync.out" 2>"$T/sync.err" &
sync_pid=$!
others="$others $sync_pid"
proxy_event opened
expect 0 on carla add company name=Atelier
atelier=$(cat "$T/out")
expect 0 on carla show company "$atelier" --json
json_is name Atelier
(cd "$T" && on carla export company atelier.csv) 2>"$T/err" || fail "export beside a sync"
[ -s "$T/atelier.csv" ] || fail "a relative path means another folder"
wrong 1 "vouliez-vous dire" on carla add compny name=Atelier
kill -0 "$sync_pid" || fail "the sync ended: nothing was shown"
kill -INT "$sync_pid"
status=0
wait "$sync_pid" || status=$?
same "exit of a sync broken off" 3 "$status"
grep -qF "rien n'est perdu" "$T/sync.err" || fail "the end of the sync says nothing"
same "unsent" 1 "$(status_of carla unsent)"
network
expect 0 on carla sync --json
json_is pushed 1

say "without a server nothing is lost, and that is said"
expect 0 on anna sync # who took sessions out
stop_server
expect 3 on anna sync
said err "rien n'est perdu"
expect 3 on anna sync --json
json_is error OFFLINE

say "another server at that address hears nothing"
other=$server_at
rm -rf "$T/server" "$T/server.fifo"
init_server
start_server "$other"
expect 0 on anna add company name=Secret
wrong 5 "serveur" on anna sync
same "unsent" 1 "$(status_of anna unsent)"
stop_server
