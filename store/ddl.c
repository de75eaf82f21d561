/* SPDX-License-Identifier: Apache-2.0 */
#include "store/digest.h"
#include "store/holders.h"
#include "store/inside.h"
#include "store/lookalike.h"
#include "store/quarantine.h"
#include "store/rows.h"
#include "store/sorted.h"
#include "store/sweep.h"

#include <stdio.h>

/* Of the service tables. */
enum {
    FORMAT_GRANTS = 2,  /* rights by dossier */
    FORMAT_CLOSING = 3, /* a person closes a refused operation; rows entered twice are found */
    FORMAT_FEED = 4,    /* the feed is found by dossier too, and has digests by scope */
    FORMAT_RELAYS = 5,  /* a device may be a relay of a site */
    FORMAT_LISTS = 6,   /* a replica finds rows by what they refer to */
    FORMAT_LINKS = 7,   /* one human in two dossiers */
    FORMAT_SEARCH = 8,  /* a replica finds rows by their words */
    FORMAT = FORMAT_SEARCH,
    SCHEMA_REVIEWS = 4, /* coordination opens the vault of its structure: staff_review */
    DDL_BYTES_MAX = 64 * 1024
};

static const char *const service_tables[] = {
    "CREATE TABLE IF NOT EXISTS meta(k INTEGER PRIMARY KEY, v ANY) STRICT",
    "CREATE TABLE IF NOT EXISTS outbox(op_no INTEGER PRIMARY KEY, hash INTEGER NOT NULL,"
    " hlc INTEGER NOT NULL, n INTEGER NOT NULL, op BLOB NOT NULL,"
    " cut INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE TABLE IF NOT EXISTS rebased(op_no INTEGER PRIMARY KEY, hash INTEGER NOT NULL,"
    " hlc INTEGER NOT NULL, n INTEGER NOT NULL, op BLOB NOT NULL,"
    " cut INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE TABLE IF NOT EXISTS origin(epoch INTEGER PRIMARY KEY, staff BLOB NOT NULL,"
    " device INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS quarantine(epoch INTEGER, op_no INTEGER,"
    " reason INTEGER NOT NULL, at_ms INTEGER NOT NULL, actor BLOB NOT NULL, op BLOB NOT NULL,"
    " PRIMARY KEY(epoch,op_no)) STRICT",
    "CREATE TABLE IF NOT EXISTS quarantine_row(tab INTEGER, id BLOB, epoch INTEGER,"
    " op_no INTEGER, PRIMARY KEY(tab,id,epoch,op_no), FOREIGN KEY(epoch,op_no)"
    " REFERENCES quarantine(epoch,op_no) ON DELETE CASCADE) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS history(hid INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
    " tab INTEGER NOT NULL, rid INTEGER NOT NULL, origin INTEGER NOT NULL,"
    " hlc INTEGER NOT NULL, actor BLOB NOT NULL, edit_ms INTEGER NOT NULL,"
    " recv_ms INTEGER NOT NULL, changes BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS history_of ON history(tab,rid)",
    "CREATE TABLE IF NOT EXISTS unknown_row(tab INTEGER, id BLOB, body BLOB NOT NULL,"
    " PRIMARY KEY(tab,id)) STRICT, WITHOUT ROWID",
};

