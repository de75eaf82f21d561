/* SPDX-License-Identifier: Apache-2.0 */
/* Full session rows made from their number: the same rows for the control and for Jalon. */
#ifndef BENCH_ROWS_MADE_H
#define BENCH_ROWS_MADE_H

#include "proto/value.h"

enum { ROWS_MADE_PERSONS = 200, ROWS_MADE_COMPANIES = 40, ROWS_MADE_PHASES = 5 };

/* Rows the sessions refer to. */
struct rows_made {
    struct id structure, project;
    struct id persons[ROWS_MADE_PERSONS];
    struct id companies[ROWS_MADE_COMPANIES];
    struct id phases[ROWS_MADE_PHASES];
    const struct table *table; /* session */
};

/* Values in the order of table->fields; text lives in the arena, ids in `made`. */
void rows_made_values(const struct rows_made *made, uint64_t number, struct arena *arena,
                      struct value *values);
/* Invent the ids: for the control, which asks nobody. */
void rows_made_invent(struct rows_made *made);
/* A row id of the shape devices make: a time, then noise. */
struct id rows_made_id(uint64_t number);
/* The row as plain MessagePack: an array of its id and its values. */
void rows_made_pack(const struct rows_made *made, uint64_t number, struct buf *out);

#endif
