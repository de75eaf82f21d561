/* SPDX-License-Identifier: Apache-2.0 */
#include "store/search.h"

#include "store/fold.h"
#include "store/inside.h"
#include "store/search_terms.h"
#include "store/search_words.h"
#include "store/ties.h"

#include <stdlib.h>

enum { PLACE_BITS = 40, TAIL = 64 /* rows of one table that search_rows looks at */ };

/* ---- what is in the index ---- */

int64_t search_place(const struct table *table)
{
    return (int64_t)table->id << PLACE_BITS;
}

int64_t search_place_end(const struct table *table)
{
    return search_place(table) + (INT64_C(1) << PLACE_BITS);
}

/* Local number through which a table is in the index. */
static enum err mark_of(struct store *s, const struct table *table, int64_t *out)
{
    if (!s->marks_known) {
        struct stmt *stmt = NULL;
        enum err err = store_sql(s, SQL_SEARCHED_LIST, &stmt);
        if (err != ERR_OK)
            return err;
        for (uint16_t i = 0; i < s->env.schema->table_count; i++)
            s->marks[i] = 0;
        enum step step = STEP_DONE;
        while ((step = stmt_step(stmt)) == STEP_ROW) {
            const struct table *at = schema_table(s->env.schema, (uint16_t)col_int(stmt, 0));
            if (at != NULL)
                s->marks[store_table_index(s, at)] = col_int(stmt, 1);
        }
        stmt_reset(stmt);
        if (step == STEP_FAILED)
            return db_error(s->db);
        s->marks_known = true;
    }
    *out = s->marks[store_table_index(s, table)];
    return ERR_OK;
}

static enum err set_mark(struct store *s, const struct table *table, int64_t rid)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_SEARCHED_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    bind_int(stmt, 2, rid);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        s->marks[store_table_index(s, table)] = rid;
    return err;
}

/* Is the row with this number in the index? */
static enum err holds(struct store *s, const struct table *table, int64_t rid, bool *out)
{
    int64_t mark = 0;
    *out = false;
    if (s->env.side != STORE_CLIENT || !search_covers(table))
        return ERR_OK;
    enum err err = mark_of(s, table, &mark);
    *out = rid <= mark;
    return err;
}

static enum err write(struct store *s, enum sql sql, const struct table *table, int64_t rid,
                      const struct buf *words)
{
    struct stmt *stmt = NULL;
    if (words->err != ERR_OK)
        return words->err;
    if (words->n == 0)
        return ERR_OK;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, search_place(table) + rid);
    bind_text(stmt, 2, buf_str(words));
    return stmt_run(stmt);
}

/* The words of the row as it stands in the table. */
static enum err stored_words(struct store *s, const struct table *table, int64_t rid,
                             struct buf *out)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(s, table, rid, &arena, row);
    if (err == ERR_OK)
        search_words(table, row->values, out);
    arena_done(&arena);
    return err;
}

enum err search_changing(struct store *s, const struct table *table, const struct row *row)
{
    bool held = false;
    enum err err = holds(s, table, row->rid, &held);
    if (err != ERR_OK || !held)
        return err;
    struct buf before = {0};
    struct buf after = {0};
    err = stored_words(s, table, row->rid, &before);
    search_words(table, row->values, &after);
    if (err == ERR_OK && !str_eq(buf_str(&before), buf_str(&after))) {
        err = write(s, SQL_WORD_DROP, table, row->rid, &before);
        if (err == ERR_OK)
            err = write(s, SQL_WORD_ADD, table, row->rid, &after);
    }
    buf_done(&before);
    buf_done(&after);
    return err;
}

enum err search_purging(struct store *s, const struct table *table, int64_t rid)
{
    bool held = false;
    struct buf words = {0};
    enum err err = holds(s, table, rid, &held);
    if (err != ERR_OK || !held)
        return err;
    err = stored_words(s, table, rid, &words);
    if (err == ERR_OK)
        err = write(s, SQL_WORD_DROP, table, rid, &words);
    buf_done(&words);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Below the mark only where the number of a row that went was given to this one. */
enum err search_made(struct store *s, const struct table *table, const struct row *row)
{
    bool held = false;
    struct buf words = {0};
    enum err err = holds(s, table, row->rid, &held);
    if (err != ERR_OK || !held)
        return err;
    search_words(table, row->values, &words);
    err = write(s, SQL_WORD_ADD, table, row->rid, &words);
    buf_done(&words);
    return err;
}

enum err search_forget(struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_WORD_CLEAR, &stmt);
    if (err == ERR_OK)
        err = stmt_run(stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_SEARCHED_CLEAR, &stmt);
    if (err == ERR_OK)
        err = stmt_run(stmt);
    s->marks_known = false;
    return err;
}

/* ---- catching up ---- */

