#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The administrator's day: a network is made, people and devices come and go, a backup is taken
# during work, the server loses its disk and is restored. Nothing acknowledged is missing.
. "$(dirname "$0")/lib.sh"

mode() { # file
    stat -c %a "$1"
}

say "a server is made once, and looked after in private"
expect 3 ctl stats
init_server
fingerprint=$(cat "$T/out")
same "length of the fingerprint" 64 "${#fingerprint}"
expect 0 "$JALOND" init --data "$T/server" --network "Autre nom"
same "fingerprint after a second init" "$fingerprint" "$(cat "$T/out")"
same "mode of the folder" 700 "$(mode "$T/server")"
same "mode of the CA key" 600 "$(mode "$T/server/ca.key")"
same "mode of the database" 600 "$(mode "$T/server/jalon.db")"
expect 2 "$JALOND" serve --data "$T/server" --console 127.0.0.1:0
expect 2 "$JALOND" serve --data "$T/server" --sync nulle.part.invalid:0
expect 1 "$JALOND" serve --data "$T/none" --sync 127.0.0.1:0
start_server
say "who asks is answered in their own language"
expect 0 env LANG=nl_BE.UTF-8 "$JALONCTL" --data "$T/server" company list
said err "0 fiches" # French: 0 fiche
expect 0 env LANG=en_GB.UTF-8 "$JALONCTL" --data "$T/server" company list
said err "0 records"

same "mode of the socket" 600 "$(mode "$T/server/control.sock")"
expect 1 "$JALOND" serve --data "$T/server" --sync 127.0.0.1:0
expect 0 "$JALOND" init --data "$T/server" --network "Pendant le service"
same "fingerprint while it serves" "$fingerprint" "$(cat "$T/out")"

say "a server whose database is gone does not start with an empty one"
end_server TERM
mkdir "$T/aside"
mv "$T"/server/jalon.db* "$T/aside"
expect 1 "$JALOND" serve --data "$T/server" --sync 127.0.0.1:0
said err restore
[ ! -e "$T/server/jalon.db" ] || fail "an empty database was made"
mv "$T"/aside/jalon.db* "$T/server"
start_server

say "wrong words are told, and change nothing"
add_structure "EI Exemple"
expect 2 ctl staff add Mononyme --structure "$structure" --role jobcoach
expect 1 ctl staff add "Anne Exemple" --structure "$structure" --role roi
expect 2 ctl staff add "Anne Exemple" --structure "$structure"
expect 1 ctl staff add "Anne Exemple" --structure 0123456789 --role jobcoach
expect 1 ctl structure add "EI Deux" --type CISP
said err CISP_EFT
expect 2 ctl company add nom=Exemple
expect 2 ctl compagnie list
expect 1 ctl company show 0123456789
expect 1 ctl invite 0123456789
expect 2 ctl device revoke toto
expect 1 ctl device revoke 7
count_is 0 ctl staff list --json
expect 0 ctl company add name=Exemple city=Namur
company=$(cat "$T/out")
expect 0 ctl company set "$company" city=Liège
expect 0 ctl company show "$company" --json
json_is city Liège
expect 0 ctl company show "$(echo "$company" | cut -c 1-23)"
said out Liège

say "a backup is taken while devices send"
enrol anne
enrol bruno
sessions 1 3000 >"$T/sessions.ndjson"
expect 0 on anne import session "$T/sessions.ndjson"
on anne sync >"$T/sync.out" 2>"$T/sync.err" &
sync_pid=$!
others=$sync_pid
expect 0 ctl backup "$T/copy"
wait "$sync_pid" || fail "anne's sync during the backup"
others=
same "mode of the backup" 600 "$(mode "$T/copy")"
expect 0 ctl backup "$T/copy" --json
json_is checked true
stable=$(json seq)
expect 0 ctl stats --json
json_is stable_seq "$stable"
expect 1 ctl backup "$T/no/such/folder"

say "a device revoked after the backup stays out after the restore"
sessions 3001 3050 >"$T/more.ndjson"
expect 0 on anne import session "$T/more.ndjson"
expect 0 on anne sync
expect 0 ctl device revoke 2
expect 5 on bruno sync
expect 1 ctl restore "$T/copy"
end_server KILL
head -c 20000 "$T/copy" >"$T/torn"
expect 6 ctl restore "$T/torn"
start_server "$server_at"
count_is 3050 ctl session list --json
stop_server
expect 0 ctl restore "$T/copy"
kept=$(cat "$T/out")
[ -f "$kept" ] || fail "the old database is not kept at $kept"
start_server "$server_at"
expect 0 ctl stats --json
[ "$(json generation)" -gt 1 ] || fail "no new generation"
count_is 3000 ctl session list --json
expect 5 on bruno sync
expect 0 on anne sync
count_is 3050 ctl session list --json
expect 0 on anne sync --json
json_is pushed 0
same_everywhere anne

say "a wiped device keeps nothing"
expect 0 ctl device wipe 1
expect 0 ctl device show 1 --json
json_is wipe_heard null
expect 5 on anne sync
[ ! -e "$T/anne/replica.db" ] && [ -z "$(find "$T/anne" -name '*.db*' -o -name '*key*')" ] ||
    fail "anne's device still holds something"
expect 0 ctl device list --json
json_is 0.state wiped
expect 0 ctl device show 1 --json
[ "$(json wipe_heard)" != null ] && [ "$(json wiped)" != null ] || fail "no receipt on the server"
expect 0 ctl device show 1
said out "a confirmé l'effacement le 20"
expect 0 on anne status
said out "détruites sur ordre de la coordination"
[ "$(status_of anne wiped)" != null ] || fail "no receipt on the device"
same "receipt" "wiped N" "$(sed 's/[0-9][0-9]*/N/' "$T/anne/wiped.receipt")"
stop_server
not_said server.err "Exemple"