static const char *const server_tables[] = {
    "CREATE TABLE IF NOT EXISTS scope(sid INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " id BLOB NOT NULL UNIQUE, parent INTEGER) STRICT",
    "CREATE TABLE IF NOT EXISTS feed(home INTEGER, seq INTEGER, tab INTEGER, rid INTEGER,"
    " dossier INTEGER NOT NULL, facet INTEGER NOT NULL, PRIMARY KEY(home,seq,tab,rid))"
    " STRICT, WITHOUT ROWID",
    /* The same by dossier, of structures, through META_FEED_OF. */
    "CREATE TABLE IF NOT EXISTS feed_of(home INTEGER, dossier INTEGER, seq INTEGER,"
    " tab INTEGER, rid INTEGER, facet INTEGER NOT NULL, PRIMARY KEY(home,dossier,seq,tab,rid))"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS op(epoch INTEGER, op_no INTEGER, seq INTEGER NOT NULL,"
    " hash INTEGER NOT NULL, actor BLOB, edit_ms INTEGER NOT NULL, recv_ms INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL, reason INTEGER NOT NULL, PRIMARY KEY(epoch,op_no))"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS chain(no INTEGER PRIMARY KEY, seq_from INTEGER NOT NULL,"
    " seq_to INTEGER NOT NULL, at_ms INTEGER NOT NULL, hash BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS device(num INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,"
    " staff BLOB NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL,"
    " enrolled_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL DEFAULT 0,"
    " skew_ms INTEGER NOT NULL DEFAULT 0, pulled INTEGER NOT NULL DEFAULT 0,"
    " schema INTEGER NOT NULL DEFAULT 0, forks INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE TABLE IF NOT EXISTS epoch(num INTEGER PRIMARY KEY,"
    " device INTEGER NOT NULL REFERENCES device(num), op_no INTEGER NOT NULL,"
    " hash INTEGER NOT NULL, hlc INTEGER NOT NULL, edit_ms INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS epoch_device ON epoch(device,num)",
    "CREATE TABLE IF NOT EXISTS lookalike(day INTEGER, key INTEGER, list BLOB NOT NULL,"
    " PRIMARY KEY(day,key)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS invite(id BLOB PRIMARY KEY, secret BLOB NOT NULL,"
    " staff BLOB NOT NULL, expires_ms INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " used_key BLOB, reply BLOB) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS granted(staff BLOB, home INTEGER, dossier INTEGER,"
    " roles INTEGER NOT NULL, facets INTEGER NOT NULL, dossiers INTEGER NOT NULL,"
    " born INTEGER NOT NULL, from_v INTEGER, from_seq INTEGER NOT NULL,"
    " from_ms INTEGER NOT NULL, until_v INTEGER, until_ms INTEGER NOT NULL,"
    " PRIMARY KEY(staff,home,dossier,from_v,until_v)) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS granted_dossier ON granted(dossier,until_v)",
    "CREATE TABLE IF NOT EXISTS digest(home INTEGER, dossier INTEGER, facet INTEGER,"
    " rows INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(home,dossier,facet))"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS erase_order(no INTEGER PRIMARY KEY, dossier BLOB NOT NULL UNIQUE,"
    " at_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE TABLE IF NOT EXISTS erased(id BLOB PRIMARY KEY, no INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS erase_device(device INTEGER, no INTEGER,"
    " acked_ms INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(device,no)) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS chain_cut(no INTEGER, at INTEGER, hash BLOB NOT NULL,"
    " PRIMARY KEY(no,at)) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS chain_cut_at ON chain_cut(at,no)",
    "CREATE TABLE IF NOT EXISTS twin(tid INTEGER PRIMARY KEY, structure BLOB NOT NULL,"
    " birth_year INTEGER, gender TEXT, area TEXT, entry_year INTEGER, months INTEGER,"
    " sessions INTEGER NOT NULL, minutes INTEGER NOT NULL, contracts INTEGER NOT NULL,"
    " internships INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS person_link(dossier INTEGER PRIMARY KEY,"
    " source INTEGER NOT NULL, referral BLOB NOT NULL, until INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS person_link_source ON person_link(source)",
    "CREATE TABLE IF NOT EXISTS rights(staff BLOB PRIMARY KEY, v INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
};
/* The words of rows (search.c), and through which row of each table they are there. No text and
 * no place of a word is kept: rows are looked up, and shown from their tables. */
static const char *const client_tables[] = {
    "CREATE TABLE IF NOT EXISTS searched(tab INTEGER PRIMARY KEY, rid INTEGER NOT NULL) STRICT",
    "CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(words, content='', columnsize=0,"
    " detail=none, tokenize=\"ascii tokenchars '~_'\")",
};
/* For who holds what (holders.c); on business tables. */
static const char employed_dossier[] =
    "CREATE INDEX IF NOT EXISTS h_contract_dossier ON t_contract(_dos)"
    " WHERE employer_structure IS NOT NULL";
static const char employed_by[] =
    "CREATE INDEX IF NOT EXISTS h_contract_structure ON t_contract(employer_structure)"
    " WHERE employer_structure IS NOT NULL";
static const char *const server_indexes[] = {
    "CREATE INDEX IF NOT EXISTS h_role_staff ON t_staff_role(staff)",
    "CREATE INDEX IF NOT EXISTS h_role_structure ON t_staff_role(structure)",
    "CREATE INDEX IF NOT EXISTS h_assignment_dossier ON t_assignment(_dos)",
    "CREATE INDEX IF NOT EXISTS h_assignment_staff ON t_assignment(staff)",
    "CREATE INDEX IF NOT EXISTS h_person_by ON t_person(_by)",
    employed_dossier,
    employed_by,
    "CREATE INDEX IF NOT EXISTS h_referral_dossier ON t_referral(_dos)",
    "CREATE INDEX IF NOT EXISTS h_referral_to ON t_referral(\"to\")",
    "CREATE INDEX IF NOT EXISTS h_access_person ON t_access_log(person)",
    "CREATE INDEX IF NOT EXISTS h_access_at ON t_access_log(at)",
};

/* What service tables got since the first format; in this order. */
struct added_column {
    const char *table, *column, *type;
};
static const struct added_column added_columns[] = {
    {"quarantine", "edit_ms", "INTEGER NOT NULL DEFAULT 0"},
    {"quarantine", "hlc", "INTEGER NOT NULL DEFAULT 0"},
    {"quarantine", "state", "INTEGER NOT NULL DEFAULT 0"},
    {"quarantine", "closed_ms", "INTEGER"},
    {"quarantine", "closed_by", "BLOB"},
    {"quarantine", "note", "TEXT"},
};
/* The same on the server only. */
static const struct added_column server_columns[] = {
    {"feed", "sum", "INTEGER NOT NULL DEFAULT 0"},
    {"device", "told_ms", "INTEGER NOT NULL DEFAULT 0"},  /* it heard that it is to be wiped */
    {"device", "wiped_ms", "INTEGER NOT NULL DEFAULT 0"}, /* it said that it is done */
    {"device", "kind", "INTEGER NOT NULL DEFAULT 0"}, /* 1: a relay; `staff` is its structure */
    {"invite", "kind", "INTEGER NOT NULL DEFAULT 0"}, /* likewise */
    {"invite", "name", "TEXT NOT NULL DEFAULT ''"},   /* of the relay */
};
static const char *const added_indexes[] = {
    "CREATE INDEX IF NOT EXISTS quarantine_hlc ON quarantine(epoch,hlc)",
};

static const char *column_type(enum kind kind)
{
    switch (value_type_of(kind)) {
    case VALUE_INT:
        return "INTEGER";
    case VALUE_REAL:
        return "REAL";
    case VALUE_TEXT:
        return "TEXT";
    case VALUE_BYTES:
    case VALUE_NULL:
        break;
    }
    return "BLOB";
}

/* Columns every business table starts with; their order is ROW_COL_* in rows.h. */
static const char common_columns[] =
    "_rid INTEGER PRIMARY KEY,_id BLOB NOT NULL,_hlc INTEGER NOT NULL,_org INTEGER NOT NULL,"
    "_adj INTEGER NOT NULL,_by BLOB NOT NULL,_fv INTEGER NOT NULL,_del INTEGER NOT NULL,"
    "_seq INTEGER NOT NULL,_home INTEGER NOT NULL,_dos INTEGER NOT NULL,_vx BLOB,_raw BLOB";
const char ddl_common_names[] = "_rid,_id,_hlc,_org,_adj,_by,_fv,_del,_seq,_home,_dos,_vx,_raw";

static void create_table(const struct table *table, struct buf *out)
{
    buf_printf(out, "CREATE TABLE t_%s(%s", table->name, common_columns);
    for (uint16_t i = 0; i < table->field_count; i++)
        buf_printf(out, ",\"%s\" %s", table->fields[i].name,
                   column_type(table->fields[i].kind));
    buf_printf(out, ") STRICT;CREATE UNIQUE INDEX x_%s ON t_%s(_id)", table->name, table->name);
}

static void names(const struct table *table, struct buf *out)
{
    buf_text(out, ddl_common_names);
    for (uint16_t i = 0; i < table->field_count; i++)
        buf_printf(out, ",\"%s\"", table->fields[i].name);
}

void ddl_row_sql(const struct table *table, enum row_sql which, struct buf *out)
{
    int columns = ROW_COL_FIELDS + table->field_count;
    switch (which) {
    case ROW_INSERT:
        buf_printf(out, "INSERT INTO t_%s(", table->name);
        names(table, out);
        buf_text(out, ") VALUES(?1");
        for (int i = 2; i <= columns; i++)
            buf_printf(out, ",?%d", i);
        buf_text(out, ") ON CONFLICT(_id) DO NOTHING");
        return;
    case ROW_UPDATE:
        /* The columns that never change after the insert (_rid _id _hlc _org _adj _by _fv) stay
         * out. */
        buf_printf(out, "UPDATE t_%s SET _del=?8,_seq=?9,_home=?10,_dos=?11,_vx=?12,_raw=?13",
                   table->name);
        for (uint16_t i = 0; i < table->field_count; i++)
            buf_printf(out, ",\"%s\"=?%d", table->fields[i].name, ROW_COL_FIELDS + i + 1);
        buf_text(out, " WHERE _rid=?1");
        return;
    case ROW_RESTAMP:
        buf_printf(out, "UPDATE t_%s SET _hlc=?2,_org=?3,_by=?4,_fv=?5 WHERE _rid=?1",
                   table->name);
        return;
    case ROW_PLACE:
        buf_printf(out, "SELECT _home,_dos FROM t_%s WHERE _id=?1", table->name);
        return;
    case ROW_BY_ID:
    case ROW_BY_RID:
    case ROW_SQL_COUNT:
        ddl_select(table, which == ROW_BY_ID ? "WHERE _id=?1" : "WHERE _rid=?1", out);
        return;
    }
}

void ddl_select(const struct table *table, const char *where, struct buf *out)
{
    buf_text(out, "SELECT ");
    names(table, out);
    buf_printf(out, " FROM t_%s %s", table->name, where);
}

static enum err run(struct store *s, struct buf *sql)
{
    buf_u8(sql, 0);
    enum err err = sql->err == ERR_OK ? db_exec(s->db, (const char *)sql->p) : sql->err;
    buf_clear(sql);
    return err;
}

/* Is there such a table (column NULL) or column? */
static enum err exists(struct store *s, const char *table, const char *column, bool *found)
{
    struct stmt *stmt = NULL;
    enum err err = db_prepare(
        s->db, "SELECT 1 FROM pragma_table_info(?1) WHERE ?2 IS NULL OR name=?2", &stmt);
    if (err != ERR_OK)
        return err;
    bind_text(stmt, 1, str_of(table));
    if (column != NULL)
        bind_text(stmt, 2, str_of(column));
    enum step step = stmt_step(stmt);
    *found = step == STEP_ROW;
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err migrate_table(struct store *s, const struct table *table, struct buf *sql)
{
    char name[80];
    (void)snprintf(name, sizeof name, "t_%s", table->name);
    bool found = false;
    enum err err = exists(s, name, NULL, &found);
    if (err != ERR_OK)
        return err;
    if (!found) {
        create_table(table, sql);
        return run(s, sql);
    }
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        const struct field *field = &table->fields[i];
        err = exists(s, name, field->name, &found);
        if (err != ERR_OK || found)
            continue;
        buf_printf(sql, "ALTER TABLE %s ADD COLUMN \"%s\" %s", name, field->name,
                   column_type(field->kind));
        err = run(s, sql);
    }
    return err;
}

static enum err add_cut(struct store *s, const char *table, const char *alter)
{
    bool found = false;
    enum err err = exists(s, table, "cut", &found);
    return err == ERR_OK && !found ? db_exec(s->db, alter) : err;
}

/* What version 1 of the service tables lacks. Its replicas do not know what they hold by which
 * right: everything is told again, and the rest leaves. */
static enum err from_format_1(struct store *s)
{
    enum err err =
        add_cut(s, "outbox", "ALTER TABLE outbox ADD COLUMN cut INTEGER NOT NULL DEFAULT 0");
    if (err == ERR_OK)
        err = add_cut(s, "rebased",
                      "ALTER TABLE rebased ADD COLUMN cut INTEGER NOT NULL DEFAULT 0");
    if (err == ERR_OK && s->env.side == STORE_SERVER)
        return holders_rebuild(s);
    if (err == ERR_OK && s->pulled > 0)
        err = sweep_begin(s);
    return err == ERR_OK ? meta_set_int(s, META_GRANTS, 0) : err;
}

/* Few rows are tied: who is tied to a row is asked for each row shown. */
static enum err index_tie(struct store *s, const struct table *table, struct buf *sql)
{
    const struct field *tie = schema_tie(table);
    if (tie == NULL)
        return ERR_OK;
    buf_printf(sql,
               "CREATE INDEX IF NOT EXISTS tie_%s ON t_%s(\"%s\") WHERE \"%s\" IS NOT NULL",
               table->name, table->name, tie->name, tie->name);
    return run(s, sql);
}

/* What lists of a replica are looked up by; the server reads by dossier and place in the feed.
 */
static enum err index_lists(struct store *s, const struct table *table, struct buf *sql)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        const struct field *field = &table->fields[i];
        if (!schema_looked_up(s->env.schema, table, field))
            continue;
        /* With _del, the live rows are counted there too. */
        buf_printf(sql, "CREATE INDEX IF NOT EXISTS l_%s_%s ON t_%s(\"%s\"%s)", table->name,
                   field->name, table->name, field->name, field->indexed ? ",_del" : "");
        if (!field->required) /* an empty one costs nothing */
            buf_printf(sql, " WHERE \"%s\" IS NOT NULL", field->name);
        err = run(s, sql);
    }
    return err;
}

