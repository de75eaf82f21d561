/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of lists against a plain sort of all rows, and how the engine finds them. */
#include "store/fold.h"
#include "store/inside.h"
#include "store/rows.h"
#include "store/sorted.h"
#include "support/rng.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PERSONS = 60, SESSIONS = 300, PAGE = 7, KEY_BYTES = 200 };

static struct twin twin;

static int open_twin(void **state)
{
    static const char *const names[] = {"Élise", "eloi", "Abel", "Zoé", "Ève", "ÉLAN", ""};
    struct rng rng;
    (void)state;
    rng_init(&rng, 31);
    twin_open(&twin, 1, &schema_jalon);
    struct party *p = &twin.replicas[0];
    struct id persons[PERSONS];
    char text[3][80];
    for (int i = 0; i < PERSONS; i++) {
        (void)snprintf(text[0], sizeof text[0], "name=%s Fictif", names[i % 6]);
        (void)snprintf(text[1], sizeof text[1], "first_name=%s%d", names[(i / 6) % 6], i % 3);
        (void)snprintf(text[2], sizeof text[2], "city=%s", names[rng_below(&rng, 7)]);
        const char *fields[] = {text[0], text[1], text[2], NULL};
        persons[i] = twin_add(p, "person", fields);
    }
    for (int i = 0; i < SESSIONS; i++) {
        char id[ID_TEXT_BYTES];
        id_print(&persons[rng_below(&rng, PERSONS)], id);
        (void)snprintf(text[0], sizeof text[0], "person=%s", id);
        (void)snprintf(text[1], sizeof text[1], "date=2026-%02d-%02d",
                       1 + (int)rng_below(&rng, 3), 1 + (int)rng_below(&rng, 28));
        (void)snprintf(text[2], sizeof text[2], "minutes=%d", 15 * (int)rng_below(&rng, 9));
        const char *fields[] = {"kind=individual",
                                text[0],
                                text[1],
                                text[2],
                                i % 3 == 0 ? "start=9h30" : "subject=Élan",
                                i % 5 == 0 ? "next_date=2026-04-02" : NULL,
                                NULL};
        struct id made = twin_add(p, "session", fields);
        if (i % 11 == 0)
            assert_int_equal(twin_delete(p, "session", &made, true), ERR_OK);
    }
    twin_swell(p);
    (void)twin_sync(&twin, 0);
    assert_int_equal(store_lists(p->store), ERR_OK);
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    twin_close(&twin);
    return 0;
}

/* ---- the plain way ---- */

struct line {
    int64_t rid;
    bool empty;
    int64_t number;
    char key[KEY_BYTES];
};
struct plain {
    const struct table *table;
    const struct rows_pick *pick;
    struct line lines[SESSIONS];
    size_t n;
};

static void add_key(struct line *line, const struct value *v)
{
    struct buf text = {0};
    if (v->type == VALUE_TEXT)
        fold_text(v->s, &text);
    size_t at = strlen(line->key);
    int wrote = v->type == VALUE_INT
                    ? snprintf(line->key + at, KEY_BYTES - at, "%08lld\x01", (long long)v->i)
                    : snprintf(line->key + at, KEY_BYTES - at, "%.*s\x01", (int)text.n,
                               text.n == 0 ? "" : (const char *)text.p);
    assert_true(wrote > 0 && (size_t)wrote < KEY_BYTES - at);
    buf_done(&text);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct plain *plain = ctx;
    const struct rows_pick *pick = plain->pick;
    for (size_t i = 0; i < pick->ranges_n; i++) {
        const struct range *range = &pick->ranges[i];
        const struct value *v =
            &row->values[schema_field_index(plain->table, range->field->id)];
        if (v->type != VALUE_INT || (range->from ? v->i < range->value : v->i > range->value))
            return ERR_OK;
    }
    struct line *line = &plain->lines[plain->n++];
    *line = (struct line){.rid = row->rid};
    for (uint16_t i = 0; i < plain->table->field_count; i++) {
        const struct field *field = &plain->table->fields[i];
        const struct value *v = &row->values[i];
        if (pick->by == NULL && pick->by_title && field->once_per_row && v->type != VALUE_NULL)
            add_key(line, v);
        if (field != pick->by)
            continue;
        line->empty = v->type == VALUE_NULL;
        add_key(line, v);
    }
    return ERR_OK;
}

