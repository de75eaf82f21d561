/* SPDX-License-Identifier: Apache-2.0 */
#include "store/compare.h"
#include "store/inside.h"
#include "store/rows.h"
#include "store/serve.h"

#include <stdio.h>

/* One check in the making. */
struct findings {
    struct store *s;
    struct buf *report;
    uint32_t problems;
    bool unreadable; /* some rows do not read at all */
};

static void found(struct findings *f, const char *line)
{
    f->problems++;
    buf_printf(f->report, "%s\n", line);
}

static void found_some(struct findings *f, const char *what, uint64_t n)
{
    if (n == 0)
        return;
    f->problems++;
    buf_printf(f->report, "%s: %llu\n", what, (unsigned long long)n);
}

/* Count the rows of a query made for this check; a non-zero count is a finding. */
static enum err expect_none(struct findings *f, const char *what, struct buf *sql)
{
    struct stmt *stmt = NULL;
    buf_u8(sql, 0);
    enum err err =
        sql->err == ERR_OK ? db_prepare(f->s->db, (const char *)sql->p, &stmt) : sql->err;
    buf_clear(sql);
    if (err != ERR_OK)
        return err;
    int64_t n = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        n = col_int(stmt, 0);
    stmt_free(stmt);
    if (step == STEP_FAILED)
        return db_error(f->s->db);
    found_some(f, what, n > 0 ? (uint64_t)n : 0);
    return ERR_OK;
}

/* The server holds every row a reference points to, but those that were erased and named from
 * another dossier; a replica may not see them all. */
static enum err check_refs(struct findings *f, const struct table *table, struct buf *sql)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        const struct field *field = &table->fields[i];
        if (field->kind != KIND_REF)
            continue;
        char what[160];
        (void)snprintf(what, sizeof what, "%s.%s points to rows that do not exist", table->name,
                       field->name);
        buf_printf(sql,
                   "SELECT count(*) FROM t_%s a WHERE a.\"%s\" IS NOT NULL AND NOT EXISTS "
                   "(SELECT 1 FROM t_%s b WHERE b._id=a.\"%s\") AND NOT EXISTS (SELECT 1 FROM "
                   "erased e WHERE e.id=a.\"%s\")",
                   table->name, field->name, schema_table(f->s->env.schema, field->ref)->name,
                   field->name, field->name);
        err = expect_none(f, what, sql);
    }
    return err;
}

/* Every row stands in the feed at its own place, exactly once. */
static enum err check_feed(struct findings *f, const struct table *table, struct buf *sql)
{
    char what[160];
    (void)snprintf(what, sizeof what, "%s: rows missing from the feed", table->name);
    buf_printf(sql,
               "SELECT count(*) FROM t_%s r WHERE NOT EXISTS (SELECT 1 FROM feed e WHERE "
               "e.home=r._home AND e.seq=r._seq AND e.tab=%u AND e.rid=r._rid)",
               table->name, table->id);
    enum err err = expect_none(f, what, sql);
    if (err != ERR_OK)
        return err;
    (void)snprintf(what, sizeof what, "%s: feed entries without their row", table->name);
    buf_printf(sql,
               "SELECT (SELECT count(*) FROM feed WHERE tab=%u)<>(SELECT count(*) FROM t_%s)",
               table->id, table->name);
    return expect_none(f, what, sql);
}

static enum err check_server(struct findings *f, struct buf *sql)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < f->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &f->s->env.schema->tables[i];
        err = check_refs(f, table, sql);
        if (err == ERR_OK)
            err = check_feed(f, table, sql);
    }
    if (err == ERR_OK) {
        buf_text(
            sql,
            "SELECT count(*) FROM (SELECT epoch,count(*) n,min(op_no) a,max(op_no) b FROM op "
            "GROUP BY epoch) WHERE a<>1 OR b<>n");
        err = expect_none(f, "epochs with a gap in their operations", sql);
    }
    if (err == ERR_OK) {
        buf_text(
            sql,
            "SELECT count(*) FROM epoch e WHERE e.op_no<>(SELECT coalesce(max(op_no),0) FROM op "
            "o WHERE o.epoch=e.num)");
        err = expect_none(f, "epochs whose last operation is not the recorded one", sql);
    }
    if (err == ERR_OK) {
        buf_text(sql, "SELECT count(*) FROM person_link l WHERE 2<>(SELECT count(*) FROM "
                      "scope d JOIN t_person p ON p._id=d.id WHERE d.sid IN (l.dossier,"
                      "l.source))");
        err = expect_none(f, "ties between dossiers that do not exist", sql);
    }
    if (err == ERR_OK) {
        buf_printf(sql, "SELECT count(*) FROM feed WHERE seq>%llu",
                   (unsigned long long)f->s->seq);
        err = expect_none(f, "feed entries beyond the last seq", sql);
    }
    if (err == ERR_OK) {
        buf_printf(
            sql,
            "SELECT count(*) FROM feed e WHERE e.seq<=%llu AND e.home IN (SELECT sid FROM "
            "scope WHERE kind=2) AND NOT EXISTS (SELECT 1 FROM feed_of o WHERE "
            "o.home=e.home AND o.dossier=e.dossier AND o.seq=e.seq AND o.tab=e.tab AND "
            "o.rid=e.rid AND o.facet=e.facet)",
            (unsigned long long)f->s->feed_of);
        err = expect_none(f, "feed entries not found by dossier", sql);
    }
    if (err != ERR_OK)
        return err;
    struct digest_damage damage = {0};
    if (!f->unreadable)
        err = digest_check(f->s, &damage);
    if (err != ERR_OK)
        return err;
    found_some(f, "rows altered without an operation", damage.rows);
    found_some(f, "scopes whose digest is not that of their rows", damage.scopes);
    struct note why = {0};
    err = serve_chain_check(f->s, &why);
    if (err == ERR_CORRUPT) {
        f->problems++;
        buf_printf(f->report, "the chain of commits is broken: %s\n", why.text);
        err = ERR_OK;
    }
    return err;
}

