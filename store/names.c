/* SPDX-License-Identifier: Apache-2.0 */
#include "store/names.h"

#include "proto/hash.h"
#include "store/fold.h"
#include "store/ties.h"

enum {
    SLOTS_FIRST = 64,
    PREFIX_DIGITS_MIN = 8, /* fewer digits may well be a word */
    PARTS_MAX = 4,         /* title fields of one table */
};

struct slot {
    uint64_t hash;
    struct str key; /* in the arena; p NULL = free */
    struct id id;   /* of the row, or the code in `code` */
    struct str code;
    bool many; /* several rows are called so */
};

/* Names of one table, or labels of one list. */
struct index {
    const void *of; /* table, or the list's name; NULL = unused */
    struct slot *slots;
    size_t n, room;
    bool whole; /* all rows are in */
};

/* Tables of a schema and open lists; each at most once. */
enum { INDEXES_MAX = 256 };

struct names {
    struct store *s;
    struct arena arena;
    struct buf key, title; /* scratch */
    struct index indexes[INDEXES_MAX];
};

enum err names_open(struct store *s, struct names **out)
{
    struct names *names = mem_new(sizeof *names);
    if (names == NULL)
        return ERR_NOMEM;
    names->s = s;
    *out = names;
    return ERR_OK;
}

void names_close(struct names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < INDEXES_MAX; i++)
        mem_free(names->indexes[i].slots);
    buf_done(&names->key);
    buf_done(&names->title);
    arena_done(&names->arena);
    mem_free(names);
}

/* ---- the index ---- */

static struct slot *slot_for(struct slot *slots, size_t room, uint64_t hash, struct str key)
{
    for (size_t i = hash & (room - 1);; i = (i + 1) & (room - 1)) {
        struct slot *slot = &slots[i];
        if (slot->key.p == NULL || (slot->hash == hash && str_eq(slot->key, key)))
            return slot;
    }
}

static enum err grow(struct index *index)
{
    size_t room = index->room == 0 ? SLOTS_FIRST : index->room * 2;
    struct slot *slots = mem_array(room, sizeof *slots);
    if (slots == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < index->room; i++) {
        const struct slot *old = &index->slots[i];
        if (old->key.p != NULL)
            *slot_for(slots, room, old->hash, old->key) = *old;
    }
    mem_free(index->slots);
    index->slots = slots;
    index->room = room;
    return ERR_OK;
}

/* What names->key holds now means this row or code. */
static enum err put(struct names *names, struct index *index, const struct id *id,
                    struct str code)
{
    if (names->key.err != ERR_OK)
        return names->key.err;
    if (names->key.n == 0)
        return ERR_OK;
    if (index->n * 2 >= index->room) {
        enum err err = grow(index);
        if (err != ERR_OK)
            return err;
    }
    uint64_t hash = hash64(0, names->key.p, names->key.n);
    struct slot *slot = slot_for(index->slots, index->room, hash, buf_str(&names->key));
    if (slot->key.p != NULL) {
        slot->many = slot->many || !id_eq(&slot->id, id) || !str_eq(slot->code, code);
        return ERR_OK;
    }
    char *copy = arena_copy(&names->arena, names->key.p, names->key.n);
    char *code_copy = arena_copy(&names->arena, code.p, code.n);
    if (copy == NULL || code_copy == NULL)
        return ERR_NOMEM;
    slot->hash = hash;
    slot->key = (struct str){copy, names->key.n};
    slot->id = *id;
    slot->code = (struct str){code_copy, code.n};
    index->n++;
    return ERR_OK;
}

static const struct slot *look_up(struct names *names, const struct index *index,
                                  struct str text)
{
    buf_clear(&names->key);
    fold_text(text, &names->key);
    if (index->room == 0 || names->key.n == 0 || names->key.err != ERR_OK)
        return NULL;
    uint64_t hash = hash64(0, names->key.p, names->key.n);
    const struct slot *slot = slot_for(index->slots, index->room, hash, buf_str(&names->key));
    return slot->key.p == NULL ? NULL : slot;
}

/* The index of a table or list, empty when it is asked for the first time; NULL: too many. */
static struct index *index_of(struct names *names, const void *of)
{
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct index *index = &names->indexes[i];
        if (index->of == NULL)
            index->of = of;
        if (index->of == of)
            return index;
    }
    return NULL;
}

/* ---- names of rows ---- */

static size_t title_parts(const struct table *table, uint16_t parts[PARTS_MAX])
{
    size_t n = 0;
    for (uint16_t i = 0; i < table->field_count && n < PARTS_MAX; i++) {
        if (table->fields[i].once_per_row)
            parts[n++] = i;
    }
    return n;
}

