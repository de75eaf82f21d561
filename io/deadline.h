/* SPDX-License-Identifier: Apache-2.0 */
/* A term that passes, or is renewed while enough moves: arithmetic only, the time comes in. */
#ifndef IO_DEADLINE_H
#define IO_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct is a term that does not run. */
struct deadline {
    uint64_t due_ms;       /* passes then; 0: does not run */
    uint64_t window_ms;    /* length of the term */
    uint64_t progress_min; /* units moved within a term that renew it; 0: nothing does */
    uint64_t moved;        /* units moved when the term began */
    uint64_t until_ms;     /* not renewed beyond this; 0: no such end */
};

/* Start a term of `ms` now. total_ms > 0: however much moves, it ends by then. */
void deadline_start(struct deadline *deadline, uint64_t now_ms, int64_t ms,
                    uint64_t progress_min, int64_t total_ms, uint64_t moved);
/* Has it passed? Renews it when it is due and enough has moved. */
bool deadline_passed(struct deadline *deadline, uint64_t now_ms, uint64_t moved);
/* The earlier of the two that run; 0 when neither does. */
uint64_t deadline_next(const struct deadline *a, const struct deadline *b);

#endif
