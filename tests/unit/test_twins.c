/* SPDX-License-Identifier: Apache-2.0 */
/* Tables over what stays of erased dossiers: no small cell is shown, and none follows from the
 * others. */
#include "store/inside.h"
#include "store/twins.h"
#include "support/rng.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { TABLES = TWINS_BY_INTERNSHIPS + 1, CELLS_MAX = 40 };

struct seen {
    struct {
        char label[40];
        uint64_t people;
        bool others;
    } cells[TABLES][CELLS_MAX];
    size_t count[TABLES];
    int last;
};

static enum err on_cell(void *ctx, const struct twins_cell *cell)
{
    struct seen *seen = ctx;
    size_t n = seen->count[cell->by]++;
    assert_true(n < CELLS_MAX && cell->label.n < sizeof seen->cells[0][0].label);
    assert_true((int)cell->by >= seen->last); /* table by table */
    assert_true(n == 0 || !seen->cells[cell->by][n - 1].others);
    seen->last = (int)cell->by;
    memcpy(seen->cells[cell->by][n].label, cell->label.p, cell->label.n);
    seen->cells[cell->by][n].people = cell->people;
    seen->cells[cell->by][n].others = cell->others;
    return ERR_OK;
}

static void look(struct twin *t, int64_t like, struct seen *seen)
{
    *seen = (struct seen){.last = -1};
    assert_int_equal(twins_tables(t->server.store, like, on_cell, seen), ERR_OK);
}

/* So many alike. "NULL" says nothing. */
static void stays(struct twin *t, int n, const char *born, const char *gender, int months)
{
    char text[ID_BYTES * 2 + 1];
    char sql[400];
    for (size_t i = 0; i < ID_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", t->structure.b[i]);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO twin(structure,birth_year,gender,area,entry_year,months,"
                   "sessions,minutes,contracts,internships) VALUES(X'%s',%s,%s,NULL,2025,%d,%d,"
                   "%d,%d,0)",
                   text, born, gender, months, months / 2, months * 45, months / 9);
    for (int i = 0; i < n; i++)
        assert_int_equal(db_exec(t->server.store->db, sql), ERR_OK);
}

/* "label:people …", "*" in place of the label of what is together. */
static void assert_table(const struct seen *seen, enum twins_by by, const char *wanted)
{
    char text[400] = "";
    size_t at = 0;
    for (size_t i = 0; i < seen->count[by]; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:%u", i == 0 ? "" : " ",
                               seen->cells[by][i].others ? "*" : seen->cells[by][i].label,
                               (unsigned)seen->cells[by][i].people);
    assert_string_equal(text, wanted);
}

static void small_cells_are_told_together(void **state)
{
    (void)state;
    struct twin t;
    struct seen seen;
    twin_open(&t, 0, &schema_jalon);
    look(&t, 5, &seen);
    assert_int_equal(seen.last, -1);
    stays(&t, 3, "1974", "'F'", 4);
    look(&t, 5, &seen);
    assert_table(&seen, TWINS_BY_GENDER, "*:0"); /* fewer than five, in all */
    assert_table(&seen, TWINS_BY_STRUCTURE, "*:0");
    stays(&t, 4, "1979", "'F'", 14);
    stays(&t, 4, "1988", "'M'", 14);
    stays(&t, 1, "1990", "'X'", 26);
    look(&t, 5, &seen);
    assert_table(&seen, TWINS_BY_GENDER, "F:7 *:5");
    assert_table(&seen, TWINS_BY_BIRTH, "1970–1979:7 *:5");
    assert_table(&seen, TWINS_BY_AREA, ":12");
    assert_table(&seen, TWINS_BY_ENTRY, "2025:12");
    assert_table(&seen, TWINS_BY_MONTHS, "*:12");
    look(&t, 1, &seen);
    assert_table(&seen, TWINS_BY_GENDER, "F:7 M:4 X:1");
    assert_table(&seen, TWINS_BY_BIRTH, "1970–1979:7 1980–1989:4 1990–1999:1");
    assert_table(&seen, TWINS_BY_MONTHS, "0–5:3 12–23:8 24+:1");
    assert_table(&seen, TWINS_BY_HOURS, "0–4:3 5–19:9");
    assert_table(&seen, TWINS_BY_SESSIONS, "1–5:3 6–20:9");
    assert_table(&seen, TWINS_BY_CONTRACTS, "0:3 1:8 2+:1");
    assert_table(&seen, TWINS_BY_INTERNSHIPS, "0:12");
    twin_close(&t);
}

static uint64_t pick(struct rng *rng, uint64_t n)
{
    return rng_below(rng, n);
}

/* Whoever adds up what is shown, here or in another table, learns of no fewer than five. */
static void nothing_hidden_follows_from_what_is_shown(void **state)
{
    (void)state;
    static const char *const genders[] = {"'F'", "'M'", "'X'", "NULL"};
    static const char *const years[] = {"1961", "1972", "1974", "1988", "1999", "NULL"};
    struct rng rng;
    rng_init(&rng, 20261129);
    for (int round = 0; round < 40; round++) {
        struct twin t;
        struct seen all;
        struct seen seen;
        uint64_t total = 0;
        twin_open(&t, 0, &schema_jalon);
        for (uint64_t kinds = 1 + pick(&rng, 5); kinds > 0; kinds--) {
            uint64_t n = 1 + pick(&rng, 6);
            stays(&t, (int)n, years[pick(&rng, 6)], genders[pick(&rng, 4)],
                  (int)pick(&rng, 30));
            total += n;
        }
        look(&t, 1, &all);
        look(&t, 5, &seen);
        for (size_t by = 0; by < TABLES; by++) {
            uint64_t shown = 0;
            uint64_t hidden = all.count[by] - seen.count[by];
            for (size_t i = 0; i < seen.count[by]; i++) {
                bool last = seen.cells[by][i].others;
                assert_true(seen.cells[by][i].people >= 5 || (last && total < 5));
                assert_true(!last || total < 5 || hidden >= 1); /* two cells at least */
                shown += seen.cells[by][i].people;
            }
            assert_int_equal(shown, total < 5 ? 0 : total);
        }
        twin_close(&t);
    }
}

static void how_many_is_for_the_network_to_say(void **state)
{
    (void)state;
    struct twin t;
    int64_t like = 0;
    const char *fields[] = {"key=masked_below", "value=12", "valid_from=2020-01-01", NULL};
    twin_open(&t, 0, &schema_jalon);
    assert_int_equal(twins_like(t.server.store, &like), ERR_OK);
    assert_int_equal(like, 5);
    (void)twin_add(&t.server, "parameter", fields);
    assert_int_equal(twins_like(t.server.store, &like), ERR_OK);
    assert_int_equal(like, 12);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_cells_are_told_together),
        cmocka_unit_test(nothing_hidden_follows_from_what_is_shown),
        cmocka_unit_test(how_many_is_for_the_network_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
