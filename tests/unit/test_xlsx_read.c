/* SPDX-License-Identifier: Apache-2.0 */
#include "io/xlsx.h"
#include "io/xlsx_look.h"
#include "io/xlsx_read.h"

#include <fcntl.h>
#include <minizip/zip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BOOK "<workbook xmlns:r='r'><sheets>"
#define BOOK_END "</sheets></workbook>"
#define ONE_SHEET BOOK "<sheet name='un' r:id='rId1'/>" BOOK_END
#define RELATIONS                                                                              \
    "<Relationships><Relationship Id='rId1' Target='worksheets/sheet1.xml'/>"                  \
    "<Relationship Id='rId2' Target='/xl/worksheets/sheet2.xml'/></Relationships>"

#define WITH_ENTITY                                                                            \
    "<!DOCTYPE w [<!ENTITY a 'b'>]><worksheet><row><c t='str'><v>&a;</v></c></row></worksheet>"

static char dir[64], path[128];
static struct buf seen; /* rows, as "2:a|b|;" */
static enum err row_err;

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/jalon-xlsx-XXXXXX");
    row_err = ERR_OK;
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/x.xlsx", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    buf_done(&seen);
    (void)unlink(path);
    return rmdir(dir);
}

struct part {
    const char *name, *content;
};

static void make_file(const struct part *parts, size_t n)
{
    zipFile zip = zipOpen64(path, APPEND_STATUS_CREATE);
    assert_non_null(zip);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(zipOpenNewFileInZip(zip, parts[i].name, NULL, NULL, 0, NULL, 0, NULL,
                                             Z_DEFLATED, 1),
                         ZIP_OK);
        assert_int_equal(
            zipWriteInFileInZip(zip, parts[i].content, (unsigned)strlen(parts[i].content)),
            ZIP_OK);
        assert_int_equal(zipCloseFileInZip(zip), ZIP_OK);
    }
    assert_int_equal(zipClose(zip, NULL), ZIP_OK);
}

static enum err on_row(void *ctx, const struct xlsx_row *row)
{
    (void)ctx;
    buf_printf(&seen, "%llu:", (unsigned long long)row->number);
    for (uint32_t i = 0; i < row->n; i++) {
        buf_add(&seen, row->cell[i].p, row->cell[i].n);
        buf_text(&seen, "|");
    }
    buf_text(&seen, ";");
    return row_err;
}

static enum err read_file(struct note *why)
{
    buf_clear(&seen);
    return xlsx_read(path, on_row, NULL, why);
}

static void assert_seen(const char *text)
{
    struct note why = {""};
    assert_int_equal(read_file(&why), ERR_OK);
    buf_u8(&seen, 0);
    assert_string_equal((const char *)seen.p, text);
}

/* A workbook of one sheet, with the rows given. */
static void make_sheet(const char *rows)
{
    const struct part parts[] = {{"xl/workbook.xml", ONE_SHEET},
                                 {"xl/_rels/workbook.xml.rels", RELATIONS},
                                 {"xl/worksheets/sheet1.xml", rows}};
    make_file(parts, sizeof parts / sizeof *parts);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct xlsx *xlsx = NULL;
    assert_int_equal(xlsx_open(path, dir, &xlsx), ERR_OK);
    xlsx_sheet(xlsx, STR("Séances"));
    xlsx_text(xlsx, STR("Objet"));
    xlsx_text(xlsx, STR("Date"));
    xlsx_end_row(xlsx);
    xlsx_end_row(xlsx);
    xlsx_text(xlsx, STR(" un <b> & deux\nlignes "));
    xlsx_day(xlsx, 20786);
    xlsx_empty(xlsx);
    xlsx_time(xlsx, 14 * 60 + 5);
    xlsx_number(xlsx, 7.6);
    xlsx_number(xlsx, 32475123456.0);
    xlsx_truth(xlsx, true);
    xlsx_end_row(xlsx);
    xlsx_sheet(xlsx, STR("autre"));
    xlsx_text(xlsx, STR("pas lu"));
    xlsx_end_row(xlsx);
    assert_int_equal(xlsx_close(xlsx, true), ERR_OK);
    assert_seen(
        "1:Objet|Date|;3: un <b> & deux\nlignes |2026-11-29||14:05|7.6|32475123456|1|;");
}

