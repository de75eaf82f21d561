#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The disk of the server is full, then that of a device: said plainly, nothing lost, and work goes
# on once there is room. Needs the right to mount a tmpfs.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"

# A disk of so many MiB at $T/<name>.
small_disk() { # name, MiB
    mkdir "$T/$1"
    mount -t tmpfs -o "size=${2}m,mode=0700" tmpfs "$T/$1" 2>"$T/err" ||
        skip "no right to mount a tmpfs here: $(cat "$T/err")"
    mounts="$mounts $T/$1"
}

# Take all the room there is, but so many KiB.
fill() { # name, KiB
    dd if=/dev/zero of="$T/$1/filler" bs=1k 2>/dev/null || true
    size=$(($(stat -c %s "$T/$1/filler") - $2 * 1024))
    truncate -s $((size > 0 ? size : 0)) "$T/$1/filler"
}

empty() { # name
    rm "$T/$1/filler"
}

small_disk server 16
small_disk anna 16
init_server
start_server
add_structure "Entreprise fictive"
enrol anna
enrol bilal

say "the server has no room: work waits on the device"
sessions 1 4000 >"$T/work.ndjson"
expect 0 on bilal import session "$T/work.ndjson"
unsent=$(status_of bilal unsent)
for room in 0 64 200; do
    fill server $room
    try on bilal sync
    [ "$status" -eq 3 ] || fail "exit $status of a sync with a server whose disk is full"
    kill -0 "$server_pid" 2>/dev/null || fail "the server died of a full disk"
    empty server
done
[ "$unsent" -gt 0 ] || fail "nothing was unsent"
fill server 0
same "unsent" "$unsent" "$(status_of bilal unsent)"
count_is 4000 on bilal list session --json
expect 0 ctl check

say "a server stops on a full disk, and starts again where there is room"
end_server TERM
empty server
start_server "$server_at"

say "room again: everything arrives"
expect 0 on bilal sync
same "unsent" 0 "$(status_of bilal unsent)"
count_is 4000 ctl session list --json

say "the device has no room: nothing is said to be saved, what was saved stays"
expect 0 on anna add person name=Exemple first_name=Zoé
fill anna 0
tried=0
status=0
while [ "$status" -eq 0 ]; do
    tried=$((tried + 1))
    [ $tried -le 500 ] || fail "a full disk was never noticed"
    try on anna add session kind=phone date=2026-03-02 minutes=5
    [ "$status" -ne 0 ] || cat "$T/out" >>"$T/saved"
done
same "exit of add on a full disk" 1 "$status"
said err "disque"
try on anna import session "$T/work.ndjson"
[ "$status" -ne 0 ] || fail "an import went through on a full disk"
try on anna sync
[ "$status" -ne 0 ] || fail "a download went through on a full disk"
empty anna

say "room again: the device goes on"
expect 0 on anna doctor
expect 0 on anna sync
expect 0 on anna add session kind=phone date=2026-03-02 minutes=6
cat "$T/out" >>"$T/saved"
expect 0 on anna sync
expect 0 on bilal sync
count_is $((4000 + $(awk 'END { print NR }' "$T/saved"))) ctl session list --json
count_is 1 ctl person list --json
same_everywhere anna bilal
stop_server
