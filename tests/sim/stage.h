/* SPDX-License-Identifier: Apache-2.0 */
/* What scenarios are told with: a small world, its people's edits, what must be where. */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include "store/inside.h"
#include "tests/sim/people.h"
#include "tests/sim/swarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };
static const int64_t DAY_MS = INT64_C(24) * 60 * MINUTE_MS;

static inline void open_world(struct world *w, size_t clients, uint32_t live_ppm)
{
    struct world_plan plan = {
        .seed = 7, .clients = clients, .clones = 1, .live_ppm = live_ppm, .job_ms_max = 5};
    world_init(w, &plan, false);
    world_run(w, MINUTE_MS);
}

static inline void assert_kept(struct world *w)
{
    if (w->failed)
        print_error("%s\n", w->failure);
    assert_false(w->failed);
}

/* All is healed, arrives and holds. */
static inline void close_world(struct world *w)
{
    assert_kept(w);
    swarm_settle(w);
    assert_kept(w);
    world_done(w);
}

static inline struct node *node(struct world *w, uint32_t at)
{
    return world_node(w, at);
}

static inline void sync_now(struct world *w, uint32_t at)
{
    client_feed(world_client(w, at), (struct agent_event){.type = AGENT_EV_WANTED});
    world_run(w, 20 * SECOND_MS);
    assert_kept(w);
}

static inline void sync_both(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        sync_now(w, 1);
        sync_now(w, 2);
    }
}

static inline struct id add_person(struct node *n)
{
    static const char *const fields[] = {"name=%m", "first_name=Camille", NULL};
    struct id id = {0};
    assert_int_equal(people_add(n, "person", fields, &id), ERR_OK);
    return id;
}

static inline enum err set_one(struct node *n, const char *table, const struct id *id,
                               const char *field)
{
    const char *const fields[] = {field, NULL};
    return people_set(n, table, id, fields);
}

static inline void assert_value(struct node *n, const char *table, const struct id *id,
                                const char *field, const char *wanted)
{
    char text[512];
    assert_string_equal(people_get(n, table, id, field, text), wanted);
}

static inline int64_t count(struct node *n, const char *sql)
{
    struct stmt *stmt = NULL;
    int64_t rows = -1;
    assert_int_equal(db_prepare(n->store->db, sql, &stmt), ERR_OK);
    if (stmt_step(stmt) == STEP_ROW)
        rows = col_int(stmt, 0);
    stmt_free(stmt);
    return rows;
}

static inline int64_t open_conflicts(struct node *n)
{
    return count(n, "SELECT count(*) FROM t_conflict WHERE state='open'");
}

static inline int64_t epochs(struct world *w)
{
    return count(node(w, WORLD_SERVER), "SELECT count(*) FROM epoch WHERE device>0");
}

/* `to` becomes a copy of `from`, which keeps running; both have one key. */
static inline void make_clone(struct world *w, uint32_t from, uint32_t to)
{
    struct client *a = world_client(w, from);
    struct client *b = world_client(w, to);
    node_restore(&b->node, a->node.disk);
    b->node.random = a->node.random;
    b->node.saved = a->node.saved;
    memcpy(b->key, a->key, sizeof b->key);
    b->home = a->home;
    b->roles = a->roles;
    b->device = a->device;
    b->staff = a->staff;
    b->spare = from;
    a->spare = to;
    b->present = true;
    node_start(&b->node);
}

#endif
