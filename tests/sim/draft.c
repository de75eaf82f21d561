/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/draft.h"

#include "store/inside.h"

#include <stdio.h>

enum {
    TEXT_BYTES_MAX = 300, /* of a drawn text, less when the field takes less */
    DAY_FIRST = 20000,    /* 2024-10-04 */
    DAY_LAST = 21000,
    FILL_PPM = 400000,  /* of the optional fields of a new row */
    CLEAR_PPM = 50000,  /* of the changed fields are emptied */
    ABROAD_PPM = 20000, /* of the new rows name a structure by chance */
};

static bool chance(struct draft *d, uint32_t ppm)
{
    return rng_chance(d->rng, ppm);
}

bool draft_row(struct node *n, struct rng *rng, const struct table *table, bool deleted,
               struct id *out)
{
    char sql[160];
    struct stmt *stmt = NULL;
    int64_t rows = 0;
    bool found = false;
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM t_%s WHERE _del=%d", table->name,
                   deleted ? 1 : 0);
    if (db_prepare(n->store->db, sql, &stmt) != ERR_OK)
        return false;
    if (stmt_step(stmt) == STEP_ROW)
        rows = col_int(stmt, 0);
    stmt_free(stmt);
    if (rows == 0)
        return false;
    (void)snprintf(sql, sizeof sql,
                   "SELECT _id FROM t_%s WHERE _del=%d ORDER BY _id LIMIT 1 OFFSET %lld",
                   table->name, deleted ? 1 : 0, (long long)rng_below(rng, (uint64_t)rows));
    if (db_prepare(n->store->db, sql, &stmt) != ERR_OK)
        return false;
    if (stmt_step(stmt) == STEP_ROW)
        found = col_id(stmt, 0, out);
    stmt_free(stmt);
    return found;
}

/* ---- texts ---- */

static uint8_t facet_of(const struct draft *d)
{
    const struct table *to = d->table;
    if (to->facet == 0 && d->of_table.type == VALUE_TEXT)
        to = schema_table_named(&schema_jalon, d->of_table.s);
    return to == NULL ? FACET_VAULT : to->facet;
}

static uint8_t home_of(const struct draft *d)
{
    const struct table *to = d->table;
    if (to->scope == SCOPE_OF_ROW && d->of_table.type == VALUE_TEXT)
        to = schema_table_named(&schema_jalon, d->of_table.s);
    if (d->n->at == WORLD_SERVER || to == NULL || to->scope == SCOPE_NETWORK)
        return ORACLE_NETWORK;
    return (uint8_t)d->n->w->clients[d->n->at - 1].home;
}

static void add_words(struct draft *d, struct buf *out)
{
    static const char *const words[] = {"stage", "vélo",    "atelier", "entretien", "projet",
                                        "bilan", "accueil", "suivi",   "horaire",   "équipe"};
    for (uint64_t n = rng_below(d->rng, 4); n > 0; n--)
        buf_printf(out, " %s", words[rng_below(d->rng, sizeof words / sizeof *words)]);
}

static void add_mark(struct draft *d, struct buf *out)
{
    char mark[ORACLE_MARK_BYTES + 1];
    (void)oracle_mark(&d->n->w->oracle, d->n->at, home_of(d), facet_of(d), mark);
    buf_text(out, mark);
    add_words(d, out);
}

/* A paragraph more, before or after those there are; some of them may go. */
static void edit_prose(struct draft *d, struct str old, struct buf *out)
{
    bool before = chance(d, 300000);
    if (before) {
        add_mark(d, out);
        buf_text(out, "\n\n");
    }
    if (chance(d, 250000)) { /* the first paragraph goes */
        const char *end = memmem(old.p, old.n, "\n\n", 2);
        size_t n = end == NULL ? old.n : (size_t)(end - old.p) + 2;
        old = (struct str){old.p + n, old.n - n};
    }
    buf_add(out, old.p, old.n);
    if (!before) {
        if (old.n > 0)
            buf_text(out, "\n\n");
        add_mark(d, out);
    }
}

static bool keep_text(struct draft *d, struct buf *text, struct value *out)
{
    char *p = text->err == ERR_OK ? arena_copy(d->arena, text->p, text->n) : NULL;
    *out = value_text((struct str){p, text->n});
    buf_done(text);
    return p != NULL;
}

static bool draft_text(struct draft *d, const struct field *f, const struct value *present,
                       struct value *out)
{
    struct buf text = {0};
    if (f->max > 0 && f->max < 30) { /* no room for a mark: numbers and codes */
        for (int64_t i = 0; i < (f->min > 0 ? f->min : 4) && i < f->max; i++)
            buf_u8(&text, (uint8_t)('0' + rng_below(d->rng, 10)));
    } else if (f->min > 0 && f->min == f->max) {
        for (int64_t i = 0; i < f->max; i++)
            buf_u8(&text, (uint8_t)('a' + rng_below(d->rng, 6)));
    } else if (f->merge == MERGE_TEXT && present->type == VALUE_TEXT &&
               present->s.n < TEXT_BYTES_MAX && (f->max == 0 || f->max >= 400)) {
        edit_prose(d, present->s, &text);
    } else {
        char mark[ORACLE_MARK_BYTES + 1];
        (void)oracle_mark(&d->n->w->oracle, d->n->at, home_of(d), facet_of(d), mark);
        buf_text(&text, mark);
        if (f->max == 0 || f->max >= 60)
            add_words(d, &text);
    }
    return keep_text(d, &text, out);
}

