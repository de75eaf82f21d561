/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/erasing.h"

#include "store/erase.h"
#include "store/inside.h"
#include "store/rows.h"
#include "tests/sim/draft.h"
#include "tests/sim/papers.h"
#include "tests/sim/people.h"

enum { STEPS_MAX = 8 }; /* from a row to its dossier */

/* ---- people ---- */

static const char *role_of(const struct client *c)
{
    if ((c->roles & ROLE_COORDINATOR) != 0)
        return "coordinator";
    return (c->roles & ROLE_MANAGER) != 0 ? "manager" : "jobcoach";
}

enum err erasing_ask(struct node *n, const struct id *person, struct id *order)
{
    const struct client *c = world_client(n->w, n->at);
    char dossier[80];
    char structure[80];
    char as[40];
    (void)snprintf(as, sizeof as, "asked_as=%s", role_of(c));
    const char *fields[] = {people_ref("dossier", person, dossier),
                            people_ref("structure", &n->w->structures[c->home], structure),
                            "reason=request", as, NULL};
    return people_add(n, "erasure", fields, order);
}

enum err erasing_decide(struct node *n, const struct id *order, const char *state)
{
    char word[40];
    char as[40];
    (void)snprintf(word, sizeof word, "state=%s", state);
    (void)snprintf(as, sizeof as, "signed_as=%s", role_of(world_client(n->w, n->at)));
    const char *fields[] = {word, as, NULL};
    return people_set(n, "erasure", order, fields);
}

/* An order that waits for its second signature. */
static bool find_asked(struct node *n, struct id *order)
{
    struct stmt *stmt = NULL;
    bool found = false;
    if (db_prepare(n->store->db,
                   "SELECT _id FROM t_erasure WHERE _del=0 AND coalesce(state,'asked')='asked' "
                   "ORDER BY _id LIMIT 1",
                   &stmt) != ERR_OK)
        return false;
    if (stmt_step(stmt) == STEP_ROW)
        found = col_id(stmt, 0, order);
    stmt_free(stmt);
    return found;
}

bool erasing_act(struct node *n, struct rng *rng)
{
    struct id id;
    if (n->at == WORLD_SERVER)
        return false;
    if (rng_chance(rng, 700000) && find_asked(n, &id)) {
        (void)erasing_decide(n, &id, rng_chance(rng, 900000) ? "confirmed" : "declined");
        return true;
    }
    if (!draft_row(n, rng, schema_table(&schema_jalon, TABLE_PERSON), false, &id))
        return false;
    (void)erasing_ask(n, &id, NULL);
    return true;
}

/* ---- what hangs on what ---- */

static struct value value_at(const struct table *table, const struct row *row, uint16_t field)
{
    int i = field == 0 ? -1 : schema_field_index(table, field);
    return i < 0 ? VALUE_NONE : row->values[i];
}

/* One step up; false at the end of the way. */
static bool step_up(const struct table **table, const struct row *row, struct id *id)
{
    struct value to = value_at(*table, row, (*table)->scope_field);
    const struct field *field = schema_field(*table, (*table)->scope_field);
    if (to.type != VALUE_BYTES || to.s.n != ID_BYTES || field == NULL)
        return false;
    if ((*table)->scope == SCOPE_OF_ROW) {
        struct value of = value_at(*table, row, (*table)->scope_table_field);
        *table = of.type == VALUE_TEXT ? schema_table_named(&schema_jalon, of.s) : NULL;
    } else {
        *table =
            (*table)->scope == SCOPE_OF_REF ? schema_table(&schema_jalon, field->ref) : NULL;
    }
    memcpy(id->b, to.s.p, ID_BYTES);
    return *table != NULL;
}

void erasing_dossier(struct node *n, const struct table *table, const struct id *id,
                     struct id *dossier)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct id at = *id;
    must(row != NULL);
    *dossier = (struct id){{0}};
    for (int i = 0; i < STEPS_MAX && table->scope != SCOPE_PERSON; i++)
        if (rows_find(n->store, table, &at, &arena, row) != ERR_OK ||
            !step_up(&table, row, &at))
            break;
    if (table != NULL && table->scope == SCOPE_PERSON)
        *dossier = at;
    arena_done(&arena);
}

/* ---- what is known ---- */

bool erasing_known(const struct oracle *o, const struct id *dossier)
{
    for (uint32_t i = 0; i < o->erased_n; i++)
        if (id_eq(&o->erased[i], dossier))
            return true;
    return false;
}

void erasing_ordered(struct oracle *o, const struct id *dossier)
{
    if (erasing_known(o, dossier))
        return;
    must(o->erased_n < ORACLE_ERASED_MAX);
    o->erased[o->erased_n++] = *dossier;
}

static enum err on_order(void *ctx, const struct erase_info *info)
{
    erasing_ordered(ctx, &info->dossier);
    return ERR_OK;
}

void erasing_learn(struct world *w)
{
    if (w->server.node.store != NULL &&
        erase_orders(w->server.node.store, on_order, &w->oracle) != ERR_OK)
        world_say(w, "server: its orders cannot be read");
}

void erasing_again(struct world *w)
{
    struct store *s = w->server.node.store;
    bool known = false;
    for (uint32_t i = 0; i < w->oracle.erased_n; i++)
        must(erase_again(s, &w->oracle.erased[i], &known) == ERR_OK);
    must(erase_due(s) == ERR_OK);
}

/* ---- the end ---- */

static enum err on_undone(void *ctx, const struct erase_info *info)
{
    if (info->done_ms == 0)
        world_fail(ctx, "I4 order %llu was never carried out", (unsigned long long)info->no);
    return ERR_OK;
}

struct seek {
    struct world *w;
    const struct node *n;
    const char *where;
};

static void on_mark(void *ctx, uint32_t mark)
{
    const struct seek *s = ctx;
    const struct oracle *o = &s->w->oracle;
    if (mark < o->count &&
        (erasing_known(o, &o->marks[mark].dossier) || papers_erased(o, mark)))
        world_fail(s->w, "I4 mark %u of an erased dossier is still on node %u, in %s", mark,
                   s->n->at, s->where);
}

static void check_files(struct world *w, const struct node *n)
{
    const char *name = NULL;
    for (size_t i = 0; (name = disk_name(n->disk, i)) != NULL; i++) {
        size_t size = 0;
        const uint8_t *bytes = disk_bytes(n->disk, name, &size);
        struct seek seek = {w, n, name};
        oracle_scan((struct str){(const char *)bytes, size}, on_mark, &seek);
    }
}

void erasing_check(struct world *w)
{
    erasing_learn(w);
    if (w->oracle.erased_n == 0)
        return;
    if (erase_orders(w->server.node.store, on_undone, w) != ERR_OK)
        world_fail(w, "the server's orders cannot be read");
    for (uint32_t at = 0; at <= w->count && !w->failed; at++) {
        const struct client *c = at == WORLD_SERVER ? NULL : world_client(w, at);
        if (c == NULL || (c->present && !c->revoked && !c->wiped))
            check_files(w, world_node(w, at));
    }
}