void names_title(const struct table *table, const struct row *row, struct buf *out)
{
    uint16_t parts[PARTS_MAX];
    size_t n = title_parts(table, parts);
    size_t start = out->n;
    for (size_t i = 0; i < n; i++) {
        const struct value *v = &row->values[parts[i]];
        if (v->type == VALUE_NULL)
            continue;
        if (out->n > start)
            buf_u8(out, ' ');
        value_print(table->fields[parts[i]].kind, v, out);
    }
}

static void part_key(const struct table *table, const struct row *row, uint16_t part,
                     struct names *names)
{
    buf_clear(&names->title);
    value_print(table->fields[part].kind, &row->values[part], &names->title);
    if (names->key.n > 0)
        buf_u8(&names->key, ' ');
    fold_text(buf_str(&names->title), &names->key);
    if (names->title.err != ERR_OK)
        names->key.err = names->title.err;
}

/* Who is called by a name of a row that was merged into another means that one. */
static enum err shown_for(struct names *names, const struct table *table, const struct row *row,
                          struct id *out)
{
    const struct field *tie = ties_merged(table);
    if (tie == NULL || row->values[schema_field_index(table, tie->id)].type == VALUE_NULL)
        return ERR_OK;
    return ties_shown(names->s, table, &row->id, out);
}

static enum err put_row(struct names *names, struct index *index, const struct table *table,
                        const struct row *row)
{
    uint16_t parts[PARTS_MAX];
    size_t n = title_parts(table, parts);
    struct id shown = row->id;
    enum err err = shown_for(names, table, row, &shown);
    if (err != ERR_OK)
        return err;
    buf_clear(&names->key);
    for (size_t i = 0; i < n; i++)
        part_key(table, row, parts[i], names);
    err = put(names, index, &shown, STR(""));
    if (n < 2 || err != ERR_OK)
        return err;
    buf_clear(&names->key);
    for (size_t i = n; i > 0; i--)
        part_key(table, row, parts[i - 1], names);
    err = put(names, index, &shown, STR(""));
    /* A project is also called by its code alone; a person never by half a name. */
    for (size_t i = 0; i < n && err == ERR_OK && table->sensitivity == SENS_NONE; i++) {
        buf_clear(&names->key);
        part_key(table, row, parts[i], names);
        err = put(names, index, &shown, STR(""));
    }
    return err;
}

struct fill {
    struct names *names;
    struct index *index;
    const struct table *table;
};

static enum err on_named_row(void *ctx, const struct row *row)
{
    const struct fill *fill = ctx;
    return put_row(fill->names, fill->index, fill->table, row);
}

bool names_asked(struct names *names, const struct table *table)
{
    const struct index *index = index_of(names, table);
    return index != NULL && index->whole;
}

enum err names_add(struct names *names, const struct table *table, const struct row *row)
{
    struct index *index = index_of(names, table);
    return index != NULL && index->whole ? put_row(names, index, table, row) : ERR_OK;
}

/* Can only be meant as an id? */
static bool looks_like_id(struct str text)
{
    size_t digits = 0;
    bool number = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') && c != '-')
            return false;
        number = number || decimal;
        digits += c == '-' ? 0 : 1;
    }
    return number && digits >= PREFIX_DIGITS_MIN;
}

static enum err several(struct note *why, const struct table *table)
{
    return note_set(
        why, ERR_EXISTS,
        N_("plusieurs fiches « %s » répondent à cela : donnez l'identifiant entier"),
        table->name);
}

enum err names_find(struct names *names, const struct table *table, struct str text,
                    struct id *out, struct note *why)
{
    enum err err = ERR_NOTFOUND;
    if (looks_like_id(text))
        err = rows_resolve(names->s, table, text, out);
    if (err == ERR_EXISTS)
        return several(why, table);
    if (err != ERR_NOTFOUND)
        return err;
    struct index *index = index_of(names, table);
    if (index == NULL)
        return ERR_LIMIT;
    if (!index->whole) {
        struct fill fill = {names, index, table};
        err = rows_list(names->s, table, NULL, 0, false, 0, on_named_row, &fill);
        if (err != ERR_OK)
            return err;
        index->whole = true;
    }
    const struct slot *slot = look_up(names, index, text);
    if (slot == NULL)
        return note_set(why, ERR_NOTFOUND,
                        N_("aucune fiche « %s » de ce nom ou de cet identifiant ; "
                           "voyez jalon list %s"),
                        table->name, table->name);
    if (slot->many)
        return several(why, table);
    *out = slot->id;
    return ERR_OK;
}

/* ---- codes by their labels ---- */

struct fill_codes {
    struct names *names;
    struct index *index;
    const struct table *table;
    const char *list;
    int list_at, code_at;
};

