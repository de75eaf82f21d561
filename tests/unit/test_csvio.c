/* SPDX-License-Identifier: Apache-2.0 */
#include "store/csvio.h"
#include "support/schema_plus.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct twin twin;

static int open_twin(void **state)
{
    (void)state;
    twin_open(&twin, 1, schema_plus());
    (void)twin_sync(&twin, 0);
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    twin_close(&twin);
    return 0;
}

static const struct table *table_named(const char *name)
{
    const struct table *table = schema_table_named(schema_plus(), str_of(name));
    assert_non_null(table);
    return table;
}

/* What an import came to; the first problem is copied. */
struct outcome {
    enum err err;
    struct note why;
    struct load_tally tally;
    struct load_problem first;
};

/* Import the text, fed in pieces of `step` bytes. */
static struct outcome import_with(struct load_terms terms, const char *text, size_t step)
{
    struct outcome out = {.err = ERR_OK};
    struct load *load = NULL;
    struct csvio *csv = NULL;
    assert_int_equal(load_open(twin.replicas[0].store, &terms, &load, &out.why), ERR_OK);
    assert_int_equal(csvio_open(load, &csv), ERR_OK);
    size_t n = strlen(text);
    for (size_t at = 0; at < n && out.err == ERR_OK; at += step) {
        size_t piece = n - at < step ? n - at : step;
        out.err = csvio_feed(csv, (struct str){text + at, piece}, at + piece == n, &out.why);
    }
    if (out.err == ERR_OK)
        out.err = load_finish(load, &out.why);
    load_tally(load, &out.tally);
    if (out.tally.problem_count > 0)
        out.first = out.tally.problems[0];
    csvio_close(csv);
    load_close(load);
    return out;
}

static struct outcome import(const char *table, const char *text)
{
    return import_with((struct load_terms){.table = table_named(table)}, text, 7);
}

static uint64_t count(const char *table)
{
    return twin_count(twin.replicas[0].store, table);
}

static enum err collect(void *ctx, struct str bytes)
{
    struct buf *out = ctx;
    buf_add(out, bytes.p, bytes.n);
    return out->err;
}

/* The export as text with a NUL. */
static void export(const char *table, bool labels, struct buf *out)
{
    uint64_t rows = 0;
    struct csvio_terms terms = {.table = table_named(table), .labels = labels};
    assert_int_equal(csvio_export(twin.replicas[0].store, &terms, &rows, collect, out), ERR_OK);
    assert_int_equal(rows, count(table));
    buf_u8(out, 0);
}

static void titles_are_names_or_labels_in_any_dress(void **state)
{
    (void)state;
    struct outcome got = import("session", "TYPE;date;DUREE (min);Lieu\r\n"
                                           "individual;22/11/2026;1e0;Liège\r\n");
    assert_int_equal(got.tally.rejected, 1);
    assert_int_equal(got.first.line, 2);
    assert_int_equal(got.first.column, 3);
    assert_string_equal(got.first.title, "DUREE (min)");
    got = import("session", "TYPE;date;DUREE (min);Lieu\r\n"
                            "individual;22/11/2026;45;Liège\r\n"
                            "phone;3/2/26;10;\r\n");
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.created, 2);
    assert_true(got.tally.saved);
    assert_int_equal(count("session"), 2);
}

static void an_unknown_column_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    struct outcome got = import("company", "name;colour\r\nAtelier;red\r\n");
    assert_int_equal(got.err, ERR_INVALID);
    assert_non_null(strstr(got.why.text, "colour"));
    assert_non_null(strstr(got.why.text, "sector"));
    assert_int_equal(count("company"), 0);
    got = import("company", "name;Nom\r\nAtelier;Forge\r\n");
    assert_int_equal(got.err, ERR_INVALID);
    assert_int_equal(import("company", "").err, ERR_OK); /* no byte was fed */
    assert_int_equal(import("company", "\r\n").err, ERR_INVALID);
}

