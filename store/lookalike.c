/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lookalike.h"

#include "proto/hash.h"
#include "store/feed.h"
#include "store/fold.h"
#include "store/inside.h"
#include "store/sound.h"

enum { NO_DAY = -1000000000, ANY_DAY = NO_DAY, SCORE_SURE = 100 };

/* Two rows held against each other. */
struct match {
    int score;       /* 0: not the same */
    const char *why; /* stable words */
};

static struct str text_of(const struct table *table, const struct row *row, uint16_t field)
{
    const struct value *v = rows_field(table, row, field);
    return v->type == VALUE_TEXT ? v->s : STR("");
}

static int64_t day_of(const struct table *table, const struct row *row, uint16_t field)
{
    const struct value *v = rows_field(table, row, field);
    return v->type == VALUE_INT ? v->i : NO_DAY;
}

/* ---- companies by name ---- */

static bool is_legal_form(struct str word)
{
    static const char *const forms[] = {"sa",   "srl", "sprl", "scrl", "sc",   "asbl", "nv",
                                        "bvba", "bv",  "vzw",  "cv",   "cvba", "snc",  "scs"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_eq(word, str_of(forms[i])))
            return true;
    return false;
}

/* The folded name without the words that say what kind of company it is. */
static void company_name(const struct table *table, const struct row *row, struct buf *out)
{
    struct buf folded = {0};
    fold_text(text_of(table, row, FIELD_COMPANY_NAME), &folded);
    struct str rest = buf_str(&folded);
    while (rest.n > 0) {
        const char *gap = memchr(rest.p, ' ', rest.n);
        struct str word = {rest.p, gap == NULL ? rest.n : (size_t)(gap - rest.p)};
        size_t used = word.n + (gap == NULL ? 0 : 1);
        if (!is_legal_form(word))
            buf_add(out, word.p, word.n);
        rest = (struct str){rest.p + used, rest.n - used};
    }
    if (folded.err != ERR_OK)
        out->err = folded.err;
    buf_done(&folded);
}

/* ---- keys ---- */

/* Apart by table, home and kind of key. */
static void add_key(struct lookalike *l, const struct table *table, const struct row *row,
                    char kind, struct str bytes, int64_t day, int64_t tag)
{
    if (bytes.n == 0)
        return;
    uint64_t seed = (uint64_t)table->id << 40 | (uint64_t)(uint8_t)kind << 32 | row->scope.home;
    l->keys[l->count].key = (int64_t)hash64(seed, bytes.p, bytes.n);
    l->keys[l->count].day = day;
    l->keys[l->count].tag = tag;
    l->count++;
}

static struct str ref_of(const struct table *table, const struct row *row, uint16_t field)
{
    const struct value *v = rows_field(table, row, field);
    return v->type == VALUE_BYTES ? v->s : STR("");
}

/* Sessions are by far the most rows: old ones cost nothing. */
static void session_keys(struct lookalike *l, const struct table *table, const struct row *row,
                         int64_t now_ms)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    int64_t day = day_of(table, row, FIELD_SESSION_DATE);
    int64_t away = day - now_ms / day_ms;
    if (away > LOOKALIKE_DAYS || away < -LOOKALIKE_DAYS)
        return;
    int64_t who = (int64_t)hash64(0, row->by.b, ID_BYTES);
    add_key(l, table, row, 'p', ref_of(table, row, FIELD_SESSION_PERSON), day, who);
    add_key(l, table, row, 'c', ref_of(table, row, FIELD_SESSION_COMPANY), day, who);
}

enum err lookalike_of(const struct table *table, const struct row *row, int64_t now_ms,
                      struct lookalike *out)
{
    struct buf text = {0};
    out->count = 0;
    if (table->id == TABLE_PERSON) {
        sound_names(text_of(table, row, FIELD_PERSON_NAME),
                    text_of(table, row, FIELD_PERSON_FIRST_NAME), &text);
        add_key(out, table, row, 'n', buf_str(&text), ANY_DAY,
                day_of(table, row, FIELD_PERSON_BIRTH_DATE));
    } else if (table->id == TABLE_COMPANY) {
        company_name(table, row, &text);
        add_key(out, table, row, 'n', buf_str(&text), ANY_DAY, 0);
        add_key(out, table, row, '#', text_of(table, row, FIELD_COMPANY_NO), ANY_DAY, 0);
    } else if (table->id == TABLE_SESSION) {
        session_keys(out, table, row, now_ms);
    }
    enum err err = text.err;
    buf_done(&text);
    return err;
}

