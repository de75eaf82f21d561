#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every text for people stands in the catalogues: fails when a T, TN or N_ text lacks its Dutch,
# its German or its English (or, if it is written in English, its French), or when a translation
# has other printf conversions. Says how many of the notes lack a translation.
set -eu
cd "$(dirname "$0")/../.."
for tool in xgettext msgmerge msgattrib msgfmt; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install gettext" >&2; exit 1; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sh tests/tidy/refresh_catalogues.sh --extract "$dir"

# ids FILE: the first line of each message, the header left out
ids() {
    awk '/^msgid ""$/ { getline; if (/^"/) print "msgid " $0; next } /^msgid / { print }' "$1"
}
# count FILE: how many messages it has, the header not counted
count() {
    ids "$1" | wc -l
}
# fill LANGUAGE POT: $dir/LANGUAGE.po, the template with that language's translations
fill() {
    msgmerge --quiet --force-po --no-fuzzy-matching --no-wrap -o "$dir/$1.po" "${PO_DIR:-io/po}/$1.po" "$2"
}
# missing LANGUAGE POT: the messages of the template without a translation. An English text needs
# no English but French: en.po and fr.po together have all.
missing() {
    fill "$1" "$2"
    if [ "$1" = en ]; then
        msgattrib --untranslated --no-obsolete --no-wrap --force-po -o "$dir/left.pot" "$dir/en.po"
        sed -i 's/^#, fuzzy$//' "$dir/left.pot"
        fill fr "$dir/left.pot"
        msgattrib --untranslated --no-obsolete --no-wrap "$dir/fr.po"
    else
        msgattrib --untranslated --no-obsolete --no-wrap "$dir/$1.po"
    fi
}

bad=0
for language in fr en nl de; do
    for pot in texts notes; do
        fill $language "$dir/$pot.pot"
        msgfmt --check-format -o /dev/null "$dir/$language.po" || bad=1
    done
done

if grep '%<PRI' "$dir/texts.pot" >&2; then
    echo "PRId64 and the like differ by machine: cast to long long and write %lld" >&2
    bad=1
fi
all=$(count "$dir/texts.pot")
for language in en nl de; do
    missing $language "$dir/texts.pot" >"$dir/missing.po"
    n=$(count "$dir/missing.po")
    if [ "$n" -gt 0 ]; then
        echo "$n without a translation in io/po/$language.po," \
            "run tests/tidy/refresh_catalogues.sh and fill in:" >&2
        ids "$dir/missing.po" >&2
        bad=1
    fi
    missing $language "$dir/notes.pot" >"$dir/missing.po"
    echo "$language: $((all - n)) of $all texts;" \
        "$(count "$dir/missing.po") of $(count "$dir/notes.pot") notes are not translated"
done
exit $bad
