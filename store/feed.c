/* SPDX-License-Identifier: Apache-2.0 */
#include "store/feed.h"

#include "proto/message.h"
#include "store/digest.h"
#include "store/inside.h"
#include "store/recent.h"

enum {
    LANE_ENTRIES = 128,
    NARROW_LANES = 64, /* of single dossiers, in one page */
    LANE_WORTH = 32,   /* entries that are passed over in the time one lane more takes */
    FOUND_LATE = 4096, /* what is newer is walked through … */
    FOUND_STEP = 128, /* … what is older is sorted by so many seqs, which are in memory … */
    FOUND_MOST = 50000, /* … and once so many entries are findable, the next one goes on */
};

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

/* Where it is found by dossier, it is not there any more. */
static enum err drop_found(struct store *s, const struct table *table, const struct row *row)
{
    struct stmt *stmt = NULL;
    if (row->seq > s->feed_of)
        return ERR_OK;
    enum err err = store_sql(s, SQL_FEED_OF_DROP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, row->scope.home);
    bind_int(stmt, 2, row->scope.dossier);
    bind_int(stmt, 3, (int64_t)row->seq);
    bind_int(stmt, 4, table->id);
    bind_int(stmt, 5, row->rid);
    return stmt_run(stmt);
}

static void bind_place(struct stmt *stmt, const struct table *table, const struct row *row)
{
    bind_int(stmt, 1, row->scope.home);
    bind_int(stmt, 2, (int64_t)row->seq);
    bind_int(stmt, 3, table->id);
    bind_int(stmt, 4, row->rid);
}

