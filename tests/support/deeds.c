/* SPDX-License-Identifier: Apache-2.0 */
#include "support/deeds.h"

#include <stdio.h>

enum { MARK_CHARS = 7, RECENT_ROWS = 4, TRIES = 8, MARK_DAYS = 7305 };

void deeds_init(struct deeds *d, uint64_t seed)
{
    *d = (struct deeds){.next = 1};
    rng_stream(&d->rng, seed, "deeds");
    static const uint16_t hot[] = {TABLE_COMPANY,       TABLE_POSITION,   TABLE_SESSION,
                                   TABLE_SESSION_STAFF, TABLE_PERSON,     TABLE_PATHWAY,
                                   TABLE_STEP,          TABLE_ASSIGNMENT, TABLE_ATTENDANCE,
                                   TABLE_SESSION_NOTE,  TABLE_OBJECTIVE,  TABLE_ACTION,
                                   TABLE_AGREEMENT,     TABLE_CONTRACT,   TABLE_DOCUMENT};
    for (size_t i = 0; i < DEEDS_HOT; i++)
        d->hot[i] = hot[rng_below(&d->rng, sizeof hot / sizeof *hot)];
}

static uint64_t below(struct deeds *d, uint64_t n)
{
    return rng_below(&d->rng, n);
}

static void draft(struct deeds *d, const struct table *table, const struct field *field,
                  const char *text)
{
    must(d->mark_count + d->drafted < DEEDS_MARKS_MAX);
    struct mark *m = &d->marks[d->mark_count + d->drafted++];
    *m = (struct mark){.table = table->id, .field = field->id};
    (void)snprintf(m->text, sizeof m->text, "%s", text);
}

static void add_row(struct deeds *d, uint16_t table, const struct id *id)
{
    if (d->row_count == DEEDS_ROWS_MAX)
        return;
    d->rows[d->row_count].table = table;
    d->rows[d->row_count++].id = *id;
}

/* A row of the table that someone made, rather a recent one: people work on the same things. */
static bool some_row(struct deeds *d, uint16_t table, struct id *out)
{
    size_t hits[DEEDS_ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < d->row_count; i++) {
        if (d->rows[i].table == table)
            hits[n++] = i;
    }
    if (n == 0)
        return false;
    size_t recent = n < RECENT_ROWS ? n : RECENT_ROWS;
    size_t pick = below(d, 4) == 0 ? below(d, n) : n - 1 - below(d, recent);
    *out = d->rows[hits[pick]].id;
    return true;
}

/* ---- values ---- */

static void new_mark(struct deeds *d, char out[DEEDS_MARK_BYTES])
{
    (void)snprintf(out, DEEDS_MARK_BYTES, "t%06u", d->next++ % 1000000);
}

/* Change, add or take a paragraph. */
static void edit_prose(struct deeds *d, struct str before, const char *mark, struct buf *out)
{
    struct str line[64];
    size_t n = 0;
    for (size_t from = 0, i = 0; i <= before.n && n < 60; i++) {
        if (i < before.n && before.p[i] != '\n')
            continue;
        line[n++] = (struct str){before.p + from, i - from};
        from = i + 1;
    }
    if (before.n == 0)
        n = 0;
    struct str fresh = str_of(mark);
    size_t at = below(d, n + 1);
    bool replace = at < n && below(d, 3) == 0;
    bool shorten = n > 2 && below(d, 4) == 0;
    size_t gone = below(d, n + 1);
    bool first = true;
    for (size_t i = 0; i <= n; i++) {
        if (i == at) {
            buf_printf(out, "%s%.*s", first ? "" : "\n", (int)fresh.n, fresh.p);
            first = false;
        }
        bool skip = i == n || (i == at && replace) || (shorten && i == gone);
        if (skip)
            continue;
        buf_printf(out, "%s%.*s", first ? "" : "\n", (int)line[i].n, line[i].p);
        first = false;
    }
}

static bool text_for(struct deeds *d, const struct table *table, const struct field *field,
                     const struct value *present, struct arena *arena, struct value *out)
{
    char mark[DEEDS_MARK_BYTES];
    new_mark(d, mark);
    struct buf text = {0};
    if (field->merge == MERGE_TEXT && present->type == VALUE_TEXT)
        edit_prose(d, present->s, mark, &text);
    else
        buf_text(&text, mark);
    while ((int64_t)text.n < field->min)
        buf_u8(&text, '0');
    if ((int64_t)text.n > field->max)
        text.n = (size_t)field->max;
    const char *copy = arena_copy(arena, text.p, text.n);
    must(copy != NULL);
    *out = value_text((struct str){copy, text.n});
    if (memmem(copy, text.n, mark, MARK_CHARS) != NULL)
        draft(d, table, field, mark);
    buf_done(&text);
    return true;
}

static bool code_for(struct deeds *d, const struct field *field, struct value *out)
{
    size_t n = 0;
    while (field->codes[n] != NULL)
        n++;
    if (n == 0)
        return false;
    *out = value_text(str_of(field->codes[below(d, n)]));
    return true;
}

