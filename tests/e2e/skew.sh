#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first release beside this one: its programs are built from the history of this repository. An
# old client with a new server, an upgraded client, a new client with an old server.
# shellcheck disable=SC1091,SC2034,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

first_release=58d55a53153eb299c7c688e1f02e925313cef7f3
root=$(cd "$e2e/../.." && pwd)
first=$JALON_BIN/../first-release

git -C "$root" cat-file -e "$first_release" 2>/dev/null || skip "the first release is not in the history"
if [ ! -x "$first/build/server/jalond" ] || [ ! -x "$first/build/client/jalon" ]; then
    rm -rf "$first"
    mkdir -p "$first"
    git -C "$root" archive "$first_release" | tar -x -C "$first"
    say "the first release is built"
    { cmake -S "$first" -B "$first/build" -G Ninja -DWITH_TESTS=OFF -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$first/build" --target jalond jalonctl jalon; } >"$T/build" 2>&1 ||
        { tail "$T/build"; fail "the first release does not build"; }
fi

server_of() { # build folder
    JALOND=$1/server/jalond
    JALONCTL=$1/server/jalonctl
}

client_of() { # build folder
    JALON=$1/client/jalon
}

new=$JALON_BIN
old=$first/build

say "the first release serves its own clients"
server_of "$old"
client_of "$old"
init_server
start_server
expect 0 ctl structure add "Entreprise fictive" --type EI
structure=$(cat "$T/out")
enrol anna
enrol bilal
expect 0 on anna add person name=Exemple first_name=Zoé
zoe=$(cat "$T/out")
expect 0 on anna sync
expect 0 on bilal sync
count_is 1 on bilal list person --json

say "the server is upgraded while both work offline; what they did is accepted"
stop_server
expect 0 on anna add session kind=individual date=2026-03-02 minutes=45 person="$zoe"
expect 0 on anna add person name=Modèle first_name=Yves
expect 0 on bilal set person "$zoe" city=Namur
server_of "$new"
start_server "$server_at"
for device in anna bilal; do
    expect 1 on "$device" sync --json # it cannot be told what leaves: it must be upgraded
    json_is refused 0
    json_is error VERSION
    same "unsent of $device" 0 "$(status_of "$device" unsent)"
done
count_is 2 ctl person list --json
expect 0 ctl person show "$zoe" --json
json_is city Namur

say "upgraded, each holds what it may: no more, no less"
client_of "$new"
for device in anna bilal; do
    expect 0 on "$device" sync --json
    json_is pushed 0
    expect 0 on "$device" doctor
done
count_is 2 on anna list person --json
count_is 1 on anna list session --json
count_is 0 on bilal list person --json
expect 0 on anna show person "$zoe" --json
json_is city Namur
expect 0 ctl check
stop_server

say "a new client works with a server of the first release, then with its upgrade"
rm -rf "$T/server" "$T/server.fifo"
server_of "$old"
init_server
start_server
expect 0 ctl structure add "Entreprise fictive" --type EI
structure=$(cat "$T/out")
enrol chloe
enrol dina
expect 0 on chloe add person name=Exemple first_name=Zoé
zoe=$(cat "$T/out")
expect 0 on chloe sync --json
json_is pushed 1
json_is refused 0
expect 0 on dina sync
count_is 1 on dina list person --json
expect 0 on dina set person "$zoe" city=Huy
stop_server
server_of "$new"
start_server "$server_at"
for device in dina chloe dina; do
    expect 0 on "$device" sync --json
    json_is refused 0
done
expect 0 on chloe show person "$zoe" --json
json_is city Huy
count_is 0 on dina list person --json
sound chloe dina
stop_server
