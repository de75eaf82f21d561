/* SPDX-License-Identifier: Apache-2.0 */
#include "store/access.h"

#include "store/edit.h"
#include "store/grants.h"
#include "store/inside.h"
#include "store/page.h"
#include "store/parameter.h"
#include "store/ties.h"

#include <stdio.h>

enum {
    HOPS_MAX = 16,
    LOOK_BACK = 256,               /* so many are compared before one more is taken */
    SEEN_SLACK_MS = 2 * 60 * 1000, /* contacts are not noted more often than by the minute */
};
static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* One thing to note. */
struct seen {
    struct id person;
    enum access_opened opened;
    bool taken; /* into a file */
};
static const char exported[] = "export";
static const char *const codes[] = {"dossier", "notes", "vault", "national_number"};

void access_done(struct access *a)
{
    buf_done(&a->list);
}

/* ---- what was shown ---- */

static const struct value *value_of(const struct table *table, const struct value *values,
                                    uint16_t field)
{
    int i = schema_field_index(table, field);
    return i < 0 ? NULL : &values[i];
}

/* The row that this one hangs on. */
static bool hangs_on(const struct schema *schema, const struct table *table,
                     const struct row *row, const struct table **to, struct id *id)
{
    const struct value *ref = value_of(table, row->values, table->scope_field);
    const struct value *name = value_of(table, row->values, table->scope_table_field);
    if (ref == NULL || ref->type != VALUE_BYTES || ref->s.n != ID_BYTES)
        return false;
    memcpy(id->b, ref->s.p, ID_BYTES);
    *to = NULL;
    if (table->scope == SCOPE_OF_REF)
        *to = schema_table(schema, schema_field(table, table->scope_field)->ref);
    else if (table->scope == SCOPE_OF_ROW && name != NULL && name->type == VALUE_TEXT)
        *to = schema_table_named(schema, name->s);
    return *to != NULL;
}

/* The dossier of a row, and its facet. NOTFOUND: it is of none, or cannot be told here. */
static enum err find_dossier(struct store *s, const struct table *table, const struct row *row,
                             struct id *person, uint8_t *facet)
{
    struct arena arena = {0};
    enum err err = ERR_OK;
    struct id id = row->id;
    *facet = table->facet;
    for (int hop = 0; err == ERR_OK && table->scope != SCOPE_PERSON; hop++) {
        if (hop == HOPS_MAX || !hangs_on(s->env.schema, table, row, &table, &id)) {
            err = ERR_NOTFOUND;
            break;
        }
        *facet = *facet != 0 ? *facet : table->facet;
        struct row *next = arena_new(&arena, sizeof *next);
        if (next == NULL)
            err = ERR_NOMEM;
        else if (table->scope != SCOPE_PERSON)
            err = rows_find(s, table, &id, &arena, next);
        row = next;
    }
    arena_done(&arena);
    *person = id;
    return err;
}

/* What is there twice all the same is noted once. */
static enum err add(struct access *a, const struct seen *seen)
{
    size_t end =
        a->list.n > LOOK_BACK * sizeof *seen ? a->list.n - LOOK_BACK * sizeof *seen : 0;
    for (size_t at = a->list.n; at > end; at -= sizeof *seen) {
        struct seen had;
        memcpy(&had, a->list.p + at - sizeof had, sizeof had);
        if (had.opened == seen->opened && had.taken == seen->taken &&
            id_eq(&had.person, &seen->person))
            return ERR_OK;
    }
    buf_add(&a->list, seen, sizeof *seen);
    return a->list.err;
}

/* *of: what showing this row opens. NOTFOUND: nothing to note. */
static enum err seen_by(struct store *s, const struct table *table, const struct row *row,
                        struct seen *of)
{
    uint8_t facet = 0;
    memset(of, 0, sizeof *of);
    if (table->scope == SCOPE_NETWORK || table->scope == SCOPE_STRUCTURE || table->logged)
        return ERR_NOTFOUND;
    if (s->env.side == STORE_CLIENT && page_is_pending(s, row->stamp))
        return ERR_NOTFOUND;
    enum err err = find_dossier(s, table, row, &of->person, &facet);
    if (facet == FACET_VAULT)
        of->opened = ACCESS_VAULT;
    else
        of->opened = facet == FACET_NOTES ? ACCESS_NOTES : ACCESS_DOSSIER;
    return err;
}

static enum err shown(struct access *a, struct store *s, const struct table *table,
                      const struct row *row, bool number, bool taken)
{
    struct seen seen;
    enum err err = seen_by(s, table, row, &seen);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    seen.opened = number ? ACCESS_NUMBER : seen.opened;
    seen.taken = taken;
    return add(a, &seen);
}

enum err access_shown(struct access *a, struct store *s, const struct table *table,
                      const struct row *row)
{
    return shown(a, s, table, row, false, false);
}