/* In an older database, and in a new one: one way for both. */
static enum err add_columns(struct store *s, const struct added_column *list, size_t count,
                            struct buf *sql)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        bool found = false;
        err = exists(s, list[i].table, list[i].column, &found);
        if (err != ERR_OK || found)
            continue;
        buf_printf(sql, "ALTER TABLE %s ADD COLUMN %s %s", list[i].table, list[i].column,
                   list[i].type);
        err = run(s, sql);
    }
    return err;
}

static enum err create_all(struct store *s, const char *const *list, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = db_exec(s->db, list[i]);
    return err;
}

/* Nothing to do for the version this database was last opened with: the usual case, kept cheap.
 * was, was_schema: its format and schema, 0 = a new one. */
static enum err current(struct store *s, bool *out, int64_t *was, int64_t *was_schema,
                        struct note *why)
{
    bool found = false;
    enum err err = exists(s, "meta", NULL, &found);
    int64_t format = 0;
    int64_t side = 0;
    int64_t schema = 0;
    if (err == ERR_OK && found) {
        err = meta_get_int(s, META_FORMAT, &format);
        if (err == ERR_OK)
            err = meta_get_int(s, META_SIDE, &side);
        if (err == ERR_OK)
            err = meta_get_int(s, META_SCHEMA, &schema);
    }
    if (err != ERR_OK)
        return err;
    if (format > FORMAT || schema > (int64_t)s->env.schema->version)
        return note_set(why, ERR_VERSION,
                        N_("cette base a été écrite par une version plus récente de Jalon"));
    if (side != 0 && side != (int64_t)s->env.side)
        return note_set(why, ERR_INVALID, "%s",
                        side == STORE_SERVER ? "server database, not a replica"
                                             : "replica, not a server database");
    *was = format;
    *was_schema = schema;
    *out = found && format == FORMAT && schema == (int64_t)s->env.schema->version;
    return ERR_OK;
}

