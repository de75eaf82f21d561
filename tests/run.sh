#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [STAGE…]: install what the tests need, then run them all, stopping at the first failure.
# Stages: packages release sim asan tsan fuzz analyse e2e ui. The last line is the count.
# Each runs where it shows something: what holds in many rounds, as released; what touches memory
# or threads it should not, under the sanitizers, with fewer rounds (support/rounds.h); other
# versions of the libraries and of gcc, without optimization, in debian13.sh.
# Knobs: FUZZ_SECONDS per target (10), SIM_SEEDS (150), SWEEP_RUNS (1000), JOBS (one
# per processor).
# shellcheck disable=SC2317 # the stages are called by name
set -u
cd "$(dirname "$0")/.." || exit 2
: "${FUZZ_SECONDS:=10}" "${SIM_SEEDS:=150}" "${SWEEP_RUNS:=1000}" "${JOBS:=$(nproc)}"
logs=build/logs
started=$(date +%s)
passed=0
failed=0
number=0

clock() { # seconds since $1, as minutes:seconds
    took=$(($(date +%s) - $1))
    printf '%d:%02d' $((took / 60)) $((took % 60))
}

closing() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# Add what a log says it counted: ctest's sum, or a script's own closing line. A build or an
# installation counts nothing unless it fails.
count() { # log, exit status
    sum=$(awk '
        / tests? passed, [0-9]+ tests? failed out of / {
            for (i = 2; i < NF; i++) if ($(i + 1) == "failed") f = $(i - 1)
            p = $NF - f }
        /^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 }
        END { print p + 0, f + 0 }' "$1")
    [ "$2" -eq 0 ] || [ "${sum#* }" -gt 0 ] || sum="${sum% *} 1"
    passed=$((passed + ${sum% *}))
    failed=$((failed + ${sum#* }))
}

# On a terminal, show the log's last line while the job runs.
watch() { # pid, log
    while [ -t 1 ] && kill -0 "$1" 2>/dev/null; do
        printf '\r\033[K    %.72s' "$(tail -n 1 "$2" | tr -d '\r')"
        sleep 1
    done
    [ ! -t 1 ] || printf '\r\033[K'
    wait "$1"
}

step() { # title, command…
    title=$1
    shift
    number=$((number + 1))
    log=$logs/$(printf '%02d' "$number").log
    began=$(date +%s)
    printf '[%s] %s\n' "$(clock "$started")" "$title"
    "$@" >"$log" 2>&1 &
    watch $! "$log"
    status=$?
    before=$passed
    count "$log" "$status"
    if [ "$status" -eq 0 ] && [ "$failed" -eq 0 ]; then
        printf '    ok, %d tests, %s\n' $((passed - before)) "$(clock "$began")"
        return
    fi
    tail -n 80 "$log"
    printf '\n%s: FAILED (the whole log: %s)\n' "$title" "$log"
    closing
}

missing() {
    sed '/^#/d' tests/packages.txt | while read -r _ package command; do
        [ ! "$command" ] || ! command -v "$command" >/dev/null || continue
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            echo "$package"
    done
}

install_packages() {
    wanted=$(missing)
    [ "$wanted" ] || return 0
    root=
    [ "$(id -u)" -eq 0 ] || root="sudo"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of words
    $root apt-get -q update && $root apt-get -qy install --no-install-recommends $wanted
}

build() { # preset [target…]
    preset=$1
    shift
    set -- ${1:+--target "$@"}
    with_tests=ON
    [ "$preset" != fuzz ] || with_tests=OFF
    [ -z "$(command -v ccache)" ] || export CMAKE_C_COMPILER_LAUNCHER=ccache
    cmake --preset "$preset" "-DWITH_TESTS=$with_tests" &&
        cmake --build --preset "$preset" -j "$JOBS" "$@"
}

tests() { # preset, ctest options…
    preset=$1
    shift
    ctest --preset "$preset" -j "$JOBS" --no-tests=error "$@"
}

configure_both() {
    cmake --preset clang && cmake --preset fuzz -DWITH_TESTS=OFF
}

stage_packages() {
    step "Debian packages" install_packages
}

stage_asan() {
    step "Build with the address and undefined-behaviour sanitizers" build asan
    step "The tests again under the sanitizers" tests asan -E '^(tidy|e2e|bench)/|^sim/(herd|slow)$'
}

# Only what crosses threads.
stage_tsan() {
    threads=
    for module in jobs loop log conn listen dial httpd control agent hub peer link local; do
        [ ! -f "tests/unit/test_$module.c" ] || threads="$threads unit_$module"
    done
    # shellcheck disable=SC2086 # a list of targets
    step "Build with the thread sanitizer" build tsan $threads
    step "What crosses threads, under the thread sanitizer" tests tsan \
        -R "^unit/($(echo "${threads# }" | sed 's/unit_//g; s/ /|/g'))\$"
}

stage_fuzz() {
    step "Build the fuzz targets" build fuzz
    step "Fuzz each parser for $FUZZ_SECONDS s" sh tests/fuzz/run.sh "$FUZZ_SECONDS"
}

# What the compiler itself would warn of, clang-tidy says too. Newer versions know other rules; the
# project holds to Debian 12's.
stage_analyse() {
    version=$(clang-tidy --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
    if [ "$version" != 14 ]; then
        echo "    left out: clang-tidy is $version here, the rules are for 14"
        return
    fi
    step "What clang-tidy reads" configure_both
    step "clang's warnings and clang-tidy" sh tests/tidy/analyse.sh build/clang
    step "clang-tidy, fuzz targets" sh tests/tidy/analyse.sh build/fuzz tests/fuzz/*.c
}

stage_release() {
    step "Build as released, warnings are errors" build release
    step "Unit, property, golden, simulation and tidy tests" tests release -E '^(e2e|bench)/'
}

# One process each: side by side. The last line is the count of both.
both_sims() {
    sim=build/release/tests/sim/sim
    $sim --sweep "$SWEEP_RUNS" >$logs/sweep.txt 2>&1 &
    status=0
    $sim --seeds "$SIM_SEEDS" >$logs/seeds.txt 2>&1 || status=$?
    wait $! || status=$?
    cat $logs/sweep.txt $logs/seeds.txt
    sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' $logs/sweep.txt $logs/seeds.txt |
        awk '{ p += $1; f += $2 } END { printf "%d passed, %d failed\n", p, f }'
    return $status
}

stage_sim() {
    if [ ! -f tests/sim/main.c ]; then
        echo "    no simulation in this tree"
        return
    fi
    step "Simulation, $SIM_SEEDS seeds, and $SWEEP_RUNS runs with one fault each" both_sims
}

stage_e2e() {
    if ctest --preset release -N -R '^e2e/' 2>/dev/null | grep -q '#'; then
        step "End to end" tests release -R '^e2e/'
    fi
    step "Measurements, at tiny size: do they run" ctest --preset release -R '^bench/'
    for script in tests/e2e/*.sh; do
        [ ! -x "$script" ] || step "End to end: $(basename "$script" .sh)" "$script"
    done
}

# The pages in a real browser, against the programs as released.
stage_ui() {
    step "The pages, in a browser" sh tests/ui/run.sh build/release
}

case ${1:-all} in
all) set -- packages release sim asan tsan fuzz analyse e2e ui ;;
esac
for stage in "$@"; do
    case $stage in
    packages | release | sim | asan | tsan | fuzz | analyse | e2e | ui) ;;
    *)
        echo "run.sh: no stage $stage" >&2
        exit 2
        ;;
    esac
done
mkdir -p $logs
rm -f $logs/*.log
for stage in "$@"; do
    "stage_$stage"
done
printf '[%s] done\n' "$(clock "$started")"
closing
