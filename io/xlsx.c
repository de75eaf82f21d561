/* SPDX-License-Identifier: Apache-2.0 */
#include "io/xlsx.h"

#include "proto/mem.h"
#include "proto/value.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <xlsxwriter.h>

enum {
    DAY_ZERO = 25569, /* 1970-01-01 as spreadsheets count */
    DAY_FIRST = 61,   /* 1900-03-01: they take 1900 for a leap year */
    DAY_MINUTES = 24 * 60,
    COLUMN_WIDTH = 18, /* characters */
};

/* The functions of the library, once it is loaded. */
#define FUNCTIONS(X)                                                                           \
    X(workbook_new_opt)                                                                        \
    X(workbook_add_format)                                                                     \
    X(workbook_add_worksheet)                                                                  \
    X(workbook_close)                                                                          \
    X(lxw_workbook_free)                                                                       \
    X(format_set_bold)                                                                         \
    X(format_set_num_format)                                                                   \
    X(worksheet_freeze_panes)                                                                  \
    X(worksheet_set_column)                                                                    \
    X(worksheet_write_string)                                                                  \
    X(worksheet_write_number)                                                                  \
    X(worksheet_write_boolean)

#define X(name) __typeof__(name) *(name);
static struct {
    FUNCTIONS(X)
} lib;
#undef X
static bool lib_loaded;
static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

