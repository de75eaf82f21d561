#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong servers and secrets: somebody stands where the server should be, or in between; nothing
# is said to him, nothing is lost. Secrets stay where they belong.
. "$(dirname "$0")/lib.sh"

unsent_is() { # device, number
    found=$(status_of "$1" unsent)
    same "unsent of $1" "$2" "$found"
}

say "a code on the standard input, and in no file afterwards"
init_server
start_server
at=$server_at
add_structure "EI Exemple"
invite "Coach anne" jobcoach
status=0
echo "$code" | on anne enrol - >"$T/out" 2>"$T/err" || status=$?
same "enrol from the standard input" 0 "$status"
expect 1 on bruno enrol - # nothing there
expect 0 on anne sync
if grep -rqF -e "$code" "$T/anne" "$T/server" "$T/server.err"; then
    fail "the code was kept"
fi
same "mode of the key" 600 "$(stat -c %a "$T/anne/device.key" 2>/dev/null || stat -c %a "$T"/anne/*.key)"
for file in "$T"/anne/* "$T"/server/*.key "$T"/server/jalon.db*; do
    [ -p "$file" ] || same "mode of $file" 600 "$(stat -c %a "$file")"
done

say "the server leaves no memory behind when it falls"
awk '/^Max core file size/ { exit !($5 == 0 && $6 == 0) }' "/proc/$server_pid/limits" ||
    fail "core dumps are possible"

say "another server at the address: refused, nothing sent, nothing lost"
expect 0 on anne add company name="Forge Fictive"
unsent_is anne 1
stop_server
mv "$T/server" "$T/ours"
expect 0 "$JALOND" init --data "$T/server" --network "Autre réseau"
rm -f "$T/server.fifo"
mkfifo "$T/server.fifo"
start_server "$at"
try on anne sync
[ "$status" -ne 0 ] || fail "anne synced with another server"
not_said err "unknown error"
unsent_is anne 1
count_is 0 ctl company list --json
expect 0 on anne list company

say "nor does it get to enrol who was invited elsewhere"
try on chloe enrol "$code" --server "$at"
[ "$status" -ne 0 ] || fail "chloe enrolled at another server"
expect 0 ctl device list --json
same "devices of the other server" '[]' "$(tr -d '\n' <"$T/out")"
stop_server
rm -rf "$T/server"
mv "$T/ours" "$T/server"

if command -v openssl >/dev/null; then
    say "a man in the middle with a certificate of his own is found out"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=jalon-server -keyout "$T/evil.key" -out "$T/evil.crt" 2>/dev/null
    mkfifo "$T/evil.out"
    openssl s_server -accept "$at" -alpn jalon/1 -key "$T/evil.key" -cert "$T/evil.crt" \
        >"$T/evil.out" 2>&1 &
    others=$!
    while read -r line; do
        [ "$line" = ACCEPT ] && break
    done <"$T/evil.out" || fail "openssl s_server did not start"
    cat "$T/evil.out" >"$T/evil.heard" 2>/dev/null &
    others="$others $!"
    try on anne sync
    [ "$status" -ne 0 ] || fail "anne synced through a man in the middle"
    unsent_is anne 1
    # shellcheck disable=SC2086 # process ids
    kill $others 2>/dev/null || true
    # shellcheck disable=SC2086
    wait $others 2>/dev/null || true
    others=
    not_said evil.heard "Forge Fictive"
fi

say "the right server gets it all"
start_server "$at"
expect 0 on anne sync
unsent_is anne 0
count_is 1 ctl company list --json
sound anne
stop_server
