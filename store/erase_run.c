/* SPDX-License-Identifier: Apache-2.0 */
/* An order of erasure carried out in the server's database. */
#include "store/chain.h"
#include "store/content.h"
#include "store/digest.h"
#include "store/document.h"
#include "store/erase.h"
#include "store/feed.h"
#include "store/holders.h"
#include "store/inside.h"
#include "store/leave.h"
#include "store/links.h"
#include "store/lookalike.h"
#include "store/quarantine.h"
#include "store/referrals.h"
#include "store/twins.h"

#include <stdio.h>

/* One order being carried out. */
struct erasing {
    struct store *s;
    uint64_t no;
    struct id dossier;
    struct scope scope; /* dossier 0: it was never here */
    struct chain_cuts cuts;
};

/* A row that goes; local number, position of its table. */
struct doomed {
    int64_t rid;
    uint16_t table;
};

static enum err find_scope(struct erasing *e)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(e->s, SQL_SCOPE_BY_ID, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &e->dossier);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        e->scope = (struct scope){.home = (uint32_t)col_int(stmt, 1),
                                  .dossier = (uint32_t)col_int(stmt, 0)};
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(e->s->db) : ERR_OK;
}

/* Local numbers of the rows this condition on one number names. */
static enum err list_rows(struct store *s, uint16_t index, const char *where, int64_t value,
                          struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err =
        store_table_sql(s, "SELECT _rid FROM", &s->env.schema->tables[index], where, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, value);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        struct doomed d = {.rid = col_int(stmt, 0), .table = index};
        buf_add(out, &d, sizeof d);
    }
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : out->err;
}

/* What is opened from it without contact, and not sent yet, has its id already: it is erased,
 * too, by an order of its own. */
static enum err forbid_opening(struct erasing *e, const struct id *referral)
{
    const struct table *persons = schema_table(e->s->env.schema, TABLE_PERSON);
    struct id id = referrals_dossier(referral);
    struct scope scope;
    enum err err = rows_locate(e->s, persons, &id, &scope);
    return err == ERR_NOTFOUND ? erase_order(e->s, &id, store_now(e->s)) : err;
}

/* One row and everything that is kept of it. */
static enum err destroy(struct erasing *e, const struct doomed *d)
{
    const struct table *table = &e->s->env.schema->tables[d->table];
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(e->s, table, d->rid, &arena, row);
    if (err == ERR_OK)
        err = erased_add(e->s, &row->id, e->no);
    if (err == ERR_OK && table->id == TABLE_REFERRAL)
        err = forbid_opening(e, &row->id);
    if (err == ERR_OK)
        err = lookalike_gone(e->s, table, row);
    if (err == ERR_OK)
        err = feed_drop(e->s, table, row);
    if (err == ERR_OK)
        err = chain_cuts_row(e->s, &e->cuts, table->id, d->rid);
    if (err == ERR_OK)
        err = rows_purge(e->s, table, d->rid);
    arena_done(&arena);
    return err;
}

static enum err destroy_all(struct erasing *e, const struct buf *list)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < list->n && err == ERR_OK; at += sizeof(struct doomed)) {
        struct doomed d;
        memcpy(&d, list->p + at, sizeof d);
        err = destroy(e, &d);
    }
    return err;
}

static enum err destroy_rows(struct erasing *e)
{
    const struct schema *schema = e->s->env.schema;
    const struct table *cases = schema_table(schema, TABLE_DUPLICATE_CASE);
    struct buf list = {0};
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema->table_count && err == ERR_OK; i++)
        err = list_rows(e->s, i, "WHERE _dos=?1", e->scope.dossier, &list);
    if (err == ERR_OK)
        err = destroy_all(e, &list);
    buf_clear(&list);
    /* A case hangs on the first of its rows; of the second it holds the id. */
    if (err == ERR_OK && cases != NULL)
        err = list_rows(e->s, store_table_index(e->s, cases),
                        "WHERE \"right\" IN (SELECT id FROM erased WHERE no=?1)",
                        (int64_t)e->no, &list);
    if (err == ERR_OK)
        err = destroy_all(e, &list);
    buf_done(&list);
    return err;
}

/* Rows of other dossiers stay, and lose what ties them to rows that are gone. */
static enum err untie(struct erasing *e, const struct doomed *d, const struct field *tie)
{
    const struct table *table = &e->s->env.schema->tables[d->table];
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(e->s, table, d->rid, &arena, row);
    if (err == ERR_OK) {
        struct judge j = {.s = e->s, .seq = e->s->seq};
        row->values[schema_field_index(table, tie->id)] = VALUE_NONE;
        settle_retold(&j, row, tie->id);
        err = feed_move(e->s, table, row, table->facet, e->s->seq);
    }
    if (err == ERR_OK)
        err = rows_update(e->s, table, row);
    arena_done(&arena);
    return err;
}

static enum err untie_all(struct erasing *e)
{
    const struct schema *schema = e->s->env.schema;
    struct buf list = {0};
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema->table_count && err == ERR_OK; i++) {
        const struct field *tie = schema_tie(&schema->tables[i]);
        char where[120];
        if (tie == NULL)
            continue;
        (void)snprintf(where, sizeof where,
                       "WHERE \"%s\" IN (SELECT id FROM erased WHERE no=?1)", tie->name);
        buf_clear(&list);
        err = list_rows(e->s, i, where, (int64_t)e->no, &list);
        for (size_t at = 0; at < list.n && err == ERR_OK; at += sizeof(struct doomed)) {
            struct doomed d;
            memcpy(&d, list.p + at, sizeof d);
            err = untie(e, &d, tie);
        }
    }
    buf_done(&list);
    return err;
}