static void one_wrong_line_undoes_all_and_every_mistake_is_told(void **state)
{
    (void)state;
    struct outcome got = import("session", "kind;date;minutes\r\n"
                                           "individual;22/11/2026;45\r\n"
                                           "individual;31/02/2026;45\r\n"
                                           "phone;22/11/2026\r\n"
                                           "phone;22/11/2026;9999\r\n"
                                           "pho\"ne;22/11/2026;5\r\n");
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.records, 5);
    assert_int_equal(got.tally.rejected, got.tally.problem_count);
    assert_in_range(got.tally.rejected, 3, 4);
    assert_false(got.tally.saved);
    assert_int_equal(got.first.line, 3);
    assert_int_equal(got.first.column, 2);
    assert_int_equal(count("session"), 0);
}

static void skip_bad_keeps_the_good_lines(void **state)
{
    (void)state;
    struct load_terms terms = {.table = table_named("session"), .skip_bad = true};
    const char *text = "kind;date;minutes\r\n"
                       "individual;22/11/2026;45\r\n"
                       "individual;31/02/2026;45\r\n"
                       "phone;22/11/2026;9999\r\n"
                       "phone;22/11/2026;5\r\n";
    struct outcome got = import_with(terms, text, 1000);
    assert_int_equal(got.tally.created, 2);
    assert_int_equal(got.tally.rejected, 2);
    assert_true(got.tally.saved);
    assert_int_equal(count("session"), 2);
}

static void each_saves_row_by_row(void **state)
{
    (void)state;
    struct load_terms terms = {.table = table_named("session"), .each = true};
    struct store_status before;
    struct store_status after;
    struct store *s = twin.replicas[0].store;
    assert_int_equal(store_status(s, &before), ERR_OK);
    struct outcome got = import_with(terms,
                                     "kind;date;minutes\r\n"
                                     "individual;22/11/2026;45\r\n"
                                     "individual;22/11/2026;46\r\n",
                                     1000);
    assert_int_equal(got.tally.created, 2);
    assert_int_equal(store_status(s, &after), ERR_OK);
    assert_int_equal(after.op_last, before.op_last + 2);
}

static void a_dry_run_tells_the_same_and_leaves_nothing(void **state)
{
    (void)state;
    struct load_terms terms = {.table = table_named("company"), .dry_run = true};
    /* the second line refers to the first */
    struct outcome got =
        import_with(terms, "name;site_of\r\nForge SA;\r\nForge Huy;forge sa\r\n", 5);
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.created, 2);
    assert_false(got.tally.saved);
    assert_int_equal(count("company"), 0);
}

static void references_are_ids_or_unique_names(void **state)
{
    (void)state;
    struct outcome got =
        import("company", "name;site_of\r\nForge SA;\r\nForge Huy;FORGE S.A.\r\n"
                          "Été & Fils;\r\nÉté & Fils;\r\n");
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.rejected, 1); /* "S.A." is two words, the name has one */
    got = import("company", "name;site_of\r\nForge SA;\r\nForge Huy;FORGÉ  sa\r\n"
                            "Été & Fils;\r\nÉté & Fils;\r\n");
    assert_int_equal(got.tally.created, 4);
    got = import("session", "kind;date;minutes;company\r\nphone;1/2/2026;5;ete fils\r\n"
                            "phone;1/2/2026;5;Nulle part\r\nphone;1/2/2026;5;forge huy\r\n");
    assert_int_equal(got.tally.rejected, 2);
    assert_int_equal(got.first.err, ERR_EXISTS);
    assert_int_equal(got.first.column, 4);
    assert_null(strstr(got.first.note.text, "ete")); /* never what the file says */
}

static void people_are_found_in_either_order_of_their_names(void **state)
{
    (void)state;
    assert_int_equal(
        import("person", "name;first_name\r\nVandenfictif;Élise\r\n").tally.created, 1);
    struct outcome got = import("session", "kind;date;minutes;person\r\n"
                                           "phone;1/2/2026;5;elise vandenfictif\r\n"
                                           "phone;1/2/2026;5;VANDENFICTIF Elise\r\n"
                                           "phone;1/2/2026;5;Vandenfictif\r\n");
    assert_int_equal(got.tally.created, 2);
    assert_int_equal(got.tally.rejected, 1); /* half a name is nobody's */
}