struct taking {
    struct store *s;
    const struct table *table;
    struct buf words;
    uint64_t left; /* rows that may still be taken */
    int64_t last;
};

static enum err take(void *ctx, const struct row *row)
{
    struct taking *t = ctx;
    buf_clear(&t->words);
    search_words(t->table, row->values, &t->words);
    t->last = row->rid;
    t->left--;
    return write(t->s, SQL_WORD_ADD, t->table, row->rid, &t->words);
}

/* Does the table have rows after its mark? */
static enum err behind(struct store *s, const struct table *table, bool *out)
{
    struct stmt *stmt = NULL;
    int64_t mark = 0;
    enum err err = mark_of(s, table, &mark);
    *out = false;
    if (err == ERR_OK)
        err = store_table_sql(s, "SELECT max(_rid) FROM", table, "", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW && col_int(stmt, 0) > mark;
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err take_table(struct taking *t)
{
    int64_t mark = 0;
    enum err err = mark_of(t->s, t->table, &mark);
    t->last = mark;
    if (err == ERR_OK)
        err = rows_after(t->s, t->table, mark, t->left, take, t);
    return err == ERR_OK && t->last > mark ? set_mark(t->s, t->table, t->last) : err;
}

enum err search_catch_up(struct store *s, uint64_t max, bool *done)
{
    struct taking t = {.s = s, .left = max};
    bool begun = false;
    enum err err = ERR_OK;
    *done = true;
    must(s->env.side == STORE_CLIENT);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        bool more = false;
        t.table = &s->env.schema->tables[i];
        if (search_covers(t.table))
            err = behind(s, t.table, &more);
        if (!more || err != ERR_OK)
            continue;
        *done = t.left > 0;
        if (!*done)
            break;
        if (!begun)
            err = store_begin(s);
        begun = err == ERR_OK;
        if (err == ERR_OK)
            err = take_table(&t);
        if (err == ERR_OK && t.left == 0)
            err = behind(s, t.table, &more);
        *done = t.left > 0 || !more;
    }
    buf_done(&t.words);
    return begun ? store_end(s, err) : err;
}

enum err search_complete(struct store *s)
{
    bool done = false;
    enum err err = ERR_OK;
    while (err == ERR_OK && !done)
        err = search_catch_up(s, SEARCH_SLICE, &done);
    return err;
}

/* ---- asking ---- */

struct found {
    int64_t rid;
    int score; /* words that stand so in the title */
};

struct asking {
    struct store *s;
    struct words words;
    uint64_t left;
    search_on_hit *on_hit;
    void *ctx;
    struct tail { /* of each table, the newest that match */
        int64_t rid[TAIL];
        size_t n;
    } * tails;
    struct buf title; /* scratch */
    struct buf shown; /* ids of what was told */
    bool sounds;
    bool whole; /* asked for in whole words: asking again is cheap */
};

/* What matches with a place below `*to`, newest first, until the tail of a table is full and
 * the rest of it can be passed over; then `*to` is where that table begins, else `from`. */
static enum err gather_some(struct asking *a, struct str match, int64_t from, int64_t *to)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(a->s, SQL_WORD_MATCH, &stmt);
    if (err != ERR_OK)
        return err;
    bind_text(stmt, 1, match);
    bind_int(stmt, 2, from);
    bind_int(stmt, 3, *to);
    const struct table *table = NULL;
    enum step step = STEP_DONE;
    *to = from;
    while (*to == from && (step = stmt_step(stmt)) == STEP_ROW) {
        int64_t place = col_int(stmt, 0);
        if (table == NULL || table->id != place >> PLACE_BITS)
            table = schema_table(a->s->env.schema, (uint16_t)(place >> PLACE_BITS));
        if (table == NULL)
            continue;
        struct tail *tail = &a->tails[store_table_index(a->s, table)];
        if (tail->n < TAIL)
            tail->rid[tail->n++] = place - search_place(table);
        if (tail->n == TAIL && a->whole)
            *to = search_place(table);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(a->s->db) : ERR_OK;
}

/* A word that stands in most rows of a table is not read through to its end. */
static enum err gather(struct asking *a, struct str match, int64_t from, int64_t to)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && to > from)
        err = gather_some(a, match, from, &to);
    return err;
}

/* Told already: the row itself, or another that was merged into it. */
static bool told(const struct asking *a, const struct id *id)
{
    for (size_t at = 0; at < a->shown.n; at += ID_BYTES)
        if (memcmp(a->shown.p + at, id->b, ID_BYTES) == 0)
            return true;
    return false;
}

