#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A coach without network: what she writes travels on a stick, carried by whoever, unread; the
# answer comes back the same way. In any order, any number of times, in broken copies.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

carry() { # device, name: her bundle to the server, the answer back
    expect 0 on "$1" bundle write "$T/stick/$2"
    expect 0 ctl bundle take "$T/stick/$2" --answer "$T/stick/$2.answer"
    try on "$1" bundle read "$T/stick/$2.answer"
}

unsent_is() { # device, number
    same "unsent of $1" "$2" "$(status_of "$1" unsent)"
}

# The bytes of a file are as good as random: nothing packs them, no text shines through.
sealed() { # file
    size=$(stat -c %s "$1")
    packed=$(gzip -9 -c "$1" | wc -c)
    [ "$packed" -ge "$size" ] || fail "$1 packs from $size to $packed bytes"
    for text in Secret secret Zoé Exemple Fictif session person "Réseau" "Coach"; do
        ! grep -qaF -e "$text" "$1" || fail "«$text» can be read in $1"
    done
}

init_server
start_server
at=$server_at
mkdir "$T/stick"
add_structure "EI Exemple"
enrol anna # on the network
invite "Coach bilal" jobcoach
expect 0 on bilal enrol "$code" # the last he sees of it
expect 0 on anna add person name=Exemple first_name=Zoé emergency=Secret
zoe=$(cat "$T/out")
expect 0 on anna sync

say "the first sync of a device comes by stick"
expect 0 on bilal add company name="Forge Secrète"
company=$(cat "$T/out")
expect 0 on bilal bundle write "$T/stick/first" --json
json_is operations 1
json_is changes 1
sealed "$T/stick/first"
unsent_is bilal 1 # written is not sent
expect 0 ctl bundle take "$T/stick/first" --answer "$T/stick/first.answer" --json
json_is operations 1
json_is ended true
sealed "$T/stick/first.answer"
unsent_is bilal 1
expect 0 on bilal bundle read "$T/stick/first.answer" --json
json_is answer applied
json_is pushed 1
json_is unsent 0
expect 0 on bilal show person "$zoe" --json
json_is emergency Secret
expect 0 on anna sync
expect 0 on anna show company "$company"
same_everywhere anna bilal

say "the same again, as often as one likes"
for again in 1 2; do
    expect 0 ctl bundle take "$T/stick/first" --answer "$T/stick/again$again" --json
    json_is operations 0
    json_is known 1
    expect 0 on bilal bundle read "$T/stick/first.answer" --json
    json_is answer held
    expect 0 on bilal bundle read "$T/stick/again$again" --json
    json_is answer held
done
count_is 1 ctl company list --json
same_everywhere anna bilal

say "two coaches write the same field without seeing each other"
expect 0 on bilal set person "$zoe" emergency="le voisin"
expect 0 on anna set person "$zoe" emergency="la voisine"
expect 0 on anna sync
carry bilal second
same "exit of the reading" 4 "$status"
expect 4 on bilal sync --json # the conflict waits; nothing else is left to do
json_is pushed 0
json_is pulled 0
try on anna sync
same_everywhere anna bilal
expect 4 on bilal conflicts --json
json_is 0.of_field emergency

say "bundles and answers cross on their way"
sessions 1 400 >"$T/sessions.ndjson"
expect 0 on bilal import session "$T/sessions.ndjson"
expect 0 on bilal bundle write "$T/stick/early"
sessions 401 900 >"$T/sessions.ndjson"
expect 0 on bilal import session "$T/sessions.ndjson"
expect 0 on bilal bundle write "$T/stick/late"
expect 0 ctl bundle take "$T/stick/late" --answer "$T/stick/late.answer" --json
late=$(json operations)
expect 0 on anna add company name="Menuiserie Fictive"
expect 4 on anna sync
expect 0 ctl bundle take "$T/stick/early" --answer "$T/stick/early.answer" --json
json_is operations 0
[ "$late" -gt "$(json known)" ] || fail "the later bundle did not hold what the earlier one did"
expect 4 on bilal bundle read "$T/stick/early.answer" # it was given after the other
expect 4 on bilal bundle read "$T/stick/late.answer" --json
json_is answer held
unsent_is bilal 0
same_everywhere anna bilal

say "what was carried and what goes by network meet"
expect 0 on bilal add company name="Scierie Fictive"
expect 0 on bilal bundle write "$T/stick/slow"
expect 0 ctl bundle take "$T/stick/slow" --answer "$T/stick/slow.answer"
expect 0 on bilal add company name="Tannerie Fictive"
expect 4 on bilal sync
expect 4 on bilal bundle read "$T/stick/slow.answer" --json
json_is answer old
expect 0 ctl bundle take "$T/stick/slow" --json
json_is operations 0
try on anna sync
same_everywhere anna bilal

say "a copy that was not finished is told from one that is damaged"
expect 0 on bilal add company name="Brasserie Fictive"
expect 0 on bilal bundle write "$T/stick/whole"
size=$(stat -c %s "$T/stick/whole")
for part in 0 1 100 170 171 200 $((size - 64)) $((size - 1)); do
    head -c "$part" "$T/stick/whole" >"$T/stick/part"
    expect 1 ctl bundle take "$T/stick/part" --answer "$T/stick/none"
    said err "copie incomplète"
