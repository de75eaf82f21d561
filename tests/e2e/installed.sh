#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What cmake --install puts on a machine: the program, its icon in the menu, manual pages in four
# languages, completions for three shells.
# shellcheck disable=SC1091,SC2119,SC2154 # lib.sh, its variables and functions
. "$(dirname "$0")/lib.sh"
prefix=$T/usr
share=$prefix/share
command -v cmake >/dev/null || skip "cmake is missing"
grep -q "^CMAKE_INSTALL_PREFIX" "$JALON_BIN/CMakeCache.txt" || skip "no build folder"

say "everything is in its place"
expect 0 cmake --install "$JALON_BIN" --prefix "$prefix"
for file in applications/jalon.desktop icons/hicolor/scalable/apps/jalon.svg man/man1/jalon.1 \
    man/fr/man1/jalon.1 man/nl/man1/jalon.1 man/de/man1/jalon.1 bash-completion/completions/jalon \
    zsh/site-functions/_jalon fish/vendor_completions.d/jalon.fish; do
    [ -s "$share/$file" ] || fail "$file is missing"
done
expect 0 "$prefix/bin/jalon" --version
said out "jalon "

say "the menu finds it by French words, and starts one program"
desktop=$share/applications/jalon.desktop
for line in 'Exec=jalon ui' 'Icon=jalon' 'Terminal=false'; do
    grep -qx "$line" "$desktop" || fail "no line $line in jalon.desktop"
done
grep -q '^Keywords\[fr\]=.*parcours' "$desktop" || fail "no French keywords"
if command -v desktop-file-validate >/dev/null; then
    expect 0 desktop-file-validate "$desktop"
    [ ! -s "$T/out" ] || fail "desktop-file-validate has something to say"
fi

say "each command has its place in the manual page, in its language"
for command in add list sync ui completion 'bundle write'; do
    grep -q "^.SS \"$command" "$share/man/fr/man1/jalon.1" || fail "no $command in the manual page"
done
grep -q '^.SH "CODES DE SORTIE"' "$share/man/fr/man1/jalon.1" || fail "the French page is not French"
grep -q '^.SH "EXIT STATUSES"' "$share/man/man1/jalon.1" || fail "the English page is not English"
if command -v man >/dev/null && command -v groff >/dev/null; then
    for page in "$share/man/man1/jalon.1" "$share/man/fr/man1/jalon.1"; do
        LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$page" >/dev/null 2>"$T/err" ||
            fail "man cannot read $page"
        [ ! -s "$T/err" ] || fail "man warns of $page"
    done
fi

say "the shells complete commands, tables and options"
if command -v bash >/dev/null; then
    # complete WORD…: what bash offers after them
    offered() {
        bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _jalon; printf "%s\n" "${COMPREPLY[@]}"' \
            "$share/bash-completion/completions/jalon" "$@" >"$T/out"
    }
    offered jalon sy
    grep -qx sync "$T/out" || fail "sync is not offered"
    offered jalon list pers
    grep -qx person "$T/out" || fail "person is not offered"
    offered jalon bundle ''
    grep -qx write "$T/out" || fail "write is not offered"
    offered jalon sync --l
    grep -qx -- --live "$T/out" || fail "--live is not offered"
fi
! command -v zsh >/dev/null || expect 0 zsh -n "$share/zsh/site-functions/_jalon"
! command -v fish >/dev/null || expect 0 fish -n "$share/fish/vendor_completions.d/jalon.fish"