enum err access_wanted(struct access *a, struct store *s, const struct table *table,
                       const struct row *row)
{
    struct seen seen;
    struct scope scope;
    enum err err = seen_by(s, table, row, &seen);
    if (err == ERR_OK) /* there is a dossier to note it of */
        err = rows_locate(s, schema_table(s->env.schema, TABLE_PERSON), &seen.person, &scope);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    return add(a, &seen);
}

enum err access_revealed(struct access *a, struct store *s, const struct table *table,
                         const struct row *row)
{
    return shown(a, s, table, row, true, false);
}

enum err access_taken(struct access *a, struct store *s, const struct table *table,
                      const struct row *row)
{
    return shown(a, s, table, row, false, true);
}

enum err access_listed(struct access *a, struct store *s, const struct table *table,
                       const struct row *row)
{
    enum { MANY = 2 };
    struct seen seen;
    if (table->facet == FACET_NOTES || table->facet == FACET_VAULT ||
        table->id == TABLE_CONFLICT)
        return access_shown(a, s, table, row);
    if (table->scope == SCOPE_PERSON || a->listed_of == MANY)
        return ERR_OK;
    enum err err = seen_by(s, table, row, &seen);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    if (a->listed_of == 0 || !id_eq(&a->listed, &seen.person))
        a->listed_of++;
    a->listed = seen.person;
    return ERR_OK;
}

/* ---- noting it ---- */

/* One transaction in the making. */
struct noting {
    struct store *s;
    const struct table *table;
    struct edit *edit; /* NULL: nothing is new so far */
    struct id staff;
    int64_t now_ms;
    struct str reason;
    struct note *why;
};

static struct id id_of(struct noting *n, const struct seen *seen)
{
    char day[24];
    int len = snprintf(day, sizeof day, "%lld", (long long)(n->now_ms / DAY_MS));
    if (seen->opened == ACCESS_NUMBER)
        return store_new_id(n->s);
    struct str parts[] = {{(const char *)seen->person.b, ID_BYTES},
                          {(const char *)n->staff.b, ID_BYTES},
                          str_of(codes[seen->opened]),
                          {day, (size_t)len},
                          str_of(exported)};
    return id_derive(TABLE_ACCESS_LOG, parts, seen->taken ? 5 : 4);
}

static enum err note_one(struct noting *n, const struct seen *seen)
{
    struct edit_value values[5];
    struct scope scope;
    size_t count = 0;
    struct id id = id_of(n, seen);
    enum err err = rows_locate(n->s, n->table, &id, &scope);
    if (err != ERR_NOTFOUND)
        return err;
    const struct field *fields = n->table->fields;
    values[count++] = (struct edit_value){&fields[0], value_id(&seen->person)};
    if (!id_is_null(&n->staff))
        values[count++] = (struct edit_value){&fields[1], value_id(&n->staff)};
    values[count++] = (struct edit_value){&fields[2], value_text(str_of(codes[seen->opened]))};
    values[count++] = (struct edit_value){&fields[3], value_int(n->now_ms)};
    struct str reason = n->reason.n == 0 && seen->taken ? str_of(exported) : n->reason;
    if (reason.n > 0)
        values[count++] = (struct edit_value){&fields[4], value_text(reason)};
    err = n->edit == NULL ? edit_open(n->s, &n->edit, n->why) : ERR_OK;
    if (err != ERR_OK)
        return err;
    edit_recording(n->edit);
    return edit_insert_as(n->edit, n->table, &id, values, count, n->why);
}

/* A server that knows no such rows would refuse them, one by one, and people would have to look
 * at that. */
static enum err is_wanted(struct store *s, bool *out)
{
    int64_t schema = 0;
    enum err err =
        s->env.side == STORE_SERVER ? ERR_OK : meta_get_int(s, META_SERVER_SCHEMA, &schema);
    *out = schema == 0 || schema >= ACCESS_SCHEMA;
    return err;
}

/* At most so many bytes, whole characters. */
static struct str cut(struct str text, size_t max)
{
    size_t n = text.n < max ? text.n : max;
    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return (struct str){text.p, n};
}

enum err access_save(struct access *a, struct store *s, const struct id *staff,
                     struct str reason, struct note *why)
{
    const struct seen listed = {.person = a->listed, .opened = ACCESS_DOSSIER};
    enum err err = a->listed_of == 1 ? add(a, &listed) : ERR_OK;
    a->listed_of = 0;
    if (err != ERR_OK || a->list.n == 0) /* also of a command without a store */
        return err;
    struct noting n = {.s = s,
                       .table = schema_table(s->env.schema, TABLE_ACCESS_LOG),
                       .staff = s->env.side == STORE_SERVER ? *staff : s->staff,
                       .now_ms = store_now(s),
                       .reason = cut(reason, ACCESS_REASON_MAX),
                       .why = why};
    bool wanted = false;
    err = is_wanted(s, &wanted);
    for (size_t at = 0; at < a->list.n && wanted && n.table != NULL && err == ERR_OK;
         at += sizeof(struct seen)) {
        struct seen seen;
        memcpy(&seen, a->list.p + at, sizeof seen);
        err = note_one(&n, &seen);
    }
    buf_clear(&a->list);
    if (n.edit != NULL && err == ERR_OK)
        return edit_commit(n.edit, why);
    edit_abort(n.edit);
    return err;
}

