/* SPDX-License-Identifier: Apache-2.0 */
/* Many short runs of the whole system, each with one fault at a place of its own: every call of
 * every disk, every delivery of the network, every gap between two events of a story, with
 * every kind of fault in turn; then healing and all checks. */
#ifndef TESTS_SIM_SWEEP_H
#define TESTS_SIM_SWEEP_H

#include "tests/sim/world.h"

#include <stdio.h>

/* X(enumerator, what happened, for the report). The place is the nth … */
#define SWEEP_KINDS(X)                                                                         \
    X(CUT, "power cut in a call of a disk")                                                    \
    X(CUT_TWICE, "power cut in a call of a disk, and again while recovering")                  \
    X(KILL, "kill -9 in a call of a disk")                                                     \
    X(READ, "I/O error of a read")                                                             \
    X(WRITE, "I/O error of a write")                                                           \
    X(WRITE_ON, "I/O errors of all writes from one on")                                        \
    X(SYNC, "failed sync, then the power goes")                                                \
    X(OPEN, "I/O error of an open")                                                            \
    X(LOOK, "I/O error of a look at a name or a size")                                         \
    X(TRUNCATE, "I/O error of a truncation")                                                   \
    X(FULL, "disk full from a write on")                                                       \
    X(DIE, "kill -9 between two events")                                                       \
    X(OFF, "power cut between two events")                                                     \
    X(RESET, "RST at a delivery")                                                              \
    X(HALFOPEN, "connection forgotten at a delivery, silently")                                \
    X(PARTED, "partition one way from a delivery on")
enum sweep_kind {
#define X(name, text) SWEEP_##name,
    SWEEP_KINDS(X)
#undef X
        SWEEP_KIND_COUNT
};

struct sweep_tally {
    uint64_t runs, passed, failed;
    uint64_t planted[SWEEP_KIND_COUNT];
    uint64_t struck[SWEEP_KIND_COUNT]; /* … and met its call, delivery or gap */
    uint64_t stories;                  /* of which at least one run was made */
    uint64_t saved;  /* saves people were told of, each looked for at the end */
    uint64_t judged; /* verdicts heard, each looked for after each start */
    uint64_t opened; /* databases opened and checked */
    uint64_t events;
};

/* The runs are numbered: story by story, and in a story all its places in an order that takes
 * every kind of fault soon. False: it failed, and stderr says how. */
bool sweep_run(uint64_t number, bool verbose, struct sweep_tally *tally);
void sweep_report(const struct sweep_tally *tally, FILE *out);
/* What is kept between runs. */
void sweep_forget(void);

#endif