/* ---- the other kinds ---- */

static bool draft_enum(struct draft *d, const struct field *f, struct value *out)
{
    size_t n = 0;
    while (f->codes[n] != NULL)
        n++;
    if (n == 0)
        return false;
    *out = value_text(str_of(f->codes[rng_below(d->rng, n)]));
    return true;
}

static bool draft_id(struct draft *d, const struct table *table, struct value *out)
{
    struct id id;
    /* Deadlines follow from other rows by rule: people attach nothing to them here. */
    if (table == NULL || table->id == TABLE_DEADLINE ||
        !draft_row(d->n, d->rng, table, false, &id))
        return false;
    char *p = arena_copy(d->arena, id.b, ID_BYTES);
    *out = value_bytes((struct str){p, ID_BYTES});
    return p != NULL;
}

static bool draft_int(struct draft *d, const struct field *f, struct value *out)
{
    int64_t max = f->max > f->min ? f->max : 1000;
    *out = value_int(rng_between(d->rng, f->min, max));
    return true;
}

bool draft_value(struct draft *d, const struct field *f, const struct value *present,
                 struct value *out)
{
    switch (f->kind) {
    case KIND_TEXT:
        return draft_text(d, f, present, out);
    case KIND_INT:
        return draft_int(d, f, out);
    case KIND_REAL:
        *out = (struct value){.type = VALUE_REAL,
                              .r = (double)rng_between(d->rng, f->min, f->max) / 100};
        return true;
    case KIND_BOOL:
        *out = value_int((int64_t)rng_below(d->rng, 2));
        return true;
    case KIND_DATE:
        *out = value_int(rng_between(d->rng, DAY_FIRST, DAY_LAST));
        return true;
    case KIND_TIME:
        *out = value_int(rng_between(d->rng, 0, 1439));
        return true;
    case KIND_ENUM:
        return draft_enum(d, f, out);
    case KIND_REF:
        return draft_id(d, schema_table(&schema_jalon, f->ref), out);
    case KIND_ID:
        return d->of_table.type == VALUE_TEXT &&
               draft_id(d, schema_table_named(&schema_jalon, d->of_table.s), out);
    case KIND_INSTANT:
    case KIND_RAW:
        return false;
    }
    return false;
}

/* ---- rows ---- */

/* Of two or three fields exactly one is set. */
static bool left_out(const struct table *table, const struct field *f, unsigned chosen)
{
    for (unsigned i = 0; i < EXACTLY_ONE_MAX; i++)
        if (f->id == table->exactly_one[i] && i != chosen)
            return true;
    return false;
}

bool draft_insert(struct draft *d, struct edit_value *values, size_t *count)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct table *table = d->table;
    unsigned chosen = (unsigned)rng_below(d->rng, table->exactly_one[2] == 0 ? 2 : 3);
    *count = 0;
    d->of_table = none;
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *f = &table->fields[i];
        bool one = table->exactly_one[0] != 0 && f->id == table->exactly_one[chosen];
        bool wanted = f->required || one || chance(d, FILL_PPM);
        if (f->author_structure)
            wanted = d->n->at == WORLD_SERVER || chance(d, ABROAD_PPM);
        if (!wanted || left_out(table, f, chosen))
            continue;
        struct value v = none;
        if (!draft_value(d, f, &none, &v)) {
            if (f->required || one)
                return false;
            continue;
        }
        if (f->id == table->scope_table_field)
            d->of_table = v;
        values[*count].field = f;
        values[(*count)++].value = v;
    }
    return true;
}

static void remember_of_table(struct draft *d, const struct row *row)
{
    int i = d->table->scope_table_field == 0
                ? -1
                : schema_field_index(d->table, d->table->scope_table_field);
    d->of_table = i < 0 ? VALUE_NONE : row->values[i];
}

bool draft_update(struct draft *d, const struct id *id, struct edit_value *values,
                  size_t *count)
{
    struct row *row = arena_new(d->arena, sizeof *row);
    must(row != NULL);
    *count = 0;
    if (rows_find(d->n->store, d->table, id, d->arena, row) != ERR_OK)
        return false;
    remember_of_table(d, row);
    uint32_t ppm = (uint32_t)(1500000 / d->table->field_count);
    for (uint16_t i = 0; i < d->table->field_count; i++) {
        const struct field *f = &d->table->fields[i];
        bool frozen = schema_field_frozen(d->table, f);
        if (!chance(d, frozen ? 5000 : ppm))
            continue;
        struct value v = VALUE_NONE;
        if (!chance(d, CLEAR_PPM) && !draft_value(d, f, &row->values[i], &v))
            continue;
        values[*count].field = f;
        values[(*count)++].value = v;
    }
    return *count > 0;
}
