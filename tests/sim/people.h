/* SPDX-License-Identifier: Apache-2.0 */
/* What the virtual people do: random edits of every kind through store/edit, and edits written
 * down by scenarios. */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include "tests/sim/world.h"

/* Each client's person acts now and then and wants a sync now and then, for `ms` from now; so
 * does the administrator of the server. */
struct people {
    struct world *w;
    struct rng rng;
    int64_t until_ms;
    int64_t act_ms_max;  /* pause between two actions, at most */
    int64_t want_ms_max; /* pause between two wishes to sync of a client that is not live */
    uint32_t batch_ppm;  /* of the actions are imports */
    uint32_t papers_ppm; /* … are about documents … */
    uint32_t erase_ppm;  /* … and erasures, drawn from: */
    struct rng papers, words;
};
/* Do the people of this seed attach documents and order erasures? */
bool people_keep_papers(uint64_t seed);
void people_start(struct people *p, struct world *w, int64_t ms);

/* One random action at this node, now. */
void people_act(struct people *p, struct node *n);

/* Written edits: "name=value" texts, NULL-ended; a text value may hold "%m" for a fresh mark.
 * What was told is noted. `id` may be NULL. */
enum err people_add(struct node *n, const char *table, const char *const *fields,
                    struct id *id);
enum err people_set(struct node *n, const char *table, const struct id *id,
                    const char *const *fields);
enum err people_delete(struct node *n, const char *table, const struct id *id, bool deleted);
/* The printed value of a field into `out`; "<ERROR>" when there is no such row. */
const char *people_get(struct node *n, const char *table, const struct id *id,
                       const char *field, char out[512]);
/* "name=id" for references. */
const char *people_ref(const char *name, const struct id *id, char out[80]);

#endif