static enum err cut_refused(void *ctx, const struct quarantined *q)
{
    struct erasing *e = ctx;
    struct buf rest = {0};
    struct buf orders = {0};
    enum err err = erased_cut(e->s, q->op, &rest, &orders);
    if (err == ERR_OK && orders.n > 0)
        err = quarantine_cut(e->s, q->epoch, q->op_no, buf_str(&rest));
    /* Its device has it too. */
    if (err == ERR_OK)
        err = erase_all_again_on(e->s, q->epoch, &orders);
    buf_done(&rest);
    buf_done(&orders);
    return err;
}

static enum err run_sql(struct store *s, enum sql sql, const int64_t *params, int count)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    for (int i = 0; i < count; i++)
        bind_int(stmt, i + 1, params[i]);
    return stmt_run(stmt);
}

/* Those who may have it, by any right they ever held. */
static enum err list_devices(struct erasing *e)
{
    return run_sql(e->s, SQL_ERASE_DEVICES_ADD,
                   (int64_t[]){(int64_t)e->no, e->scope.home, e->scope.dossier}, 3);
}

static enum err end_rights(struct erasing *e)
{
    enum err err = holders_gone(e->s, e->scope);
    if (err == ERR_OK)
        err = links_drop(e->s, e->scope.dossier);
    return err == ERR_OK ? holders_settle(e->s, e->s->seq, store_now(e->s), NULL) : err;
}

static enum err carry_out(struct erasing *e)
{
    struct store *s = e->s;
    enum err err = find_scope(e);
    if (err == ERR_OK && e->scope.dossier != 0) {
        err = twins_add(s, &e->dossier);
        if (err == ERR_OK)
            err = list_devices(e);
        if (err == ERR_OK)
            err = destroy_rows(e);
    }
    if (err == ERR_OK)
        err = quarantine_list(s, true, cut_refused, e);
    if (err == ERR_OK)
        err = run_sql(s, SQL_QUARANTINE_ROW_DROP, NULL, 0);
    if (err == ERR_OK)
        err = chain_cut(s, &e->cuts); /* from here on, s->seq is its own */
    if (err == ERR_OK)
        err = untie_all(e);
    if (err == ERR_OK && e->scope.dossier != 0)
        err = end_rights(e);
    if (err == ERR_OK)
        err = digest_commit(s);
    if (err == ERR_OK)
        err = holders_commit(s);
    if (err == ERR_OK)
        err = meta_set_int(s, META_RESIDUE, 1);
    return err == ERR_OK
               ? run_sql(s, SQL_ERASE_ORDER_DONE, (int64_t[]){(int64_t)e->no, store_now(s)}, 2)
               : err;
}

/* The next order that waits. NOTFOUND. */
static enum err next_order(struct store *s, struct erasing *e)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_ORDER_DUE, &stmt);
    if (err != ERR_OK)
        return err;
    *e = (struct erasing){.s = s};
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        e->no = (uint64_t)col_int(stmt, 0);
        err = col_id(stmt, 1, &e->dossier) ? ERR_OK : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : err;
}

static enum err one_order(struct erasing *e)
{
    enum err err = store_begin(e->s);
    if (err == ERR_OK)
        err = store_end(e->s, carry_out(e));
    if (err == ERR_OK)
        err = store_reload(e->s);
    holders_forget(e->s);
    chain_cuts_done(&e->cuts);
    return err;
}

/* A content that no row names may be of the dossier, too: of a document that a restored server
 * does not know. Whoever has it of another brings it again with its row. */
static enum err is_erased(void *ctx, const struct id *doc, bool *out)
{
    struct document row;
    uint64_t no = 0;
    enum err err = erased_find(ctx, doc, &no);
    *out = no != 0;
    if (err != ERR_OK || *out)
        return err;
    err = document_find(ctx, doc, &row);
    *out = err == ERR_NOTFOUND;
    return err == ERR_NOTFOUND || err == ERR_INVALID ? ERR_OK : err;
}

/* Nothing of it is on the disk any more; a full disk lets it wait for the next call. */
static enum err settle_disk(struct store *s)
{
    int64_t residue = 0;
    enum err err = content_erase(s, is_erased, s);
    if (err == ERR_OK)
        err = leave_clean(s);
    if (err == ERR_OK)
        err = meta_get_int(s, META_RESIDUE, &residue);
    if (err != ERR_OK || residue != 0)
        return err;
    err = store_begin(s);
    if (err == ERR_OK)
        err = store_end(s, meta_set_int(s, META_ERASING, 0));
    s->erasing = err != ERR_OK;
    return err;
}

enum err erase_due(struct store *s)
{
    struct erasing e;
    if (!s->erasing)
        return ERR_OK;
    enum err err = ERR_OK;
    while (err == ERR_OK && (err = next_order(s, &e)) == ERR_OK)
        err = one_order(&e);
    return err == ERR_NOTFOUND ? settle_disk(s) : err;
}
