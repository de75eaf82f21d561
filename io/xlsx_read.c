/* SPDX-License-Identifier: Apache-2.0 */
#include "io/xlsx_read.h"

#include "io/xlsx_look.h"
#include "proto/mem.h"

#include <expat.h>
#include <math.h>
#include <minizip/unzip.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CASE_MATTERS = 1, /* of unzLocateFile */
    CHUNK_BYTES = 16 * 1024,
    DEPTH_MAX = 64,
    NUMBER_BYTES_MAX = 64,
};

struct number_format {
    uint32_t id;
    enum xlsx_look look;
};

/* Texts one after the other: where each ends. */
struct texts {
    struct buf bytes;
    uint32_t *ends;
    uint32_t n, room;
};

enum cell_type { CELL_NUMBER, CELL_SHARED, CELL_TEXT, CELL_TRUTH };

struct reader {
    unzFile zip;
    XML_Parser parser; /* of the part being read */
    unsigned depth;
    enum err err;
    struct note *why;
    struct buf text; /* between the tags, while `keeping` */
    bool keeping, phonetic;

    /* the workbook and what it names */
    char sheet_id[NUMBER_BYTES_MAX];
    struct buf sheet_path;
    bool calendar_1904;

    /* styles */
    struct number_format *formats;
    uint32_t format_count, format_room;
    uint8_t *looks; /* enum xlsx_look of each cell style */
    uint32_t look_count, look_room;
    bool in_styles; /* within the list of cell styles */

    struct texts shared;

    /* the sheet */
    struct texts row;
    uint64_t row_number;
    uint32_t column; /* of the cell, from 0 */
    enum cell_type type;
    uint32_t style;
    struct str cells[XLSX_COLUMNS_MAX];
    xlsx_on_row *on_row;
    void *ctx;
};

static void stop(struct reader *r, enum err err)
{
    if (r->err == ERR_OK)
        r->err = err;
    if (r->parser != NULL)
        (void)XML_StopParser(r->parser, XML_FALSE);
}

/* A name without its prefix. */
static bool is(const char *name, const char *local)
{
    const char *colon = strrchr(name, ':');
    return strcmp(colon == NULL ? name : colon + 1, local) == 0;
}

/* NULL when it is not there. */
static const char *attribute(const char **attributes, const char *local)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (is(attributes[0], local))
            return attributes[1];
    return NULL;
}

static bool is_true(const char *text)
{
    return text != NULL && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

/* A whole number; `otherwise` when it is none. */
static uint32_t whole(const char *text, uint32_t otherwise)
{
    uint64_t v = 0;
    if (text == NULL || *text == '\0')
        return otherwise;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || v > UINT32_MAX / 10 - 1)
            return otherwise;
        v = v * 10 + (uint64_t)(*text - '0');
    }
    return (uint32_t)v;
}

/* Room for one more of `size` bytes; NULL: none. */
static void *grown(void *items, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return items;
    uint32_t larger = *room == 0 ? 64 : *room * 2;
    void *moved = mem_grow(items, larger * size);
    if (moved != NULL)
        *room = larger;
    return moved;
}

static void end_text(struct reader *r, struct texts *texts)
{
    uint32_t *ends = grown(texts->ends, texts->n, &texts->room, sizeof *ends);
    if (ends == NULL || texts->bytes.err != ERR_OK) {
        stop(r, ends == NULL ? ERR_NOMEM : texts->bytes.err);
        return;
    }
    texts->ends = ends;
    texts->ends[texts->n++] = (uint32_t)texts->bytes.n;
}

static struct str text_at(const struct texts *texts, uint32_t i)
{
    uint32_t from = i == 0 ? 0 : texts->ends[i - 1];
    if (texts->bytes.n == 0)
        return (struct str){NULL, 0};
    return (struct str){(const char *)texts->bytes.p + from, texts->ends[i] - from};
}

/* ---- one part of the archive ---- */

static void on_text(void *ctx, const char *text, int n)
{
    struct reader *r = ctx;
    if (r->keeping && !r->phonetic)
        buf_add(&r->text, text, (size_t)n);
    if (r->text.err != ERR_OK)
        stop(r, r->text.err);
}

static void on_doctype(void *ctx, const char *name, const char *system, const char *public,
                       int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(ctx, ERR_FORMAT);
}