static bool ref_for(struct deeds *d, const struct field *field, struct arena *arena,
                    struct value *out)
{
    struct id id = {0};
    if (field->ref == TABLE_STRUCTURE && below(d, 20) != 0)
        id = d->structure;
    else if (!some_row(d, field->ref, &id))
        return false;
    const char *copy = arena_copy(arena, id.b, ID_BYTES);
    must(copy != NULL);
    *out = value_bytes((struct str){copy, ID_BYTES});
    return true;
}

static int64_t int_for(struct deeds *d, const struct field *field)
{
    bool free = field->min == 0 && field->max == 0;
    return rng_between(&d->rng, free ? 0 : field->min, free ? 1000 : field->max);
}

static void date_for(struct deeds *d, const struct table *table, const struct field *field,
                     struct value *out)
{
    *out = value_int(MARK_DAYS + d->next++ % 10000);
    struct buf text = {0};
    value_print(KIND_DATE, out, &text);
    buf_u8(&text, 0);
    draft(d, table, field, (const char *)text.p);
    buf_done(&text);
}

/* A value the declaration allows; false when none can be made. */
static bool value_for(struct deeds *d, const struct table *table, const struct field *field,
                      const struct value *present, struct arena *arena, struct value *out)
{
    switch (field->kind) {
    case KIND_TEXT:
        return text_for(d, table, field, present, arena, out);
    case KIND_INT:
        *out = value_int(int_for(d, field));
        return true;
    case KIND_REAL:
        *out = (struct value){.type = VALUE_REAL, .r = (double)int_for(d, field) / 100};
        return true;
    case KIND_BOOL:
        *out = value_int((int64_t)below(d, 2));
        return true;
    case KIND_DATE:
        date_for(d, table, field, out);
        return true;
    case KIND_TIME:
        *out = value_int((int64_t)below(d, 1440));
        return true;
    case KIND_ENUM:
        return code_for(d, field, out);
    case KIND_REF:
        return ref_for(d, field, arena, out);
    case KIND_INSTANT:
    case KIND_ID:
    case KIND_RAW:
        break;
    }
    return false;
}

/* ---- changes ---- */

/* The pair that names any row: a table of the list and one of its rows. */
static bool pick_of_row(struct deeds *d, const struct table *table, struct arena *arena,
                        struct edit_value *values)
{
    values[0].field = schema_field(table, table->scope_table_field);
    values[1].field = schema_field(table, table->scope_field);
    if (!code_for(d, values[0].field, &values[0].value))
        return false;
    const struct table *of = schema_table_named(&schema_jalon, values[0].value.s);
    struct id id;
    if (of == NULL || !some_row(d, of->id, &id))
        return false;
    const char *copy = arena_copy(arena, id.b, ID_BYTES);
    must(copy != NULL);
    values[1].value = value_bytes((struct str){copy, ID_BYTES});
    return true;
}

static bool left_out(struct deeds *d, const struct table *table, const struct field *field,
                     uint16_t chosen)
{
    for (size_t i = 0; i < EXACTLY_ONE_MAX; i++)
        if (field->id == table->exactly_one[i])
            return field->id != chosen;
    bool named = field->id == table->scope_field;
    return !field->required && below(d, named ? 8 : 3) != (named ? 1 : 0) && !named;
}

static enum err do_insert(struct deeds *d, struct edit *edit, const struct table *table,
                          struct arena *arena)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t n = 0;
    uint16_t chosen = table->exactly_one[below(d, table->exactly_one[2] == 0 ? 2 : 3)];
    bool of_row = table->scope == SCOPE_OF_ROW;
    if (of_row && !pick_of_row(d, table, arena, values))
        return ERR_NOTFOUND;
    n = of_row ? 2 : 0;
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (of_row &&
            (field->id == table->scope_field || field->id == table->scope_table_field))
            continue;
        if (left_out(d, table, field, chosen))
            continue;
        values[n].field = field;
        if (value_for(d, table, field, &VALUE_NONE, arena, &values[n].value))
            n++;
        else if (field->required)
            return ERR_NOTFOUND;
    }
    struct id id;
    enum err err = edit_insert(edit, table, values, n, &id, NULL);
    if (err == ERR_OK)
        add_row(d, table->id, &id);
    return err;
}

static enum err do_update(struct deeds *d, struct edit *edit, struct party *p,
                          const struct table *table, struct arena *arena)
{
    struct id id;
    struct row *row = arena_new(arena, sizeof *row);
    must(row != NULL);
    enum err err = ERR_NOTFOUND;
    for (int tries = 0; tries < TRIES && err == ERR_NOTFOUND; tries++) {
        if (some_row(d, table->id, &id))
            err = rows_find(p->store, table, &id, arena, row);
    }
    if (err != ERR_OK)
        return err;
    if (below(d, 8) == 0)
        return edit_delete(edit, table, &id, !row->deleted, NULL);
    struct edit_value values[3];
    size_t n = 0;
    for (int tries = 0; tries < TRIES && n < 1 + below(d, 3); tries++) {
        size_t i = below(d, table->field_count);
        const struct field *field = &table->fields[i];
        if (schema_field_frozen(table, field) && below(d, 10) != 0)
            continue;
        bool twice = false;
        for (size_t k = 0; k < n; k++)
            twice = twice || values[k].field == field;
        values[n].field = field;
        values[n].value = VALUE_NONE;
        bool empty = !field->required && below(d, 8) == 0;
        if (!twice &&
            (empty || value_for(d, table, field, &row->values[i], arena, &values[n].value)))
            n++;
    }
    return edit_update(edit, table, &id, values, n, NULL);
}