/* ---- are they the same? ---- */

/* 2 March for 3 February. */
static bool swapped(int64_t a, int64_t b)
{
    int year = 0;
    int month = 0;
    int day = 0;
    int32_t other = 0;
    /* Taken apart the wrong way round. */
    date_split((int32_t)a, &year, &day, &month);
    return month <= 12 && date_of(year, month, day, &other) && other == b;
}

static enum err match_persons(const struct table *table, const struct row *a,
                              const struct row *b, struct match *out)
{
    enum { SCORE_DATE = 90, SCORE_SWAPPED = 70, SCORE_NO_DATE = 60 };
    struct buf left = {0};
    struct buf right = {0};
    int64_t born = day_of(table, a, FIELD_PERSON_BIRTH_DATE);
    int64_t other = day_of(table, b, FIELD_PERSON_BIRTH_DATE);
    sound_words(text_of(table, a, FIELD_PERSON_NAME),
                text_of(table, a, FIELD_PERSON_FIRST_NAME), &left);
    sound_words(text_of(table, b, FIELD_PERSON_NAME),
                text_of(table, b, FIELD_PERSON_FIRST_NAME), &right);
    enum err err = left.err != ERR_OK ? left.err : right.err;
    bool same = str_eq(buf_str(&left), buf_str(&right));
    bool dated = born != NO_DAY && other != NO_DAY;
    if (dated && born == other)
        *out = same ? (struct match){SCORE_SURE, "name birth_date"}
                    : (struct match){SCORE_DATE, "sound birth_date"};
    else if (dated && swapped(born, other))
        *out = (struct match){SCORE_SWAPPED,
                              same ? "name birth_date_swapped" : "sound birth_date_swapped"};
    else if (!dated && same)
        *out = (struct match){SCORE_NO_DATE, "name"};
    buf_done(&left);
    buf_done(&right);
    return err;
}

static bool refers_to(const struct table *table, const struct row *row, uint16_t field,
                      const struct id *id)
{
    struct str ref = ref_of(table, row, field);
    return ref.n == ID_BYTES && memcmp(ref.p, id->b, ID_BYTES) == 0;
}

static enum err match_companies(const struct table *table, const struct row *a,
                                const struct row *b, struct match *out)
{
    enum { SCORE_PLACE = 80, SCORE_NAME = 60 };
    struct str left = text_of(table, a, FIELD_COMPANY_NO);
    struct str right = text_of(table, b, FIELD_COMPANY_NO);
    struct str here = text_of(table, a, FIELD_COMPANY_POSTCODE);
    struct str there = text_of(table, b, FIELD_COMPANY_POSTCODE);
    /* A firm and its other site have one number, on purpose. */
    if (refers_to(table, a, FIELD_COMPANY_SITE_OF, &b->id) ||
        refers_to(table, b, FIELD_COMPANY_SITE_OF, &a->id))
        return ERR_OK;
    if (left.n > 0 && right.n > 0) {
        if (str_eq(left, right))
            *out = (struct match){SCORE_SURE, "company_no"};
        return ERR_OK;
    }
    struct buf names[2] = {{0}, {0}};
    company_name(table, a, &names[0]);
    company_name(table, b, &names[1]);
    enum err err = names[0].err != ERR_OK ? names[0].err : names[1].err;
    if (str_eq(buf_str(&names[0]), buf_str(&names[1]))) {
        if (here.n == 0 || there.n == 0)
            *out = (struct match){SCORE_NAME, "name"};
        else if (str_eq(here, there))
            *out = (struct match){SCORE_PLACE, "name postcode"};
    }
    buf_done(&names[0]);
    buf_done(&names[1]);
    return err;
}

/* Two coaches were there and both wrote it down. One coach may well see a person twice a day.
 */
