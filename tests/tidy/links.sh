#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# links.sh BUILD [NM]: no library of ours calls what lies against the arrows: neither another
# folder's functions nor a library or a clock that is not its own.
set -eu
build=$1
nm=${2:-nm}
bad=0

wants() { # symbols the library of folder $1 leaves to others
    [ ! -f "$build/libjalon_$1.a" ] || "$nm" -uP "$build/libjalon_$1.a" 2>/dev/null |
        awk 'NF >= 2 { print $1 }' | sort -u
}
gives() { # symbols the library of folder $1 defines
    find "$build" -maxdepth 2 -name "libjalon_$1.a" -exec "$nm" -gP --defined-only {} + 2>/dev/null |
        awk 'NF >= 3 { print $1 }' | sort -u
}
refuse() { # folder, what, symbols on stdin
    while read -r symbol; do
        echo "libjalon_$1: $symbol ($2)" >&2
        bad=$((bad + 1))
    done
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in proto store io server client; do
    gives $folder >"$scratch/$folder"
done

clocks='^(time|clock|clock_gettime|gettimeofday|localtime|localtime_r|mktime|rand|random|getrandom|getentropy|arc4random.*|getenv|secure_getenv)$'
world='^(fopen|fopen64|open|open64|socket|connect|pthread_.*|thrd_.*|syslog|read|write|unlink)$'
checked=0
for folder in proto store io; do
    [ -f "$build/libjalon_$folder.a" ] || continue
    checked=$((checked + 1))
    wants $folder >"$scratch/wants"
    case $folder in
    proto) theirs="store io server client" foreign='^(uv_|sqlite3_|mbedtls_|psa_|PQ)' ;;
    store) theirs="io server client" foreign='^(uv_|mbedtls_|psa_|msgpack_)' ;;
    io) theirs="store server client" foreign='^(sqlite3_|msgpack_|ZSTD_|PQ)' ;;
    esac
    for other in $theirs; do
        comm -12 "$scratch/wants" "$scratch/$other" >"$scratch/hit"
        refuse $folder "belongs to $other" <"$scratch/hit"
    done
    grep -E "$foreign" "$scratch/wants" >"$scratch/hit" || true
    refuse $folder "a library that is not its own" <"$scratch/hit"
    [ $folder = io ] && continue
    grep -E "$clocks" "$scratch/wants" >"$scratch/hit" || true
    refuse $folder "only io reads clock, chance and environment" <"$scratch/hit"
    [ $folder = proto ] || continue
    grep -E "$world" "$scratch/wants" >"$scratch/hit" || true
    refuse $folder "proto is pure" <"$scratch/hit"
done
echo "links: $checked libraries, $bad findings"
[ "$checked" -gt 0 ] && [ $bad -eq 0 ]
