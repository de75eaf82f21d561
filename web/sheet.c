/* SPDX-License-Identifier: Apache-2.0 */
#include "web/sheet.h"

#include "io/say.h"
#include "io/xlsx.h"
#include "proto/codes.h"
#include "web/words.h"

struct sheet {
    struct store *s;
    const struct table *table;
    struct xlsx *xlsx;
    struct buf text; /* scratch */
    struct arena arena;
    uint64_t count;
};

/* ---- cells ---- */

/* What the language calls the code: as the network says it, else as Jalon does, else as it is.
 */
static enum err code_cell(struct sheet *sheet, const struct field *field, struct str code)
{
    enum err err = words_code(sheet->s, field, code, &sheet->arena, &sheet->text);
    if (err == ERR_OK)
        xlsx_text(sheet->xlsx, buf_str(&sheet->text));
    return err;
}

static void ref_cell(struct sheet *sheet, const struct field *field, const struct value *v)
{
    struct id id;
    memcpy(id.b, v->s.p, ID_BYTES);
    names_row(sheet->s, schema_table(store_schema(sheet->s), field->ref), &id, &sheet->text);
    xlsx_text(sheet->xlsx, buf_str(&sheet->text));
}

static enum err cell(struct sheet *sheet, const struct field *field, const struct value *v)
{
    buf_clear(&sheet->text);
    if (v->type == VALUE_NULL) {
        xlsx_empty(sheet->xlsx);
        return ERR_OK;
    }
    switch (field->kind) {
    case KIND_INT:
        xlsx_number(sheet->xlsx, (double)v->i);
        return ERR_OK;
    case KIND_REAL:
        xlsx_number(sheet->xlsx, v->r);
        return ERR_OK;
    case KIND_BOOL:
        xlsx_truth(sheet->xlsx, v->i != 0);
        return ERR_OK;
    case KIND_DATE:
        xlsx_day(sheet->xlsx, v->i);
        return ERR_OK;
    case KIND_TIME:
        xlsx_time(sheet->xlsx, v->i);
        return ERR_OK;
    case KIND_ENUM:
        return code_cell(sheet, field, v->s);
    case KIND_REF:
        ref_cell(sheet, field, v);
        return sheet->text.err;
    case KIND_TEXT:
    case KIND_INSTANT:
    case KIND_ID:
    case KIND_RAW:
        value_show(field, v, &sheet->text);
        xlsx_text(sheet->xlsx, buf_str(&sheet->text));
        return sheet->text.err;
    }
    return ERR_OK;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct sheet *sheet = ctx;
    char id[ID_TEXT_BYTES];
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < sheet->table->field_count && err == ERR_OK; i++)
        err = cell(sheet, &sheet->table->fields[i], &row->values[i]);
    id_print(&row->id, id);
    xlsx_text(sheet->xlsx, str_of(id));
    xlsx_end_row(sheet->xlsx);
    arena_done(&sheet->arena);
    sheet->count++;
    return err == ERR_OK && sheet->count >= XLSX_ROWS_MAX ? ERR_LIMIT : err;
}

static enum err rows_sheet(struct sheet *sheet)
{
    xlsx_sheet(sheet->xlsx, str_of(say_text(sheet->table->label)));
    for (uint16_t i = 0; i < sheet->table->field_count; i++)
        xlsx_text(sheet->xlsx, str_of(say_text(sheet->table->fields[i].label)));
    xlsx_text(sheet->xlsx, STR("id"));
    xlsx_end_row(sheet->xlsx);
    return rows_list(sheet->s, sheet->table, NULL, 0, false, 0, on_row, sheet);
}

/* ---- what it is ---- */

static const char *kind_words(enum kind kind)
{
    switch (kind) {
    case KIND_TEXT:
        return N_("texte");
    case KIND_INT:
        return N_("nombre entier");
    case KIND_REAL:
        return N_("nombre");
    case KIND_BOOL:
        return N_("oui ou non");
    case KIND_DATE:
        return N_("date");
    case KIND_TIME:
        return N_("heure");
    case KIND_INSTANT:
        return N_("instant (UTC)");
    case KIND_ENUM:
        return N_("un mot d'une liste");
    case KIND_REF:
        return N_("le nom d'une autre fiche");
    case KIND_ID:
    case KIND_RAW:
        return N_("donnée technique");
    }
    return "";
}

static void pair(struct sheet *sheet, const char *what, struct str value)
{
    xlsx_text(sheet->xlsx, str_of(say_text(what)));
    xlsx_text(sheet->xlsx, value);
    xlsx_end_row(sheet->xlsx);
}

static enum err about_sheet(struct sheet *sheet)
{
    struct store_status status;
    struct value now = value_int(store_now(sheet->s));
    const struct table *staff = schema_table(store_schema(sheet->s), TABLE_STAFF);
    enum err err = store_status(sheet->s, &status);
    if (err != ERR_OK)
        return err;
    xlsx_sheet(sheet->xlsx, str_of(T("Définitions")));
    xlsx_text(sheet->xlsx, str_of(T("Colonne")));
    xlsx_text(sheet->xlsx, str_of(T("Contenu")));
    xlsx_text(sheet->xlsx, str_of(T("Nom technique")));
    xlsx_end_row(sheet->xlsx);
    for (uint16_t i = 0; i < sheet->table->field_count; i++) {
        const struct field *field = &sheet->table->fields[i];
        xlsx_text(sheet->xlsx, str_of(say_text(field->label)));
        xlsx_text(sheet->xlsx, str_of(say_text(kind_words(field->kind))));
        xlsx_text(sheet->xlsx, str_of(field->name));
        xlsx_end_row(sheet->xlsx);
    }
    xlsx_end_row(sheet->xlsx);
    buf_clear(&sheet->text);
    value_print(KIND_INSTANT, &now, &sheet->text);
    pair(sheet, N_("Exporté le"), buf_str(&sheet->text));
    buf_clear(&sheet->text);
    if (staff != NULL && !id_is_null(&status.staff))
        names_row(sheet->s, staff, &status.staff, &sheet->text);
    pair(sheet, N_("Par"), buf_str(&sheet->text));
    if (!status.complete)
        pair(sheet, N_("Attention"),
             str_of(T("la première réception n'était pas terminée : il peut manquer des "
                      "fiches")));
    return sheet->text.err;
}

enum err sheet_export(struct store *s, const struct sheet_terms *terms, uint64_t *count,
                      struct note *why)
{
    struct sheet sheet = {.s = s, .table = terms->table};
    enum err err = xlsx_open(terms->path, terms->tmp, &sheet.xlsx);
    if (err == ERR_NOTFOUND)
        return note_set(why, err,
                        N_("la bibliothèque libxlsxwriter n'est pas installée ; exportez en "
                           ".csv"));
    if (err != ERR_OK)
        return err;
    err = rows_sheet(&sheet);
    if (err == ERR_OK)
        err = about_sheet(&sheet);
    enum err closed = xlsx_close(sheet.xlsx, err == ERR_OK);
    buf_done(&sheet.text);
    arena_done(&sheet.arena);
    if (err == ERR_OK)
        err = closed;
    if (err == ERR_LIMIT)
        return note_set(why, err,
                        N_("plus de lignes qu'une feuille de calcul n'en a (%d) ; exportez "
                           "en CSV"),
                        XLSX_ROWS_MAX);
    if (err == ERR_FULL || err == ERR_IO)
        return note_set(why, err, N_("le fichier n'a pas pu être écrit"));
    if (err == ERR_OK)
        *count = sheet.count;
    return err;
}
