/* SPDX-License-Identifier: Apache-2.0 */
#include "store/feed.h"

#include "proto/message.h"
#include "store/inside.h"

enum { LANE_ENTRIES = 128 };

/* What the row takes in a page, or a little more. */
static size_t weight(const struct table *table, const struct row *row)
{
    enum { HEAD_BYTES = 128, VALUE_BYTES_EACH = 14, VERSION_BYTES = 18 };
    size_t n = HEAD_BYTES + row->raw.n + row->versions.count * VERSION_BYTES;
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct value *v = &row->values[i];
        n += VALUE_BYTES_EACH;
        n += v->type == VALUE_TEXT || v->type == VALUE_BYTES ? v->s.n : 0;
    }
    return n;
}

enum err feed_move(struct store *s, const struct table *table, struct row *row, uint8_t facet,
                   uint64_t seq)
{
    struct stmt *stmt = NULL;
    enum err err = ERR_OK;
    if (row->seq != 0) {
        err = store_sql(s, SQL_FEED_DROP, &stmt);
        if (err != ERR_OK)
            return err;
        bind_int(stmt, 1, row->scope.home);
        bind_int(stmt, 2, (int64_t)row->seq);
        bind_int(stmt, 3, table->id);
        bind_int(stmt, 4, row->rid);
        err = stmt_run(stmt);
    }
    if (err == ERR_OK)
        err = store_sql(s, SQL_FEED_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, row->scope.home);
    bind_int(stmt, 2, (int64_t)seq);
    bind_int(stmt, 3, table->id);
    bind_int(stmt, 4, row->rid);
    bind_int(stmt, 5, row->scope.dossier);
    bind_int(stmt, 6, facet);
    err = stmt_run(stmt);
    if (err == ERR_OK) {
        row->seq = seq;
        s->moved_bytes += weight(table, row);
    }
    return err;
}

struct entry {
    uint64_t seq;
    uint16_t table;
    int64_t rid;
    uint8_t facet;
};

/* The entries of one home, fetched in runs; several lanes are merged by seq. */
struct lane {
    uint32_t home;
    uint8_t facets;
    bool drained;
    struct entry after; /* last entry fetched */
    uint32_t n, at;
    struct entry run[LANE_ENTRIES];
};

static enum err refill(struct store *s, struct lane *lane, uint64_t end)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_FEED_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, lane->home);
    bind_int(stmt, 2, (int64_t)lane->after.seq);
    bind_int(stmt, 3, lane->after.table);
    bind_int(stmt, 4, lane->after.rid);
    bind_int(stmt, 5, (int64_t)end);
    bind_int(stmt, 6, LANE_ENTRIES);
    lane->n = 0;
    lane->at = 0;
    enum step step = STEP_DONE;
    while (lane->n < LANE_ENTRIES && (step = stmt_step(stmt)) == STEP_ROW) {
        struct entry *e = &lane->run[lane->n++];
        e->seq = (uint64_t)col_int(stmt, 0);
        e->table = (uint16_t)col_int(stmt, 1);
        e->rid = col_int(stmt, 2);
        e->facet = (uint8_t)col_int(stmt, 4);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    lane->drained = lane->n < LANE_ENTRIES;
    if (lane->n > 0)
        lane->after = lane->run[lane->n - 1];
    return ERR_OK;
}

/* The lane with the lowest next seq, or NULL when all are empty. */
static enum err lowest(struct store *s, struct lane *lanes, uint32_t count, uint64_t end,
                       struct lane **out)
{
    struct lane *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct lane *lane = &lanes[i];
        if (lane->at == lane->n && !lane->drained) {
            enum err err = refill(s, lane, end);
            if (err != ERR_OK)
                return err;
        }
        if (lane->at < lane->n &&
            (best == NULL || lane->run[lane->at].seq < best->run[best->at].seq))
            best = lane;
    }
    *out = best;
    return ERR_OK;
}

static bool is_known_own(const struct row *row, const struct feed_reader *reader)
{
    bool made_after = row->versions.made_seq > reader->base;
    /* Raw fields have no seq of their own. */
    if (reader->full || row->raw.n > 0 || (made_after && row->stamp.origin != reader->origin))
        return false;
    for (uint32_t i = 0; i < row->versions.count; i++) {
        const struct version *v = &row->versions.list[i];
        if (v->seq > reader->base && (v->retold || v->stamp.origin != reader->origin))
            return false;
    }
    return true;
}

static void encode_versions(const struct row *row, struct buf *out)
{
    pack_array(out, row->versions.count * 3);
    for (uint32_t i = 0; i < row->versions.count; i++) {
        const struct version *v = &row->versions.list[i];
        pack_int(out, v->field);
        pack_uint(out, v->stamp.hlc);
        pack_uint(out, v->stamp.origin);
    }
}

