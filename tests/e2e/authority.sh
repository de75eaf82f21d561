#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The network's authority changes: devices follow it over the connection they have, one that was
# away past the overlap too, with its work; a stranger's authority is believed by nobody.
. "$(dirname "$0")/lib.sh"

authority() { # word…
    "$JALOND" authority --data "$T/server" "$@"
}

# The fingerprint the present one has in $T/out.
pin_of() { # word
    awk -v "word=$1" '$1 == word { print $2 }' "$T/out"
}

say "init makes the next key, to be kept elsewhere"
init_server
said err ca.next.key
same "mode of the next key" 600 "$(stat -c %a "$T/server/ca.next.key")"
mkdir "$T/safe"
mv "$T/server/ca.next.key" "$T/safe/"
expect 0 "$JALOND" init --data "$T/server" --network "Réseau d'essai"
[ ! -e "$T/server/ca.next.key" ] || fail "a second init made the next key again"
expect 0 authority
first=$(pin_of present)
second=$(pin_of next)
[ -n "$first" ] && [ -n "$second" ] && [ "$first" != "$second" ] || fail "fingerprints"

start_server
at=$server_at
add_structure "EI Exemple"
for device in anne bruno chloe; do
    enrol $device
    same "mode of the pin" 600 "$(stat -c %a "$T/$device/authority.next")"
done
say "one that was enrolled before there was a next authority learns of it at a sync"
rm "$T/bruno/authority.next"
expect 0 on bruno sync
cmp "$T/bruno/authority.next" "$T/anne/authority.next" || fail "what bruno learned"

say "the change wants the right key, and a server that does not run"
expect 0 on chloe add company name="Forge Fictive"
try authority switch "$T/safe/ca.next.key"
[ "$status" -ne 0 ] || fail "the authority changed under a running server"
stop_server
expect 5 authority switch "$T/server/ca.key"
expect 5 authority switch "$T/server/server.key"
expect 0 authority switch "$T/safe/ca.next.key"
same "the present one" "$second" "$(pin_of present)"
same "the former one" "$first" "$(pin_of former)"
third=$(pin_of next)
[ "$third" != "$second" ] && [ "$third" != "$first" ] || fail "no other next authority"
expect 5 authority switch "$T/safe/ca.next.key"
mv "$T/server/ca.next.key" "$T/safe/third.key"

say "cut short in between, it goes on with the same key"
cp "$T/server/ca.former.crt" "$T/torn.crt"
cp "$T/server/ca.crt" "$T/server/ca.next.crt"
cp "$T/torn.crt" "$T/server/ca.crt"
try authority
[ "$status" -ne 0 ] || fail "key and certificate of two authorities"
said err "jalond authority"
expect 0 authority switch "$T/safe/ca.next.key"
same "the present one" "$second" "$(pin_of present)"
same "the former one" "$first" "$(pin_of former)"
third=$(pin_of next)
mv "$T/server/ca.next.key" "$T/safe/third.key"

say "a bundle sealed to the former authority is opened, and its answer believed"
expect 0 on chloe add company name="Menuiserie Fictive"
expect 0 on chloe bundle write "$T/chloe.bundle"
start_server "$at"
expect 0 ctl bundle take "$T/chloe.bundle" --answer "$T/chloe.answer"
expect 0 on chloe bundle read "$T/chloe.answer"
same "unsent of chloe" 0 "$(status_of chloe unsent)"
expect 0 on chloe add company name="Imprimerie Fictive"
stop_server

say "a device follows within a sync, and works on"
start_server "$at"
cp "$T/anne/device.key" "$T/anne.key"
expect 0 on anne add company name="Scierie Fictive"
expect 0 on anne sync
cmp "$T/anne/device.key" "$T/anne.key" || fail "the key of the device changed"
cp "$T/anne/device.id" "$T/anne.id"
expect 0 on anne sync
cmp "$T/anne/device.id" "$T/anne.id" || fail "anne's identity was written again"

say "an invitation speaks of the new authority"
enrol david
stop_server

say "the overlap is not over; and then it is"
expect 1 authority end
expect 0 authority end --force
same "the one that was" "$first" "$(pin_of ended)"
[ ! -e "$T/server/ca.former.key" ] || fail "the former key is still there"

say "away past the overlap: its work arrives, and it has followed"
start_server "$at"
expect 0 on chloe sync
same "unsent of chloe" 0 "$(status_of chloe unsent)"
expect 0 on bruno sync
count_is 4 ctl company list --json

say "the next change is followed by all"
stop_server
expect 0 authority switch "$T/safe/third.key"
same "the present one" "$third" "$(pin_of present)"
start_server "$at"
for device in anne bruno chloe david; do
    expect 0 on $device add company name="Atelier $device"
    expect 0 on $device sync
done
for device in anne bruno chloe david; do
    expect 0 on $device sync
done
same_everywhere anne bruno chloe david

say "a foreign authority is believed by nobody, and work stays where it is"
expect 0 on anne add company name="Brasserie Fictive"
stop_server
mv "$T/server" "$T/ours"
expect 0 "$JALOND" init --data "$T/server" --network "Réseau d'essai"
rm -f "$T/server.fifo"
mkfifo "$T/server.fifo"
start_server "$at"
try on anne sync
[ "$status" -ne 0 ] || fail "anne synced with another network"
same "unsent of anne" 1 "$(status_of anne unsent)"
count_is 0 ctl company list --json
stop_server
