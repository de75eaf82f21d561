# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2120 # used by the scenarios
# Sourced by each scenario: a folder of its own ($T), a server, a proxy that plays the network,
# devices, and checks. Nothing here sleeps: it waits for lines and for ends of processes.
# Knobs: JALON_BIN the build folder; E2E_KEEP=1 keeps $T; SEED of what is drawn; MEMORY_KB_MAX the
# server may use (sanitizers take more).
set -eu
unset LC_ALL LC_MESSAGES LANGUAGE XDG_DATA_HOME
LANG=fr_BE.UTF-8
export LANG
e2e=$(cd "$(dirname "$0")" && pwd)
: "${JALON_BIN:=$e2e/../../build/release}" "${SEED:=20260101}" "${MEMORY_KB_MAX:=49152}"
JALOND=$JALON_BIN/server/jalond
JALONCTL=$JALON_BIN/server/jalonctl
JALON=$JALON_BIN/client/jalon
T=$(mktemp -d "${TMPDIR:-/tmp}/jalon-e2e.XXXXXX")
HOME=$T
export HOME
server_pid=
proxy_pid=
others= # further processes to end
mounts= # further file systems to take away

say() {
    echo "- $*"
}

fail() {
    echo "FAILED: $*" >&2
    for file in out err; do
        if [ -s "$T/$file" ]; then
            echo "--- last $file" >&2
            head -c 2000 "$T/$file" >&2
        fi
    done
    if [ -s "$T/server.err" ]; then
        echo "--- server" >&2
        tail -n 20 "$T/server.err" >&2
    fi
    exit 1
}

skip() {
    echo "SKIPPED: $*"
    exit 77
}

cleanup() {
    status=$?
    trap - EXIT
    for pid in $server_pid $proxy_pid $others; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    for mount in $mounts; do
        umount "$mount" || true
    done
    [ "${E2E_KEEP:-}" ] || rm -rf "$T"
    exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# ---- commands and what they said ----

# Run with stdout to $T/out and stderr to $T/err; $status tells how it ended.
try() {
    status=0
    "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
}

# The same, and it must end with the status given.
expect() { # status, command…
    want=$1
    shift
    try "$@"
    [ "$status" -eq "$want" ] || fail "exit $status instead of $want: $*"
}

on() { # device, arguments of jalon…
    data_dir=$T/$1
    shift
    "$JALON" --data "$data_dir" "$@"
}

ctl() {
    "$JALONCTL" --data "$T/server" "$@"
}

same() { # what, expected, found
    [ "$2" = "$3" ] || fail "$1: expected «$2», found «$3»"
}

# A text that must, or must not, be in a file of $T.
said() { # file, text
    grep -qF -e "$2" "$T/$1" || fail "not in $1: $2"
}
not_said() {
    ! grep -qF -e "$2" "$T/$1" || fail "should not be in $1: $2"
}

# One value of the JSON in $T/out, or in the file given.
json() { # path, file
    awk -f "$e2e/json.awk" "${2:-$T/out}" >"$T/json" || fail "no JSON in ${2:-out}"
    awk -v "path=$1=" 'index($0, path) == 1 { print substr($0, length(path) + 1); found = 1; exit }
        END { exit !found }' "$T/json" || fail "no $1 in the JSON of ${2:-out}"
}
json_is() { # path, value
    found=$(json "$1")
    same "$1" "$2" "$found"
}

# A value of a device's `status --json`.
status_of() { # device, path
    on "$1" status --json >"$T/status.json" || fail "status of $1"
    json "$2" "$T/status.json"
}

# ---- the server ----

init_server() {
    expect 0 "$JALOND" init --data "$T/server" --network "Réseau d'essai"
    mkfifo "$T/server.fifo"
}

# Serve on a free port, or on the one given; then $server_at is where.
start_server() { # ADDR:PORT
    # shellcheck disable=SC2086 # words of a command: env …, or nothing
    ${server_with:-} "$JALOND" serve --data "$T/server" --sync "${1:-127.0.0.1:0}" \
        >"$T/server.fifo" 2>>"$T/server.err" &
    server_pid=$!
    exec 3<"$T/server.fifo"
    server_at=
    while read -r word rest <&3; do
        if [ "$word" = sync ]; then
            server_at=$rest
            return
        fi
    done
    fail "the server did not start"
}

# End it by a signal; $status is how it ended.
end_server() { # signal
    kill "-$1" "$server_pid"
    status=0
    wait "$server_pid" 2>/dev/null || status=$?
    server_pid=
    exec 3<&-
}

stop_server() {
    end_server TERM
    same "exit of jalond after SIGTERM" 0 "$status"
}

# The most memory the server has used so far is within bounds.
memory_bounded() {
    used=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$server_pid/status")
    say "the server used at most $used kB of memory"
    [ "$used" -le "$MEMORY_KB_MAX" ] || fail "more than $MEMORY_KB_MAX kB"
}

# ---- the network ----

# A proxy; then $proxy_at is where. Devices that enrol there find the server wherever it starts
# again.
start_proxy() { # word…
    mkfifo "$T/proxy.in" "$T/proxy.out"
    "$JALON_BIN/tests/e2e/chaosproxy" "seed=$SEED" "$@" <"$T/proxy.in" >"$T/proxy.out" &
    proxy_pid=$!
    exec 4>"$T/proxy.in" 5<"$T/proxy.out"
    proxy_event port
    proxy_at=127.0.0.1:${event#port }
}

# The next event of that name; passes over others.
proxy_event() { # word
    while read -r event <&5; do
        case $event in
        "$1" | "$1 "*) return ;;
        esac
    done
    fail "the proxy ended"
}

# What connections will meet from now on; words of tests/support/chaos.h.
network() { # word…
    echo "target=$server_at $*" >&4
    proxy_event ok
}

# ---- the relay of a site ----

# Serve the site whose relay this folder is; then $relay_at is where, and descriptor 6 is what it says.
start_relay() { # folder
    [ -p "$T/relay.fifo" ] || mkfifo "$T/relay.fifo" "$T/relay.log"
    "$JALOND" serve --data "$T/$1" --sync "${relay_at:-127.0.0.1:0}" >"$T/relay.fifo" \
        2>"$T/relay.log" &
    relay_pid=$!
    others="$others $relay_pid"
    exec 7<"$T/relay.fifo" 6<"$T/relay.log"
    read -r word relay_at <&7
    same "first word of the relay" sync "$word"
}

end_relay() { # signal
    kill "-$1" "$relay_pid"
    wait "$relay_pid" 2>/dev/null || true
    exec 6<&- 7<&-
}

# Its next line with this text.
relay_says() { # text
    while read -r line <&6; do
        case $line in
        *"$1"*) return ;;
        esac
    done
    fail "the relay ended without saying: $1"
}

