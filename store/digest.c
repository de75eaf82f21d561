/* SPDX-License-Identifier: Apache-2.0 */
#include "store/digest.h"

#include "proto/hash.h"
#include "store/inside.h"

#include <stdlib.h>

/* ---- one row ---- */

/* Written into room that was made for the whole row. */
static uint8_t *put_number(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> (8 * i));
    return at + 8;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(at, bytes, n);
    return at + n;
}

static uint8_t *put_stamp(uint8_t *at, struct stamp stamp)
{
    return put_number(put_number(at, stamp.hlc), stamp.origin);
}

static uint8_t *put_value(uint8_t *at, const struct value *v)
{
    uint64_t bits = 0;
    *at++ = (uint8_t)v->type;
    switch (v->type) {
    case VALUE_NULL:
        break;
    case VALUE_INT:
        return put_number(at, (uint64_t)v->i);
    case VALUE_REAL:
        memcpy(&bits, &v->r, sizeof bits);
        return put_number(at, bits);
    case VALUE_TEXT:
    case VALUE_BYTES:
        return put_bytes(put_number(at, v->s.n), v->s.p, v->s.n);
    }
    return at;
}

/* No row takes more. */
static size_t room_for(const struct table *table, const struct row *row)
{
    enum { HEAD = 2 * ID_BYTES + 8 + 1 + 16, EACH = 8 + 16 + 1 + 8 };
    size_t n = HEAD + (size_t)table->field_count * EACH;
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct value *v = &row->values[i];
        n += v->type == VALUE_TEXT || v->type == VALUE_BYTES ? v->s.n : 0;
    }
    return n;
}

enum err digest_row(const struct table *table, const struct row *row, struct buf *scratch,
                    uint64_t *out)
{
    buf_clear(scratch);
    if (!buf_reserve(scratch, room_for(table, row)))
        return scratch->err;
    bool plain = row->versions.count == 0;
    uint8_t *at = put_bytes(scratch->p, row->id.b, ID_BYTES);
    at = put_number(put_bytes(at, row->by.b, ID_BYTES), row->form);
    *at++ = row->deleted ? 1 : 0;
    at = put_stamp(at, row_stamp(row, FIELD_DELETED));
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct value *v = &row->values[i];
        struct stamp stamp = plain ? row->stamp : row_stamp(row, table->fields[i].id);
        /* A field that nobody wrote: it may have been declared since. */
        if (v->type == VALUE_NULL && stamp_eq(stamp, row->stamp))
            continue;
        at = put_stamp(put_number(at, table->fields[i].id), stamp);
        at = put_value(at, v);
    }
    scratch->n = (size_t)(at - scratch->p);
    *out = hash64(table->id, scratch->p, scratch->n);
    return ERR_OK;
}

/* ---- what a transaction changes ---- */

/* All dossiers of a home together, beside each of them. */
enum { ALL_DOSSIERS = -1, NOTED_BYTES = 1 << 20 /* while everything is counted again */ };

struct part {
    int64_t home, dossier;
    int64_t facet;
    int64_t rows;
    uint64_t sum;
};

static void note(struct store *s, struct scope scope, uint8_t facet, int64_t rows, uint64_t sum)
{
    struct part part = {scope.home, scope.dossier, facet, rows, sum};
    buf_add(&s->digests, &part, sizeof part);
}

void digest_add(struct store *s, struct scope scope, uint8_t facet, uint64_t sum)
{
    note(s, scope, facet, 1, sum);
}

void digest_take(struct store *s, struct scope scope, uint8_t facet, uint64_t sum)
{
    note(s, scope, facet, -1, 0 - sum);
}

size_t digest_mark(const struct store *s)
{
    return s->digests.n;
}

void digest_undo(struct store *s, size_t mark)
{
    must(mark <= s->digests.n);
    s->digests.n = mark;
}

static int by_scope(const void *a, const void *b)
{
    const struct part *x = a;
    const struct part *y = b;
    if (x->home != y->home)
        return x->home < y->home ? -1 : 1;
    if (x->facet != y->facet)
        return x->facet < y->facet ? -1 : 1;
    return x->dossier == y->dossier ? 0 : x->dossier < y->dossier ? -1 : 1;
}