static void what_other_programs_write_is_read(void **state)
{
    (void)state;
    static const struct part parts[] = {
        {"xl/workbook.xml",
         "<x:workbook xmlns:x='m' xmlns:r='r'><x:workbookPr date1904='1'/><x:sheets>"
         "<x:sheet name='caché' state='hidden' r:id='rId1'/>"
         "<x:sheet name='vu' r:id='rId2'/></x:sheets></x:workbook>"},
        {"xl/_rels/workbook.xml.rels", RELATIONS},
        {"xl/styles.xml",
         "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='[$-80C]dddd d mmmm'/>"
         "<numFmt numFmtId='165' formatCode='0.0&quot;h d&quot;'/></numFmts>"
         "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
         "<cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='165'/>"
         "<xf numFmtId='22'/></cellXfs></styleSheet>"},
        {"xl/sharedStrings.xml", "<sst><si><t>un</t></si><si><r><t>de</t></r><r><t>ux</t></r>"
                                 "<rPh><t>non</t></rPh></si></sst>"},
        {"xl/worksheets/sheet1.xml", "<worksheet/>"},
        {"xl/worksheets/sheet2.xml",
         "<worksheet><sheetData>"
         "<row r='2'><c r='B2' t='s'><v>1</v></c><c r='D2' t='inlineStr'><is><t>tr</t><t>ois"
         "</t></is></c></row>"
         "<row><c t='s'><v>0</v></c><c s='1'><v>44893</v></c><c s='2'><v>2.5</v></c>"
         "<c s='3'><v>44893.5</v></c><c s='3'><v>44893</v></c><c t='b'><v>0</v></c>"
         "<c t='str'><f>A1</f><v>quatre</v></c></row>"
         "<row r='9'><c r='A9'/></row>"
         "</sheetData></worksheet>"},
    };
    make_file(parts, sizeof parts / sizeof *parts);
    assert_seen("2:|deux||trois|;"
                "3:un|2026-11-29|2.5|2026-11-29 12:00|2026-11-29|0|quatre|;");
}

static void formats_tell_days_from_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum xlsx_look look;
    } rows[] = {
        {"General", LOOK_NUMBER},   {"dd/mm/yyyy", LOOK_DAY},
        {"mmmm", LOOK_DAY},         {"hh:mm", LOOK_TIME},
        {"[h]:mm", LOOK_TIME},      {"d/m/yy h:mm", LOOK_BOTH},
        {"0.00", LOOK_NUMBER},      {"#,##0\\ \"days\"", LOOK_NUMBER},
        {"[Red]0;dd", LOOK_NUMBER}, {"0_d", LOOK_NUMBER},
        {"", LOOK_NUMBER},          {"\"", LOOK_NUMBER},
        {"\\", LOOK_NUMBER},        {"[", LOOK_NUMBER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(xlsx_look_format(rows[i].code), rows[i].look);
}

static void numbers_that_are_no_day_stay_numbers(void **state)
{
    (void)state;
    static const struct {
        enum xlsx_look look;
        double number;
        const char *text;
    } rows[] = {
        {LOOK_DAY, -1, "-1"},
        {LOOK_DAY, 1, "1900-01-01"},
        {LOOK_DAY, 59, "1900-02-28"},
        {LOOK_DAY, 61, "1900-03-01"},
        {LOOK_DAY, 1e12, "1000000000000"},
        {LOOK_TIME, 0.25, "06:00"},
        {LOOK_TIME, 1.5, "1.5"},
        {LOOK_TIME, 0.999999, "00:00"},
        {LOOK_NUMBER, 0.1 + 0.2, "0.3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        xlsx_look_print(rows[i].look, false, rows[i].number, &out);
        buf_u8(&out, 0);
        assert_string_equal((const char *)out.p, rows[i].text);
        buf_done(&out);
    }
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "<worksheet><sheetData><row><c t='s'><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c><v>sept</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c r='C1'/><c r='A1'/></row></sheetData></worksheet>",
        "<worksheet><sheetData><row>",
        WITH_ENTITY,
        "",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct note why = {""};
        make_sheet(rows[i]);
        assert_int_equal(read_file(&why), ERR_FORMAT);
        assert_true(why.text[0] != '\0');
    }
    make_sheet("<worksheet><row><c r='ZZZZZZZ1'/></row></worksheet>");
    assert_int_equal(read_file(NULL), ERR_LIMIT);
    make_sheet("<worksheet><row><c r='A1' t='str'><v>x</v></c></row></worksheet>");
    row_err = ERR_INVALID;
    assert_int_equal(read_file(NULL), ERR_INVALID);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(read_file(NULL), ERR_FORMAT);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(read_file(NULL), ERR_FORMAT);
}

/* Not deeper than a reader must follow, wherever the depth is. */
static void depth_is_bounded(void **state)
{
    (void)state;
    static char rows[200 * 4];
    for (size_t i = 0; i < 200; i++)
        memcpy(rows + 3 * i, "<a>", 3);
    make_sheet(rows);
    assert_int_equal(read_file(NULL), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_other_programs_write_is_read, make_dir,
                                        remove_dir),
        cmocka_unit_test(formats_tell_days_from_numbers),
        cmocka_unit_test(numbers_that_are_no_day_stay_numbers),
        cmocka_unit_test_setup_teardown(damaged_files_are_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(depth_is_bounded, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