static void keep(struct reader *r)
{
    buf_clear(&r->text);
    r->keeping = true;
}

static bool may_open(struct reader *r)
{
    if (++r->depth <= DEPTH_MAX)
        return r->err == ERR_OK;
    stop(r, ERR_FORMAT);
    return false;
}

static enum err parse(struct reader *r)
{
    uint64_t all = 0;
    int n = 1;
    while (n > 0 && r->err == ERR_OK) {
        void *room = XML_GetBuffer(r->parser, CHUNK_BYTES);
        if (room == NULL)
            return ERR_NOMEM;
        n = unzReadCurrentFile(r->zip, room, CHUNK_BYTES);
        if (n < 0)
            return ERR_FORMAT;
        all += (uint64_t)n;
        if (all > XLSX_PART_BYTES_MAX)
            return ERR_LIMIT;
        if (XML_ParseBuffer(r->parser, n, n == 0) == XML_STATUS_OK)
            continue;
        if (r->err != ERR_OK)
            return r->err;
        return XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_FORMAT;
    }
    return r->err;
}

/* NOTFOUND: there is no such part. */
static enum err read_part(struct reader *r, const char *name, XML_StartElementHandler start,
                          XML_EndElementHandler end)
{
    int found = unzLocateFile(r->zip, name, CASE_MATTERS);
    if (found != UNZ_OK)
        return found == UNZ_END_OF_LIST_OF_FILE ? ERR_NOTFOUND : ERR_FORMAT;
    if (unzOpenCurrentFile(r->zip) != UNZ_OK)
        return ERR_FORMAT;
    enum err err = ERR_NOMEM;
    r->depth = 0;
    r->keeping = false;
    r->phonetic = false;
    r->parser = XML_ParserCreate(NULL);
    if (r->parser != NULL) {
        XML_SetUserData(r->parser, r);
        XML_SetElementHandler(r->parser, start, end);
        XML_SetCharacterDataHandler(r->parser, on_text);
        XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
        err = parse(r);
        XML_ParserFree(r->parser);
        r->parser = NULL;
    }
    /* The check sum of the part is compared here. */
    if (unzCloseCurrentFile(r->zip) != UNZ_OK && err == ERR_OK)
        err = ERR_FORMAT;
    return err;
}

static void on_end_nothing(void *ctx, const char *name)
{
    struct reader *r = ctx;
    (void)name;
    r->depth--;
}

/* ---- the workbook: which sheet, which calendar ---- */

static void on_workbook(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    if (!may_open(r))
        return;
    if (is(name, "workbookPr"))
        r->calendar_1904 = is_true(attribute(attributes, "date1904"));
    if (!is(name, "sheet") || r->sheet_id[0] != '\0')
        return;
    const char *state = attribute(attributes, "state");
    const char *id = attribute(attributes, "id");
    if (id == NULL || (state != NULL && strcmp(state, "visible") != 0))
        return;
    (void)snprintf(r->sheet_id, sizeof r->sheet_id, "%s", id);
}

/* Where the part with the sheet's id lies: from the root, or from the folder of the workbook.
 */
static void on_relation(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    if (!may_open(r) || !is(name, "Relationship"))
        return;
    const char *id = attribute(attributes, "Id");
    const char *target = attribute(attributes, "Target");
    if (id == NULL || target == NULL || strcmp(id, r->sheet_id) != 0)
        return;
    buf_clear(&r->sheet_path);
    buf_text(&r->sheet_path, target[0] == '/' ? "" : "xl/");
    buf_text(&r->sheet_path, target[0] == '/' ? target + 1 : target);
    buf_u8(&r->sheet_path, 0);
    if (r->sheet_path.err != ERR_OK)
        stop(r, r->sheet_path.err);
}

/* ---- styles: which numbers are days or times ---- */

static void add_format(struct reader *r, const char **attributes)
{
    const char *code = attribute(attributes, "formatCode");
    uint32_t id = whole(attribute(attributes, "numFmtId"), UINT32_MAX);
    if (code == NULL || id == UINT32_MAX)
        return;
    if (r->format_count == XLSX_STYLES_MAX) {
        stop(r, ERR_LIMIT);
        return;
    }
    struct number_format *formats =
        grown(r->formats, r->format_count, &r->format_room, sizeof *formats);
    if (formats == NULL) {
        stop(r, ERR_NOMEM);
        return;
    }
    r->formats = formats;
    r->formats[r->format_count++] = (struct number_format){id, xlsx_look_format(code)};
}

