#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# links_bites.sh CC AR NM: links.sh must refuse a library that calls against the arrows.
set -eu
cc=$1 ar=$2 nm=$3
here=$(dirname "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

library() { # folder, C text
    printf '%s\n' "$2" | "$cc" -c -x c -o "$tree/$1.o" -
    rm -f "$tree/libjalon_$1.a"
    "$ar" rcs "$tree/libjalon_$1.a" "$tree/$1.o"
}
expect() { # passes|refuses, what
    if sh "$here/links.sh" "$tree" "$nm" >"$tree/out" 2>&1; then got=passes; else got=refuses; fi
    [ $got = "$1" ] && return
    echo "links.sh $got: $2" >&2
    cat "$tree/out" >&2
    exit 1
}

clean='int proto_f(void); int proto_f(void) { return 1; }'
expect refuses "no library at all"
library proto "$clean"
library store 'int proto_f(void); int store_f(void); int store_f(void) { return proto_f(); }'
library io 'int proto_f(void); int uv_run(void); int io_f(void); int io_f(void) { return proto_f() + uv_run(); }'
expect passes "calls along the arrows"
library proto 'int uv_run(void); int proto_f(void); int proto_f(void) { return uv_run(); }'
expect refuses "uv in proto"
library proto 'int store_f(void); int proto_f(void); int proto_f(void) { return store_f(); }'
expect refuses "store called from proto"
library proto 'long time(long *); long proto_f(void); long proto_f(void) { return time(0); }'
expect refuses "the clock in proto"
library proto "$clean"
library store 'int io_f(void); int store_f(void); int store_f(void) { return io_f(); }'
expect refuses "io called from store"
echo "links: 4 breaches refused"
