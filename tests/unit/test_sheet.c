/* SPDX-License-Identifier: Apache-2.0 */
#include "io/xlsx.h"
#include "support/twin.h"
#include "support/unzip.h"
#include "web/sheet.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct twin twin;
static char path[256];
static struct buf rows, about; /* the two sheets, as XML */

static int open_twin(void **state)
{
    (void)state;
    twin_open(&twin, 1, &schema_jalon);
    (void)twin_sync(&twin, 0);
    (void)snprintf(path, sizeof path, "%s/out.xlsx", twin.dir);
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    (void)unlink(path);
    buf_done(&rows);
    buf_done(&about);
    twin_close(&twin);
    return 0;
}

static void make_file(void)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static bool holds(struct buf *where, const char *text)
{
    size_t n = strlen(text);
    return memmem(where->p, where->n, text, n) != NULL;
}

static void read_sheets(void)
{
    buf_clear(&rows);
    buf_clear(&about);
    assert_true(unzip_member(path, "xl/worksheets/sheet1.xml", &rows));
    assert_true(unzip_member(path, "xl/worksheets/sheet2.xml", &about));
}

static void export_table(const char *name, uint64_t *count)
{
    struct note why = {""};
    struct sheet_terms terms = {.table = schema_table_named(&schema_jalon, str_of(name)),
                                .path = path,
                                .tmp = twin.dir};
    make_file();
    assert_int_equal(sheet_export(twin.replicas[0].store, &terms, count, &why), ERR_OK);
    read_sheets();
}

static void people_read_words_not_codes(void **state)
{
    (void)state;
    struct party *anna = &twin.replicas[0];
    uint64_t count = 0;
    struct stat st;
    struct id person = twin_add(
        anna, "person",
        (const char *const[]){"name=Exemple & Fils", "first_name=Zoé", "gender=F", NULL});
    char ref[64] = "person=";
    id_print(&person, ref + strlen(ref));
    (void)twin_add(anna, "session",
                   (const char *const[]){"kind=phone", "date=2026-11-29", "start=14:30",
                                         "minutes=45", "subject==SOMME(A1:A9)", ref, NULL});
    export_table("session", &count);
    assert_int_equal(count, 1);
    assert_true(holds(&rows, "Dur\xC3\xA9"
                             "e"));
    assert_true(holds(&rows, "Exemple &amp; Fils"));
    assert_true(holds(&rows, "<v>46355</v>")); /* the day, as spreadsheets count */
    assert_true(holds(&rows, "<v>45</v>"));
    assert_true(holds(&rows, ">=SOMME(A1:A9)<"));
    assert_false(holds(&rows, "<f>"));
    assert_false(holds(&rows, ">phone<"));
    assert_false(holds(&rows, ref + strlen("person=")));
    assert_true(holds(&about, "minutes"));
    assert_true(holds(&about, "Export\xC3\xA9"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    export_table("person", &count);
    assert_int_equal(count, 1);
    assert_true(holds(&rows, "Zo\xC3\xA9"));
}

static void the_national_number_stays_masked(void **state)
{
    (void)state;
    struct party *anna = &twin.replicas[0];
    uint64_t count = 0;
    struct id person =
        twin_add(anna, "person", (const char *const[]){"name=Exemple", "first_name=Ali", NULL});
    char ref[64] = "person=";
    id_print(&person, ref + strlen(ref));
    (void)twin_add(anna, "identity_number",
                   (const char *const[]){ref, "value=00000000097", NULL});
    export_table("identity_number", &count);
    assert_int_equal(count, 1);
    assert_false(holds(&rows, "00000000097"));
}

static void odd_cells_make_a_sound_file(void **state)
{
    (void)state;
    static char longest[XLSX_CHARS_MAX * 2 + 2];
    struct xlsx *xlsx = NULL;
    for (size_t i = 0; i + 2 < sizeof longest; i += 2)
        memcpy(longest + i, "é", 2);
    make_file();
    assert_int_equal(xlsx_open(path, twin.dir, &xlsx), ERR_OK);
    xlsx_sheet(xlsx, STR("un/nom [bien] trop long pour une feuille"));
    xlsx_text(xlsx, STR("a\x01z<&>"));
    xlsx_day(xlsx, -30000); /* 1887: no spreadsheet's day */
    xlsx_empty(xlsx);
    xlsx_truth(xlsx, true);
    xlsx_text(xlsx, (struct str){longest, sizeof longest - 1});
    xlsx_text(xlsx, STR(""));
    xlsx_end_row(xlsx);
    xlsx_sheet(xlsx, STR("deux"));
    xlsx_number(xlsx, 0.5);
    xlsx_end_row(xlsx);
    assert_int_equal(xlsx_close(xlsx, true), ERR_OK);
    read_sheets();
    assert_true(holds(&rows, "a z&lt;&amp;&gt;"));
    assert_true(holds(&rows, "1887-"));
    assert_true(holds(&rows, "\xE2\x80\xA6"));
    assert_true(holds(&about, "<v>0.5</v>"));
}

static void a_file_that_cannot_be_written_is_said(void **state)
{
    (void)state;
    struct xlsx *xlsx = NULL;
    (void)snprintf(path, sizeof path, "%s/nowhere/out.xlsx", twin.dir);
    assert_int_equal(xlsx_open(path, twin.dir, &xlsx), ERR_OK);
    xlsx_sheet(xlsx, STR("un"));
    xlsx_text(xlsx, STR("x"));
    assert_int_equal(xlsx_close(xlsx, true), ERR_IO);
    assert_int_equal(xlsx_close(NULL, true), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(people_read_words_not_codes, open_twin, close_twin),
        cmocka_unit_test_setup_teardown(the_national_number_stays_masked, open_twin,
                                        close_twin),
        cmocka_unit_test_setup_teardown(odd_cells_make_a_sound_file, open_twin, close_twin),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_is_said, open_twin,
                                        close_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
