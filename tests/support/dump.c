/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/dump.h"

#include "store/grants.h"
#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>

struct dump {
    struct store *s;
    const struct table *table;
    const struct id *viewer;
    struct grants grants; /* the viewer's, as the server keeps them */
    struct buf *lines;    /* of the table, not in order */
    size_t n, room;
};

/* A row of a table without a facet has one of its own, kept in its entry of the feed. */
static uint8_t facet_of(struct store *s, const struct table *table, const struct row *row)
{
    struct stmt *stmt = NULL;
    uint8_t facet = 0;
    if (db_prepare(s->db, "SELECT facet FROM feed WHERE tab=?1 AND rid=?2 AND seq=?3", &stmt) !=
        ERR_OK)
        return 0;
    bind_int(stmt, 1, table->id);
    bind_int(stmt, 2, row->rid);
    bind_int(stmt, 3, (int64_t)row->seq);
    if (stmt_step(stmt) == STEP_ROW)
        facet = (uint8_t)col_int(stmt, 0);
    stmt_free(stmt);
    return facet;
}

bool dump_may_see(struct store *s, const struct grants *grants, const struct table *table,
                  const struct row *row)
{
    uint8_t facet = table->facet != 0 ? table->facet : facet_of(s, table, row);
    return scope_may_read(grants, row->scope, facet);
}

static void print_stamp(struct buf *out, struct stamp stamp)
{
    buf_printf(out, "@%llx.%u", (unsigned long long)stamp.hlc, stamp.origin);
}

static enum err dump_row(void *ctx, const struct row *row)
{
    struct dump *d = ctx;
    if (d->viewer != NULL && d->s->env.side == STORE_SERVER &&
        !dump_may_see(d->s, &d->grants, d->table, row))
        return ERR_OK;
    if (d->n == d->room) {
        d->room = d->room == 0 ? 256 : 2 * d->room;
        d->lines = mem_grow(d->lines, d->room * sizeof *d->lines);
        must(d->lines != NULL);
    }
    struct buf *out = &d->lines[d->n++];
    *out = (struct buf){.n = 0};
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    buf_printf(out, "%s %s form=%u deleted=%d", d->table->name, id, row->form,
               row->deleted ? 1 : 0);
    print_stamp(out, row_stamp(row, FIELD_DELETED));
    id_print(&row->by, id);
    buf_printf(out, " by=%s", id);
    for (uint16_t i = 0; i < d->table->field_count; i++) {
        const struct field *field = &d->table->fields[i];
        struct stamp stamp = row_stamp(row, field->id);
        if (row->values[i].type == VALUE_NULL && stamp_eq(stamp, row->stamp))
            continue;
        buf_printf(out, " %s", field->name);
        print_stamp(out, stamp);
        buf_u8(out, '=');
        value_print(field->kind, &row->values[i], out);
    }
    return out->err;
}

bool dump_empty(struct store *s, const struct table *table)
{
    struct stmt *stmt = NULL;
    bool empty = false;
    char sql[120];
    (void)snprintf(sql, sizeof sql, "SELECT 1 FROM t_%s LIMIT 1", table->name);
    if (db_prepare(s->db, sql, &stmt) != ERR_OK)
        return false;
    empty = stmt_step(stmt) == STEP_DONE;
    stmt_free(stmt);
    return empty;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(buf_str(a), buf_str(b));
}

static enum err dump_table(struct dump *d, struct buf *out)
{
    enum err err = rows_list(d->s, d->table, NULL, 0, false, 0, dump_row, d);
    if (err == ERR_OK)
        err = rows_list(d->s, d->table, NULL, 0, true, 0, dump_row, d);
    if (d->n > 0)
        qsort(d->lines, d->n, sizeof *d->lines, by_text);
    for (size_t k = 0; k < d->n; k++) {
        buf_add(out, d->lines[k].p, d->lines[k].n);
        buf_u8(out, '\n');
        buf_done(&d->lines[k]);
    }
    d->n = 0;
    return err == ERR_OK ? out->err : err;
}

enum err dump_store(struct store *s, const struct id *viewer, struct buf *out)
{
    struct dump d = {.s = s, .viewer = viewer};
    const struct grants_had nothing = {.held = 0};
    uint64_t version = 0;
    enum err err = ERR_OK;
    if (viewer != NULL && s->env.side == STORE_SERVER)
        err = grants_load(s, viewer, &nothing, &d.grants, &version, NULL);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        d.table = &s->env.schema->tables[i];
        if (!dump_empty(s, d.table))
            err = dump_table(&d, out);
    }
    mem_free(d.lines);
    grants_done(&d.grants);
    return err;
}

struct str dump_line(struct str *rest)
{
    const char *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    struct str line = {rest->p, end == NULL ? rest->n : (size_t)(end - rest->p)};
    size_t used = line.n + (end == NULL ? 0 : 1);
    rest->p += used;
    rest->n -= used;
    return line;
}
