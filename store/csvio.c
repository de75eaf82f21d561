/* SPDX-License-Identifier: Apache-2.0 */
#include "store/csvio.h"

struct csvio {
    struct load *load;
    struct csv_in in;
    struct arena arena; /* titles */
    struct load_column columns[CSV_COLUMNS_MAX];
    struct str titles[CSV_COLUMNS_MAX];
    uint32_t n;  /* columns */
    bool headed; /* the first row was read */
};

enum err csvio_open(struct load *load, struct csvio **out)
{
    struct csvio *csvio = mem_new(sizeof *csvio);
    if (csvio == NULL)
        return ERR_NOMEM;
    csvio->load = load;
    csv_in_init(&csvio->in);
    *out = csvio;
    return ERR_OK;
}

void csvio_close(struct csvio *csvio)
{
    if (csvio == NULL)
        return;
    csv_in_done(&csvio->in);
    arena_done(&csvio->arena);
    mem_free(csvio);
}

static bool blank(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ')
            return false;
    }
    return true;
}

static bool same_column(const struct load_column *a, const struct load_column *b)
{
    return a->what != LOAD_NOTHING && a->what == b->what && a->field == b->field;
}

static enum err read_title(struct csvio *csvio, uint32_t i, struct str title, uint64_t line,
                           struct note *why)
{
    struct note cause = {""};
    enum err err = load_match(csvio->load, title, &csvio->columns[i], &cause);
    if (err != ERR_OK)
        return note_set(why, err, N_("ligne %llu, colonne %u : %.400s"),
                        (unsigned long long)line, i + 1, cause.text);
    for (uint32_t k = 0; k < i; k++) {
        if (same_column(&csvio->columns[k], &csvio->columns[i]))
            return note_set(why, ERR_INVALID,
                            N_("ligne %llu : les colonnes %u et %u veulent dire la même chose"),
                            (unsigned long long)line, k + 1, i + 1);
    }
    char *copy = arena_copy(&csvio->arena, title.p, title.n);
    if (copy == NULL)
        return ERR_NOMEM;
    csvio->titles[i] = (struct str){copy, title.n};
    return ERR_OK;
}

static enum err read_head(struct csvio *csvio, const struct csv_row *row, struct note *why)
{
    uint32_t n = row->n;
    while (n > 0 && blank(row->field[n - 1])) /* columns a spreadsheet once had */
        n--;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < n && err == ERR_OK; i++)
        err = read_title(csvio, i, row->field[i], row->line, why);
    csvio->n = n;
    csvio->headed = true;
    return err;
}

static enum err read_row(struct csvio *csvio, const struct csv_row *row, struct note *why)
{
    uint32_t n = row->n;
    while (n > csvio->n && blank(row->field[n - 1]))
        n--;
    enum err err = ERR_OK;
    if (n != csvio->n) {
        struct note note;
        note_write(&note, N_("%u colonnes au lieu de %u"), n, csvio->n);
        load_bad(csvio->load, n < csvio->n ? n : csvio->n + 1, STR(""), ERR_FORMAT, &note);
        return load_end(csvio->load, row->line, why);
    }
    for (uint32_t i = 0; i < n && err == ERR_OK; i++) {
        const struct load_column *column = &csvio->columns[i];
        struct str text = row->field[i];
        if (column->what == LOAD_FIELD && column->field->kind == KIND_TEXT)
            text = csv_plain_text(text);
        err = load_set(csvio->load, column, i + 1, csvio->titles[i], text);
    }
    return err == ERR_OK ? load_end(csvio->load, row->line, why) : err;
}

/* The row could not be read: a problem of its line, or the end of the import. */
static enum err unreadable(struct csvio *csvio, enum err err, const struct csv_place *place,
                           const struct note *note, struct note *why)
{
    bool of_row = err == ERR_FORMAT || err == ERR_LIMIT;
    if (!of_row || !csvio->headed)
        return note_set(why, of_row ? ERR_INVALID : err, N_("ligne %llu, colonne %u : %.400s"),
                        (unsigned long long)place->line, place->column, note->text);
    struct str title = STR("");
    if (place->column > 0 && place->column <= csvio->n)
        title = csvio->titles[place->column - 1];
    load_bad(csvio->load, place->column, title, err, note);
    return load_end(csvio->load, place->line, why);
}

enum err csvio_take(struct csvio *csvio, const struct csv_row *row, struct note *why)
{
    return csvio->headed ? read_row(csvio, row, why) : read_head(csvio, row, why);
}

