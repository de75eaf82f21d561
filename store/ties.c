/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ties.h"

#include "store/inside.h"

const struct field *ties_merged(const struct table *table)
{
    const struct field *tie = table == NULL ? NULL : schema_tie(table);
    return tie != NULL && tie->tie == TIE_MERGED ? tie : NULL;
}

/* Where one step of the chain leads; *found false at its end. *live: the row is here, and not
 * deleted. */
static enum err next_of(struct store *s, const struct table *table, const struct field *tie,
                        const struct id *id, struct id *next, bool *found, bool *live)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(s, table, id, &arena, row);
    const struct value *v =
        err == ERR_OK ? &row->values[schema_field_index(table, tie->id)] : NULL;
    *live = v != NULL && !row->deleted;
    *found = v != NULL && v->type == VALUE_BYTES && v->s.n == ID_BYTES;
    if (*found)
        memcpy(next->b, v->s.p, ID_BYTES);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err ties_root(struct store *s, const struct table *table, const struct id *id,
                   struct id *out)
{
    const struct field *tie = ties_merged(table);
    struct id path[TIES_HOPS_MAX];
    size_t n = 0;
    struct id at = *id;
    bool more = tie != NULL;
    bool live = false;
    enum err err = ERR_OK;
    while (more && err == ERR_OK && n < TIES_HOPS_MAX) {
        path[n++] = at;
        struct id next = {0};
        err = next_of(s, table, tie, &at, &next, &more, &live);
        if (!more || err != ERR_OK)
            break;
        for (size_t i = 0; i < n; i++) {
            if (!id_eq(&path[i], &next))
                continue;
            /* A ring: each way in finds the same one. */
            for (; i < n; i++)
                next = id_cmp(&path[i], &next) < 0 ? path[i] : next;
            *out = next;
            return ERR_OK;
        }
        at = next;
    }
    if (err == ERR_OK)
        *out = at;
    return err;
}