/* Hash after hash through the outbox. */
static enum err check_outbox(struct findings *f)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(f->s, SQL_OUTBOX_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, 0);
    uint64_t last = 0;
    uint64_t hash = 0;
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        uint64_t op_no = (uint64_t)col_int(stmt, 0);
        struct op_head head;
        struct cur changes;
        size_t used = 0;
        struct str op = col_blob(stmt, 3);
        bool cut = col_int(stmt, 4) == 1; /* a part, or all, has left (leave.c) */
        if (cut && op.n == 0) {
            last = op_no;
            hash = (uint64_t)col_int(stmt, 1);
            continue;
        }
        if (op_read(op, &head, &changes, &used) != ERR_OK || used != op.n ||
            head.op_no != op_no) {
            found(f, "an operation in the outbox is unreadable");
            break;
        }
        bool follows = last == 0 || (op_no == last + 1 && head.prev_hash == hash);
        hash = (uint64_t)col_int(stmt, 1);
        if (!follows || (!cut && op_hash(head.prev_hash, op) != hash)) {
            found(f, "the chain of operations in the outbox is broken");
            break;
        }
        last = op_no;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(f->s->db);
    if (f->s->acked > f->s->own.op_no)
        found(f, "more operations acknowledged than saved");
    return ERR_OK;
}

/* What the engine takes for a sound table may not be ours any more. */
static enum err check_statements(struct findings *f)
{
    static const enum sql list[] = {
        SQL_META_SET,       SQL_OUTBOX_ADD,  SQL_REBASED_ADD,
        SQL_QUARANTINE_ADD, SQL_ORIGIN_SET,  SQL_QUARANTINE_LIST,
        SQL_UNKNOWN_ADD,    SQL_HISTORY_ADD, SQL_QUARANTINE_ROW_ADD};
    struct stmt *stmt = NULL;
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof list / sizeof *list && err == ERR_OK; i++)
        err = store_sql(f->s, list[i], &stmt);
    return err;
}

static enum err check_replica(struct findings *f)
{
    struct compare_report report;
    enum err err = check_statements(f);
    if (err == ERR_OK)
        err = check_outbox(f);
    if (err == ERR_OK)
        err = compare_report(f->s, &report);
    if (err == ERR_OK && report.state == COMPARE_DIFFERENT)
        found(f, "rows differ from the server's, also after everything was told again");
    return err;
}

/* Versions of every row must read. */
static enum err on_row(void *ctx, const struct row *row)
{
    uint64_t *n = ctx;
    (*n)++;
    (void)row;
    return ERR_OK;
}

/* One of those every table of ours starts with? */
static bool is_common(struct str column)
{
    const char *at = ddl_common_names;
    while (at != NULL) {
        const char *end = strchr(at, ',');
        size_t n = end == NULL ? strlen(at) : (size_t)(end - at);
        if (str_eq((struct str){at, n}, column))
            return true;
        at = end == NULL ? NULL : end + 1;
    }
    return false;
}

/* A bad byte in the list of tables gives another table, which the engine finds sound. */
static enum err check_columns(struct findings *f, const struct table *table, bool *sound)
{
    struct stmt *stmt = NULL;
    char name[80];
    unsigned fields = 0;
    unsigned own = 0;
    enum err err = db_prepare(
        f->s->db, "SELECT name,substr(name,1,1)='_' FROM pragma_table_info(?1)", &stmt);
    if (err != ERR_OK)
        return err;
    (void)snprintf(name, sizeof name, "t_%s", table->name);
    bind_text(stmt, 1, str_of(name));
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        fields += schema_field_named(table, col_text(stmt, 0)) != NULL ? 1 : 0;
        own += is_common(col_text(stmt, 0)) ? 1 : 0;
    }
    stmt_free(stmt);
    *sound = fields == table->field_count && own == ROW_COL_FIELDS;
    return step == STEP_FAILED ? db_error(f->s->db) : ERR_OK;
}

static enum err check_rows(struct findings *f)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < f->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &f->s->env.schema->tables[i];
        uint64_t n = 0;
        bool sound = false;
        err = check_columns(f, table, &sound);
        if (err == ERR_OK && !sound) {
            f->problems++;
            f->unreadable = true;
            buf_printf(f->report, "%s: not the table this program made\n", table->name);
            continue;
        }
        if (err == ERR_OK)
            err = rows_all(f->s, table, on_row, &n);
        if (err == ERR_CORRUPT && db_health(f->s->db) == ERR_OK) {
            f->problems++;
            f->unreadable = true;
            buf_printf(f->report, "%s: a row has unreadable versions\n", table->name);
            err = ERR_OK;
        }
    }
    return err;
}

enum err store_check(struct store *s, struct buf *report, uint32_t *problems)
{
    struct findings f = {.s = s, .report = report};
    struct note why = {0};
    bool sound = false;
    enum err err = db_integrity(s->db, &sound, &why);
    if (err != ERR_OK)
        return err;
    if (!sound)
        found(&f, why.text);
    struct buf sql = {0};
    err = check_rows(&f);
    if (err == ERR_OK)
        err = s->env.side == STORE_SERVER ? check_server(&f, &sql) : check_replica(&f);
    buf_done(&sql);
    if (err == ERR_OK)
        err = report->err;
    if (err == ERR_OK)
        *problems = f.problems;
    return err;
}