static void add_style(struct reader *r, const char **attributes)
{
    uint32_t id = whole(attribute(attributes, "numFmtId"), 0);
    enum xlsx_look look = xlsx_look_known(id);
    if (r->look_count == XLSX_STYLES_MAX) {
        stop(r, ERR_LIMIT);
        return;
    }
    for (uint32_t i = 0; i < r->format_count; i++)
        if (r->formats[i].id == id)
            look = r->formats[i].look;
    uint8_t *looks = grown(r->looks, r->look_count, &r->look_room, sizeof *looks);
    if (looks == NULL) {
        stop(r, ERR_NOMEM);
        return;
    }
    r->looks = looks;
    r->looks[r->look_count++] = (uint8_t)look;
}

static void on_style(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    if (!may_open(r))
        return;
    if (is(name, "numFmt"))
        add_format(r, attributes);
    if (is(name, "cellXfs"))
        r->in_styles = true;
    if (is(name, "xf") && r->in_styles)
        add_style(r, attributes);
}

static void on_style_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    r->depth--;
    if (is(name, "cellXfs"))
        r->in_styles = false;
}

/* ---- texts that cells share ---- */

static void on_shared(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    if (!may_open(r))
        return;
    if (is(name, "t"))
        keep(r);
    if (is(name, "rPh"))
        r->phonetic = true;
}

static void on_shared_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    r->depth--;
    if (is(name, "t")) {
        if (!r->phonetic)
            buf_add(&r->shared.bytes, r->text.p, r->text.n);
        r->keeping = false;
    }
    if (is(name, "rPh"))
        r->phonetic = false;
    if (is(name, "si") && r->err == ERR_OK)
        end_text(r, &r->shared);
}

/* ---- the sheet ---- */

/* "AB12" → 27; `otherwise` when it names no column. */
static uint32_t column_of(const char *reference, uint32_t otherwise)
{
    uint32_t column = 0;
    if (reference == NULL || *reference < 'A' || *reference > 'Z')
        return otherwise;
    for (; *reference >= 'A' && *reference <= 'Z' && column <= XLSX_COLUMNS_MAX; reference++)
        column = column * 26 + (uint32_t)(*reference - 'A') + 1;
    return column - 1;
}

static enum cell_type type_of(const char *type)
{
    if (type == NULL || strcmp(type, "n") == 0)
        return CELL_NUMBER;
    if (strcmp(type, "s") == 0)
        return CELL_SHARED;
    return strcmp(type, "b") == 0 ? CELL_TRUTH : CELL_TEXT;
}

static void begin_cell(struct reader *r, const char **attributes)
{
    uint32_t column = column_of(attribute(attributes, "r"), r->row.n);
    if (column >= XLSX_COLUMNS_MAX) {
        stop(r, ERR_LIMIT);
        return;
    }
    if (column < r->row.n) {
        stop(r, ERR_FORMAT);
        return;
    }
    while (r->row.n < column && r->err == ERR_OK)
        end_text(r, &r->row);
    r->column = column;
    r->type = type_of(attribute(attributes, "t"));
    r->style = whole(attribute(attributes, "s"), 0);
    buf_clear(&r->text);
}

static void print_number(struct reader *r, double number)
{
    bool known = r->style < r->look_count;
    xlsx_look_print(known ? (enum xlsx_look)r->looks[r->style] : LOOK_NUMBER, r->calendar_1904,
                    number, &r->row.bytes);
}

/* The number the cell holds; NAN when it holds none. */
static double number_of(struct str raw)
{
    char text[NUMBER_BYTES_MAX];
    char *end = NULL;
    if (raw.n >= sizeof text)
        return NAN;
    memcpy(text, raw.p, raw.n);
    text[raw.n] = '\0';
    double number = strtod(text, &end);
    return *end == '\0' && isfinite(number) ? number : NAN;
}