static enum err read_part(struct store *s, struct part *part)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DIGEST_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, part->home);
    bind_int(stmt, 2, part->dossier);
    bind_int(stmt, 3, part->facet);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        part->rows = col_int(stmt, 0);
        part->sum = (uint64_t)col_int(stmt, 1);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err apply_part(struct store *s, const struct part *change)
{
    struct part now = {change->home, change->dossier, change->facet, 0, 0};
    struct stmt *stmt = NULL;
    if (change->rows == 0 && change->sum == 0)
        return ERR_OK;
    enum err err = read_part(s, &now);
    now.rows += change->rows;
    now.sum += change->sum;
    if (err == ERR_OK)
        err = store_sql(s, now.rows == 0 ? SQL_DIGEST_DROP : SQL_DIGEST_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, now.home);
    bind_int(stmt, 2, now.dossier);
    bind_int(stmt, 3, now.facet);
    if (now.rows != 0) {
        bind_int(stmt, 4, now.rows);
        bind_int(stmt, 5, (int64_t)now.sum);
    }
    return stmt_run(stmt);
}

static void merge(struct part *to, const struct part *from)
{
    to->rows += from->rows;
    to->sum += from->sum;
}

enum err digest_commit(struct store *s)
{
    size_t count = s->digests.n / sizeof(struct part);
    enum err err = s->digests.err;
    if (err != ERR_OK || count == 0)
        return err;
    struct part *parts = (struct part *)(void *)s->digests.p;
    qsort(parts, count, sizeof *parts, by_scope);
    for (size_t i = 0; i < count && err == ERR_OK;) {
        struct part all = {parts[i].home, ALL_DOSSIERS, parts[i].facet, 0, 0};
        while (i < count && err == ERR_OK && parts[i].home == all.home &&
               parts[i].facet == all.facet) {
            struct part one = parts[i++];
            for (; i < count && by_scope(&one, &parts[i]) == 0; i++)
                merge(&one, &parts[i]);
            if (one.dossier != 0)
                merge(&all, &one);
            err = apply_part(s, &one);
        }
        if (err == ERR_OK)
            err = apply_part(s, &all);
    }
    buf_clear(&s->digests);
    return err;
}

/* ---- of a reader ---- */

/* Add the facets of one scope that are in the mask. */
static enum err sum_scope(struct store *s, int64_t home, int64_t dossier, unsigned facets,
                          struct digest *out)
{
    struct stmt *stmt = NULL;
    enum err err = facets == 0 ? ERR_OK : store_sql(s, SQL_DIGEST_OF, &stmt);
    if (err != ERR_OK || facets == 0)
        return err;
    bind_int(stmt, 1, home);
    bind_int(stmt, 2, dossier);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        if (((unsigned)col_int(stmt, 0) & facets) == 0)
            continue;
        out->rows += (uint64_t)col_int(stmt, 1);
        out->sum += (uint64_t)col_int(stmt, 2);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err digest_readable(struct store *s, const struct grants *grants, struct digest *out)
{
    struct digest sum = {0};
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < grants->count && err == ERR_OK; i++) {
        const struct grant *g = &grants->list[i];
        const struct grant *home = g->dossier == 0 ? g : grants_find(grants, g->home, 0);
        unsigned open = home == NULL ? 0U : home->dossiers;
        if (g->dossier != 0) {
            err = sum_scope(s, g->home, g->dossier, g->facets & ~open, &sum);
            continue;
        }
        err = sum_scope(s, g->home, 0, g->facets, &sum);
        if (err == ERR_OK)
            err = sum_scope(s, g->home, ALL_DOSSIERS, open, &sum);
    }
    if (err == ERR_OK)
        *out = sum;
    return err;
}

/* ---- of all rows ---- */

struct walk {
    struct store *s;
    const struct table *table;
    struct stmt *feed; /* where a row stands, or gets its number */
    struct buf scratch;
    struct digest digest;
    uint64_t damaged;
};

typedef enum err on_table(struct walk *w);

static enum err each_table(struct walk *w, on_table *visit)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < w->s->env.schema->table_count && err == ERR_OK; i++) {
        w->table = &w->s->env.schema->tables[i];
        err = visit(w);
    }
    buf_done(&w->scratch);
    return err;
}

static enum err sum_row(void *ctx, const struct row *row)
{
    struct walk *w = ctx;
    uint64_t sum = 0;
    enum err err = digest_row(w->table, row, &w->scratch, &sum);
    w->digest.rows++;
    w->digest.sum += sum;
    return err;
}

static enum err sum_table(struct walk *w)
{
    return rows_all(w->s, w->table, sum_row, w);
}

enum err digest_replica(struct store *s, struct digest *out)
{
    struct walk w = {.s = s};
    enum err err = each_table(&w, sum_table);
    if (err == ERR_OK)
        *out = w.digest;
    return err;
}