static enum err on_code_row(void *ctx, const struct row *row)
{
    const struct fill_codes *fill = ctx;
    const struct value *list = &row->values[fill->list_at];
    const struct value *code = &row->values[fill->code_at];
    if (list->type != VALUE_TEXT || code->type != VALUE_TEXT ||
        !str_eq(list->s, str_of(fill->list)))
        return ERR_OK;
    struct names *names = fill->names;
    enum err err = ERR_OK;
    struct id none = {0};
    for (uint16_t i = 0; i < fill->table->field_count && err == ERR_OK; i++) {
        bool label = strncmp(fill->table->fields[i].name, "label_", 6) == 0;
        if ((!label && i != fill->code_at) || row->values[i].type != VALUE_TEXT)
            continue;
        buf_clear(&names->key);
        fold_text(row->values[i].s, &names->key);
        err = put(names, fill->index, &none, code->s);
    }
    return err;
}

static enum err fill_list(struct names *names, struct index *index, const struct field *field)
{
    enum err err = ERR_OK;
    struct id none = {0};
    for (const char *const *code = field->codes; code != NULL && *code != NULL; code++) {
        buf_clear(&names->key);
        fold_text(str_of(*code), &names->key);
        if (err == ERR_OK)
            err = put(names, index, &none, str_of(*code));
    }
    const struct table *table = schema_table(store_schema(names->s), TABLE_CODE);
    if (err != ERR_OK || field->list == NULL || table == NULL)
        return err;
    const struct field *list = schema_field_named(table, STR("list"));
    const struct field *code = schema_field_named(table, STR("code"));
    if (list == NULL || code == NULL)
        return ERR_OK;
    struct fill_codes fill = {names,
                              index,
                              table,
                              field->list,
                              schema_field_index(table, list->id),
                              schema_field_index(table, code->id)};
    struct filter filter = {list, value_text(str_of(field->list))};
    return rows_list(names->s, table, &filter, 1, false, 0, on_code_row, &fill);
}

/* The code a label stands for; the text itself when no list knows it: the edit door says so. */
static enum err code_value(struct names *names, const struct field *field, struct value *v)
{
    if (v->type != VALUE_TEXT || schema_code_known(field, v->s))
        return ERR_OK;
    struct index *index = index_of(names, field->codes);
    if (index == NULL)
        return ERR_LIMIT;
    if (!index->whole) {
        enum err err = fill_list(names, index, field);
        if (err != ERR_OK)
            return err;
        index->whole = true;
    }
    const struct slot *slot = look_up(names, index, v->s);
    if (slot != NULL && !slot->many)
        v->s = slot->code;
    return ERR_OK;
}

enum err names_value(struct names *names, const struct field *field, struct str text,
                     struct arena *arena, struct value *out, struct note *why)
{
    struct value v = VALUE_NONE;
    enum err err = ERR_OK;
    if (field->kind != KIND_REF || text.n == 0) {
        err = value_parse(field, text, arena, &v, why);
        if (err == ERR_OK && field->kind == KIND_ENUM)
            err = code_value(names, field, &v);
        if (err == ERR_OK)
            *out = v;
        return err;
    }
    const struct table *to = schema_table(store_schema(names->s), field->ref);
    struct id id;
    struct note cause = {""};
    err = names_find(names, to, text, &id, &cause);
    if (err == ERR_NOTFOUND || err == ERR_EXISTS)
        return note_set(why, err, "%s: %.400s", field->name, cause.text);
    if (err != ERR_OK)
        return err;
    char *bytes = arena_copy(arena, id.b, ID_BYTES);
    if (bytes == NULL)
        return ERR_NOMEM;
    *out = value_bytes((struct str){bytes, ID_BYTES});
    return ERR_OK;
}

void names_row(struct store *s, const struct table *table, const struct id *id, struct buf *out)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    size_t before = out->n;
    struct id shown = *id;
    bool found = row != NULL && ties_shown(s, table, id, &shown) == ERR_OK;
    if (found && rows_find(s, table, &shown, &arena, row) == ERR_OK)
        names_title(table, row, out);
    if (out->n == before) {
        char text[ID_TEXT_BYTES];
        id_print(id, text);
        buf_text(out, text);
    }
    arena_done(&arena);
}

const struct field *names_field(const struct table *table, struct str text)
{
    const struct field *found = schema_field_named(table, text);
    if (found != NULL)
        return found;
    struct buf wanted = {0};
    struct buf label = {0};
    fold_text(text, &wanted);
    bool two = false;
    for (uint16_t i = 0; i < table->field_count; i++) {
        buf_clear(&label);
        fold_text(str_of(table->fields[i].label), &label);
        bool same = wanted.n > 0 && str_eq(buf_str(&wanted), buf_str(&label));
        buf_clear(&label);
        fold_text(str_of(table->fields[i].name), &label);
        same = same || (wanted.n > 0 && str_eq(buf_str(&wanted), buf_str(&label)));
        two = two || (same && found != NULL);
        if (same)
            found = &table->fields[i];
    }
    bool good = wanted.err == ERR_OK && label.err == ERR_OK && !two;
    buf_done(&wanted);
    buf_done(&label);
    return good ? found : NULL;
}