/* It stays loaded: other threads may be writing. */
static void load_library(void)
{
    void *handle = dlopen(XLSXWRITER_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return;
    lib_loaded = true;
#define X(name)                                                                                \
    void *name##_at = dlsym(handle, #name);                                                    \
    memcpy(&lib.name, &name##_at, sizeof lib.name);                                            \
    lib_loaded = lib_loaded && lib.name != NULL;
    FUNCTIONS(X)
#undef X
}

struct xlsx {
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *title, *day, *time;
    lxw_row_t row;
    lxw_col_t col;
    struct buf text; /* scratch, NUL-terminated */
    enum err err;
};

static void note_error(struct xlsx *xlsx, lxw_error error)
{
    if (error == LXW_NO_ERROR || xlsx->err != ERR_OK)
        return;
    if (error == LXW_ERROR_MEMORY_MALLOC_FAILED)
        xlsx->err = ERR_NOMEM;
    else if (error == LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE)
        xlsx->err = ERR_LIMIT;
    else
        xlsx->err = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_FULL : ERR_IO;
}

enum err xlsx_open(const char *path, const char *tmp, struct xlsx **out)
{
    (void)pthread_once(&lib_once, load_library);
    if (!lib_loaded)
        return ERR_NOTFOUND;
    struct xlsx *xlsx = mem_new(sizeof *xlsx);
    if (xlsx == NULL)
        return ERR_NOMEM;
    buf_text(&xlsx->text, tmp);
    buf_u8(&xlsx->text, 0);
    if (xlsx->text.err == ERR_OK) {
        lxw_workbook_options options = {.constant_memory = LXW_TRUE,
                                        .tmpdir = (char *)xlsx->text.p};
        xlsx->book = lib.workbook_new_opt(path, &options);
    }
    if (xlsx->book != NULL) {
        xlsx->title = lib.workbook_add_format(xlsx->book);
        xlsx->day = lib.workbook_add_format(xlsx->book);
        xlsx->time = lib.workbook_add_format(xlsx->book);
    }
    if (xlsx->title == NULL || xlsx->day == NULL || xlsx->time == NULL) {
        enum err err = xlsx_close(xlsx, false);
        return err == ERR_OK ? ERR_NOMEM : err;
    }
    lib.format_set_bold(xlsx->title);
    lib.format_set_num_format(xlsx->day, "dd/mm/yyyy");
    lib.format_set_num_format(xlsx->time, "hh:mm");
    *out = xlsx;
    return ERR_OK;
}

/* NUL-terminated, valid for XML; NULL: not enough memory. */
static const char *copy(struct xlsx *xlsx, struct str text, size_t chars_max)
{
    size_t chars = 0;
    buf_clear(&xlsx->text);
    for (size_t i = 0; i < text.n && chars <= chars_max; i++) {
        unsigned char c = (unsigned char)text.p[i];
        chars += (c & 0xC0) != 0x80;
        /* Characters outside the first plane count as two, as in UTF-16. */
        chars += c >= 0xF0;
        if (chars >= chars_max && i + 1 < text.n) {
            buf_text(&xlsx->text, "…");
            break;
        }
        buf_u8(&xlsx->text, (c < ' ' && c != '\n' && c != '\t') || c == 0x7F ? ' ' : c);
    }
    buf_u8(&xlsx->text, 0);
    if (xlsx->text.err != ERR_OK && xlsx->err == ERR_OK)
        xlsx->err = xlsx->text.err;
    return xlsx->err == ERR_OK ? (const char *)xlsx->text.p : NULL;
}

void xlsx_sheet(struct xlsx *xlsx, struct str name)
{
    const char *z = copy(xlsx, name, XLSX_NAME_CHARS_MAX);
    if (z == NULL)
        return;
    for (size_t i = 0; i + 1 < xlsx->text.n; i++)
        if (strchr("[]:*?/\\'\n\t", xlsx->text.p[i]) != NULL)
            xlsx->text.p[i] = '-';
    xlsx->sheet = lib.workbook_add_worksheet(xlsx->book, z);
    if (xlsx->sheet == NULL) {
        xlsx->err = ERR_NOMEM;
        return;
    }
    xlsx->row = 0;
    xlsx->col = 0;
    lib.worksheet_freeze_panes(xlsx->sheet, 1, 0);
    note_error(xlsx,
               lib.worksheet_set_column(xlsx->sheet, 0, LXW_COL_MAX - 1, COLUMN_WIDTH, NULL));
}

static bool ready(const struct xlsx *xlsx)
{
    must(xlsx->err != ERR_OK || xlsx->sheet != NULL);
    return xlsx->err == ERR_OK;
}

void xlsx_text(struct xlsx *xlsx, struct str text)
{
    if (!ready(xlsx))
        return;
    const char *z = copy(xlsx, text, XLSX_CHARS_MAX);
    if (z != NULL)
        note_error(xlsx, lib.worksheet_write_string(xlsx->sheet, xlsx->row, xlsx->col++, z,
                                                    xlsx->row == 0 ? xlsx->title : NULL));
}

static void number(struct xlsx *xlsx, double value, lxw_format *format)
{
    if (ready(xlsx))
        note_error(xlsx, lib.worksheet_write_number(xlsx->sheet, xlsx->row, xlsx->col++, value,
                                                    format));
}

void xlsx_number(struct xlsx *xlsx, double value)
{
    number(xlsx, value, NULL);
}

void xlsx_day(struct xlsx *xlsx, int64_t days)
{
    struct buf text = {0};
    struct value value = value_int(days);
    if (days + DAY_ZERO >= DAY_FIRST) {
        number(xlsx, (double)(days + DAY_ZERO), xlsx->day);
        return;
    }
    value_print(KIND_DATE, &value, &text);
    if (text.err == ERR_OK)
        xlsx_text(xlsx, buf_str(&text));
    else if (xlsx->err == ERR_OK)
        xlsx->err = text.err;
    buf_done(&text);
}

void xlsx_time(struct xlsx *xlsx, int64_t minutes)
{
    number(xlsx, (double)minutes / DAY_MINUTES, xlsx->time);
}

void xlsx_truth(struct xlsx *xlsx, bool truth)
{
    if (ready(xlsx))
        note_error(xlsx, lib.worksheet_write_boolean(xlsx->sheet, xlsx->row, xlsx->col++, truth,
                                                     NULL));
}

void xlsx_empty(struct xlsx *xlsx)
{
    xlsx->col++;
}

void xlsx_end_row(struct xlsx *xlsx)
{
    xlsx->row++;
    xlsx->col = 0;
}

enum err xlsx_close(struct xlsx *xlsx, bool whole)
{
    if (xlsx == NULL)
        return ERR_OK;
    errno = 0;
    if (xlsx->book != NULL && whole && xlsx->err == ERR_OK)
        note_error(xlsx, lib.workbook_close(xlsx->book));
    else
        lib.lxw_workbook_free(xlsx->book);
    enum err err = xlsx->err;
    buf_done(&xlsx->text);
    mem_free(xlsx);
    return err;
}
