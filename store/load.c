/* SPDX-License-Identifier: Apache-2.0 */
#include "store/load.h"

struct load {
    struct store *s;
    struct load_terms terms;
    struct names *names;
    struct edit *edit; /* NULL between transactions */
    uint64_t waiting;  /* records in it */
    /* the record in the making */
    struct arena arena;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count;
    bool given[SCHEMA_FIELDS_MAX]; /* by position in the table */
    bool has_id, has_deleted, deleted, bad;
    struct id id;
    /* so far */
    struct load_tally tally;
    struct load_problem *problems; /* LOAD_PROBLEMS_MAX of them */
    uint32_t told;                 /* problems whose line is known */
};

enum err load_open(struct store *s, const struct load_terms *terms, struct load **out,
                   struct note *why)
{
    (void)why;
    struct load *load = mem_new(sizeof *load);
    if (load == NULL)
        return ERR_NOMEM;
    load->s = s;
    load->terms = *terms;
    load->problems = mem_array(LOAD_PROBLEMS_MAX, sizeof *load->problems);
    enum err err = load->problems == NULL ? ERR_NOMEM : names_open(s, &load->names);
    if (err != ERR_OK) {
        load_close(load);
        return err;
    }
    *out = load;
    return ERR_OK;
}

void load_close(struct load *load)
{
    if (load == NULL)
        return;
    edit_abort(load->edit);
    names_close(load->names);
    arena_done(&load->arena);
    mem_free(load->problems);
    mem_free(load);
}

void load_tally(const struct load *load, struct load_tally *out)
{
    *out = load->tally;
    out->problem_count = load->told;
    out->problems = load->problems;
}

/* ---- columns ---- */

static bool is_word(struct str text, const char *word)
{
    return str_eq(text, str_of(word));
}

enum err load_match(const struct load *load, struct str title, struct load_column *out,
                    struct note *why)
{
    const struct table *table = load->terms.table;
    const struct field *field = names_field(table, title);
    if (field != NULL) {
        *out = (struct load_column){LOAD_FIELD, field};
        return ERR_OK;
    }
    if (is_word(title, "id") || is_word(title, "ID")) {
        *out = (struct load_column){LOAD_ID, NULL};
        return ERR_OK;
    }
    if (is_word(title, "deleted")) {
        *out = (struct load_column){LOAD_DELETED, NULL};
        return ERR_OK;
    }
    if (is_word(title, "created") || is_word(title, "by")) {
        *out = (struct load_column){LOAD_NOTHING, NULL};
        return ERR_OK;
    }
    struct buf names = {.max = NOTE_BYTES};
    for (uint16_t i = 0; i < table->field_count; i++)
        buf_printf(&names, ", %s", table->fields[i].name);
    enum err err =
        note_set(why, ERR_INVALID, N_("« %s » n'a pas de champ « %.*s » ; il y a : id%.*s"),
                 table->name, (int)(title.n < 40 ? title.n : 40), title.n == 0 ? "" : title.p,
                 (int)names.n, names.n == 0 ? "" : (const char *)names.p);
    buf_done(&names);
    return err;
}

/* ---- one record ---- */