/* What is kept differently since an earlier format; 0: a new database. */
static enum err upgrade(struct store *s, int64_t was, int64_t was_schema)
{
    enum err err = ERR_OK;
    if (was == 0)
        return ERR_OK;
    if (was < FORMAT_GRANTS)
        err = from_format_1(s);
    if (err == ERR_OK && was < FORMAT_CLOSING)
        err = quarantine_upgrade(s);
    if (err == ERR_OK && was < FORMAT_CLOSING && s->env.side == STORE_SERVER)
        err = lookalike_upgrade(s);
    if (err == ERR_OK && was_schema < SCHEMA_REVIEWS && s->env.side == STORE_SERVER)
        err = holders_rework(s);
    return err;
}

enum err ddl_lists(struct store *s)
{
    struct buf sql;
    enum err err = ERR_OK;
    buf_init(&sql, DDL_BYTES_MAX);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++)
        err = index_lists(s, &s->env.schema->tables[i], &sql);
    buf_done(&sql);
    return err == ERR_OK ? meta_set_int(s, META_LISTED, 1) : err;
}

enum err ddl_migrate(struct store *s, struct note *why)
{
    bool done = false;
    int64_t format = 0;
    int64_t schema = 0;
    enum err err = current(s, &done, &format, &schema, why);
    if (err != ERR_OK || done)
        return err;
    struct buf sql;
    buf_init(&sql, DDL_BYTES_MAX);
    err = db_begin(s->db);
    if (err == ERR_OK)
        err = create_all(s, service_tables, sizeof service_tables / sizeof *service_tables);
    if (err == ERR_OK && s->env.side == STORE_SERVER)
        err = create_all(s, server_tables, sizeof server_tables / sizeof *server_tables);
    if (err == ERR_OK && s->env.side == STORE_CLIENT)
        err = create_all(s, client_tables, sizeof client_tables / sizeof *client_tables);
    if (err == ERR_OK)
        err = add_columns(s, added_columns, sizeof added_columns / sizeof *added_columns, &sql);
    if (err == ERR_OK && s->env.side == STORE_SERVER)
        err = add_columns(s, server_columns, sizeof server_columns / sizeof *server_columns,
                          &sql);
    if (err == ERR_OK)
        err = create_all(s, added_indexes, sizeof added_indexes / sizeof *added_indexes);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++)
        err = migrate_table(s, &s->env.schema->tables[i], &sql);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++)
        err = index_tie(s, &s->env.schema->tables[i], &sql);
    if (err == ERR_OK && format != 0 && s->env.side == STORE_CLIENT)
        err = sorted_drop(s);
    if (err == ERR_OK && format != 0 && s->env.side == STORE_CLIENT)
        err = ddl_lists(s);
    if (err == ERR_OK && s->env.side == STORE_SERVER)
        err = create_all(s, server_indexes, sizeof server_indexes / sizeof *server_indexes);
    /* What waits there is told like a page, to a replica that knows who it is. */
    if (err == ERR_OK)
        err = store_reload(s);
    if (err == ERR_OK)
        err = upgrade(s, format, schema);
    if (err == ERR_OK)
        err = rows_unpack_unknown(s);
    if (err == ERR_OK && format != 0 && s->env.side == STORE_SERVER)
        err = digest_rebuild(s); /* fields that were unknown count from now on */
    if (err == ERR_OK)
        err = meta_set_int(s, META_FORMAT, FORMAT);
    if (err == ERR_OK)
        err = meta_set_int(s, META_SIDE, s->env.side);
    if (err == ERR_OK)
        err = meta_set_int(s, META_SCHEMA, s->env.schema->version);
    err = store_end(s, err);
    buf_done(&sql);
    return err;
}
