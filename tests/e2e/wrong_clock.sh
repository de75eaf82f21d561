#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clocks in 1970, ten years ahead, and stepping back, on devices and on the server: the work is
# taken, the clock is named, nobody is harmed. Needs libfaketime.
# shellcheck disable=SC1091,SC2034,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

for library in /usr/lib/*/faketime/libfaketime.so.1 ''; do
    [ ! -e "$library" ] || break
done
[ "$library" ] || skip "libfaketime is not installed"
year_ms=31536000000 # of libfaketime

# A command at another time; deadlines keep the real one.
at() { # time as libfaketime reads it, command…
    when=$1
    shift
    FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME=$when LD_PRELOAD=$library "$@"
}

near() { # what, expected, found: within an hour
    off=$(awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; print (d < 0 ? -d : d) < 3600000 }')
    same "$1 ($3 for $2)" 1 "$off"
}

init_server
start_server
add_structure "Entreprise fictive"
enrol anna
enrol bilal

say "a device in 1970 works, syncs, and is told"
expect 0 at "@1970-01-02 00:00:00" on anna add person name=Exemple first_name=Zoé
zoe=$(cat "$T/out")
expect 0 at "@1970-01-02 00:00:00" on anna sync
day_s=86400 # the second day of that year
near "skew in 1970" "-$(($(date +%s) - day_s))000" "$(status_of anna skew_ms)"
expect 0 at "@1970-01-02 00:00:00" on anna status
said out "l'horloge de cet appareil retarde"
stop_server # contacts are noted together, a few seconds later, and before the end
start_server "$server_at"
expect 0 ctl device list --json
grep -q '"skew_ms":-1[0-9]' "$T/out" || fail "the server does not name the clock"

say "a device ten years ahead does not win for ten years"
expect 0 on bilal sync
expect 0 at "+10y" on bilal set person "$zoe" city=Demain
expect 0 at "+10y" on bilal sync
near "skew ten years ahead" $((10 * year_ms)) "$(status_of bilal skew_ms)"
expect 0 at "+10y" on bilal status
said out "l'horloge de cet appareil avance"
expect 0 on anna sync
expect 0 on anna set person "$zoe" city=Namur
expect 0 on anna sync
expect 0 at "+10y" on bilal sync
expect 0 on bilal show person "$zoe" --json
json_is city Namur

say "concurrent edits: the device ahead and the one behind, each keeps both values"
expect 0 at "+10y" on bilal set person "$zoe" emergency="le frère"
expect 0 at "@1970-01-02 00:00:00" on anna set person "$zoe" emergency="la tante"
expect 0 at "+10y" on bilal sync
expect 4 at "@1970-01-02 00:00:00" on anna sync
expect 4 on anna conflicts --json
json_is length 1
conflict=$(json 0.id)
expect 0 on anna resolve "$conflict" --keep "la voisine"
expect 0 on anna sync
expect 0 at "+10y" on bilal sync
expect 0 on bilal show person "$zoe" --json
json_is emergency "la voisine"

say "a clock that steps back"
for when in "+10y" "+1d" "+0" "-3d" "-20y" "+0"; do
    expect 0 at "$when" on bilal add session kind=phone date=2026-03-02 minutes=5
    expect 0 at "$when" on bilal set person "$zoe" city="Ville $when"
done
expect 0 on bilal sync
near "skew afterwards" 0 "$(status_of bilal skew_ms)"
expect 0 on anna sync
expect 0 on anna show person "$zoe" --json
json_is city "Ville +0"
count_is 6 ctl session list --json
same_everywhere anna bilal

say "a month without contact locks what can be read, not what is recorded"
expect 0 on bilal sync
expect 0 at "+29d" on bilal show person "$zoe"
expect 5 at "+31d" on bilal show person "$zoe"
said err "sans contact avec le serveur"
expect 5 on bilal list person # put back, it is no longer
expect 0 on bilal status
said out "verrouillées"
expect 0 on bilal set person "$zoe" city=Huy
expect 0 on bilal sync
expect 0 on bilal show person "$zoe" --json
json_is city Huy
expect 0 ctl parameter add key=lease_days value=0 valid_from=2020-01-01
expect 0 on bilal sync
expect 0 at "+400d" on bilal show person "$zoe"
expect 0 on anna sync

say "a server ten years ahead, then right again"
stop_server
server_with="env FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 FAKETIME=+10y LD_PRELOAD=$library"
start_server "$server_at"
expect 0 on anna add session kind=phone date=2026-03-02 minutes=5
expect 0 on anna sync
near "skew towards a server ahead" $((-10 * year_ms)) "$(status_of anna skew_ms)"
stop_server
server_with=
start_server "$server_at"
expect 0 on bilal add session kind=phone date=2026-03-02 minutes=5
expect 0 on bilal sync
expect 0 on anna sync
near "skew towards a server that is right" 0 "$(status_of anna skew_ms)"
expect 0 on anna set person "$zoe" city=Liège
expect 0 on anna sync
expect 0 on bilal sync
expect 0 on bilal show person "$zoe" --json
json_is city Liège
count_is 8 ctl session list --json
same_everywhere anna bilal
stop_server