static enum err tell(struct asking *a, const struct table *table, int64_t rid)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct id shown;
    enum err err = row == NULL ? ERR_NOMEM : rows_at(a->s, table, rid, &arena, row);
    bool live = err == ERR_OK && !row->deleted;
    if (live)
        err = ties_shown(a->s, table, &row->id, &shown);
    if (live && err == ERR_OK && !id_eq(&shown, &row->id)) {
        err = rows_find(a->s, table, &shown, &arena, row);
        live = err == ERR_OK && !row->deleted;
    }
    if (live && err == ERR_OK && !told(a, &row->id)) {
        const struct search_hit hit = {table, row, a->sounds};
        buf_add(&a->shown, row->id.b, ID_BYTES);
        a->left--;
        err = a->shown.err == ERR_OK ? a->on_hit(a->ctx, &hit) : a->shown.err;
    }
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static int best_first(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    if (x->score != y->score)
        return y->score - x->score;
    return (x->rid < y->rid) - (x->rid > y->rid);
}

static enum err score(struct asking *a, const struct table *table, struct found *found)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(a->s, table, found->rid, &arena, row);
    buf_clear(&a->title);
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        if (!table->fields[i].once_per_row || row->values[i].type != VALUE_TEXT)
            continue;
        fold_text(row->values[i].s, &a->title);
        buf_u8(&a->title, ' ');
    }
    found->score = search_score(&a->words, buf_str(&a->title));
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err tell_table(struct asking *a, const struct table *table)
{
    struct tail *tail = &a->tails[store_table_index(a->s, table)];
    struct found found[TAIL];
    size_t n = tail->n;
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        found[i] = (struct found){.rid = tail->rid[i]};
        err = score(a, table, &found[i]);
    }
    if (n > 1)
        qsort(found, n, sizeof found[0], best_first);
    for (size_t i = 0; i < n && a->left > 0 && err == ERR_OK; i++)
        err = tell(a, table, found[i].rid);
    tail->n = 0;
    return err;
}

/* Those are sought most; then the others in the order of the declaration. */
static const uint16_t first_tables[] = {TABLE_PERSON, TABLE_COMPANY, TABLE_CONTACT_POINT,
                                        TABLE_CONTACT, TABLE_STAFF};

static enum err tell_all(struct asking *a)
{
    const struct schema *schema = a->s->env.schema;
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof first_tables / sizeof *first_tables && err == ERR_OK; i++) {
        const struct table *table = schema_table(schema, first_tables[i]);
        if (table != NULL && a->left > 0)
            err = tell_table(a, table);
    }
    for (uint16_t i = 0; i < schema->table_count && err == ERR_OK && a->left > 0; i++) {
        const struct table *table = &schema->tables[i];
        bool settings = table->id == TABLE_CODE || table->id == TABLE_PARAMETER;
        if (!table->program_only && table->facet != FACET_VAULT && !settings)
            err = tell_table(a, table);
    }
    return err;
}

/* Nobody is called so: who sounds so? */
static enum err tell_sounds(struct asking *a)
{
    const struct table *person = schema_table(a->s->env.schema, TABLE_PERSON);
    struct buf match = {0};
    search_match_sounds(&a->words, &match);
    enum err err = match.err;
    a->sounds = true;
    a->whole = false;
    if (err == ERR_OK && match.n > 0 && person != NULL)
        err = gather(a, buf_str(&match), search_place(person), search_place_end(person));
    if (err == ERR_OK && person != NULL)
        err = tell_table(a, person);
    buf_done(&match);
    return err;
}

enum err search_rows(struct store *s, struct str words, uint64_t limit, search_on_hit *on_hit,
                     void *ctx)
{
    struct asking a = {.s = s, .left = limit, .on_hit = on_hit, .ctx = ctx};
    struct buf match = {0};
    struct buf scratch = {0};
    search_split(words, &scratch, &a.words);
    a.tails = mem_array(s->env.schema->table_count, sizeof *a.tails);
    enum err err = a.tails == NULL ? ERR_NOMEM : scratch.err;
    if (err == ERR_OK && a.words.n > 0)
        err = search_complete(s);
    if (err == ERR_OK && a.words.n > 0)
        err = search_terms_match(s, &a.words, &match, &a.whole);
    if (err == ERR_OK && match.n > 0)
        err = gather(&a, buf_str(&match), 0, INT64_MAX);
    const struct table *person = schema_table(s->env.schema, TABLE_PERSON);
    bool anybody =
        err == ERR_OK && person != NULL && a.tails[store_table_index(s, person)].n > 0;
    if (err == ERR_OK)
        err = tell_all(&a);
    if (err == ERR_OK && !anybody && a.left > 0)
        err = tell_sounds(&a);
    mem_free(a.tails);
    buf_done(&match);
    buf_done(&scratch);
    buf_done(&a.title);
    buf_done(&a.shown);
    return err;
}

void search_match(struct str text, struct buf *out)
{
    struct words words;
    struct buf scratch = {0};
    search_split(text, &scratch, &words);
    search_match_words(&words, out);
    if (scratch.err != ERR_OK)
        out->err = scratch.err;
    buf_done(&scratch);
}