/* Looked at first, and deleted then: RETURNING builds a table of its own for its one row. */
enum err feed_drop(struct store *s, const struct table *table, const struct row *row)
{
    struct stmt *stmt = NULL;
    recent_forget(s); /* also where it stays under its number */
    enum err err = drop_found(s, table, row);
    if (err == ERR_OK)
        err = store_sql(s, SQL_FEED_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_place(stmt, table, row);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        digest_take(s, row->scope, (uint8_t)col_int(stmt, 0), (uint64_t)col_int(stmt, 1));
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
    err = store_sql(s, SQL_FEED_DROP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_place(stmt, table, row);
    return stmt_run(stmt);
}

enum err feed_move(struct store *s, const struct table *table, struct row *row, uint8_t facet,
                   uint64_t seq)
{
    struct stmt *stmt = NULL;
    uint64_t sum = 0;
    enum err err = row->seq == 0 ? ERR_OK : feed_drop(s, table, row);
    if (err == ERR_OK)
        err = digest_row(table, row, &s->row_bytes, &sum);
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
    bind_int(stmt, 7, (int64_t)sum);
    err = stmt_run(stmt);
    if (err == ERR_OK) {
        digest_add(s, row->scope, facet, sum);
        row->seq = seq;
        s->moved_bytes += weight(table, row);
        s->moved_others = s->moved_others || row->stamp.origin != s->mover ||
                          row->versions.count != 0 || row->raw.n != 0;
    }
    return err;
}

void feed_span_add(struct buf *list, const struct feed_span *span)
{
    struct feed_span last = {0};
    if (list->n > 0)
        memcpy(&last, list->p + list->n - sizeof last, sizeof last);
    if (last.to + 1 == span->from && last.to != 0) {
        last.to = span->to;
        memcpy(list->p + list->n - sizeof last, &last, sizeof last);
    } else if (list->n < FEED_SPANS_MAX * sizeof *span) {
        buf_add(list, span, sizeof *span);
        if (list->err != ERR_OK)
            buf_clear(list);
    }
}

void feed_spans_read(struct buf *list, uint64_t cursor)
{
    struct feed_span span;
    while (list->n > 0) {
        memcpy(&span, list->p, sizeof span);
        if (span.to > cursor)
            return;
        buf_drop(list, sizeof span);
    }
}

/* Where the span of the reader's own that holds `seq` ends; 0: none does. */
static uint64_t own_through(const struct feed_reader *reader, uint64_t seq)
{
    for (size_t at = 0; at < reader->own.n && !reader->full; at += sizeof(struct feed_span)) {
        struct feed_span span;
        memcpy(&span, reader->own.p + at, sizeof span);
        if (span.from <= seq && seq <= span.to)
            return span.to;
    }
    return 0;
}

struct entry {
    uint64_t seq;
    uint16_t table;
    int64_t rid;
    uint32_t dossier;
    uint8_t facet;
};

/* The entries of one home, or of one dossier there (0: of none), through `end`, fetched in
 * runs; several lanes are merged by seq. */
struct lane {
    uint32_t home, dossier;
    bool narrow; /* of this dossier only */
    bool drained;
    uint64_t end;
    struct entry after; /* last entry fetched */
    uint32_t n, at;
    struct entry run[LANE_ENTRIES];
};

/* How an entry goes to this reader. */
struct passage {
    bool sent;
    bool found;     /* by dossier: a hint, the row itself says whether it stands there */
    bool fresh;     /* of a scope its copy does not have yet: whole */
    uint64_t since; /* fresh: what it wrote itself after this seq is there all the same */
};

/* Past what the reader wrote itself, unless it is of a scope that has left and come again. A
 * run may have ended in the midst of an operation: then the rest of that comes first. */
static void pass_own(const struct feed_reader *reader, struct lane *lane)
{
    bool whole = lane->after.table == UINT16_MAX;
    uint64_t from = lane->after.seq + (whole ? 1 : 0);
    uint64_t to = own_through(reader, from);
    for (uint32_t i = 0; i < reader->grants.count && to != 0; i++)
        to = reader->grants.list[i].since > from ? 0 : to;
    if (to != 0)
        lane->after = (struct entry){.seq = to, .table = UINT16_MAX, .rid = INT64_MAX};
}

static enum err refill(struct store *s, const struct feed_reader *reader, struct lane *lane)
{
    pass_own(reader, lane);
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, lane->narrow ? SQL_FEED_OF_DOSSIER : SQL_FEED_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    if (lane->narrow)
        bind_int(stmt, 7, lane->dossier);
    bind_int(stmt, 1, lane->home);
    bind_int(stmt, 2, (int64_t)lane->after.seq);
    bind_int(stmt, 3, lane->after.table);
    bind_int(stmt, 4, lane->after.rid);
    bind_int(stmt, 5, (int64_t)lane->end);
    bind_int(stmt, 6, LANE_ENTRIES);
    lane->n = 0;
    lane->at = 0;
    enum step step = STEP_DONE;
    while (lane->n < LANE_ENTRIES && (step = stmt_step(stmt)) == STEP_ROW) {
        struct entry *e = &lane->run[lane->n++];
        e->seq = (uint64_t)col_int(stmt, 0);
        e->table = (uint16_t)col_int(stmt, 1);
        e->rid = col_int(stmt, 2);
        e->dossier = (uint32_t)col_int(stmt, 3);
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
static enum err lowest(struct store *s, const struct feed_reader *reader, struct lane *lanes,
                       uint32_t count, struct lane **out)
{
    struct lane *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct lane *lane = &lanes[i];
        if (lane->at == lane->n && !lane->drained) {
            enum err err = refill(s, reader, lane);
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

/* One grant that opens the entry's facet: the best of them counts. */
static void pass_by(struct passage *p, const struct grant *g, uint8_t held, uint64_t *filled)
{
    p->sent = true;
    p->fresh = p->fresh && held == 0;
    if (g->since < p->since)
        p->since = g->since;
    if (g->filled > *filled)
        *filled = g->filled;
}

static struct passage pass(const struct feed_reader *reader, uint32_t home,
                           const struct entry *e)
{
    struct passage p = {.fresh = true, .since = UINT64_MAX};
    uint64_t filled = 0;
    const struct grant *h = grants_find(&reader->grants, home, 0);
    const struct grant *d =
        e->dossier == 0 ? NULL : grants_find(&reader->grants, home, e->dossier);
    if (h != NULL && e->dossier == 0 && (h->facets & e->facet) != 0)
        pass_by(&p, h, h->held_facets & e->facet, &filled);
    if (h != NULL && e->dossier != 0 && (h->dossiers & e->facet) != 0)
        pass_by(&p, h, h->held_dossiers & e->facet, &filled);
    if (d != NULL && (d->facets & e->facet) != 0)
        pass_by(&p, d, d->held_facets & e->facet, &filled);
    if (reader->cursor < reader->fill_to && (!p.fresh || e->seq <= filled))
        p.sent = false;
    return p;
}

static bool needs_filling(const struct grant *g, uint64_t pulled)
{
    unsigned missing =
        (g->facets & ~(unsigned)g->held_facets) | (g->dossiers & ~(unsigned)g->held_dossiers);
    return missing != 0 && g->filled < pulled;
}

uint64_t feed_fill_from(const struct grants *grants, uint64_t pulled)
{
    uint64_t from = pulled;
    for (uint32_t i = 0; i < grants->count; i++) {
        const struct grant *g = &grants->list[i];
        if (needs_filling(g, pulled) && g->filled < from)
            from = g->filled;
    }
    return from;
}

static bool is_known_own(const struct row *row, const struct feed_reader *reader,
                         const struct passage *p)
{
    bool made_after = row->versions.made_seq > reader->base;
    /* Raw fields have no seq of their own. */
    if (reader->full || row->raw.n > 0 || (made_after && row->stamp.origin != reader->origin))
        return false;
    /* It may have left the copy since, with the scope. */
    if (p->fresh && (row->versions.made_seq < p->since || row->stamp.origin != reader->origin))
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

/* What another reader was just told of the row, if this one is told the same; true: done. */
static bool encode_again(const struct store *s, const struct feed_reader *reader,
                         const struct entry *e, const struct passage *p, struct buf *out,
                         uint32_t *rows)
{
    struct str bytes;
    const struct recent *r = recent_find(s, e->table, e->rid, e->seq, &bytes);
    if (r == NULL || p->found || e->seq <= reader->base || r->origin == reader->origin)
        return false;
    buf_add(out, bytes.p, bytes.n);
    (*rows)++;
    return true;
}

static enum err encode_row(struct store *s, const struct feed_reader *reader,
                           const struct entry *e, const struct passage *p, struct row *row,
                           struct buf *out, uint32_t *rows)
{
    const struct table *table = schema_table(s->env.schema, e->table);
    if (table == NULL)
        return ERR_CORRUPT;
    if (encode_again(s, reader, e, p, out, rows))
        return out->err;
    size_t start = out->n;
    struct arena arena = {0};
    enum err err = rows_at(s, table, e->rid, &arena, row);
    bool past = p->found && (err == ERR_NOTFOUND || (err == ERR_OK && row->seq != e->seq));
    err = past ? ERR_OK : err;
    if (err == ERR_OK && !past && !is_known_own(row, reader, p)) {
        bool whole =
            reader->full || p->fresh || row->versions.made_seq > reader->base || row->raw.n > 0;
        if (whole)
            encode_whole(table, row, out);
        else
            encode_partial(table, row, reader->base, out);
        (*rows)++;
        err = out->err;
        if (whole && err == ERR_OK)
            recent_keep(s, table->id, row,
                        (struct str){(const char *)out->p + start, out->n - start});
    }
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_CORRUPT : err;
}

static enum err read_lanes(struct store *s, const struct feed_reader *reader,
                           struct lane *lanes, uint32_t count, uint64_t end, struct buf *body,
                           struct feed_page *page)
{
    struct row *row = mem_new(sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : ERR_OK;
    size_t start = body->n;
    uint64_t seq = reader->cursor;
    uint32_t scanned = 0;
    bool closed = false;
    while (err == ERR_OK) {
        struct lane *lane = NULL;
        err = lowest(s, reader, lanes, count, &lane);
        if (err != ERR_OK || lane == NULL)
            break;
        const struct entry *e = &lane->run[lane->at];
        bool full = page->rows >= MESSAGE_PAGE_ROWS || body->n - start >= MESSAGE_PAGE_BYTES ||
                    scanned++ >= FEED_SCAN;
        /* Only between two operations. */
        if (full && e->seq != seq) {
            closed = true;
            break;
        }
        seq = e->seq;
        lane->at++;
        struct passage p = pass(reader, lane->home, e);
        p.found = lane->narrow;
        if (p.sent && !(own_through(reader, e->seq) != 0 && (!p.fresh || e->seq >= p.since)))
            err = encode_row(s, reader, e, &p, row, body, &page->rows);
    }
    page->to = closed ? seq : end;
    page->last = !closed && end == s->seq;
    mem_free(row);
    return err;
}

/* May entries go to the reader by this grant now? */
static bool is_open(const struct feed_reader *reader, const struct grant *g)
{
    bool filling = reader->cursor < reader->fill_to;
    return filling ? needs_filling(g, reader->fill_to) : g->facets != 0 || g->dossiers != 0;
}

/* The grants of one home. */
struct stretch {
    uint32_t from, to;
    uint32_t open; /* of them */
    bool wide;     /* one opens all its dossiers */
};

static struct stretch stretch_at(const struct feed_reader *reader, uint32_t from)
{
    const struct grants *grants = &reader->grants;
    struct stretch home = {.from = from, .to = from};
    while (home.to < grants->count && grants->list[home.to].home == grants->list[from].home) {
        const struct grant *g = &grants->list[home.to++];
        bool open = is_open(reader, g);
        home.open += open ? 1 : 0;
        home.wide = home.wide || (open && g->dossiers != 0);
    }
    return home;
}

/* Lanes that are counted only (list NULL), or laid out. */
struct lanes {
    struct lane *list;
    uint32_t count, narrow;
};

static void begin_lane(struct lanes *lanes, const struct grant *g, bool narrow, uint64_t from,
                       uint64_t end)
{
    if (lanes->list != NULL) {
        struct lane *lane = &lanes->list[lanes->count];
        lane->home = g->home;
        lane->dossier = g->dossier;
        lane->narrow = narrow;
        lane->end = end;
        lane->after = (struct entry){.seq = from, .table = UINT16_MAX, .rid = INT64_MAX};
    }
    lanes->count++;
    lanes->narrow += narrow ? 1 : 0;
}

/* What may go to the reader now, through `end`. A home is walked through where that is the
 * shorter way. Where more has changed in the dossiers of others, those of the reader are asked
 * for one by one, as far as they are found like that. */
static void choose_lanes(const struct feed_reader *reader, uint64_t found, uint64_t end,
                         struct lanes *out)
{
    const struct grants *grants = &reader->grants;
    found = found < end ? found : end;
    for (struct stretch home = {.to = 0}; home.to < grants->count;) {
        home = stretch_at(reader, home.to);
        const struct grant *first = &grants->list[home.from];
        uint64_t worth = reader->cursor + (uint64_t)home.open * LANE_WORTH;
        bool each = first->home != SCOPE_HOME_NETWORK && !home.wide && worth < found &&
                    home.open <= NARROW_LANES - out->narrow;
        for (uint32_t i = home.from; each && i < home.to; i++)
            if (is_open(reader, &grants->list[i]))
                begin_lane(out, &grants->list[i], true, reader->cursor, found);
        uint64_t from = each ? found : reader->cursor;
        if (home.open > 0 && from < end)
            begin_lane(out, first, false, from, end);
    }
}

/* Entries of the seqs (from, to]; *found grows by their number. */
static enum err find_step(struct store *s, uint64_t from, uint64_t to, int64_t *found)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_FEED_OF_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)from);
    bind_int(stmt, 2, (int64_t)to);
    err = stmt_run(stmt);
    *found += db_changes(s->db);
    return err;
}

/* Entries are made findable by dossier when somebody has far to read who asks for them like
 * that, not with every commit: most are written once and read by few. A full disk only means
 * that they are not. */
static enum err find_more(struct store *s)
{
    uint64_t to = s->feed_of;
    int64_t found = 0;
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && to < s->seq && found < FOUND_MOST) {
        uint64_t from = to;
        to = s->seq - from > FOUND_STEP ? from + FOUND_STEP : s->seq;
        err = find_step(s, from, to, &found);
    }
    if (err == ERR_OK)
        err = meta_set_int(s, META_FEED_OF, (int64_t)to);
    err = store_end(s, err);
    if (err == ERR_OK)
        s->feed_of = to;
    return err == ERR_FULL ? ERR_OK : err;
}

/* Would more of what is ahead be asked for by dossier, could it be found like that? */
static bool has_far_to_read(const struct store *s, const struct feed_reader *reader,
                            uint64_t end)
{
    struct lanes lanes = {.list = NULL};
    if (end - reader->cursor <= FOUND_LATE || end <= s->feed_of + FOUND_LATE)
        return false;
    choose_lanes(reader, end, end, &lanes);
    return lanes.narrow > 0;
}

enum err feed_read(struct store *s, const struct feed_reader *reader, struct buf *body,
                   struct feed_page *out)
{
    struct feed_page page = {.from = reader->told, .to = reader->cursor};
    if (reader->cursor >= s->seq) {
        page.last = true;
        *out = page;
        return ERR_OK;
    }
    uint64_t end = reader->cursor < reader->fill_to ? reader->fill_to : s->seq;
    if (has_far_to_read(s, reader, end)) {
        enum err err = find_more(s);
        if (err != ERR_OK)
            return err;
        /* The rest is not walked through: it is found by the next one. */
        end = s->feed_of > reader->cursor && s->feed_of < end ? s->feed_of : end;
    }
    struct lanes lanes = {.list = NULL};
    choose_lanes(reader, s->feed_of, end, &lanes);
    lanes = (struct lanes){.list = mem_array(lanes.count + 1, sizeof *lanes.list)};
    if (lanes.list == NULL)
        return ERR_NOMEM;
    choose_lanes(reader, s->feed_of, end, &lanes);
    enum err err = read_lanes(s, reader, lanes.list, lanes.count, end, body, &page);
    mem_free(lanes.list);
    if (err == ERR_OK)
        *out = page;
    return err;
}
