#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bring io/po/*.po up to date with the texts in the sources:  sh tests/tidy/refresh_catalogues.sh
# Then fill in the empty msgstr of en.po (of fr.po for a text written in English), nl.po, de.po.
#   --extract DIR   only write DIR/texts.pot (T, TN, N_; t and tn of the pages) and DIR/notes.pot
#                   (note_set, note_write)
set -eu
cd "$(dirname "$0")/../.."

# extract FILE KEYWORD...: the template of the texts under these keywords
extract() {
    out=$1
    shift
    find proto store io web server client -name '*.[ch]' 2>/dev/null | LC_ALL=C sort >"$out.files"
    : >"$out"
    xgettext --language=C --from-code=UTF-8 --keyword "$@" --no-location \
        --no-wrap --force-po --package-name=jalon --files-from="$out.files" --output="$out"
    case " $* " in
    *" --keyword=T "*) # the pages' texts are texts too
        find web/pages -name '*.js' | LC_ALL=C sort >"$out.files"
        xgettext --language=JavaScript --from-code=UTF-8 --keyword --keyword=t --keyword=tn:1,2 \
            --no-location --no-wrap --force-po --join-existing --files-from="$out.files" \
            --output="$out"
        ;;
    esac
    sed -i -e 's/charset=CHARSET/charset=UTF-8/' -e '/^"POT-Creation-Date/d' "$out"
    rm "$out.files"
}
# flags: which argument of whom is a printf format
texts="--keyword=T --keyword=N_ --keyword=TN:1,2"
notes="--keyword=note_set:3 --keyword=note_write:2 --flag=note_set:3:c-format --flag=note_write:2:c-format"

if [ "${1:-}" = --extract ]; then
    # shellcheck disable=SC2086
    extract "$2/texts.pot" $texts
    # shellcheck disable=SC2086
    extract "$2/notes.pot" $notes
    exit 0
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC2086
extract "$dir/all.pot" $texts $notes
for language in fr en nl de; do
    po=io/po/$language.po
    msgmerge --quiet --force-po --no-fuzzy-matching --no-location --sort-output --no-wrap \
        --output-file="$dir/new.po" "$po" "$dir/all.pot"
    # fr.po holds the few texts that are written in English, the others all texts
    only=
    [ $language = fr ] && only=--translated
    msgattrib $only --no-obsolete --no-wrap --force-po --output-file="$po" "$dir/new.po"
    printf '%s: ' "$po"
    msgfmt --statistics -o /dev/null "$po" 2>&1
done
