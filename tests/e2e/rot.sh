#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pages of a laptop's database go bad: it says so in plain words, touches nothing, and a repair
# keeps what was not sent; the rest comes again.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

init_server
start_server
add_structure "Entreprise fictive"
enrol anna "$server_at"
enrol bilal "$server_at"

# Overwrite whole pages of a file, from 1.
spoil() { # file, first, count
    dd if=/dev/urandom of="$1" bs=4096 seek=$(($2 - 1)) count="$3" conv=notrunc status=none
}

pages_of() {
    echo $(($(wc -c <"$1") / 4096))
}

expect 0 on anna add person name=Fictif first_name=Noa emergency="la voisine"
person=$(cat "$T/out")
expect 0 on anna sync
expect 0 on bilal sync
expect 0 on bilal set person "$person" emergency="le frère"
expect 0 on bilal sync

round=0
for where in first middle wide; do
    round=$((round + 1))
    say "unsent work, and bad pages: $where"
    expect 0 on anna add person name=Exemple first_name="Inès$round"
    unsent=$(cat "$T/out")
    before=$(status_of anna unsent)
    db=$T/anna/replica.db
    case $where in
    first) spoil "$db" 1 1 ;;
    middle) spoil "$db" $(($(pages_of "$db") / 2)) 2 ;;
    wide) spoil "$db" 20 6 ;;
    esac
    cp "$db" "$T/before"
    try on anna doctor
    same "doctor" 6 "$status"
    said out "jalon doctor --repair"
    cmp -s "$db" "$T/before" || fail "doctor wrote into the damaged file"
    if [ $where = first ]; then
        expect 6 on anna list person
        said err "abîmé"
        said err "jalon doctor --repair"
        cmp -s "$db" "$T/before" || fail "a command wrote into the damaged file"
    fi
    expect 0 on anna doctor --repair --json
    json_is repaired.lost 0
    [ -f "$db.damaged" ] || fail "the damaged file is not kept"
    same "unsent after the repair" "$before" "$(status_of anna unsent)"
    expect 0 on anna sync
    said err "tout est sur le serveur"
    expect 0 on anna doctor
    [ ! -f "$db.damaged" ] || fail "the damaged file stays although all is here"
    expect 0 on bilal sync
    expect 0 on bilal show person "$unsent"
    said out "Inès$round"
    expect 0 on anna show person "$person"
    said out "le frère"
done

say "a repair that was cut off before its last step is taken up again"
expect 0 on anna add person name=Exemple first_name=Lina
before=$(status_of anna unsent)
cp -r "$T/anna" "$T/kept"
for step in made aside log; do
    rm -rf "$T/anna"
    cp -r "$T/kept" "$T/anna"
    cp "$T/anna/replica.db" "$T/anna/replica.db.mended"
    : >"$T/anna/replica.db-wal"
    case $step in
    made) spoil "$T/anna/replica.db" 1 1 ;;
    aside) mv "$T/anna/replica.db" "$T/anna/replica.db.damaged" ;;
    log)
        mv "$T/anna/replica.db" "$T/anna/replica.db.damaged"
        mv "$T/anna/replica.db-wal" "$T/anna/replica.db.damaged-wal"
        ;;
    esac
    same "unsent, cut off: $step" "$before" "$(status_of anna unsent)"
    [ ! -f "$T/anna/replica.db.mended" ] || fail "it did not take its place"
done
expect 0 on anna sync
expect 0 on bilal sync

say "nothing to repair: nothing is done"
expect 0 on anna doctor --repair
said out "saines"
[ ! -f "$T/anna/replica.db.damaged" ] || fail "a sound file was put aside"

say "all have the same"
same_everywhere anna bilal
say "done"
