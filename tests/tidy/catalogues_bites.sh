#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The check of the catalogues fails when a text is missing in a language and when a translation
# has other printf conversions than its text.
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# breach SED FILE: check_catalogues.sh must fail on copies of the catalogues changed by SED
breach() {
    cp io/po/*.po "$dir"
    sed -i "$1" "$dir/$2"
    if cmp -s "$dir/$2" "io/po/$2"; then
        echo "the breach $1 changes nothing in $2" >&2
        exit 1
    fi
    if PO_DIR=$dir sh tests/tidy/check_catalogues.sh >/dev/null 2>&1; then
        echo "the check does not see $1 in $2" >&2
        exit 1
    fi
}
breach 's/^msgstr "unknown option: %s"$/msgstr ""/' en.po
breach 's/^msgstr "onbekende optie: %s"$/msgstr ""/' nl.po
breach 's/^msgstr "unbekannte Option: %s"$/msgstr ""/' de.po
breach 's/^msgstr "unknown option: %s"$/msgstr "unknown option: %d"/' en.po
breach 's/^msgstr "onbekende optie: %s"$/msgstr "onbekende optie"/' nl.po
echo "5 breaches seen"