static void encode_whole(const struct table *table, const struct row *row, struct buf *out)
{
    uint32_t pairs = row->deleted ? 1 : 0;
    for (uint16_t i = 0; i < table->field_count; i++)
        pairs += row->values[i].type != VALUE_NULL ? 1 : 0;
    pack_array(out, FEED_WHOLE_HEAD + pairs * 2);
    pack_int(out, FEED_WHOLE);
    pack_int(out, table->id);
    pack_id(out, &row->id);
    pack_uint(out, row->stamp.hlc);
    pack_uint(out, row->stamp.origin);
    pack_id(out, &row->by);
    pack_uint(out, row->form);
    encode_versions(row, out);
    if (row->raw.n > 0)
        pack_bin(out, row->raw);
    else
        pack_nil(out);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (row->values[i].type == VALUE_NULL)
            continue;
        pack_int(out, table->fields[i].id);
        value_pack(&row->values[i], out);
    }
    if (row->deleted) {
        pack_int(out, FIELD_DELETED);
        pack_bool(out, true);
    }
}

/* What changed after `base`, not only after the cursor: a row that changed again before it was
 * read has moved to this page and is in none before. */
static void encode_partial(const struct table *table, const struct row *row, uint64_t base,
                           struct buf *out)
{
    uint32_t fields = 0;
    for (uint32_t i = 0; i < row->versions.count; i++)
        fields += row->versions.list[i].seq > base ? 1 : 0;
    pack_array(out, FEED_PARTIAL_HEAD + fields * 4);
    pack_int(out, FEED_PARTIAL);
    pack_int(out, table->id);
    pack_id(out, &row->id);
    for (uint32_t i = 0; i < row->versions.count; i++) {
        const struct version *v = &row->versions.list[i];
        if (v->seq <= base)
            continue;
        pack_int(out, v->field);
        pack_uint(out, v->stamp.hlc);
        pack_uint(out, v->stamp.origin);
        int index = schema_field_index(table, v->field);
        if (index >= 0)
            value_pack(&row->values[index], out);
        else
            pack_bool(out, v->field == FIELD_DELETED && row->deleted);
    }
}

static enum err encode_row(struct store *s, const struct feed_reader *reader,
                           const struct entry *e, struct row *row, struct buf *out,
                           uint32_t *rows)
{
    const struct table *table = schema_table(s->env.schema, e->table);
    if (table == NULL)
        return ERR_CORRUPT;
    struct arena arena = {0};
    enum err err = rows_at(s, table, e->rid, &arena, row);
    if (err == ERR_OK && !is_known_own(row, reader)) {
        bool whole = reader->full || row->versions.made_seq > reader->base || row->raw.n > 0;
        if (whole)
            encode_whole(table, row, out);
        else
            encode_partial(table, row, reader->base, out);
        (*rows)++;
        err = out->err;
    }
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_CORRUPT : err;
}

static enum err read_lanes(struct store *s, const struct feed_reader *reader,
                           struct lane *lanes, uint32_t count, struct buf *body,
                           struct feed_page *page)
{
    struct row *row = mem_new(sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : ERR_OK;
    size_t start = body->n;
    uint64_t seq = reader->cursor;
    bool closed = false;
    while (err == ERR_OK) {
        struct lane *lane = NULL;
        err = lowest(s, lanes, count, page->end, &lane);
        if (err != ERR_OK || lane == NULL)
            break;
        const struct entry *e = &lane->run[lane->at];
        bool full = page->rows >= MESSAGE_PAGE_ROWS || body->n - start >= MESSAGE_PAGE_BYTES;
        /* Only between two operations. */
        if (full && e->seq != seq) {
            closed = true;
            break;
        }
        seq = e->seq;
        lane->at++;
        if ((e->facet & lane->facets) != 0)
            err = encode_row(s, reader, e, row, body, &page->rows);
    }
    page->to = closed ? seq : page->end;
    mem_free(row);
    return err;
}

enum err feed_read(struct store *s, const struct feed_reader *reader, struct buf *body,
                   struct feed_page *out)
{
    struct feed_page page = {.from = reader->cursor, .to = reader->cursor, .end = s->seq};
    if (reader->cursor >= s->seq) {
        page.end = reader->cursor;
        *out = page;
        return ERR_OK;
    }
    struct lane *lanes = mem_array(reader->grants.count + 1, sizeof *lanes);
    if (lanes == NULL)
        return ERR_NOMEM;
    uint32_t count = 0;
    lanes[count++] = (struct lane){.home = SCOPE_HOME_NETWORK, .facets = FACET_FACTS};
    for (uint32_t i = 0; i < reader->grants.count; i++) {
        const struct grant *grant = &reader->grants.list[i];
        if (grant->facets != 0)
            lanes[count++] = (struct lane){.home = grant->home, .facets = grant->facets};
    }
    for (uint32_t i = 0; i < count; i++)
        lanes[i].after =
            (struct entry){.seq = reader->cursor, .table = UINT16_MAX, .rid = INT64_MAX};
    enum err err = read_lanes(s, reader, lanes, count, body, &page);
    mem_free(lanes);
    if (err == ERR_OK)
        *out = page;
    return err;
}