static void bind_place(struct stmt *stmt, const struct table *table, const struct row *row)
{
    bind_int(stmt, 1, row->scope.home);
    bind_int(stmt, 2, (int64_t)row->seq);
    bind_int(stmt, 3, table->id);
    bind_int(stmt, 4, row->rid);
}

static enum err number_row(void *ctx, const struct row *row)
{
    struct walk *w = ctx;
    uint64_t sum = 0;
    enum err err = digest_row(w->table, row, &w->scratch, &sum);
    if (err != ERR_OK)
        return err;
    struct stmt *stmt = w->feed;
    bind_place(stmt, w->table, row);
    bind_int(stmt, 5, (int64_t)sum);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        digest_add(w->s, row->scope, (uint8_t)col_int(stmt, 0), sum);
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(w->s->db);
    return w->s->digests.n < NOTED_BYTES ? ERR_OK : digest_commit(w->s);
}

static enum err number_table(struct walk *w)
{
    enum err err = rows_all(w->s, w->table, number_row, w);
    return err == ERR_OK ? digest_commit(w->s) : err;
}

enum err digest_rebuild(struct store *s)
{
    struct walk w = {.s = s};
    buf_clear(&s->digests);
    enum err err = db_exec(s->db, "DELETE FROM digest");
    if (err == ERR_OK)
        err = store_sql(s, SQL_FEED_NUMBER, &w.feed);
    return err == ERR_OK ? each_table(&w, number_table) : err;
}

static enum err check_row(void *ctx, const struct row *row)
{
    struct walk *w = ctx;
    uint64_t sum = 0;
    enum err err = digest_row(w->table, row, &w->scratch, &sum);
    if (err != ERR_OK)
        return err;
    struct stmt *stmt = w->feed;
    bind_place(stmt, w->table, row);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW && (uint64_t)col_int(stmt, 0) != sum)
        w->damaged++;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(w->s->db) : ERR_OK;
}

static enum err check_table(struct walk *w)
{
    return rows_all(w->s, w->table, check_row, w);
}

/* ---- the account itself ---- */

struct audit {
    struct store *s;
    struct part open; /* of the feed, being summed up */
    struct part all;  /* … and all dossiers of its home and facet */
    uint64_t different;
    uint64_t scopes; /* met in the feed */
};

static enum err close_part(struct audit *a, const struct part *part)
{
    struct part kept = {part->home, part->dossier, part->facet, 0, 0};
    enum err err = part->rows == 0 ? ERR_OK : read_part(a->s, &kept);
    if (err == ERR_OK && part->rows != 0) {
        a->scopes++;
        a->different += kept.rows != part->rows || kept.sum != part->sum ? 1 : 0;
    }
    return err;
}

static enum err audit_entry(struct audit *a, const struct part *entry)
{
    enum err err = ERR_OK;
    if (by_scope(&a->open, entry) != 0) {
        err = close_part(a, &a->open);
        a->open = (struct part){entry->home, entry->dossier, entry->facet, 0, 0};
    }
    if (err == ERR_OK && (a->all.home != entry->home || a->all.facet != entry->facet)) {
        err = close_part(a, &a->all);
        a->all = (struct part){entry->home, ALL_DOSSIERS, entry->facet, 0, 0};
    }
    merge(&a->open, entry);
    if (entry->dossier != 0)
        merge(&a->all, entry);
    return err;
}

/* The sums of the feed, scope by scope, against the table. */
static enum err audit(struct store *s, uint64_t *different)
{
    struct stmt *stmt = NULL;
    struct audit a = {.s = s};
    enum err err = store_sql(s, SQL_FEED_SUMS, &stmt);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct part entry = {col_int(stmt, 0), col_int(stmt, 2), col_int(stmt, 1), 1,
                             (uint64_t)col_int(stmt, 3)};
        err = audit_entry(&a, &entry);
    }
    if (stmt != NULL)
        stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    if (err == ERR_OK)
        err = close_part(&a, &a.open);
    if (err == ERR_OK)
        err = close_part(&a, &a.all);
    uint64_t kept = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_DIGEST_COUNT, NULL, 0, &kept);
    if (err == ERR_OK)
        *different = a.different + (kept > a.scopes ? kept - a.scopes : 0);
    return err;
}

enum err digest_check(struct store *s, struct digest_damage *out)
{
    struct walk w = {.s = s};
    uint64_t scopes = 0;
    enum err err = store_sql(s, SQL_FEED_NUMBER_OF, &w.feed);
    if (err == ERR_OK)
        err = each_table(&w, check_table);
    if (err == ERR_OK)
        err = audit(s, &scopes);
    if (err == ERR_OK)
        *out = (struct digest_damage){.rows = w.damaged, .scopes = scopes};
    return err;
}