static const struct rows_pick *sorting;

static int compare(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    bool down = sorting->descending && (sorting->by != NULL || sorting->by_title);
    if (x->empty != y->empty)
        return x->empty ? 1 : -1;
    int c = strcmp(x->key, y->key);
    if (c == 0)
        c = (x->rid > y->rid) - (x->rid < y->rid);
    return down ? -c : c;
}

static void assert_same(const struct table *table, struct rows_pick *pick)
{
    struct store *s = twin.replicas[0].store;
    struct plain *plain = calloc(1, sizeof *plain);
    assert_non_null(plain);
    plain->table = table;
    plain->pick = sorting = pick;
    assert_int_equal(
        rows_list(s, table, pick->filters, pick->count, pick->deleted, 0, on_row, plain),
        ERR_OK);
    qsort(plain->lines, plain->n, sizeof plain->lines[0], compare);
    for (pick->offset = 0; pick->offset <= plain->n + PAGE; pick->offset += PAGE) {
        int64_t rids[PAGE];
        size_t n = 0;
        uint64_t total = 0;
        pick->limit = PAGE;
        assert_int_equal(rows_pick(s, table, pick, rids, &n, &total), ERR_OK);
        assert_int_equal(total, plain->n);
        size_t left = plain->n > pick->offset ? plain->n - pick->offset : 0;
        assert_int_equal(n, left < PAGE ? left : PAGE);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(rids[i], plain->lines[pick->offset + i].rid);
    }
    free(plain);
}

static const struct table *table_of(const char *name)
{
    return schema_table_named(&schema_jalon, str_of(name));
}
static const struct field *field_of(const struct table *table, const char *name)
{
    return schema_field_named(table, str_of(name));
}

/* "title" is no field: its parts. */
static const char *const orders[][2] = {
    {"person", NULL},       {"person", "title"},    {"person", "city"},
    {"session", NULL},      {"session", "title"},   {"session", "date"},
    {"session", "minutes"}, {"session", "subject"}, {"session", "start"},
    {"session", "person"},  {"session", "kind"},    {"session", "next_date"},
};
enum { ORDERS = sizeof orders / sizeof *orders };

static struct rows_pick order_of(size_t i)
{
    const char *by = orders[i][1];
    return (struct rows_pick){.by_title = by != NULL,
                              .by = by == NULL ? NULL : field_of(table_of(orders[i][0]), by)};
}

static void all_orders_are_those_of_a_plain_sort(void)
{
    for (size_t i = 0; i < ORDERS; i++) {
        for (int way = 0; way < 4; way++) {
            struct rows_pick pick = order_of(i);
            pick.descending = (way & 1) != 0;
            pick.deleted = (way & 2) != 0;
            assert_same(table_of(orders[i][0]), &pick);
        }
    }
}

static void pages_are_those_of_a_plain_sort(void **state)
{
    (void)state;
    all_orders_are_those_of_a_plain_sort();
}

