#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format.sh CLANG_FORMAT ROOT: every C file is laid out as .clang-format says.
set -eu
cd "$2"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
for folder in proto store io web server client tests; do
    [ ! -d $folder ] || find $folder -name '*.[ch]' -print0
done >"$list"
[ -s "$list" ]
xargs -0 -n 50 "$1" --dry-run -Werror --style=file <"$list"