/* ---- for people ---- */

struct listing {
    struct store *s;
    const struct table *table;
    struct id person;
    access_on_entry *on_entry;
    void *ctx;
};

static enum err device_of(struct store *s, uint32_t origin, uint32_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ORIGIN_GET, &stmt);
    *out = 0;
    if (err != ERR_OK || origin == 0)
        return err;
    bind_int(stmt, 1, origin);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *out = (uint32_t)col_int(stmt, 1);
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct listing *l = ctx;
    const struct value *staff = value_of(l->table, row->values, FIELD_ACCESS_STAFF);
    const struct value *opened = value_of(l->table, row->values, FIELD_ACCESS_OPENED);
    const struct value *at = value_of(l->table, row->values, FIELD_ACCESS_AT);
    const struct value *reason = value_of(l->table, row->values, FIELD_ACCESS_REASON);
    struct access_entry entry = {.person = l->person, .at_ms = at->i};
    if (staff->type == VALUE_BYTES && staff->s.n == ID_BYTES)
        memcpy(entry.staff.b, staff->s.p, ID_BYTES);
    entry.opened = opened->type == VALUE_TEXT ? opened->s : STR("");
    entry.reason = reason->type == VALUE_TEXT ? reason->s : STR("");
    enum err err = device_of(l->s, row->stamp.origin, &entry.device);
    return err == ERR_OK ? l->on_entry(l->ctx, &entry) : err;
}

enum err access_list(struct store *s, const struct id *person, access_on_entry *on_entry,
                     void *ctx)
{
    const struct table *persons = schema_table(s->env.schema, TABLE_PERSON);
    const struct table *table = schema_table(s->env.schema, TABLE_ACCESS_LOG);
    struct id same[TIES_ROWS_MAX];
    size_t n = 0;
    enum err err = ties_all(s, persons, person, same, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        struct listing l = {s, table, same[i], on_entry, ctx};
        struct filter of = {&table->fields[0], value_id(&same[i])};
        err = rows_list(s, table, &of, 1, false, 0, on_row, &l);
    }
    return err;
}

enum err access_holders(struct store *s, const struct id *person, access_on_holder *on_holder,
                        void *ctx)
{
    const struct table *persons = schema_table(s->env.schema, TABLE_PERSON);
    struct scope scope;
    struct stmt *stmt = NULL;
    enum err err = rows_locate(s, persons, person, &scope);
    if (err == ERR_OK)
        err = store_sql(s, SQL_ACCESS_HELD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, scope.home);
    bind_int(stmt, 2, scope.dossier);
    bind_int(stmt, 3, SEEN_SLACK_MS);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct access_holder h = {.facets = (uint8_t)col_int(stmt, 1),
                                  .from_ms = col_int(stmt, 2),
                                  .until_ms = col_int(stmt, 3)};
        h.until_ms = h.until_ms == GRANT_OPEN ? 0 : h.until_ms;
        if (!col_null(stmt, 4)) {
            h.device = (uint32_t)col_int(stmt, 4);
            h.name = col_text(stmt, 5);
            h.seen_ms = col_int(stmt, 6);
        }
        err = col_id(stmt, 0, &h.staff) ? on_holder(ctx, &h) : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

/* ---- alerts ---- */

static enum err limit_of(struct store *s, const struct id *staff, int64_t day, uint64_t *out)
{
    struct stmt *stmt = NULL;
    struct id structure = {0};
    int64_t limit = 0;
    enum err err = store_sql(s, SQL_STAFF_HOME, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        (void)col_id(stmt, 0, &structure);
    stmt_reset(stmt);
    err = step == STEP_FAILED
              ? db_error(s->db)
              : parameter_number(s, PARAMETER_ACCESS_ALERT, &structure, day, &limit);
    *out = (uint64_t)limit;
    return err;
}

/* Every day and person, collected first: the limits are asked for by other statements. */
static enum err list_days(struct store *s, int64_t since_ms, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ACCESS_DAYS, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, since_ms);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct access_alert a = {.day = col_int(stmt, 0),
                                 .dossiers = (uint64_t)col_int(stmt, 2)};
        err = col_id(stmt, 1, &a.staff) ? ERR_OK : ERR_CORRUPT;
        buf_add(out, &a, sizeof a);
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        return db_error(s->db);
    return err == ERR_OK ? out->err : err;
}

enum err access_alerts(struct store *s, int64_t since_ms, access_on_alert *on_alert, void *ctx)
{
    struct buf days = {0};
    enum err err = list_days(s, since_ms, &days);
    for (size_t at = 0; at < days.n && err == ERR_OK; at += sizeof(struct access_alert)) {
        struct access_alert a;
        memcpy(&a, days.p + at, sizeof a);
        err = limit_of(s, &a.staff, a.day, &a.limit);
        if (err == ERR_OK && a.dossiers > a.limit)
            err = on_alert(ctx, &a);
    }
    buf_done(&days);
    return err;
}