deposited_is() { # device, operations
    same "deposited by $1" "$2" "$(status_of "$1" deposited.operations)"
}

# A relay of that folder, enrolled and serving.
make_relay() { # folder, name
    expect 0 ctl relay add "$structure" "$2"
    expect 0 "$JALOND" relay "$(cat "$T/out")" --data "$T/$1"
    echo "verbose = yes" >"$T/$1/jalond.conf"
    start_relay "$1"
}

# ---- people ----

# A structure whose jobcoaches share all dossiers; then $structure is its id.
add_structure() { # name
    expect 0 ctl structure add "$1" --type EI
    structure=$(cat "$T/out")
    expect 0 ctl parameter add key=jobcoach_sees value=structure "structure=$structure" \
        valid_from=2020-01-01
}

# A staff member with an invitation; then $staff and $code are theirs.
invite() { # name, role
    expect 0 ctl staff add "$1" --structure "$structure" --role "$2"
    staff=$(cat "$T/out")
    expect 0 ctl invite "$staff"
    code=$(cat "$T/out")
}

# A device of that name for a new jobcoach, enrolled at the server or at the address given.
enrol() { # device, address
    invite "Coach $1" jobcoach
    expect 0 on "$1" enrol "$code" ${2:+--server "$2"}
    expect 0 on "$1" sync
}

# ---- equality ----

# The rows of a table as sorted lines of JSON.
rows() { # file, command… that prints `list --json`
    file=$1
    shift
    expect 0 "$@"
    sed 's/^\[//; s/^\]$//; s/,$//; /^$/d' "$T/out" | LC_ALL=C sort >"$file"
}

# How many there are.
count_is() { # number, command… that prints `list --json`
    number=$1
    shift
    rows "$T/rows" "$@"
    same "rows: $*" "$number" "$(awk 'END { print NR }' "$T/rows")"
}

sound() { # device…
    expect 0 ctl check
    for each in "$@"; do
        expect 0 on "$each" doctor
    done
}

# The server and the devices hold the same rows, and say that they are sound.
same_everywhere() { # device…
    for table in person session pathway structure staff conflict duplicate_case; do
        open=
        [ $table != conflict ] || open=state=open # the server lists no others
        rows "$T/rows.server" ctl $table list --json
        for each in "$@"; do
            rows "$T/rows.$each" on "$each" list $table $open --json
            cmp -s "$T/rows.server" "$T/rows.$each" || {
                diff "$T/rows.server" "$T/rows.$each" | head -n 6 >&2
                fail "$table differs between the server and $each"
            }
        done
    done
    sound "$@"
}

# ---- work ----

# Sessions in NDJSON, each with an id of its own, so that a file read again makes nothing twice.
sessions() { # from, to
    awk -v from="$1" -v to="$2" 'BEGIN {
        split("individual group phone video prospecting", kind, " ")
        for (i = from; i <= to; i++)
            printf "{\"id\":\"01900000-0000-7000-8000-%012x\",\"kind\":\"%s\",\"date\":\"2026-%02d-%02d\",\"minutes\":%d,\"subject\":\"Entretien fictif %d\"}\n",
                i, kind[i % 5 + 1], i % 12 + 1, i % 28 + 1, i % 120 + 5, i }'
}

# Numbers drawn from SEED, one a line: 0 to limit - 1.
draw() { # how many, limit
    awk -v seed="$SEED" -v n="$1" -v limit="$2" 'BEGIN {
        srand(seed); for (i = 0; i < n; i++) print int(rand() * limit) }'
}
