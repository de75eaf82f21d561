/* SPDX-License-Identifier: Apache-2.0 */
#include "store/today.h"

#include "proto/day.h"
#include "store/due.h"
#include "store/inside.h"
#include "store/parameter.h"

struct today {
    struct store *s;
    int32_t day;
    int64_t point_days, first_days; /* ahead that points and other deadlines are told */
    today_on_item *on_item;
    void *ctx;
};

static const char visits[] =
    "SELECT _id,?1 FROM t_session WHERE _del=0 AND (date=?1 OR next_date=?1) "
    "ORDER BY start IS NULL,start,_id LIMIT ?2";
static const char actions[] =
    "SELECT _id,due FROM t_action WHERE _del=0 AND due<=?1 AND "
    "coalesce(state,'planned') IN ('planned','in_progress') ORDER BY due,_id LIMIT ?2";
/* As many again: some do not stand any more. */
static const char deadlines[] =
    "SELECT _id,due FROM t_deadline WHERE _del=0 AND due<=?1 AND "
    "coalesce(state,'todo') IN ('todo','postponed') ORDER BY due,_id LIMIT 2*?2";

const char *today_word(enum today_kind kind)
{
    static const char *const words[] = {"visit", "action", "point", "deadline"};
    return words[kind];
}

static const struct value *get(const struct table *table, const struct row *row,
                               const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    return field == NULL ? NULL : &row->values[schema_field_index(table, field->id)];
}

static bool starts_with(const struct value *v, const char *with)
{
    size_t n = strlen(with);
    return v != NULL && v->type == VALUE_TEXT && v->s.n >= n && memcmp(v->s.p, with, n) == 0;
}

/* What the row hangs on, nearer to its person; false: on nothing. */
static bool above(const struct schema *schema, const struct table *table, const struct row *row,
                  const struct table **to, struct id *id)
{
    static const struct {
        const char *field;
        uint16_t table;
    } ways[] = {{"person", TABLE_PERSON},
                {"pathway", TABLE_PATHWAY},
                {"contract", TABLE_CONTRACT},
                {"of_row", 0}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct value *v = get(table, row, ways[i].field);
        const struct value *of = get(table, row, "of_table");
        if (v == NULL || v->type != VALUE_BYTES || v->s.n != ID_BYTES)
            continue;
        if (ways[i].table != 0)
            *to = schema_table(schema, ways[i].table);
        else
            *to =
                of == NULL || of->type != VALUE_TEXT ? NULL : schema_table_named(schema, of->s);
        memcpy(id->b, v->s.p, ID_BYTES);
        return *to != NULL;
    }
    return false;
}

static enum err person_of(struct store *s, const struct table *table, const struct row *row,
                          struct arena *arena, struct id *out)
{
    enum { HOPS_MAX = 4 };
    const struct table *to = NULL;
    struct id id;
    struct row *next = arena_new(arena, sizeof *next);
    enum err err = next == NULL ? ERR_NOMEM : ERR_OK;
    for (int hop = 0; hop < HOPS_MAX && err == ERR_OK; hop++) {
        if (!above(s->env.schema, table, row, &to, &id))
            return ERR_OK;
        if (to->id == TABLE_PERSON) {
            *out = id;
            return ERR_OK;
        }
        err = rows_find(s, to, &id, arena, next);
        table = to;
        row = next;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Is what a rule made still due? */
static enum err stands(struct store *s, const struct table *table, const struct row *row,
                       struct arena *arena, bool *out)
{
    const struct value *source = get(table, row, "source");
    const struct table *to = NULL;
    struct id id;
    struct row *subject = arena_new(arena, sizeof *subject);
    struct due_list *list = arena_new(arena, sizeof *list);
    *out = true;
    if (subject == NULL || list == NULL)
        return ERR_NOMEM;
    if (!starts_with(source, "rule") || !above(s->env.schema, table, row, &to, &id))
        return ERR_OK;
    enum err err = rows_find(s, to, &id, arena, subject);
    if (err == ERR_OK)
        err = due_of(s, to, subject, list);
    if (err == ERR_OK) {
        const struct due *due = due_find(list, &id, &row->id);
        *out = due != NULL && !due->done;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err tell(struct today *t, enum today_kind kind, const struct table *table,
                     const struct id *id, int32_t day)
{
    struct arena arena = {0};
    struct today_item item = {.kind = kind, .table = table, .day = day};
    struct row *row = arena_new(&arena, sizeof *row);
    bool told = true;
    enum err err = row == NULL ? ERR_NOMEM : rows_find(t->s, table, id, &arena, row);
    item.row = row;
    if (err == ERR_OK && table->id == TABLE_DEADLINE) {
        bool point = starts_with(get(table, row, "rule"), "followup_");
        int64_t ahead = point ? t->point_days : t->first_days;
        told = point == (kind == TODAY_POINT) && (int64_t)day - t->day <= ahead;
        if (told)
            err = stands(t->s, table, row, &arena, &told);
    }
    if (err == ERR_OK && told)
        err = person_of(t->s, table, row, &arena, &item.person);
    if (err == ERR_OK && told)
        err = t->on_item(t->ctx, &item);
    arena_done(&arena);
    return err;
}

static enum err list(struct today *t, enum today_kind kind, uint16_t table_id, const char *sql,
                     int32_t until)
{
    const struct table *table = schema_table(t->s->env.schema, table_id);
    struct stmt *stmt = NULL;
    enum err err = db_prepare(t->s->db, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, until);
    bind_int(stmt, 2, TODAY_ROWS_MAX);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        int32_t day = (int32_t)col_int(stmt, 1);
        err = col_id(stmt, 0, &id) ? tell(t, kind, table, &id, day) : ERR_CORRUPT;
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(t->s->db) : err;
}

/* The reminder that comes first. */
static enum err first_reminder(struct today *t, struct buf *words)
{
    enum { DIGITS_MAX = 4 };
    struct str word;
    enum err err = parameter_words(t->s, PARAMETER_REMINDERS, &t->s->structure, t->day, words);
    struct str rest = buf_str(words);
    while (err == ERR_OK && parameter_word(&rest, &word)) {
        int64_t n = 0;
        for (size_t i = 0; i < word.n && i < DIGITS_MAX; i++)
            n = word.p[i] >= '0' && word.p[i] <= '9' ? n * 10 + (word.p[i] - '0') : 0;
        t->first_days = n > t->first_days ? n : t->first_days;
    }
    return err;
}

enum err today_list(struct store *s, int32_t day, today_on_item *on_item, void *ctx)
{
    struct today t = {.s = s, .day = day, .on_item = on_item, .ctx = ctx};
    struct buf words = {0};
    enum err err =
        parameter_number(s, PARAMETER_FOLLOWUP_DAYS, &s->structure, day, &t.point_days);
    if (err == ERR_OK)
        err = first_reminder(&t, &words);
    if (err == ERR_OK)
        err = list(&t, TODAY_VISIT, TABLE_SESSION, visits, day);
    if (err == ERR_OK)
        err = list(&t, TODAY_ACTION, TABLE_ACTION, actions, day);
    if (err == ERR_OK)
        err = list(&t, TODAY_POINT, TABLE_DEADLINE, deadlines, day_add(day, t.point_days));
    if (err == ERR_OK)
        err = list(&t, TODAY_DEADLINE, TABLE_DEADLINE, deadlines, day_add(day, t.first_days));
    buf_done(&words);
    return err;
}