static void match_sessions(const struct table *table, const struct row *a, const struct row *b,
                           struct match *out)
{
    enum { SCORE_PERSON = 80, SCORE_COMPANY = 60 };
    struct str left = ref_of(table, a, FIELD_SESSION_PERSON);
    struct str right = ref_of(table, b, FIELD_SESSION_PERSON);
    struct str firm = ref_of(table, a, FIELD_SESSION_COMPANY);
    if (id_eq(&a->by, &b->by) ||
        day_of(table, a, FIELD_SESSION_DATE) != day_of(table, b, FIELD_SESSION_DATE))
        return;
    if (left.n > 0 && right.n > 0) {
        if (str_eq(left, right))
            *out = (struct match){SCORE_PERSON, "person date"};
        return;
    }
    if (firm.n > 0 && str_eq(firm, ref_of(table, b, FIELD_SESSION_COMPANY)))
        *out = (struct match){SCORE_COMPANY, "company date"};
}

static enum err match_rows(const struct table *table, const struct row *a, const struct row *b,
                           struct match *out)
{
    uint16_t tie = schema_tie(table)->id;
    *out = (struct match){0, ""};
    /* What was merged already stands behind another row, which is asked in its place. */
    bool tied = rows_field(table, a, tie)->type != VALUE_NULL ||
                rows_field(table, b, tie)->type != VALUE_NULL;
    if (a->deleted || b->deleted || tied || a->scope.home != b->scope.home ||
        id_eq(&a->id, &b->id))
        return ERR_OK;
    if (table->id == TABLE_PERSON)
        return match_persons(table, a, b, out);
    if (table->id == TABLE_COMPANY)
        return match_companies(table, a, b, out);
    match_sessions(table, a, b, out);
    return ERR_OK;
}

enum err lookalike_match(const struct table *table, const struct row *a, const struct row *b,
                         int *score, const char **why)
{
    struct match match = {0, ""};
    enum err err = match_rows(table, a, b, &match);
    *score = match.score;
    *why = match.why;
    return err;
}

/* ---- the case ---- */

static void put(struct row *row, const struct table *cases, uint16_t field, struct value value)
{
    int i = schema_field_index(cases, field);
    must(i >= 0);
    row->values[i] = value;
}

static enum err add_case(struct judge *j, struct arena *arena, const struct table *table,
                         const struct row *a, const struct row *b, const struct match *match)
{
    const struct table *cases = schema_table(j->s->env.schema, TABLE_DUPLICATE_CASE);
    struct row *row = arena_new(arena, sizeof *row);
    if (cases == NULL || row == NULL)
        return cases == NULL ? ERR_OK : ERR_NOMEM;
    bool ordered = id_cmp(&a->id, &b->id) < 0;
    const struct row *left = ordered ? a : b;
    const struct row *right = ordered ? b : a;
    struct str parts[] = {str_of(table->name),
                          {(const char *)left->id.b, ID_BYTES},
                          {(const char *)right->id.b, ID_BYTES}};
    row->id = id_derive(cases->id, parts, sizeof parts / sizeof *parts);
    row->stamp.hlc = hlc_tick(&j->s->clock, j->recv_ms);
    row->form = j->s->env.schema->version;
    row->scope = left->scope;
    row->versions.made_seq = j->seq;
    put(row, cases, FIELD_DUPLICATE_KIND, value_text(parts[0]));
    put(row, cases, FIELD_DUPLICATE_LEFT, value_id(&left->id));
    put(row, cases, FIELD_DUPLICATE_RIGHT, value_id(&right->id));
    put(row, cases, FIELD_DUPLICATE_SCORE, value_int(match->score));
    put(row, cases, FIELD_DUPLICATE_WHY, value_text(str_of(match->why)));
    put(row, cases, FIELD_DUPLICATE_FOUND, value_int(j->recv_ms));
    put(row, cases, FIELD_DUPLICATE_STATE, value_text(STR("open")));
    row->seq = j->seq;
    enum err err = rows_insert(j->s, cases, row);
    if (err != ERR_OK) /* the pair was seen before, and perhaps decided */
        return err == ERR_EXISTS ? ERR_OK : err;
    row->seq = 0;
    return feed_move(j->s, cases, row, table->facet, j->seq);
}