static void filters_and_ranges_leave_the_same_rows(void **state)
{
    (void)state;
    struct store *s = twin.replicas[0].store;
    const struct table *session = table_of("session");
    const struct field *date = field_of(session, "date");
    const struct field *next = field_of(session, "next_date");
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    assert_non_null(row);
    assert_int_equal(rows_at(s, table_of("person"), 3, &arena, row), ERR_OK);
    const struct filter filters[] = {
        {field_of(session, "person"), value_id(&row->id)},
        {field_of(session, "start"), VALUE_NONE},
        {field_of(session, "start"), value_int(570)},
    };
    const struct range ranges[] = {{date, true, 20500}, {date, false, 20540}, {next, true, 1}};
    for (size_t count = 0; count <= 3; count++) {
        for (size_t n = 0; n <= 3; n++) {
            struct rows_pick pick = {.filters = filters,
                                     .count = count,
                                     .ranges = ranges,
                                     .ranges_n = n,
                                     .by_title = true,
                                     .by = date,
                                     .descending = n % 2 == 0};
            assert_same(session, &pick);
        }
    }
    arena_done(&arena);
}

struct between {
    const struct table *table;
    const struct field *field;
    int64_t from, to, last;
    int64_t rid_last;
    size_t n;
};

static enum err on_between(void *ctx, const struct row *row)
{
    struct between *b = ctx;
    const struct value *v = &row->values[schema_field_index(b->table, b->field->id)];
    assert_false(row->deleted);
    assert_int_equal(v->type, VALUE_INT);
    assert_in_range(v->i, b->from, b->to);
    assert_true(b->n == 0 || v->i > b->last || (v->i == b->last && row->rid > b->rid_last));
    b->last = v->i;
    b->rid_last = row->rid;
    b->n++;
    return ERR_OK;
}

static enum err count_within(void *ctx, const struct row *row)
{
    struct between *b = ctx;
    const struct value *v = &row->values[schema_field_index(b->table, b->field->id)];
    b->n += v->type == VALUE_INT && v->i >= b->from && v->i <= b->to;
    return ERR_OK;
}

static void rows_of_some_days_are_all_of_them_in_order(void **state)
{
    (void)state;
    static const char *const fields[] = {"date", "next_date"};
    static const int64_t days[][2] = {
        {20500, 20540}, {20510, 20510}, {20545, 20545}, {20540, 20500}, {0, 90000}};
    struct store *s = twin.replicas[0].store;
    size_t seen = 0;
    for (size_t i = 0; i < 2 * sizeof days / sizeof *days; i++) {
        struct between b = {.table = table_of("session"),
                            .field = field_of(table_of("session"), fields[i % 2]),
                            .from = days[i / 2][0],
                            .to = days[i / 2][1]};
        struct between plain = b;
        assert_int_equal(rows_between(s, b.table, b.field, b.from, b.to, on_between, &b),
                         ERR_OK);
        assert_int_equal(rows_list(s, b.table, NULL, 0, false, 0, count_within, &plain),
                         ERR_OK);
        assert_int_equal(b.n, plain.n);
        seen += b.n;
    }
    assert_true(seen > SESSIONS);
}

/* ---- how they are found ---- */

static void plan_of(const char *sql, struct buf *out)
{
    struct store *s = twin.replicas[0].store;
    struct stmt *stmt = NULL;
    char text[400];
    (void)snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(db_prepare(s->db, text, &stmt), ERR_OK);
    while (stmt_step(stmt) == STEP_ROW) {
        struct str line = col_text(stmt, 3);
        buf_add(out, line.p, line.n);
        buf_u8(out, '\n');
    }
    stmt_free(stmt);
    buf_u8(out, 0);
    assert_int_equal(out->err, ERR_OK);
}

static void assert_plan(const char *sql, const char *step)
{
    struct buf plan = {0};
    plan_of(sql, &plan);
    if (strstr((const char *)plan.p, step) == NULL)
        fail_msg("%s: %s", sql, (const char *)plan.p);
    buf_done(&plan);
}

static void assert_plan_without(const char *sql, const char *step)
{
    struct buf plan = {0};
    plan_of(sql, &plan);
    if (strstr((const char *)plan.p, step) != NULL)
        fail_msg("%s: %s", sql, (const char *)plan.p);
    buf_done(&plan);
}

