#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mutants.sh [SEEDS]: does the simulation notice? Plants known bugs, one at a time, in a copy of the
# tree and expects `sim` or the scenarios to fail on each. The tree itself is not touched.
set -u
seeds=${1:-150}
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d /tmp/jalon-mutants-XXXXXX) || exit 2
trap 'rm -rf "$copy"' EXIT INT TERM
caught=0
missed=0

(cd "$root" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$copy" || exit 2
cd "$copy" || exit 2
cmake -S . -B build/m -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null || exit 2

build() {
    cmake --build build/m --target sim_main sim_scenarios sim_decide >build/m/log 2>&1 || {
        tail -20 build/m/log
        return 1
    }
}

# name, file, sed script: what the bug is, where, and how it is made.
mutant() {
    cp "$2" kept.c
    sed -i "$3" "$2"
    if cmp -s "$2" kept.c; then
        echo "STALE  $1: the script no longer fits $2"
        missed=$((missed + 1))
    elif ! build; then
        echo "STALE  $1: does not build"
        missed=$((missed + 1))
    else
        build/m/tests/sim/sim --seeds "$seeds" --stop >out 2>&1
        grep -q '^FAILED' out || build/m/tests/sim/sim_scenarios >out 2>&1
        grep -qE '^FAILED|\[  FAILED  \]' out || build/m/tests/sim/sim_decide >out 2>&1
        if how=$(grep -m 1 -E '^FAILED|must\(|\[  FAILED  \]' out); then
            echo "caught $1: $(echo "$how" | cut -c1-110)"
            caught=$((caught + 1))
        else
            echo "MISSED $1"
            missed=$((missed + 1))
        fi
    fi
    cp kept.c "$2"
}

build || exit 2
build/m/tests/sim/sim --seeds 10 >/dev/null 2>&1 || {
    echo "sim fails without any mutant"
    exit 1
}

mutant 'a commit is not durable when it is acknowledged' store/db_sqlite.c \
    's/PRAGMA synchronous=FULL/PRAGMA synchronous=OFF/'
mutant 'verdicts are sent though the commit failed' store/serve_push.c \
    's/err = store_end(s, all_pushes(&a, pushes, count, ranges, judged));/err = store_end(s, all_pushes(\&a, pushes, count, ranges, judged)); err = ERR_OK;/'
mutant 'a redelivered operation gets another verdict' store/ranges.c \
    's/range.verdict = (enum verdict)col_int(stmt, 2);/range.verdict = VERDICT_MERGED;/'
mutant 'a number judged before is not compared' store/serve_push.c \
    's/return same ? ERR_OK : ERR_FORK;/(void)same; return ERR_OK;/'
mutant 'a push moves the pull cursor' store/replica.c \
    's/err = meta_set_int(s, META_ACKED, (int64_t)range->to);/{ err = meta_set_int(s, META_ACKED, (int64_t)range->to); if (range->seq > s->pulled) { s->pulled = range->seq; err = meta_set_int(s, META_PULLED, (int64_t)range->seq); } }/'
mutant 'a page overwrites an edit not judged yet' store/page.c \
    's/return stamp.origin == s->epoch && stamp.hlc > s->acked_hlc;/(void)s; (void)stamp; return false;/'
mutant 'facets are not looked at when a page is cut' store/feed.c \
    's/if ((e->facet & lane->facets) != 0)/if (e->facet != 0)/'
mutant 'the right to write is not looked at' store/judge.c \
    's/if (j->author->origin == 0)$/if (j->author->origin != UINT32_MAX)/'
mutant 'changes before the page but after the last IDLE are left out' store/feed.c \
    's/encode_partial(table, row, reader->base/encode_partial(table, row, reader->cursor/'
mutant 'the outbox is released before the backup' store/replica.c \
    's/uint64_t through = stable_op < s->acked ? stable_op : s->acked;/(void)stable_op; uint64_t through = s->acked;/'
mutant 'a copied disk is not noticed' store/replica.c \
    's/known.hash != welcome->known_hash);/false);/'
mutant 'stamps follow the wall clock alone' proto/hlc.c \
    's/clock->last = wall > clock->last ? wall : clock->last + 1;/clock->last = wall;/'
mutant 'a stamp from elsewhere moves the clock without limit' proto/hlc.c \
    's/if (seen > clock->last && hlc_ms(seen) <= wall + HLC_AHEAD_MS_MAX)/(void)wall; if (seen > clock->last)/'
mutant 'whoever loses is forgotten' store/conflict_rows.c \
    's/^    const struct table .to = schema_table(j->s->env.schema, TABLE_CONFLICT);/    if (table->id != 0) return ERR_OK;\n&/'
mutant 'an edit on top of a refused one is taken' store/judge.c \
    's/return err == ERR_OK && refused ? refuse(j, REASON_DEPENDS) : err;/return err;/'
mutant 'what was refused stays in the rows' store/replica.c \
    's/err = takeback_op(s, &head, changes);/(void)changes;/'
mutant 'of two decisions one is forgotten' store/conflict_rows.c \
    's/^    const struct table .to = schema_table(j->s->env.schema, TABLE_CONFLICT);/    if (table->program_only) return ERR_OK;\n&/'

echo "$caught passed, $missed failed"
[ "$missed" -eq 0 ]
