#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What people mistype and strangers send: said plainly, nothing lost, nothing broken.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

init_server
start_server
add_structure "Entreprise fictive"
enrol anna

say "mistyped words are named, with the nearest right one"
expect 2 on anna sinc
said err "sync"
expect 2 on anna
expect 1 on anna list persn
said err "vouliez-vous dire « person »"
expect 1 on anna add person name=Exemple frist_name=Zoé
said err "vouliez-vous dire « first_name »"
expect 2 on anna add person name
said err "CHAMP=VALEUR"
expect 1 on anna add person name=Exemple
said err "first_name"
expect 1 on anna show person 01900000-0000-7000-8000-000000000001

say "values of the wrong kind"
expect 1 on anna add session kind=individual date=2026-02-30 minutes=10
said err "date"
expect 1 on anna add session kind=individual date=2026-02-28 minutes=long
said err "minutes"
expect 1 on anna add session kind=individual date=2026-02-28 minutes=601
said err "minutes"
expect 1 on anna add person name=Exemple first_name=Zoé gender=Q
said err "gender"
long=$(awk 'BEGIN { for (i = 0; i < 81; i++) printf "é" }')
expect 1 on anna add person name="$long" first_name=Zoé
said err "name"
expect 1 on anna add person name="$(printf 'a\377')" first_name=Zoé
said err "UTF-8"
count_is 0 on anna list person --json
count_is 0 on anna list session --json

say "a wrong line of a file is named; nothing is imported unless asked"
cat >"$T/persons.csv" <<'CSV'
name;first_name;gender;language
Exemple;Zoé;F;fr
Modèle;Yves;Q;fr
Patron;Xavier;M;fr
CSV
expect 1 on anna import person "$T/persons.csv"
said err "ligne 3, colonne 3 (gender)"
count_is 0 on anna list person --json
expect 1 on anna import person "$T/persons.csv" --json
json_is rejected 1
json_is saved false
json_is problems.0.line 3
json_is problems.0.column 3
expect 1 on anna import person "$T/persons.csv" --dry-run
count_is 0 on anna list person --json
expect 4 on anna import person "$T/persons.csv" --skip-bad
count_is 2 on anna list person --json
printf 'name;first_name\nSansfin;"Wim\n' >"$T/open.csv"
expect 1 on anna import person "$T/open.csv"
said err "ligne 2"
printf '{"name":"Sansfin","first_name":\n' >"$T/open.ndjson"
expect 1 on anna import person "$T/open.ndjson"
said err "ligne 1"
expect 1 on anna import person "$T/nothing.csv"
expect 2 on anna import person "$T/persons.ods"
cp "$T/persons.csv" "$T/persons.xlsx"
expect 1 on anna import person "$T/persons.xlsx"
said err ".xlsx"
count_is 2 on anna list person --json
expect 0 on anna sync

say "mistakes are told in the person's language"
LANG=en_GB.UTF-8 expect 1 on anna list persn
said err "did you mean"
LANG=fr_BE.UTF-8 expect 1 on anna list persn
said err "vouliez-vous dire"

say "codes that are wrong, used or of another server"
invite "Coach bilal" jobcoach
wrong=$(echo "$code" | sed 's/^\(....\)./\1U/')
[ "$wrong" != "$code" ] || wrong=$(echo "$code" | sed 's/^\(....\)./\1V/')
try on bilal enrol "$wrong"
[ "$status" -ne 0 ] || fail "a wrong code was taken"
try on bilal enrol "not a code"
[ "$status" -ne 0 ] || fail "no code was taken"
expect 0 on bilal enrol "$code"
expect 0 on bilal sync
expect 1 on carla enrol "$code"
said err "un autre"
count_is 2 on bilal list person --json

say "another server on the same address is not believed"
expect 0 on anna set person "$(on anna list person --json | sed -n 's/^{"id":"\([^"]*\)".*/\1/p' | head -n 1)" city=Namur
first_at=$server_at
stop_server
mv "$T/server" "$T/first"
rm "$T/server.fifo"
init_server
start_server "$first_at"
expect 5 on anna sync
same "unsent" 1 "$(status_of anna unsent)"
stop_server
rm -rf "$T/server"
mv "$T/first" "$T/server"
start_server "$first_at"
expect 0 on anna sync
same "unsent" 0 "$(status_of anna unsent)"

say "strangers at the port: noise before TLS, and inside it"
alive() { # the server still serves
    kill -0 "$server_pid" 2>/dev/null || fail "the server died"
    expect 0 on bilal sync
}
host=${server_at%:*}
port=${server_at##*:}
expect 0 "$JALON_BIN/tests/e2e/stranger" noise "$host" "$port" 200
same "connections" 200 "$(cat "$T/out")"
alive
expect 0 "$JALON_BIN/tests/e2e/stranger" anonymous "$host" "$port" "$T/bilal"
same "connections" 12 "$(cat "$T/out")"
alive
expect 0 "$JALON_BIN/tests/e2e/stranger" device "$host" "$port" "$T/bilal"
same "connections" 16 "$(cat "$T/out")"
alive
memory_bounded
same_everywhere anna bilal

say "a revoked device hears so, and keeps nothing of others from syncing"
expect 0 ctl device list --json
device=$(status_of bilal device)
expect 0 on bilal add person name=Dernier first_name=Ugo
expect 0 ctl device revoke "$device"
expect 5 on bilal sync
expect 0 on anna sync
expect 0 ctl check
stop_server