/* ---- the rows of a key ---- */

/* As stored: for each row its number and tag, 8 bytes each, lowest first. */
enum { ENTRY_BYTES = 16 };
struct bucket {
    int64_t day, key;
    uint32_t count;
    struct {
        int64_t rid, tag;
    } rows[LOOKALIKE_ROWS_MAX];
};

static int64_t read_number(const char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | (uint8_t)p[i];
    return (int64_t)v;
}

static void write_number(int64_t v, char *p)
{
    for (int i = 0; i < 8; i++)
        p[i] = (char)((uint64_t)v >> (8 * i));
}

static enum err read_bucket(struct store *s, int64_t day, int64_t key, struct bucket *b)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_LOOKALIKE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    b->day = day;
    b->key = key;
    b->count = 0;
    bind_int(stmt, 1, day);
    bind_int(stmt, 2, key);
    enum step step = stmt_step(stmt);
    struct str list = step == STEP_ROW ? col_blob(stmt, 0) : STR("");
    for (; list.n >= ENTRY_BYTES && b->count < LOOKALIKE_ROWS_MAX; b->count++) {
        b->rows[b->count].rid = read_number(list.p);
        b->rows[b->count].tag = read_number(list.p + 8);
        list = (struct str){list.p + ENTRY_BYTES, list.n - ENTRY_BYTES};
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err write_bucket(struct store *s, enum sql sql, const struct bucket *b)
{
    char list[LOOKALIKE_ROWS_MAX * ENTRY_BYTES];
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    for (uint32_t i = 0; i < b->count; i++) {
        write_number(b->rows[i].rid, list + (size_t)i * ENTRY_BYTES);
        write_number(b->rows[i].tag, list + (size_t)i * ENTRY_BYTES + 8);
    }
    bind_int(stmt, 1, b->day);
    bind_int(stmt, 2, b->key);
    bind_blob(stmt, 3, (struct str){list, (size_t)b->count * ENTRY_BYTES});
    return stmt_run(stmt);
}

/* More rows than a key holds are no mistakes of typing: nothing is asked any more. */
static bool is_full(const struct bucket *b)
{
    return b->count >= (b->day == ANY_DAY ? LOOKALIKE_ROWS_MAX : LOOKALIKE_DAY_MAX);
}

/* Put the row under its key. *others: who stood there before; none is the usual case, and costs
 * one statement. */
static enum err add_to_bucket(struct store *s, const struct lookalike *l, uint32_t i,
                              int64_t rid, struct bucket *others)
{
    struct bucket *b = others;
    b->day = l->keys[i].day;
    b->key = l->keys[i].key;
    b->count = 1;
    b->rows[0].rid = rid;
    b->rows[0].tag = l->keys[i].tag;
    enum err err = write_bucket(s, SQL_LOOKALIKE_NEW, b);
    b->count = 0;
    if (err != ERR_OK || db_changes(s->db) > 0)
        return err;
    err = read_bucket(s, l->keys[i].day, l->keys[i].key, b);
    if (err != ERR_OK || is_full(b))
        return err;
    b->rows[b->count].rid = rid;
    b->rows[b->count].tag = l->keys[i].tag;
    b->count++;
    err = write_bucket(s, SQL_LOOKALIKE_SET, b);
    b->count--;
    return err;
}

static enum err leave_bucket(struct store *s, const struct lookalike *l, uint32_t i,
                             int64_t rid)
{
    struct bucket b;
    enum err err = read_bucket(s, l->keys[i].day, l->keys[i].key, &b);
    uint32_t n = 0;
    for (uint32_t k = 0; k < b.count; k++) {
        if (b.rows[k].rid != rid)
            b.rows[n++] = b.rows[k];
    }
    if (err != ERR_OK || n == b.count)
        return err;
    b.count = n;
    return write_bucket(s, SQL_LOOKALIKE_SET, &b);
}

/* ---- look ---- */

/* Can the rows be the same, by their tags alone? */
static bool worth_a_look(const struct table *table, int64_t ours, int64_t theirs)
{
    if (table->id == TABLE_SESSION)
        return ours != theirs;
    if (table->id == TABLE_PERSON)
        return ours == NO_DAY || theirs == NO_DAY || ours == theirs || swapped(ours, theirs);
    return true;
}

static enum err look_at(struct judge *j, const struct table *table, const struct row *row,
                        int64_t rid, uint32_t *cases)
{
    struct arena arena = {0};
    struct match match = {0};
    struct row *other = arena_new(&arena, sizeof *other);
    enum err err = other == NULL ? ERR_NOMEM : rows_at(j->s, table, rid, &arena, other);
    if (err == ERR_OK)
        err = match_rows(table, row, other, &match);
    if (err == ERR_OK && match.score > 0) {
        err = add_case(j, &arena, table, row, other, &match);
        (*cases)++;
    }
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* the row is gone, its key is not */
}

static bool has_key(const struct lookalike *l, int64_t day, int64_t key, int64_t tag)
{
    for (uint32_t i = 0; l != NULL && i < l->count; i++)
        if (l->keys[i].day == day && l->keys[i].key == key && l->keys[i].tag == tag)
            return true;
    return false;
}

static enum err new_key(struct judge *j, const struct table *table, const struct row *row,
                        const struct lookalike *l, uint32_t i)
{
    struct bucket others;
    uint32_t looks = 0;
    uint32_t cases = 0;
    enum err err = add_to_bucket(j->s, l, i, row->rid, &others);
    if (err != ERR_OK || is_full(&others))
        return err;
    for (uint32_t k = others.count; k > 0 && err == ERR_OK; k--) {
        if (!worth_a_look(table, l->keys[i].tag, others.rows[k - 1].tag))
            continue;
        if (looks++ == LOOKALIKE_LOOKS_MAX || cases == LOOKALIKE_CASES_MAX)
            break;
        err = look_at(j, table, row, others.rows[k - 1].rid, &cases);
    }
    return err;
}

enum err lookalike_seen(struct judge *j, const struct table *table, const struct row *row,
                        const struct lookalike *before)
{
    struct lookalike now;
    enum err err = lookalike_of(table, row, j->recv_ms, &now);
    for (uint32_t i = 0; before != NULL && i < before->count && err == ERR_OK; i++) {
        if (!has_key(&now, before->keys[i].day, before->keys[i].key, before->keys[i].tag))
            err = leave_bucket(j->s, before, i, row->rid);
    }
    for (uint32_t i = 0; i < now.count && err == ERR_OK; i++) {
        if (!has_key(before, now.keys[i].day, now.keys[i].key, now.keys[i].tag))
            err = new_key(j, table, row, &now, i);
    }
    return err;
}

/* ---- an earlier format ---- */

struct filling {
    struct store *s;
    const struct table *table;
};

enum err lookalike_gone(struct store *s, const struct table *table, const struct row *row)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct lookalike keys = {.count = 0};
    /* It was near its day when it was noted. */
    int64_t then_ms =
        table->id == TABLE_SESSION ? day_of(table, row, FIELD_SESSION_DATE) * day_ms : 0;
    enum err err = lookalike_of(table, row, then_ms, &keys);
    for (uint32_t i = 0; i < keys.count && err == ERR_OK; i++)
        err = leave_bucket(s, &keys, i, row->rid);
    return err;
}

static enum err on_row(void *ctx, const struct row *row)
{
    const struct filling *f = ctx;
    struct lookalike l;
    enum err err = lookalike_of(f->table, row, store_now(f->s), &l);
    struct bucket others;
    for (uint32_t i = 0; i < l.count && err == ERR_OK; i++)
        err = add_to_bucket(f->s, &l, i, row->rid, &others);
    return err;
}

enum err lookalike_upgrade(struct store *s)
{
    static const uint16_t tables[] = {TABLE_PERSON, TABLE_COMPANY};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && err == ERR_OK; i++) {
        struct filling f = {s, schema_table(s->env.schema, tables[i])};
        err = rows_list(s, f.table, NULL, 0, false, 0, on_row, &f);
    }
    return err;
}
