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

# Overwrite a few bytes of a file, so many eighths from its beginning: a content, and no page of
# the tables.
scratch() { # file, eighths
    printf 'abîmé' | dd of="$1" bs=1 seek=$((($(wc -c <"$1") / 32768) * 4096 * $2 + 1000)) \
        conv=notrunc status=none
}

say "a document whose bytes went bad here comes again from the server"
head -c 700000 /dev/urandom >"$T/photo.jpg"
expect 0 on anna attach person "$person" "$T/photo.jpg" --kind photo
document=$(cat "$T/out")
expect 0 on anna sync
expect 0 on bilal sync
expect 3 on bilal fetch "$document" "$T/copy.jpg"
expect 0 on bilal sync
expect 0 on bilal fetch "$document" "$T/copy.jpg"
cmp -s "$T/photo.jpg" "$T/copy.jpg" || fail "another content"
scratch "$T/bilal/replica.db.content" 4
expect 6 on bilal doctor --json
json_is contents.fetched_again 1
said out "$document"
expect 0 on bilal sync
expect 0 on bilal doctor
said out "contenu vérifié"
expect 0 on bilal fetch "$document" "$T/copy.jpg"
cmp -s "$T/photo.jpg" "$T/copy.jpg" || fail "another content after the repair"

say "one that went bad on the server is named, and comes from a device that has it"
stop_server
scratch "$T/server/jalon.db.content" 4
start_server "$server_at"
expect 6 ctl check
said out "$document"
said out "may still have it"
expect 6 ctl check --json
expect 0 on anna doctor
expect 0 on anna sync
expect 0 ctl check
said err "document joint vérifié"

say "one that was never sent is asked of the person"
head -c 700000 /dev/urandom >"$T/other.jpg"
expect 0 on anna attach person "$person" "$T/other.jpg" --kind photo
scratch "$T/anna/replica.db.content" 6
expect 6 on anna doctor
said out "joignez-le de nouveau"
not_said out "jalon doctor --repair"
expect 0 on anna doctor
expect 0 on anna sync

for page in 1 2; do
    say "page $page of the contents' database goes bad: it is made anew"
    head -c 70000 /dev/urandom >"$T/small$page.jpg"
    expect 0 on anna attach person "$person" "$T/small$page.jpg" --kind photo
    small=$(cat "$T/out")
    spoil "$T/anna/replica.db.content" $page 1
    expect 6 on anna doctor
    said out "jalon doctor --repair"
    expect 0 on anna list person
    try on anna doctor --repair --json
    case $status in 0 | 4) ;; *) fail "exit $status of the repair" ;; esac
    [ -f "$T/anna/replica.db.content.damaged" ] || fail "the damaged file is not kept"
    try on anna sync
    expect 0 on anna doctor
    [ ! -f "$T/anna/replica.db.content.damaged" ] || fail "the damaged file stays"
    try on bilal sync
    try on bilal fetch "$document" "$T/copy.jpg"
done

say "all have the same"
same_everywhere anna bilal
say "done"