static enum err add_behind(struct store *s, struct stmt *stmt, const struct id *id,
                           struct id *out, size_t *count, size_t max)
{
    bind_id(stmt, 1, id);
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && *count < max && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id found;
        bool known = !col_id(stmt, 0, &found);
        err = known ? ERR_CORRUPT : ERR_OK;
        for (size_t i = 0; i < *count && !known; i++)
            known = id_eq(&out[i], &found);
        if (!known)
            out[(*count)++] = found;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

static enum err prepare_behind(struct store *s, const struct table *table,
                               const struct field *tie, struct stmt **out)
{
    struct buf where = {0};
    buf_printf(&where, "WHERE \"%s\"=?1 AND _del=0 ORDER BY _id", tie->name);
    buf_u8(&where, 0);
    enum err err = where.err;
    if (err == ERR_OK)
        err = store_table_sql(s, "SELECT _id FROM", table, (const char *)where.p, out);
    buf_done(&where);
    return err;
}

/* The smallest live row tied to this one, which is itself not to be shown. */
static enum err first_behind(struct store *s, const struct table *table,
                             const struct field *tie, const struct id *id, struct id *out)
{
    struct stmt *stmt = NULL;
    struct id found[1];
    size_t n = 0;
    enum err err = prepare_behind(s, table, tie, &stmt);
    if (err == ERR_OK)
        err = add_behind(s, stmt, id, found, &n, 1);
    stmt_free(stmt);
    if (err == ERR_OK && n > 0)
        *out = found[0];
    return err;
}

enum err ties_shown(struct store *s, const struct table *table, const struct id *id,
                    struct id *out)
{
    const struct field *tie = ties_merged(table);
    struct id at = *id;
    struct id next = {0};
    bool more = tie != NULL;
    bool live = false;
    enum err err = ERR_OK;
    *out = *id;
    for (int hop = 0; more && hop < TIES_HOPS_MAX; hop++) {
        err = next_of(s, table, tie, &at, &next, &more, &live);
        if (err != ERR_OK)
            return err;
        if (hop > 0 && !live)
            return first_behind(s, table, tie, &at, out);
        *out = at;
        at = next;
    }
    return more ? ties_root(s, table, id, out) : err; /* a ring */
}

/* What leads together need not be here. */
static enum err drop_dead(struct store *s, const struct table *table, const struct field *tie,
                          struct id *out, size_t *count)
{
    struct id next;
    bool more = false;
    bool live = false;
    if (*count < 2)
        return ERR_OK;
    enum err err = next_of(s, table, tie, &out[1], &next, &more, &live);
    if (err != ERR_OK || live)
        return err;
    memmove(out + 1, out + 2, (*count - 2) * sizeof *out);
    (*count)--;
    return ERR_OK;
}

enum err ties_all(struct store *s, const struct table *table, const struct id *id,
                  struct id *out, size_t *count)
{
    const struct field *tie = ties_merged(table);
    struct stmt *stmt = NULL;
    struct id root = *id;
    out[0] = *id;
    *count = 1;
    if (tie == NULL)
        return ERR_OK;
    enum err err = ties_root(s, table, id, &root);
    bool apart = !id_eq(&root, id);
    if (err == ERR_OK && apart)
        out[(*count)++] = root;
    if (err == ERR_OK)
        err = prepare_behind(s, table, tie, &stmt);
    for (size_t i = 0; i < *count && err == ERR_OK; i++)
        err = add_behind(s, stmt, &out[i], out, count, TIES_ROWS_MAX);
    stmt_free(stmt);
    return err == ERR_OK && apart ? drop_dead(s, table, tie, out, count) : err;
}

void ties_hide(const struct table *table, struct filter *filters, size_t *count)
{
    const struct field *tie = ties_merged(table);
    for (size_t i = 0; i < *count; i++)
        if (filters[i].field == tie)
            return;
    if (tie != NULL)
        filters[(*count)++] = (struct filter){tie, VALUE_NONE};
}

/* The filter and, after it, one for each other row that is the same. */
static enum err widen(struct store *s, const struct table *to, const struct filter *filter,
                      struct arena *arena, struct filter *out, size_t *count)
{
    struct id *same = arena_new(arena, TIES_ROWS_MAX * sizeof *same);
    struct id id;
    size_t n = 0;
    if (same == NULL)
        return ERR_NOMEM;
    memcpy(id.b, filter->value.s.p, ID_BYTES);
    enum err err = ties_all(s, to, &id, same, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        out[(*count)++] = (struct filter){filter->field, value_id(&same[i])};
    return err;
}

enum err ties_widen(struct store *s, const struct filter *filters, size_t count,
                    struct arena *arena, struct filter **out, size_t *out_n)
{
    struct filter *all = arena_new(arena, (count + 1) * TIES_ROWS_MAX * sizeof *all);
    size_t n = 0;
    enum err err = all == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        const struct field *field = filters[i].field;
        const struct table *to =
            field->kind == KIND_REF ? schema_table(s->env.schema, field->ref) : NULL;
        if (ties_merged(to) != NULL && field->tie == TIE_NONE &&
            filters[i].value.type == VALUE_BYTES && filters[i].value.s.n == ID_BYTES)
            err = widen(s, to, &filters[i], arena, all, &n);
        else
            all[n++] = filters[i];
    }
    if (err == ERR_OK) {
        *out = all;
        *out_n = n;
    }
    return err;
}

struct telling {
    struct ties_relation relation;
    ties_on_relation *on_relation;
    void *ctx;
};

static enum err on_row(void *ctx, const struct row *row)
{
    struct telling *t = ctx;
    t->relation.row = row;
    t->relation.shown++;
    return t->on_relation(t->ctx, &t->relation);
}

static enum err tell_field(struct store *s, const struct table *table,
                           const struct field *field, const struct id *ids, size_t n,
                           struct telling *t)
{
    struct filter filters[TIES_ROWS_MAX];
    int64_t after = 0;
    for (size_t i = 0; i < n; i++)
        filters[i] = (struct filter){field, value_id(&ids[i])};
    t->relation = (struct ties_relation){.table = table, .field = field};
    enum err err = rows_tail(s, table, filters, n, TIES_SHOWN_MAX, &t->relation.count, &after);
    return err == ERR_OK && t->relation.count > 0
               ? rows_list_after(s, table, filters, n, false, after, 0, on_row, t)
               : err;
}

enum err ties_related(struct store *s, const struct table *table, const struct id *id,
                      ties_on_relation *on_relation, void *ctx)
{
    struct telling t = {.on_relation = on_relation, .ctx = ctx};
    struct id same[TIES_ROWS_MAX];
    size_t n = 0;
    enum err err = ties_all(s, table, id, same, &n);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *other = &s->env.schema->tables[i];
        for (uint16_t f = 0; f < other->field_count && err == ERR_OK; f++) {
            const struct field *field = &other->fields[f];
            if (field->kind == KIND_REF && field->ref == table->id && field->tie == TIE_NONE)
                err = tell_field(s, other, field, same, n, &t);
        }
    }
    return err;
}