static void lists_are_not_read_through(void **state)
{
    (void)state;
    assert_plan("SELECT * FROM t_session WHERE _del=0 AND _rid>0 AND (\"person\" IN (?1)) "
                "ORDER BY _rid",
                "SEARCH t_session USING INDEX l_session_person");
    assert_plan("SELECT _rid FROM t_session WHERE likely(_del=0) AND (\"company\" IN (?1)) "
                "ORDER BY \"date\" DESC,_rid DESC LIMIT 5",
                "SEARCH t_session USING INDEX l_session_company");
    assert_plan("SELECT _rid FROM t_session WHERE likely(_del=0) ORDER BY \"date\" DESC,"
                "_rid DESC LIMIT 50",
                "COVERING INDEX l_session_date");
    assert_plan("SELECT count(*) FROM t_session WHERE likely(_del=0)",
                "COVERING INDEX l_session_date");
    assert_plan("SELECT _rid FROM t_action WHERE likely(_del=0) AND \"due\"<=20000 ORDER BY "
                "\"due\" IS NULL,\"due\",_rid LIMIT 20",
                "SEARCH t_action USING COVERING INDEX l_action_due");
    assert_plan("SELECT * FROM t_session WHERE _del=0 AND \"date\">=?1 AND \"date\"<=?2 ORDER "
                "BY \"date\",_rid",
                "SEARCH t_session USING INDEX l_session_date (date>? AND date<?)");
    assert_plan("SELECT * FROM t_session WHERE _del=0 AND \"next_date\">=?1 AND "
                "\"next_date\"<=?2 ORDER BY \"next_date\",_rid",
                "SEARCH t_session USING INDEX l_session_next_date (next_date>? AND "
                "next_date<?)");
    assert_plan("SELECT * FROM t_deadline WHERE _del=0 AND \"due\">=?1 AND \"due\"<=?2 ORDER "
                "BY \"due\",_rid",
                "SEARCH t_deadline USING INDEX l_deadline_due (due>? AND due<?)");
    /* An index would not spare it a row. */
    assert_plan("SELECT _rid FROM t_session WHERE likely(_del=0) ORDER BY \"minutes\",_rid "
                "LIMIT 50",
                "SCAN t_session\n");
}

/* ---- orders that are kept ---- */