void load_bad(struct load *load, uint32_t number, struct str title, enum err err,
              const struct note *note)
{
    load->bad = true;
    uint32_t at = load->tally.problem_count;
    if (at == LOAD_PROBLEMS_MAX)
        return;
    struct load_problem *p = &load->problems[at];
    *p = (struct load_problem){.column = number, .err = err, .note = *note};
    size_t n = title.n < sizeof p->title - 1 ? title.n : sizeof p->title - 1;
    while (n > 0 && n < title.n && ((unsigned char)title.p[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a letter */
    if (n > 0)
        memcpy(p->title, title.p, n);
    if (p->note.text[0] == '\0')
        note_write(&p->note, "%s", err_text(err));
    load->tally.problem_count++;
}

/* Mistakes of the record, which another record may not have. */
static bool of_record(enum err err)
{
    return err == ERR_INVALID || err == ERR_NOTFOUND || err == ERR_FROZEN ||
           err == ERR_EXISTS || err == ERR_LIMIT || err == ERR_FORMAT;
}

static enum err set_flag(struct load *load, const struct load_column *column, struct str text,
                         struct note *note)
{
    if (column->what == LOAD_ID) {
        if (text.n == 0)
            return ERR_OK;
        if (id_parse(text, &load->id) != ERR_OK)
            return note_set(note, ERR_INVALID,
                            N_("id : un identifiant a 32 chiffres hexadécimaux"));
        load->has_id = true;
        return ERR_OK;
    }
    struct value v = VALUE_NONE;
    enum err err = value_parse(&schema_field_deleted, text, &load->arena, &v, note);
    if (err == ERR_OK && v.type == VALUE_INT) {
        load->has_deleted = true;
        load->deleted = v.i != 0;
    }
    return err;
}

static enum err set_field(struct load *load, const struct field *field, struct str text,
                          struct note *note)
{
    int at = schema_field_index(load->terms.table, field->id);
    must(at >= 0);
    if (load->given[at])
        return note_set(note, ERR_INVALID, N_("%s : donné deux fois"), field->name);
    load->given[at] = true;
    struct value v = VALUE_NONE;
    enum err err = names_value(load->names, field, text, &load->arena, &v, note);
    /* Here the column is known; what stays empty may yet be filled in from elsewhere. */
    if (err == ERR_OK && v.type != VALUE_NULL)
        err = value_check(field, &v, note);
    if (err != ERR_OK)
        return err;
    /* The text may be gone before the record is at its end. */
    if ((v.type == VALUE_TEXT || v.type == VALUE_BYTES) && v.s.n > 0) {
        v.s.p = arena_copy(&load->arena, v.s.p, v.s.n);
        if (v.s.p == NULL)
            return ERR_NOMEM;
    }
    load->values[load->count++] = (struct edit_value){field, v};
    return ERR_OK;
}

enum err load_set(struct load *load, const struct load_column *column, uint32_t number,
                  struct str title, struct str text)
{
    struct note note = {""};
    if (column->what == LOAD_NOTHING)
        return ERR_OK;
    enum err err = column->what == LOAD_FIELD ? set_field(load, column->field, text, &note)
                                              : set_flag(load, column, text, &note);
    if (!of_record(err))
        return err;
    load_bad(load, number, title, err, &note);
    return ERR_OK;
}

/* A new row must be found by its name when a later record refers to it. */
static enum err remember(struct load *load, const struct id *id)
{
    if (!names_asked(load->names, load->terms.table))
        return ERR_OK;
    struct row *row = arena_new(&load->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    row->id = *id;
    for (size_t i = 0; i < load->count; i++) {
        int at = schema_field_index(load->terms.table, load->values[i].field->id);
        row->values[at] = load->values[i].value;
    }
    return names_add(load->names, load->terms.table, row);
}

static enum err create(struct load *load, struct id *id, struct note *note)
{
    const struct table *table = load->terms.table;
    struct edit_value filled[SCHEMA_FIELDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < load->count; i++) {
        if (load->values[i].value.type != VALUE_NULL)
            filled[n++] = load->values[i];
    }
    enum err err = load->has_id ? edit_insert_as(load->edit, table, &load->id, filled, n, note)
                                : edit_insert(load->edit, table, filled, n, id, note);
    if (err != ERR_OK)
        return err;
    if (load->has_id)
        *id = load->id;
    load->tally.created++;
    return remember(load, id);
}

static enum err change(struct load *load, const struct id *id, struct note *note)
{
    const struct table *table = load->terms.table;
    uint64_t before = edit_count(load->edit);
    enum err err = ERR_OK;
    if (load->has_deleted && !load->deleted)
        err = edit_delete(load->edit, table, id, false, note);
    if (err == ERR_OK && load->count > 0)
        err = edit_update(load->edit, table, id, load->values, load->count, note);
    if (err == ERR_OK && load->has_deleted && load->deleted)
        err = edit_delete(load->edit, table, id, true, note);
    if (err != ERR_OK)
        return err;
    if (edit_count(load->edit) == before)
        load->tally.unchanged++;
    else
        load->tally.updated++;
    return ERR_OK;
}

static enum err write_record(struct load *load, struct note *note)
{
    struct id id = load->id;
    struct scope scope;
    enum err err = ERR_NOTFOUND;
    if (load->has_id)
        err = rows_locate(load->s, load->terms.table, &load->id, &scope);
    if (err == ERR_NOTFOUND) {
        struct note made = {""};
        err = create(load, &id, &made);
        if (err == ERR_EXISTS && !load->has_id && load->terms.table->derived[0] != 0)
            return change(load, &id, note);
        *note = made;
        if (err == ERR_OK && load->has_deleted && load->deleted)
            err = edit_delete(load->edit, load->terms.table, &id, true, note);
        return err;
    }
    return err == ERR_OK ? change(load, &id, note) : err;
}

static enum err save(struct load *load, struct note *why)
{
    struct edit *edit = load->edit;
    load->edit = NULL;
    load->waiting = 0;
    if (edit == NULL)
        return ERR_OK;
    if (!load->terms.dry_run)
        return edit_commit(edit, why);
    edit_abort(edit);
    return ERR_OK;
}

/* Problems met in this record now know their line. */
static void place_problems(struct load *load, uint64_t line)
{
    while (load->told < load->tally.problem_count)
        load->problems[load->told++].line = line;
}

static void next_record(struct load *load)
{
    arena_done(&load->arena);
    load->count = 0;
    memset(load->given, 0, sizeof load->given);
    load->has_id = load->has_deleted = load->deleted = load->bad = false;
}

enum err load_end(struct load *load, uint64_t line, struct note *why)
{
    enum err err = ERR_OK;
    load->tally.records++;
    if (!load->bad) {
        if (load->edit == NULL)
            err = edit_open(load->s, &load->edit, why);
        struct note note = {""};
        if (err == ERR_OK)
            err = write_record(load, &note);
        if (of_record(err)) {
            load_bad(load, 0, STR(""), err, &note);
            err = ERR_OK;
        } else if (err != ERR_OK && note.text[0] != '\0' && why != NULL) {
            *why = note;
        }
    }
    if (load->bad)
        load->tally.rejected++;
    place_problems(load, line);
    next_record(load);
    load->waiting++;
    bool due = load->terms.each || (load->terms.skip_bad && load->waiting >= LOAD_COMMIT_ROWS);
    /* A dry run forgets once, at the end: later records may refer to earlier ones. */
    if (err == ERR_OK && due && !load->terms.dry_run)
        err = save(load, why);
    return err;
}

enum err load_finish(struct load *load, struct note *why)
{
    bool undo = load->tally.rejected > 0 && !load->terms.skip_bad && !load->terms.each;
    if (undo) {
        edit_abort(load->edit);
        load->edit = NULL;
        return ERR_OK;
    }
    enum err err = save(load, why);
    load->tally.saved = err == ERR_OK && !load->terms.dry_run;
    return err;
}
