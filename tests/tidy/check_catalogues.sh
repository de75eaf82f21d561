#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every text for people stands in the catalogues: fails when a T, TN or N_ text lacks its English
# (or, if it is written in English, its French), or when a translation has other printf
# conversions. Says how much of the notes, of Dutch and of German there is.
set -eu
cd "$(dirname "$0")/../.."
for tool in xgettext msgmerge msgattrib msgfmt; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install gettext" >&2; exit 1; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sh tests/tidy/refresh_catalogues.sh --extract "$dir"

# count FILE: how many messages it has, the header not counted
count() {
    msgattrib --no-wrap "$1" | grep -c '^msgid "..*"$' || true
}
# fill LANGUAGE POT: $dir/LANGUAGE.po, the template with that language's translations
fill() {
    msgmerge --quiet --force-po --no-fuzzy-matching --no-wrap -o "$dir/$1.po" "${PO_DIR:-io/po}/$1.po" "$2"
}
# missing POT: the messages of the template that neither en.po nor fr.po translates
missing() {
    fill en "$1"
    msgattrib --untranslated --no-obsolete --no-wrap --force-po -o "$dir/left.pot" "$dir/en.po"
    sed -i 's/^#, fuzzy$//' "$dir/left.pot"
    fill fr "$dir/left.pot"
    msgattrib --untranslated --no-obsolete --no-wrap "$dir/fr.po"
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
missing "$dir/texts.pot" >"$dir/missing.po"
n=$(count "$dir/missing.po")
if [ "$n" -gt 0 ]; then
    echo "without a translation ($n), run tests/tidy/refresh_catalogues.sh and fill in en.po:" >&2
    grep '^msgid "..*"$' "$dir/missing.po" >&2
    bad=1
fi

missing "$dir/notes.pot" >"$dir/missing.po"
echo "notes: $(count "$dir/missing.po") of $(count "$dir/notes.pot") are in one language only"
for language in nl de; do
    fill $language "$dir/texts.pot"
    msgattrib --translated --no-obsolete --no-wrap -o "$dir/done.po" --force-po "$dir/$language.po"
    have=$(count "$dir/done.po")
    all=$(count "$dir/texts.pot")
    echo "$language: $have of $all texts ($((all == 0 ? 100 : have * 100 / all)) %)"
done
exit $bad
