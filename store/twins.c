/* SPDX-License-Identifier: Apache-2.0 */
/* What stays of an erased dossier for statistics: numbers without a name, a date or an id. */
#include "store/twins.h"

#include "store/inside.h"
#include "store/parameter.h"

enum { GENDER_BYTES_MAX = 40, AREA_BYTES_MAX = 8, DAYS_PER_MONTH = 30 };

struct twin {
    struct id structure;
    bool born, entered;
    int birth_year, entry_year;
    char gender[GENDER_BYTES_MAX], area[AREA_BYTES_MAX]; /* "": not said */
    int64_t months, sessions, minutes, contracts, internships;
};

enum err twins_like(struct store *s, int64_t *out)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    const struct id network = {{0}};
    return parameter_number(s, PARAMETER_MASK_BELOW, &network, store_now(s) / day_ms, out);
}

static int year_of(int64_t days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    date_split((int32_t)days, &year, &month, &day);
    return year;
}

static void copy_text(struct str from, char *out, size_t room)
{
    if (from.n > 0 && from.n < room)
        memcpy(out, from.p, from.n); /* else left empty: zeroed */
}

static enum err read_twin(struct stmt *stmt, struct twin *t)
{
    *t = (struct twin){.born = !col_null(stmt, 1), .entered = !col_null(stmt, 4)};
    if (!col_id(stmt, 0, &t->structure))
        return ERR_CORRUPT;
    t->birth_year = t->born ? year_of(col_int(stmt, 1)) : 0;
    copy_text(col_text(stmt, 2), t->gender, sizeof t->gender);
    copy_text(col_text(stmt, 3), t->area, sizeof t->area);
    t->entry_year = t->entered ? year_of(col_int(stmt, 4)) : 0;
    int64_t days = col_null(stmt, 5) ? 0 : col_int(stmt, 5) - col_int(stmt, 4);
    t->months = t->entered && days > 0 ? days / DAYS_PER_MONTH : 0;
    t->sessions = col_int(stmt, 6);
    t->minutes = col_int(stmt, 7);
    t->contracts = col_int(stmt, 8);
    t->internships = col_int(stmt, 9);
    return ERR_OK;
}

static void bind_word(struct stmt *stmt, int i, const char *word)
{
    if (word[0] == '\0')
        bind_null(stmt, i);
    else
        bind_text(stmt, i, str_of(word));
}

/* How many people of the structure share what it says? */
static enum err count_like(struct store *s, const struct twin *t, int64_t *out)
{
    struct stmt *stmt = NULL;
    int32_t first = 0;
    int32_t last = 0;
    enum err err = store_sql(s, SQL_TWIN_LIKE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &t->structure);
    if (t->born && date_of(t->birth_year, 1, 1, &first) &&
        date_of(t->birth_year, 12, 31, &last)) {
        bind_int(stmt, 2, first);
        bind_int(stmt, 3, last);
    } else {
        bind_null(stmt, 2);
        bind_null(stmt, 3);
    }
    bind_word(stmt, 4, t->gender);
    bind_word(stmt, 5, t->area);
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW ? col_int(stmt, 0) : 0;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

/* Say less until enough people are alike: first the area goes, then the year, then the gender,
 * and at last what tells the course of one person. */
static enum err blur(struct store *s, struct twin *t)
{
    int64_t like = 0;
    int64_t enough = 0;
    enum err err = twins_like(s, &enough);
    for (int step = 0; step <= 3 && err == ERR_OK; step++) {
        err = count_like(s, t, &like);
        if (err != ERR_OK || like >= enough)
            return err;
        if (step == 0)
            t->area[0] = '\0';
        else if (step == 1)
            t->born = false;
        else if (step == 2)
            t->gender[0] = '\0';
        else
            t->entered = false;
    }
    return err;
}

static enum err write_twin(struct store *s, const struct twin *t)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_TWIN_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &t->structure);
    if (t->born)
        bind_int(stmt, 2, t->birth_year);
    else
        bind_null(stmt, 2);
    bind_word(stmt, 3, t->gender);
    bind_word(stmt, 4, t->area);
    if (t->entered)
        bind_int(stmt, 5, t->entry_year);
    else
        bind_null(stmt, 5);
    bind_int(stmt, 6, t->months);
    bind_int(stmt, 7, t->sessions);
    bind_int(stmt, 8, t->minutes);
    bind_int(stmt, 9, t->contracts);
    bind_int(stmt, 10, t->internships);
    return stmt_run(stmt);
}

enum err twins_add(struct store *s, const struct id *dossier)
{
    struct stmt *stmt = NULL;
    struct twin t = {.born = false};
    enum err err = store_sql(s, SQL_TWIN_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, dossier);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        err = read_twin(stmt, &t);
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (step == STEP_DONE || err != ERR_OK) /* it was deleted, or is counted elsewhere */
        return err;
    err = blur(s, &t);
    return err == ERR_OK ? write_twin(s, &t) : err;
}

/* ---- tables ---- */

enum err twins_tables(struct store *s, int64_t like, twins_on_cell *on_cell, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_TWIN_TABLES, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, like);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct twins_cell cell = {.by = (enum twins_by)col_int(stmt, 0),
                                  .people = (uint64_t)col_int(stmt, 3),
                                  .others = col_int(stmt, 4) != 0};
        cell.label = col_null(stmt, 2) ? STR("") : col_text(stmt, 2);
        err = on_cell(ctx, &cell);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}