/* Tables whose rows decide who sees what are left alone: rights have tests of their own. */
static const struct table *some_table(struct deeds *d, bool server)
{
    if (below(d, 4) != 0)
        return schema_table(&schema_jalon, d->hot[below(d, DEEDS_HOT)]);
    for (;;) {
        const struct table *t = &schema_jalon.tables[below(d, schema_jalon.table_count)];
        bool rights =
            t->id == TABLE_STAFF || t->id == TABLE_STAFF_ROLE || t->id == TABLE_STRUCTURE;
        bool network = t->scope == SCOPE_NETWORK;
        if (rights || t->program_only || (network && !server && below(d, 3) != 0))
            continue;
        return t;
    }
}

static bool may_happen(enum err err)
{
    return err == ERR_OK || err == ERR_NOTFOUND || err == ERR_FROZEN || err == ERR_REFUSED ||
           err == ERR_EXISTS || err == ERR_INVALID;
}

static void keep_drafts(struct deeds *d, size_t by)
{
    d->saved++;
    for (; d->drafted > 0; d->drafted--) {
        d->marks[d->mark_count].by = by;
        d->marks[d->mark_count++].at = d->saved;
    }
}

void deeds_begin(struct deeds *d, struct party *server, size_t by, const struct id *structure)
{
    d->structure = *structure;
    for (int round = 0; round < 2; round++) {
        for (uint16_t i = 0; i < schema_jalon.table_count; i++) {
            const struct table *table = &schema_jalon.tables[i];
            struct arena arena = {0};
            struct edit *edit = NULL;
            if (table->program_only || table->id == TABLE_STAFF_ROLE ||
                table->id == TABLE_STRUCTURE)
                continue;
            d->drafted = 0;
            enum err err = edit_open(server->store, &edit, NULL);
            must(err == ERR_OK);
            err = do_insert(d, edit, table, &arena);
            must(may_happen(err));
            if (err == ERR_OK)
                err = edit_commit(edit, NULL);
            else
                edit_abort(edit);
            if (err == ERR_OK)
                keep_drafts(d, by);
            arena_done(&arena);
        }
    }
}

void deeds_work(struct deeds *d, struct party *p, size_t by, const struct id *structure)
{
    struct arena arena = {0};
    struct edit *edit = NULL;
    bool server = store_side(p->store) == STORE_SERVER;
    d->structure = *structure;
    d->drafted = 0;
    enum err err = edit_open(p->store, &edit, NULL);
    must(err == ERR_OK);
    uint64_t changes = 1 + (below(d, 3) == 0 ? below(d, 4) : 0);
    for (uint64_t i = 0; i < changes; i++) {
        const struct table *table = some_table(d, server);
        size_t drafted = d->drafted;
        size_t rows = d->row_count;
        if (below(d, 4) == 0)
            err = do_insert(d, edit, table, &arena);
        else
            err = do_update(d, edit, p, table, &arena);
        must(may_happen(err));
        if (err != ERR_OK)
            d->drafted = drafted;
        if (err != ERR_OK && server)
            break; /* the refusal of a judged change ends the whole edit */
        must(err == ERR_OK || rows == d->row_count);
    }
    bool give_up = (err != ERR_OK && server) || below(d, 20) == 0;
    if (give_up)
        edit_abort(edit);
    else
        err = edit_commit(edit, NULL);
    must(give_up || err == ERR_OK);
    if (!give_up)
        keep_drafts(d, by);
    arena_done(&arena);
}

struct open_cases {
    struct deeds *d;
    struct id id;
    uint64_t n;
};

static enum err on_case(void *ctx, const struct row *row)
{
    struct open_cases *c = ctx;
    int state =
        schema_field_index(schema_table(&schema_jalon, TABLE_CONFLICT), FIELD_CONFLICT_STATE);
    const struct value *v = &row->values[state];
    if (v->type == VALUE_TEXT && str_eq(v->s, STR("open")) && below(c->d, ++c->n) == 0)
        c->id = row->id;
    return ERR_OK;
}

void deeds_decide(struct deeds *d, struct party *p)
{
    struct open_cases cases = {.d = d};
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    enum err err = rows_list(p->store, table, NULL, 0, false, 0, on_case, &cases);
    must(err == ERR_OK);
    if (cases.n == 0)
        return;
    enum edit_decision decision = below(d, 2) == 0 ? EDIT_TAKE_OTHER : EDIT_KEEP_CURRENT;
    err = edit_resolve(p->store, &cases.id, decision, STR(""), STR("décidé"), NULL);
    must(may_happen(err));
}