static int64_t kept_orders(void)
{
    struct store *s = twin.replicas[0].store;
    struct stmt *stmt = NULL;
    assert_int_equal(
        db_prepare(s->db, "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'o_*'", &stmt),
        ERR_OK);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    int64_t n = col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

static void a_short_list_is_sorted_each_time(void **state)
{
    (void)state;
    struct store *s = twin.replicas[0].store;
    for (size_t i = 0; i < ORDERS; i++) {
        struct rows_pick pick = order_of(i);
        assert_int_equal(sorted_want(s, table_of(orders[i][0]), &pick), ERR_OK);
    }
    assert_int_equal(kept_orders(), 0);
}

static void change_something(struct rng *rng)
{
    static const char *const texts[] = {"subject=Élan", "subject=elan b", "subject=ÉLAN a",
                                        "subject=",     "subject=…",      "subject=zèbre"};
    struct party *p = &twin.replicas[0];
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    const char *fields[] = {texts[rng_below(rng, 6)], NULL};
    int64_t rid = 1 + (int64_t)rng_below(rng, SESSIONS);
    assert_non_null(row);
    assert_int_equal(rows_at(p->store, table_of("session"), rid, &arena, row), ERR_OK);
    if (rng_below(rng, 4) == 0)
        assert_int_equal(twin_delete(p, "session", &row->id, !row->deleted), ERR_OK);
    else if (!row->deleted)
        assert_int_equal(twin_set(p, "session", &row->id, fields), ERR_OK);
    arena_done(&arena);
}

static void kept_orders_are_those_of_a_plain_sort(void **state)
{
    (void)state;
    struct store *s = twin.replicas[0].store;
    struct rng rng;
    bool ok = false;
    struct note why = {""};
    rng_init(&rng, 7);
    for (size_t i = 0; i < ORDERS; i++) {
        struct rows_pick pick = order_of(i);
        assert_int_equal(sorted_make(s, table_of(orders[i][0]), &pick), ERR_OK);
        assert_int_equal(sorted_make(s, table_of(orders[i][0]), &pick), ERR_OK);
    }
    /* None by creation, by a reference, by what has an index for lists. */
    assert_int_equal(kept_orders(), ORDERS - 4);
    all_orders_are_those_of_a_plain_sort();
    for (int i = 0; i < 5; i++) {
        for (int n = 0; n < 40; n++)
            change_something(&rng);
        all_orders_are_those_of_a_plain_sort();
    }
    assert_int_equal(db_integrity(s->db, &ok, &why), ERR_OK);
    assert_true(ok);
}

static void kept_orders_are_walked_not_sorted(void **state)
{
    (void)state;
    static const char where[] = "SELECT _rid FROM t_session INDEXED BY \"o_session__subject\" "
                                "WHERE _del=0 AND (\"subject\" IS NULL)=";
    static const char *const rest[] = {"0 ORDER BY folded(\"subject\"),_rid LIMIT 5",
                                       "1 ORDER BY folded(\"subject\") DESC,_rid DESC LIMIT 5"};
    for (size_t i = 0; i < 2; i++) {
        char sql[300];
        (void)snprintf(sql, sizeof sql, "%s%s", where, rest[i]);
        assert_plan(sql, "SEARCH t_session USING INDEX o_session__subject (<expr>=?)\n");
        assert_plan_without(sql, "TEMP B-TREE");
    }
}

/* What `folded` says may be another thing in the next one. */
static void a_new_format_drops_kept_orders(void **state)
{
    (void)state;
    struct store *s = twin.replicas[0].store;
    struct note why = {""};
    int64_t format = 0;
    assert_true(kept_orders() > 0);
    assert_int_equal(meta_get_int(s, META_FORMAT, &format), ERR_OK);
    assert_int_equal(meta_set_int(s, META_FORMAT, format - 1), ERR_OK);
    assert_int_equal(ddl_migrate(s, &why), ERR_OK);
    assert_int_equal(kept_orders(), 0);
    all_orders_are_those_of_a_plain_sort();
}

static void rows_are_found_by_the_beginning_of_their_id(void **state)
{
    (void)state;
    struct store *s = twin.replicas[0].store;
    const struct table *person = table_of("person");
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    char text[ID_TEXT_BYTES];
    struct id found;
    assert_non_null(row);
    assert_int_equal(rows_at(s, person, PERSONS, &arena, row), ERR_OK);
    id_print(&row->id, text);
    for (size_t n = strlen(text); n >= 30; n--) {
        assert_int_equal(rows_resolve(s, person, (struct str){text, n}, &found), ERR_OK);
        assert_true(id_eq(&found, &row->id));
    }
    assert_int_equal(rows_resolve(s, person, (struct str){text, 4}, &found), ERR_EXISTS);
    assert_int_equal(rows_resolve(s, person, STR("ffff"), &found), ERR_NOTFOUND);
    assert_int_equal(rows_resolve(s, person, STR("0000-0"), &found), ERR_NOTFOUND);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_those_of_a_plain_sort),
        cmocka_unit_test(filters_and_ranges_leave_the_same_rows),
        cmocka_unit_test(rows_of_some_days_are_all_of_them_in_order),
        cmocka_unit_test(lists_are_not_read_through),
        cmocka_unit_test(rows_are_found_by_the_beginning_of_their_id),
        cmocka_unit_test(a_short_list_is_sorted_each_time),
        cmocka_unit_test(kept_orders_are_those_of_a_plain_sort),
        cmocka_unit_test(kept_orders_are_walked_not_sorted),
        cmocka_unit_test(a_new_format_drops_kept_orders),
    };
    return cmocka_run_group_tests(tests, open_twin, close_twin);
}
