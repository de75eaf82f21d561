#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh [--keep]: on a bare Debian 12 or 13, build Jalon and play the main job: two coaches
# record without a network, then both meet on the server. Everything lies in $JALON_DEMO
# (~/jalon-demo); run again, it starts afresh and keeps the last demonstration beside it.
# --keep leaves the server running. French, or English with LANG=en.
set -eu
demo=${JALON_DEMO:-${HOME:-/root}/jalon-demo}
case $demo in
/*) ;;
*) demo=$(pwd)/$demo ;;
esac
cd "$(dirname "$0")/.."
source=$(pwd)
bin=$source/build/quickstart
started=$(date +%s)
keep=
server=
case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
en*) english=yes ;;
*) english= ;;
esac

say() { # French, English
    if [ "$english" ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}

step() { # number, French, English
    took=$(($(date +%s) - started))
    printf '\n[%d/6, %d:%02d] ' "$1" $((took / 60)) $((took % 60))
    say "$2" "$3"
}

die() { # French, English
    say "quickstart : $1" "quickstart: $2" >&2
    exit 1
}

# Show a command as a person would type it, then run it. Status 4 is "done, a person is waited for".
run() { # who, command…
    who=$1
    shift
    printf '  %s$' "$who"
    for word in "$@"; do
        case $word in
        ????????????????????????????????????????????????????????????????*)
            printf ' %.11s…' "$word" # a code of invitation
            ;;
        *[!A-Za-z0-9_./:=-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    status=0
    program=$1
    shift
    case $program in
    jalon) jalon "$who" "$@" >"$demo/out" 2>"$demo/talk" || status=$? ;;
    jalonctl) jalonctl "$@" >"$demo/out" 2>"$demo/talk" || status=$? ;;
    esac
    sed 's/^/    /' "$demo/out" "$demo/talk"
    case $status in
    0 | 4) return 0 ;;
    *) return "$status" ;;
    esac
}

jalon() { # who, words…
    replica=$1
    shift
    "$bin/client/jalon" --data "$demo/$replica" "$@"
}

jalonctl() {
    "$bin/server/jalonctl" --data "$demo/serveur" "$@"
}

# ---- packages and build ----

# Run a long command into a log; on a terminal, show the log's last line meanwhile.
watched() { # log, command…
    log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while [ -t 1 ] && kill -0 "$pid" 2>/dev/null; do
        printf '\r\033[K    %.72s' "$(tail -n 1 "$log" | tr -d '\r')"
        sleep 1
    done
    [ ! -t 1 ] || printf '\r\033[K'
    wait "$pid"
}

install_packages() { # package…
    $root apt-get -q update &&
        $root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@"
}

packages() {
    wanted=
    while read -r stage package command; do
        [ "$stage" = build ] || continue
        [ ! "$command" ] || ! command -v "$command" >/dev/null || continue
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            wanted="$wanted $package"
    done <tests/packages.txt
    if [ ! "$wanted" ]; then
        say "  tous là" "  all there"
        return
    fi
    root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "il manque des paquets ; en root : apt-get install$wanted" \
                "packages are missing; as root: apt-get install$wanted"
        root=sudo
        sudo -v
    fi
    say "  à installer :$wanted" "  to install:$wanted"
    # shellcheck disable=SC2086 # a list of words
    if ! watched "$(mktemp)" install_packages $wanted; then
        tail -n 20 "$log"
        die "l'installation a échoué ; tout est dans $log" "the installation failed; see $log"
    fi
    rm -f "$log"
}

compile() {
    cmake -S . -B "$bin" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWITH_TESTS=OFF && cmake --build "$bin"
}

build() {
    mkdir -p build
    if ! watched "$bin.log" compile; then
        tail -n 30 "$log"
        die "la construction a échoué ; tout est dans $log" "the build failed; see $log"
    fi
    say "  jalond, jalonctl et jalon sont dans $bin" "  jalond, jalonctl and jalon are in $bin"
}

# ---- the demonstration's folder and server ----

running() { # is this process the server of the demonstration?
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF "jalond serve --data $demo/serveur "
}

stop_server() {
    pid=$(cat "$demo/serveur.pid" 2>/dev/null) || return 0
    if running "$pid"; then
        kill "$pid"
        while running "$pid"; do sleep 0.1; done
    fi
    rm -f "$demo/serveur.pid"
}

start_server() { # address
    : >"$demo/serveur.txt"
    setsid "$bin/server/jalond" serve --data "$demo/serveur" --sync "$1" \
        >"$demo/serveur.txt" 2>>"$demo/serveur.log" </dev/null &
    server=$!
    echo "$server" >"$demo/serveur.pid"
    tries=0
    until address=$(sed -n 's/^sync //p' "$demo/serveur.txt") && [ "$address" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
            tail -n 5 "$demo/serveur.log"
            die "le serveur n'a pas démarré" "the server did not start"
        fi
        sleep 0.1
    done
    say "  serveur sur $address" "  server on $address"
}

# Only a folder this script made is ever moved away.
fresh_folder() {
    if [ -e "$demo" ]; then
        [ -f "$demo/.jalon-demo" ] ||
            die "$demo existe et n'est pas une démonstration ; choisissez JALON_DEMO=…" \
                "$demo exists and is no demonstration; choose JALON_DEMO=…"
        stop_server
        if [ -f "$demo.old/.jalon-demo" ]; then rm -rf "$demo.old"; fi
        [ ! -e "$demo.old" ] || die "$demo.old existe déjà" "$demo.old exists already"
        mv "$demo" "$demo.old"
        say "  la démonstration précédente est dans $demo.old" \
            "  the last demonstration is in $demo.old"
    fi
    mkdir -p "$demo"
    chmod 700 "$demo"
    : >"$demo/.jalon-demo"
}

ending() {
    rm -f "$demo/out" "$demo/talk"
    [ "$keep" ] || stop_server
}

# ---- the play ----

code() { # code, French label
    jalonctl code add list=session_kind "code=$1" "label_fr=$2" >/dev/null
}

coach() { # name, structure, folder
    id=$(jalonctl staff add "$1" --structure "$2" --role jobcoach)
    invitation=$(jalonctl invite "$id" 2>/dev/null)
    run "$3" jalon enrol "$invitation"
}

setup() {
    "$bin/server/jalond" init --data "$demo/serveur" --network "Réseau de démonstration" |
        sed 's/^/  /'
    start_server 127.0.0.1:0
    ei=$(jalonctl structure add "EI L'Atelier Fictif" --type EI)
    cisp=$(jalonctl structure add "CISP L'Exemple" --type CISP_EFT)
    cpas=$(jalonctl structure add "CPAS de Ville-Fictive" --type CPAS)
    for structure in "$ei" "$cisp" "$cpas"; do
        jalonctl parameter add key=jobcoach_sees value=structure "structure=$structure" \
            valid_from=2020-01-01 >/dev/null
    done
    say "  dans ces petites structures, les jobcoaches partagent les dossiers (sinon : chacun les siens)" \
        "  in these small structures jobcoaches share their dossiers (otherwise: each their own)"
    code individual "Entretien individuel"
    code company_visit "Visite en entreprise"
    code tripartite "Entretien tripartite"
    code phone "Téléphone"
    code message "Message"
    code accompanied_step "Démarche accompagnée"
    run admin jalonctl structure list
    coach "Anna Exemple" "$ei" anna
    for structure in "$cisp" "$cpas"; do
        jalonctl staff_role add "staff=$id" "structure=$structure" role=jobcoach \
            start=2026-01-01 >/dev/null
    done
    coach "Bilal Fictif" "$ei" bilal
    say "  Anna accompagne dans les trois structures, Bilal dans l'EI seulement." \
        "  Anna coaches in all three structures, Bilal in the EI only."
}

spreadsheets() {
    run anna jalon sync
    run anna jalon import person deploy/demo/personnes.csv
    run anna jalon import session deploy/demo/seances.csv
    run anna jalon sync
    run bilal jalon sync
}

offline() {
    stop_server
    say "  le serveur est arrêté : aucun réseau" "  the server is stopped: no network"
    person="Zoé Exemple"
    run anna jalon set person "$person" "emergency=sa sœur, 0400 00 00 01"
    run anna jalon set person "$person" "street=Rue Imaginaire 7" postcode=0001 city=Ville-Fictive
    run anna jalon add contact_point "person=$person" kind=phone "value=0400 00 00 02"
    run anna jalon add session kind=individual "person=$person" date=20/11/2026 start=9h30 \
        minutes=45 "place=Atelier bois" "subject=Prise de poste"
    run bilal jalon set person "$person" "emergency=le voisin, 0400 00 00 03"
    run bilal jalon set person "$person" education=3
    run bilal jalon add contact_point "person=$person" kind=phone "value=0400 00 00 04"
    run anna jalon status
    status=0
    run anna jalon sync || status=$?
    [ "$status" -eq 3 ] || die "la synchronisation devait dire hors ligne ($status)" \
        "the sync should have said offline ($status)"
}

meeting() {
    start_server "$address"
    run anna jalon sync
    run bilal jalon sync
    run anna jalon sync
}

count() { # structure
    jalonctl --json session list "structure=$1" | grep -c '"id"' || true
}

result() {
    say "  La liste commune, sur le serveur :" "  The common list, on the server:"
    run admin jalonctl session list --limit 4
    printf '    EI %d · CISP %d · CPAS %d\n' "$(count "$ei")" "$(count "$cisp")" "$(count "$cpas")"
    say "  Chez Anna, tout ; chez Bilal, l'EI seulement :" "  At Anna's, all; at Bilal's, the EI only:"
    for who in anna bilal; do
        printf '    %s %d\n' "$who" "$(jalon "$who" --json list session | grep -c '"id"')"
    done
    say "  Rien n'est perdu : les deux téléphones sont là." \
        "  Nothing is lost: both telephone numbers are there."
    run bilal jalon list contact_point
    say "  Un champ écrit des deux côtés : une valeur est montrée, l'autre attend une personne." \
        "  One field written on both sides: one value is shown, the other waits for a person."
    run bilal jalon conflicts
    run admin jalonctl check
}

where() {
    say "
Tout est dans $demo :
  serveur/   la base, l'autorité et les clés du serveur
  anna/ bilal/   les deux répliques, chacune avec sa clé
À essayer :" "
Everything is in $demo:
  serveur/   the server's database, authority and keys
  anna/ bilal/   the two replicas, each with its key
To try:"
    cat <<EOF
  export PATH=$bin/server:$bin/client:\$PATH
  jalon --data $demo/anna list session minutes=90
  jalon --data $demo/anna show person 'Zoé Exemple' --history
  jalon --data $demo/anna conflicts
  jalon --data $demo/anna resolve ID --keep other
  jalon --data $demo/anna schema session
EOF
    if [ "$keep" ]; then
        say "  jalon --data $demo/anna sync     (le serveur tourne ; pour l'arrêter : kill $server)" \
            "  jalon --data $demo/anna sync     (the server runs; to stop it: kill $server)"
    else
        say "  jalond serve --data $demo/serveur --sync $address     (le serveur est arrêté)" \
            "  jalond serve --data $demo/serveur --sync $address     (the server is stopped)"
    fi
}

for word in "$@"; do
    case $word in
    --keep) keep=yes ;;
    *)
        say "usage : sh deploy/quickstart.sh [--keep]" "usage: sh deploy/quickstart.sh [--keep]" >&2
        exit 2
        ;;
    esac
done
step 1 "Paquets Debian" "Debian packages"
packages
step 2 "Construction (une minute environ)" "Build (about a minute)"
build
step 3 "Un réseau : un serveur, trois structures, deux coaches" \
    "A network: one server, three structures, two coaches"
fresh_folder
trap ending EXIT
setup
step 4 "Anna reprend le tableur du réseau : 60 personnes, 300 séances" \
    "Anna imports the network's spreadsheet: 60 persons, 300 sessions"
spreadsheets
step 5 "Anna et Bilal travaillent sans réseau, sur la même personne" \
    "Anna and Bilal work without a network, on the same person"
offline
step 6 "Le réseau revient : tout se rejoint" "The network is back: everything comes together"
meeting
result
where
took=$(($(date +%s) - started))
printf '\n'
say "Fini en $((took / 60)) min $((took % 60)) s." "Done in $((took / 60)) min $((took % 60)) s."
