#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A photo attached on one device comes to another when it is asked for, over lines that break;
# whoever may not see its row gets nothing of it.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

init_server
start_server
start_proxy
network
add_structure "Entreprise fictive"
enrol anna "$proxy_at"
enrol bilal "$proxy_at"

say "it is kept here, and said to be here only"
head -c 700000 /dev/urandom >"$T/photo.jpg"
expect 0 on anna add person name=Fictif first_name=Noa
person=$(cat "$T/out")
expect 0 on anna attach person "$person" "$T/photo.jpg" --kind photo
document=$(cat "$T/out")
same unsent 1 "$(status_of anna documents_unsent)"
expect 0 on anna status
not_said out "tout est sur le serveur"

say "on a line that breaks again and again it gets there, from where it was"
rounds=0
while [ "$(status_of anna documents_unsent)" != 0 ]; do
    rounds=$((rounds + 1))
    [ $rounds -le 20 ] || fail "it does not get there"
    network "reset_up=$((150000 + rounds * 1000))"
    try on anna sync
    case $status in
    0 | 3) ;;
    *) fail "exit $status on a broken line" ;;
    esac
    same "records after cut $rounds" 0 "$(status_of anna unsent)"
done
[ $rounds -ge 3 ] || fail "the line did not break"
say "$rounds syncs"
network
expect 0 on anna sync
said err "tout est sur le serveur"

say "the other device sees the document first, its content when asked for"
expect 0 on bilal sync
expect 0 on bilal show document "$document"
said out "photo.jpg"
expect 3 on bilal fetch "$document" "$T/copy.jpg"
same wanted 1 "$(status_of bilal documents_wanted)"
rounds=0
while [ "$(status_of bilal documents_wanted)" != 0 ]; do
    rounds=$((rounds + 1))
    [ $rounds -le 20 ] || fail "it does not come"
    network "reset_down=$((150000 + rounds * 1000))"
    try on bilal sync
done
[ $rounds -ge 3 ] || fail "the line did not break"
network
expect 0 on bilal fetch "$document" "$T/copy.jpg"
cmp "$T/photo.jpg" "$T/copy.jpg" || fail "another photo came"

say "the rule fetches without being asked"
expect 0 on bilal fetch --auto 5
head -c 90000 /dev/urandom >"$T/page.pdf"
expect 0 on anna attach person "$person" "$T/page.pdf"
second=$(cat "$T/out")
expect 0 on anna sync
expect 0 on bilal sync
expect 0 on bilal fetch "$second" "$T/page2.pdf"
cmp "$T/page.pdf" "$T/page2.pdf" || fail "another page came"

say "what cannot be a document is refused, and leaves nothing"
: >"$T/empty"
expect 1 on anna attach person "$person" "$T/empty"
expect 1 on anna attach person "$person" "$T/none"
expect 1 on anna attach person 01900000-0000-7000-8000-000000000001 "$T/page.pdf"
said err "aucune fiche"
head -c 60000000 /dev/zero >"$T/large"
expect 1 on anna attach person "$person" "$T/large"
expect 0 on anna sync
same unsent 0 "$(status_of anna documents_unsent)"

say "a backup has the contents; what came after it is offered again"
expect 0 ctl backup "$T/copy"
[ -s "$T/copy.content" ] || fail "no contents in the backup"
head -c 80000 /dev/urandom >"$T/later.pdf"
expect 0 on anna attach person "$person" "$T/later.pdf"
later=$(cat "$T/out")
expect 0 on anna sync
stop_server
cp "$T/copy" "$T/bare"
mkdir "$T/elsewhere"
expect 0 env "$JALONCTL" --data "$T/elsewhere" restore "$T/bare"
said err ".content"
expect 0 ctl restore "$T/copy"
not_said err ".content"
start_server "$server_at"
expect 0 on anna sync
expect 0 on bilal sync
expect 0 on bilal fetch "$later" "$T/later2.pdf"
cmp "$T/later.pdf" "$T/later2.pdf" || fail "another content came"
enrol chloe
expect 3 on chloe fetch "$document"
expect 0 on chloe sync
expect 0 on chloe fetch "$document" "$T/copy3.jpg"
cmp "$T/photo.jpg" "$T/copy3.jpg" || fail "the restored photo is another"

say "a server that has no room says so, and keeps nobody from working"
stop_server
echo "documents_mb = 1" >"$T/server/jalond.conf"
start_server "$server_at"
head -c 600000 /dev/urandom >"$T/more.jpg"
expect 0 on anna attach person "$person" "$T/more.jpg"
expect 0 on anna sync
said err "plus de place"
same "records" 0 "$(status_of anna unsent)"
same "documents" 1 "$(status_of anna documents_unsent)"
stop_server
rm "$T/server/jalond.conf"
start_server "$server_at"
expect 0 on anna sync
same "documents" 0 "$(status_of anna documents_unsent)"

say "a wipe takes the contents"
expect 0 ctl device list --json
[ -s "$T/bilal/replica.db.content" ] || fail "no contents on bilal"
expect 0 ctl device wipe 2
try on bilal sync
[ ! -e "$T/bilal/replica.db.content" ] || fail "the contents are still there"
sound anna