static void an_export_read_back_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(import("company",
                            "name;access;city\r\n"
                            "=Forge;\"Par la cour,\r\n\"\"derrière\"\" ; 2e\";Huy\r\n"
                            "'Atelier;;\r\n")
                         .tally.created,
                     2);
    struct buf file = {0};
    export("company", false, &file);
    struct outcome got = import("company", (const char *)file.p);
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.unchanged, 2);
    assert_int_equal(got.tally.created + got.tally.updated + got.tally.rejected, 0);
    /* one cell differs: one row changes */
    char *huy = strstr((char *)file.p, "Huy");
    assert_non_null(huy);
    memcpy(huy, "Ath", 3);
    got = import("company", (const char *)file.p);
    assert_int_equal(got.tally.updated, 1);
    assert_int_equal(got.tally.unchanged, 1);
    buf_done(&file);
}

static void ids_of_the_file_are_kept_and_derived_ones_found(void **state)
{
    (void)state;
    const char *text = "id;name\r\n018f0000-0000-7000-8000-0000000000aa;Forge\r\n";
    assert_int_equal(import("company", text).tally.created, 1);
    assert_int_equal(import("company", text).tally.unchanged, 1);
    const char *bad = "id;name\r\nno-id;Forge\r\n";
    assert_int_equal(import("company", bad).tally.rejected, 1);
    assert_int_equal(count("company"), 1);
}

static void a_new_table_and_a_new_field_come_for_free(void **state)
{
    (void)state;
    struct outcome got =
        import("person", "name;first_name;test_colour\r\nFictif;Jean;bleu\r\n");
    assert_int_equal(got.tally.created, 1);
    char structure[ID_TEXT_BYTES];
    id_print(&twin.structure, structure);
    struct buf text = {0};
    buf_printf(&text,
               "structure;label;weight;pieces;sent;at;fragile;state;note\r\n"
               "%s;Colis;1,5;3;22/11/2026;14h05;oui;packed;\"a\nb\"\r\n%c",
               structure, 0);
    got = import("test_parcel", (const char *)text.p);
    assert_int_equal(got.err, ERR_OK);
    assert_int_equal(got.tally.created, 1);
    buf_clear(&text);
    export("test_parcel", false, &text);
    assert_non_null(strstr((const char *)text.p, ";Colis;1,5;3;2026-11-22;14:05;true;packed;"));
    assert_int_equal(import("test_parcel", (const char *)text.p).tally.unchanged, 1);
    buf_done(&text);
}

static void labels_are_for_reading(void **state)
{
    (void)state;
    assert_int_equal(
        import("company", "name;site_of\r\nForge SA;\r\nForge Huy;Forge SA\r\n").tally.created,
        2);
    struct buf file = {0};
    export("company", true, &file);
    assert_non_null(strstr((const char *)file.p, ";Siège;"));
    assert_non_null(strstr((const char *)file.p, ";Forge SA;"));
    assert_int_equal(import("company", (const char *)file.p).tally.unchanged, 2);
    buf_done(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_twin, close_twin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(titles_are_names_or_labels_in_any_dress),
        TEST(an_unknown_column_is_refused_with_the_known_ones),
        TEST(one_wrong_line_undoes_all_and_every_mistake_is_told),
        TEST(skip_bad_keeps_the_good_lines),
        TEST(each_saves_row_by_row),
        TEST(a_dry_run_tells_the_same_and_leaves_nothing),
        TEST(references_are_ids_or_unique_names),
        TEST(people_are_found_in_either_order_of_their_names),
        TEST(an_export_read_back_changes_nothing),
        TEST(ids_of_the_file_are_kept_and_derived_ones_found),
        TEST(a_new_table_and_a_new_field_come_for_free),
        TEST(labels_are_for_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
