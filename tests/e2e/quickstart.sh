#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The quick start keeps its promises: what it shows, what it leaves behind, what a second run does.
# The last line is the count.
set -u
cd "$(dirname "$0")/../.." || exit 2
unset LC_ALL LC_MESSAGES
top=$(mktemp -d "${TMPDIR:-/tmp}/jalon-quickstart.XXXXXX")
demo=$top/demo
client=build/quickstart/client/jalon
passed=0
failed=0

server_pid() {
    cat "$demo/serveur.pid" 2>/dev/null || true
}

cleanup() {
    pid=$(server_pid)
    [ ! "$pid" ] || kill "$pid"
    rm -rf "$top"
}
trap cleanup EXIT

check() { # what, command…
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        failed=$((failed + 1))
        echo "FAILED  $what"
    fi
}

quickstart() { # language, folder, output, words…
    language=$1
    folder=$2
    output=$3
    shift 3
    LANG=$language JALON_DEMO=$folder sh deploy/quickstart.sh "$@" >"$output" 2>&1 </dev/null
}

said() { # file, text
    grep -qF -- "$2" "$1"
}

rows() { # replica, table, how many
    [ "$("$client" --data "$1" --json list "$2" | grep -c '"id"')" -eq "$3" ]
}

no_server() {
    [ ! "$(server_pid)" ]
}

syncs() { # replica; 4: done, a conflict waits
    "$client" --data "$1" sync >"$top/sync" 2>&1
    status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 4 ]
}

refused() {
    mkdir "$top/mine"
    echo mine >"$top/mine/file"
    ! quickstart fr_BE.UTF-8 "$top/mine" "$top/third" && [ "$(cat "$top/mine/file")" = mine ] &&
        [ "$(ls -A "$top/mine")" = file ]
}

first=$top/first
check "the first run ends well" quickstart fr_BE.UTF-8 "$demo" "$first"
[ "$failed" -eq 0 ] || cat "$first"
check "the spreadsheet is taken whole" said "$first" "300 lignes : 300 nouvelles"
check "offline is said, and that nothing is lost" said "$first" "rien n'est perdu"
check "counts of each structure" said "$first" "EI 101 · CISP 100 · CPAS 100"
check "the conflict shows the present value and its author" \
    said "$first" "le voisin, 0400 00 00 03   par Fictif Bilal"
check "the conflict shows the other value and its author" \
    said "$first" "sa sœur, 0400 00 00 01   par Exemple Anna"
check "one telephone number is there" said "$first" "0400 00 00 02      Exemple Zoé"
check "and so is the other" said "$first" "0400 00 00 04      Exemple Zoé"
check "the server's database is in order" said "$first" "la base est en ordre"
check "it says where everything lies" said "$first" "Tout est dans $demo"
check "it ends in French" said "$first" "Fini en"
check "Anna has everything" rows "$demo/anna" session 301
check "Bilal has his structure's sessions" rows "$demo/bilal" session 101
check "Bilal has his structure's persons" rows "$demo/bilal" person 20
check "no server is left behind" no_server

second=$top/second
check "the second run ends well, in English, with --keep" quickstart en_GB.UTF-8 "$demo" "$second" --keep
check "the second run finds the same counts" said "$second" "EI 101 · CISP 100 · CPAS 100"
check "it ends in English" said "$second" "Done in"
check "the first demonstration is kept" rows "$demo.old/anna" session 301
check "the server was left running and takes a sync" syncs "$demo/anna"
check "a folder of somebody else is left alone" refused

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
