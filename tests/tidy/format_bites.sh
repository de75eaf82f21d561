#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format_bites.sh CLANG_FORMAT ROOT: format.sh must refuse a file laid out otherwise.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp "$2/.clang-format" "$tree/"
mkdir "$tree/proto"
printf 'int f(void)\n{\n    return 1;\n}\n' >"$tree/proto/a.c"
sh "$here/format.sh" "$1" "$tree"
printf 'int f(void) {\n  return 1; }\n' >"$tree/proto/a.c"
if sh "$here/format.sh" "$1" "$tree" 2>/dev/null; then
    echo "format.sh let a badly laid out file pass" >&2
    exit 1
fi
echo "format: 1 breach refused"