/* What stands in the cell, as it is in the file, becomes what a person would type. */
static void end_cell(struct reader *r)
{
    struct str text = buf_str(&r->text);
    bool counts = (r->type == CELL_NUMBER || r->type == CELL_SHARED) && text.n > 0;
    double number = counts ? number_of(text) : 0;
    bool shared = counts && r->type == CELL_SHARED;
    if (isnan(number) || (shared && (number < 0 || number >= r->shared.n))) {
        stop(r, ERR_FORMAT);
        return;
    }
    if (shared)
        text = text_at(&r->shared, (uint32_t)number);
    if (counts && !shared)
        print_number(r, number);
    else
        buf_add(&r->row.bytes, text.p, text.n);
    if (r->err == ERR_OK)
        end_text(r, &r->row);
    buf_clear(&r->text);
}

static void end_row(struct reader *r)
{
    struct xlsx_row row = {.number = r->row_number, .cell = r->cells, .n = r->row.n};
    for (uint32_t i = 0; i < r->row.n; i++)
        r->cells[i] = text_at(&r->row, i);
    if (r->row.bytes.n > 0) {
        enum err err = r->on_row(r->ctx, &row);
        if (err != ERR_OK)
            stop(r, err);
    }
    buf_clear(&r->row.bytes);
    r->row.n = 0;
}

static void on_sheet(void *ctx, const char *name, const char **attributes)
{
    struct reader *r = ctx;
    if (!may_open(r))
        return;
    if (is(name, "row"))
        r->row_number = whole(attribute(attributes, "r"), (uint32_t)r->row_number + 1);
    if (is(name, "c"))
        begin_cell(r, attributes);
    /* Pieces of a text in the cell follow one another. */
    if (is(name, "v") || is(name, "t"))
        r->keeping = true;
    if (is(name, "rPh"))
        r->phonetic = true;
}

static void on_sheet_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    r->depth--;
    if (r->err != ERR_OK)
        return;
    if (is(name, "v") || is(name, "t"))
        r->keeping = false;
    if (is(name, "rPh"))
        r->phonetic = false;
    if (is(name, "c"))
        end_cell(r);
    if (is(name, "row"))
        end_row(r);
}

/* ---- all of it ---- */

static enum err optional(enum err err)
{
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err read_book(struct reader *r)
{
    enum err err = read_part(r, "xl/workbook.xml", on_workbook, on_end_nothing);
    if (err == ERR_OK && r->sheet_id[0] == '\0')
        err = ERR_FORMAT;
    if (err == ERR_OK)
        err = read_part(r, "xl/_rels/workbook.xml.rels", on_relation, on_end_nothing);
    if (err == ERR_OK && r->sheet_path.n == 0)
        err = ERR_FORMAT;
    if (err == ERR_OK)
        err = optional(read_part(r, "xl/styles.xml", on_style, on_style_end));
    if (err == ERR_OK)
        err = optional(read_part(r, "xl/sharedStrings.xml", on_shared, on_shared_end));
    if (err == ERR_OK)
        err = read_part(r, (const char *)r->sheet_path.p, on_sheet, on_sheet_end);
    return err == ERR_NOTFOUND ? ERR_FORMAT : err;
}

enum err xlsx_read(const char *path, xlsx_on_row *on_row, void *ctx, struct note *why)
{
    struct reader *r = mem_new(sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    *r = (struct reader){.on_row = on_row,
                         .ctx = ctx,
                         .shared.bytes.max = XLSX_TEXT_BYTES_MAX,
                         .row.bytes.max = XLSX_ROW_BYTES_MAX,
                         .text.max = XLSX_ROW_BYTES_MAX};
    r->zip = unzOpen64(path);
    enum err err = r->zip == NULL ? ERR_FORMAT : read_book(r);
    bool told = why != NULL && why->text[0] != '\0';
    if (err == ERR_FORMAT && !told)
        err = note_set(why, err,
                       N_("ce n'est pas un fichier de tableur (.xlsx), ou il est abîmé"));
    else if (err == ERR_LIMIT && !told)
        err = note_set(why, err,
                       N_("tableur trop grand (au plus %d colonnes) : enregistrez-le en .csv"),
                       XLSX_COLUMNS_MAX);
    if (r->zip != NULL)
        (void)unzClose(r->zip);
    buf_done(&r->text);
    buf_done(&r->sheet_path);
    buf_done(&r->shared.bytes);
    buf_done(&r->row.bytes);
    mem_free(r->shared.ends);
    mem_free(r->row.ends);
    mem_free(r->formats);
    mem_free(r->looks);
    mem_free(r);
    return err;
}