enum err csvio_taken(const struct csvio *csvio, struct note *why)
{
    if (csvio->headed)
        return ERR_OK;
    return note_set(why, ERR_INVALID,
                    N_("fichier vide : la première ligne nomme les colonnes"));
}

enum err csvio_feed(struct csvio *csvio, struct str chunk, bool last, struct note *why)
{
    enum err err = csv_feed(&csvio->in, chunk, last);
    bool got = true;
    while (err == ERR_OK) {
        struct csv_row row;
        struct csv_place place = {0};
        struct note note = {""};
        enum err read = csv_next(&csvio->in, &row, &got, &place, &note);
        if (read == ERR_NOMEM)
            return read;
        if (read != ERR_OK)
            err = unreadable(csvio, read, &place, &note, why);
        else if (!got)
            break;
        else
            err = csvio_take(csvio, &row, why);
    }
    return err == ERR_OK && last ? csvio_taken(csvio, why) : err;
}

/* ---- export ---- */

struct export
{
    struct store *s;
    struct csvio_terms terms;
    struct buf bytes, text;
    struct csv_out csv;
    struct arena arena;
    uint64_t count;
    csvio_on_bytes *on_bytes;
    void *ctx;
};

/* The name of the row referred to; its id when it has none or is not here. */
static enum err print_name(struct export *export, const struct field *field,
                           const struct value *v)
{
    const struct table *to = schema_table(store_schema(export->s), field->ref);
    struct row *row = arena_new(&export->arena, sizeof *row);
    struct id id;
    memcpy(id.b, v->s.p, ID_BYTES);
    enum err err = ERR_NOMEM;
    if (row != NULL)
        err = rows_find(export->s, to, &id, &export->arena, row);
    if (err == ERR_OK)
        names_title(to, row, &export->text);
    if ((err == ERR_OK && export->text.n == 0) || err == ERR_NOTFOUND) {
        value_print(KIND_REF, v, &export->text);
        err = ERR_OK;
    }
    return err;
}

static enum err print_field(struct export *export, const struct field *field,
                            const struct value *v)
{
    buf_clear(&export->text);
    bool name = export->terms.labels && field->kind == KIND_REF && v->type == VALUE_BYTES;
    if (name) {
        enum err err = print_name(export, field, v);
        if (err != ERR_OK)
            return err;
    } else {
        value_show(field, v, &export->text);
    }
    if (field->kind == KIND_REAL) {
        for (size_t i = 0; i < export->text.n; i++) {
            if (export->text.p[i] == '.')
                export->text.p[i] = ',';
        }
    }
    if (export->text.err != ERR_OK)
        return export->text.err;
    if (field->kind == KIND_TEXT || field->kind == KIND_ENUM || name)
        csv_text(&export->csv, buf_str(&export->text));
    else
        csv_value(&export->csv, buf_str(&export->text));
    return ERR_OK;
}

static enum err hand_over(struct export *export)
{
    if (export->bytes.err != ERR_OK)
        return export->bytes.err;
    enum err err = export->on_bytes(export->ctx, buf_str(&export->bytes));
    buf_clear(&export->bytes);
    return err;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct export *export = ctx;
    const struct table *table = export->terms.table;
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    csv_value(&export->csv, str_of(id));
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++)
        err = print_field(export, &table->fields[i], &row->values[i]);
    csv_end_row(&export->csv);
    arena_done(&export->arena);
    export->count++;
    if (err == ERR_OK && export->bytes.n >= CSVIO_CHUNK_BYTES)
        err = hand_over(export);
    return err;
}

enum err csvio_export(struct store *s, const struct csvio_terms *terms, uint64_t *count,
                      csvio_on_bytes *on_bytes, void *ctx)
{
    struct export export = {.s = s, .terms = *terms, .on_bytes = on_bytes, .ctx = ctx};
    csv_out_init(&export.csv, &export.bytes, true);
    csv_value(&export.csv, STR("id"));
    for (uint16_t i = 0; i < terms->table->field_count; i++) {
        const struct field *field = &terms->table->fields[i];
        csv_text(&export.csv, str_of(terms->labels ? field->label : field->name));
    }
    csv_end_row(&export.csv);
    enum err err = rows_list(s, terms->table, NULL, 0, false, 0, on_row, &export);
    if (err == ERR_OK)
        err = hand_over(&export);
    buf_done(&export.bytes);
    buf_done(&export.text);
    arena_done(&export.arena);
    if (err == ERR_OK)
        *count = export.count;
    return err;
}