done
for place in $(draw 8 "$size"); do
    cp "$T/stick/whole" "$T/stick/part"
    byte=$(od -An -tu1 -j "$place" -N 1 "$T/stick/whole" | tr -d ' ')
    # shellcheck disable=SC2059 # an escape, made of a number
    printf "\\$(printf %03o $(((byte + 1) % 256)))" |
        dd of="$T/stick/part" bs=1 seek="$place" conv=notrunc 2>/dev/null
    try ctl bundle take "$T/stick/part" --answer "$T/stick/none"
    [ "$status" -eq 1 ] || [ "$status" -eq 5 ] || fail "byte $place changed: exit $status"
done
echo "n'importe quoi" >"$T/stick/part"
expect 1 ctl bundle take "$T/stick/part" --answer "$T/stick/none"
said err "pas un paquet"
expect 1 ctl bundle take "$T/stick/nowhere"
expect 2 on bilal bundle read "$T/stick/whole"
said err "va vers le serveur"
expect 2 ctl bundle take "$T/stick/slow.answer"
[ ! -e "$T/stick/none" ] || fail "a bundle that was refused has an answer"
head -c 300 "$T/stick/slow.answer" >"$T/stick/part"
expect 1 on bilal bundle read "$T/stick/part"
said err "copie incomplète"
expect 5 on anna bundle read "$T/stick/slow.answer"
said err "autre appareil"

say "another network's stick"
stop_server
mv "$T/server" "$T/ours"
expect 0 "$JALOND" init --data "$T/server" --network "Autre réseau"
start_server
expect 5 ctl bundle take "$T/stick/whole" --answer "$T/stick/none"
said err "autre réseau"
stop_server
rm -rf "$T/server"
mv "$T/ours" "$T/server"
start_server "$at"

say "the server falls while it takes a bundle, and takes it again"
sessions 1000 9000 >"$T/sessions.ndjson"
expect 0 on bilal import session "$T/sessions.ndjson" --each
expect 0 on bilal bundle write "$T/stick/large"
expect 0 ctl stats --json
before=$(json operations)
ctl bundle take "$T/stick/large" --answer "$T/stick/large.answer" >"$T/take" 2>&1 &
others=$!
taken=$before
while [ "$taken" -eq "$before" ]; do # each asking waits its turn between two commits
    expect 0 ctl stats --json
    taken=$(json operations)
done
end_server KILL
say "it had taken $((taken - before)) operations of 8002"
wait "$others" || true
others=
start_server "$at"
expect 0 ctl bundle take "$T/stick/large" --answer "$T/stick/large.answer" --json
[ "$(json known)" -ge $((taken - before)) ] || fail "what was committed came twice"
expect 4 on bilal bundle read "$T/stick/large.answer"
unsent_is bilal 0
memory_bounded

say "a server that was restored asks for what it lost"
expect 0 ctl backup "$T/copy"
expect 0 on bilal add company name="Laiterie Fictive"
carry bilal lost
unsent_is bilal 0
stop_server
expect 0 ctl restore "$T/copy"
start_server "$at"
expect 0 on bilal add company name="Verrerie Fictive"
carry bilal found
unsent_is bilal 2
carry bilal rest
unsent_is bilal 0
for each in anna bilal; do
    try on $each sync
done
expect 0 ctl company list --json
for name in Laiterie Verrerie; do
    grep -qF "$name" "$T/out" || fail "$name is lost"
done

say "an older image of the laptop is not mistaken for it"
cp -R "$T/bilal" "$T/image"
expect 0 on bilal add company name="Papeterie Fictive"
expect 4 on bilal sync
mv "$T/bilal" "$T/aside"
mv "$T/image" "$T/bilal"
expect 0 on bilal add company name="Librairie Fictive"
expect 0 on bilal bundle write "$T/stick/image"
expect 1 ctl bundle take "$T/stick/image" --answer "$T/stick/none"
said err "par le réseau"
expect 4 on bilal sync # a new epoch
expect 0 on bilal add company name="Imprimerie Fictive"
carry bilal after
same "exit of the reading" 4 "$status"
unsent_is bilal 0
try on anna sync
same_everywhere anna bilal

say "a device that was taken off the list"
expect 0 on bilal add company name="Trop Tard"
expect 0 on bilal bundle write "$T/stick/revoked"
expect 0 ctl device revoke 2
expect 5 ctl bundle take "$T/stick/revoked" --answer "$T/stick/none"
said err "plus accès"
[ ! -e "$T/stick/none" ] || fail "a revoked device got an answer"
expect 0 ctl company list --json
! grep -qF "Trop Tard" "$T/out" || fail "a revoked device was heard"

say "one that is to be wiped hears it from the stick"
expect 0 ctl device wipe 2
expect 5 ctl bundle take "$T/stick/revoked" --answer "$T/stick/wipe"
expect 5 on anna bundle read "$T/stick/wipe" # not for her
expect 5 on bilal bundle read "$T/stick/wipe"
said err "effacées"
[ ! -e "$T/bilal/device.key" ] || fail "the key is still there"
[ ! -e "$T/bilal/replica.db" ] || fail "the data is still there"
expect 5 on bilal bundle write "$T/stick/none"
sound anna
stop_server
