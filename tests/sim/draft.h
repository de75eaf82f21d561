/* SPDX-License-Identifier: Apache-2.0 */
/* Random but valid values for any field the schema declares, with marks in the texts. */
#ifndef TESTS_SIM_DRAFT_H
#define TESTS_SIM_DRAFT_H

#include "store/edit.h"
#include "tests/sim/world.h"

/* What one change of one row is drawn with. */
struct draft {
    struct node *n;
    struct rng *rng;
    struct arena *arena; /* of the values */
    const struct table *table;
    struct value of_table; /* drawn for a row that points to another by table and id */
};

/* A random live (or deleted) row of the table; false when there is none. */
bool draft_row(struct node *n, struct rng *rng, const struct table *table, bool deleted,
               struct id *out);
/* A value for the field; `present` is what it replaces. False when none can be made: nothing to
 * refer to. */
bool draft_value(struct draft *d, const struct field *field, const struct value *present,
                 struct value *out);
/* All values of a new row into values[SCHEMA_FIELDS_MAX]; false when none can be made. */
bool draft_insert(struct draft *d, struct edit_value *values, size_t *count);
/* A few changed fields of a row. */
bool draft_update(struct draft *d, const struct id *id, struct edit_value *values,
                  size_t *count);

#endif
