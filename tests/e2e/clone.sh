#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A laptop that was copied, and one set back to an old image: both go on, nothing is lost or comes
# twice, and the coordinator can see it.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# A session whose id must be everywhere at the end.
work() { # device, times
    times=$2
    while [ "$times" -gt 0 ]; do
        expect 0 on "$1" add session kind=phone date=2026-03-02 minutes=5
        cat "$T/out" >>"$T/saved"
        times=$((times - 1))
    done
}

forks() { # expected
    expect 0 ctl device list --json
    json_is 0.forks "$1"
}

init_server
start_server
add_structure "Entreprise fictive"
enrol anna
enrol bilal
work anna 3
expect 0 on anna sync
forks 0

say "a copy and its original both work, with something unsent when copied"
work anna 2
cp -R "$T/anna" "$T/copy"
work anna 2
work copy 3
expect 0 on anna sync
expect 0 on copy sync
forks 1
work anna 1
work copy 1
for each in anna copy anna copy anna; do
    expect 0 on $each sync
    same "unsent of $each" 0 "$(status_of $each unsent)"
done

say "a laptop is set back to an image of before several syncs"
cp -R "$T/bilal" "$T/image"
work bilal 2
expect 0 on bilal sync
work bilal 2
expect 0 on bilal sync
rm -rf "$T/bilal"
mv "$T/image" "$T/bilal"
work bilal 2
expect 0 on bilal sync
same "unsent" 0 "$(status_of bilal unsent)"
expect 0 ctl device list --json
[ "$(json 1.forks)" -ge 1 ] || fail "nobody can see that the laptop was set back"

say "an image that has nothing new"
cp -R "$T/bilal" "$T/image"
work bilal 2
expect 0 on bilal sync
rm -rf "$T/bilal"
mv "$T/image" "$T/bilal"
expect 0 on bilal sync

for each in anna copy bilal; do
    expect 0 on $each sync
done
count_is "$(awk 'END { print NR }' "$T/saved")" ctl session list --json
while read -r id; do
    grep -qF "$id" "$T/rows" || fail "session $id was saved, and is gone"
done <"$T/saved"
same_everywhere anna copy bilal
stop_server
