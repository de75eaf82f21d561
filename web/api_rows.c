/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/rows/TABLE: filtered, searched, sorted and in pages; GET /api/row/TABLE/ID. */
#include "store/fold.h"
#include "store/names.h"
#include "store/ties.h"
#include "web/api.h"

#include <stdlib.h>

enum { WORDS_MAX = 8, LIST_MAX = 1000 * 1000, ROWS_DEFAULT = 100 };

/* A row that matches: where it lies, and what it is sorted by. */
struct hit {
    int64_t rid;
    struct str key; /* folded text … */
    double number;  /* … or a number; both zero: empty, and last */
    bool empty;
};

struct listing {
    struct api *api;
    const struct table *table;
    struct filter filters[SCHEMA_FIELDS_MAX + 1];
    size_t count; /* of filters */
    struct range ranges[SCHEMA_FIELDS_MAX];
    size_t ranges_n;
    struct str words[WORDS_MAX]; /* folded; a row must hold all of them */
    size_t words_n;
    int sort_at; /* position of the field, -1: the title */
    bool sorted, descending;
    struct hit *hits;
    size_t hits_n, hits_room;
    struct buf text; /* scratch */
    /* the page */
    uint64_t offset, limit;
    int64_t rids[API_ROWS_MAX];
    size_t n;
    uint64_t total;
};

/* ---- what is asked ---- */

/* NAME, NAME.from or NAME.to; -1 when it is no field of the table, or none to look up by. */
static int field_at(const struct table *table, struct str name, struct str *tail)
{
    const char *dot = name.n == 0 ? NULL : memchr(name.p, '.', name.n);
    size_t n = dot == NULL ? name.n : (size_t)(dot - name.p);
    const struct field *field = schema_field_named(table, (struct str){name.p, n});
    *tail = (struct str){name.p + n, name.n - n};
    return field == NULL || field->masked ? -1 : schema_field_index(table, field->id);
}

static enum err read_value(struct listing *list, const struct field *field, struct str encoded,
                           struct value *out)
{
    struct buf text = {0};
    enum err err = http_decode(encoded, true, &text);
    const char *kept = arena_copy(&list->api->arena, text.p, text.n);
    size_t n = text.n;
    buf_done(&text);
    if (err != ERR_OK || kept == NULL)
        return err == ERR_OK ? ERR_NOMEM : err;
    return value_parse(field, (struct str){kept, n}, &list->api->arena, out, &list->api->why);
}

static bool is_own_word(struct str name)
{
    static const char *const own[] = {"q",      "sort",    "desc",  "limit",
                                      "offset", "deleted", "export"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_eq(name, str_of(own[i])))
            return true;
    return false;
}

static enum err read_filters(struct listing *list)
{
    struct str rest = list->api->query;
    struct str name;
    struct str encoded;
    while (http_pair(&rest, &name, &encoded)) {
        struct str tail;
        int at = field_at(list->table, name, &tail);
        struct value value = VALUE_NONE;
        if (at < 0 && is_own_word(name))
            continue;
        bool range = str_eq(tail, STR(".from")) || str_eq(tail, STR(".to"));
        if (at < 0 || (tail.n > 0 && !range))
            return note_set(&list->api->why, ERR_INVALID, N_("filtre inconnu"));
        enum err err = read_value(list, &list->table->fields[at], encoded, &value);
        if (err != ERR_OK)
            return err;
        if (list->count == SCHEMA_FIELDS_MAX || list->ranges_n == SCHEMA_FIELDS_MAX)
            return ERR_LIMIT;
        if (range && value.type != VALUE_INT)
            return note_set(&list->api->why, ERR_INVALID, N_("filtre inconnu"));
        if (range)
            list->ranges[list->ranges_n++] =
                (struct range){&list->table->fields[at], str_eq(tail, STR(".from")), value.i};
        else
            list->filters[list->count++] = (struct filter){&list->table->fields[at], value};
    }
    return ERR_OK;
}

static enum err read_words(struct listing *list)
{
    struct buf folded = {0};
    fold_text(api_param(list->api, "q"), &folded);
    struct str rest = {arena_copy(&list->api->arena, folded.p, folded.n), folded.n};
    buf_done(&folded);
    while (rest.n > 0 && list->words_n < WORDS_MAX) {
        const char *gap = memchr(rest.p, ' ', rest.n);
        size_t n = gap == NULL ? rest.n : (size_t)(gap - rest.p);
        if (n > 0)
            list->words[list->words_n++] = (struct str){rest.p, n};
        n += gap == NULL ? 0 : 1;
        rest = (struct str){rest.p + n, rest.n - n};
    }
    return ERR_OK;
}

static enum err read_sort(struct listing *list)
{
    struct str name = api_param(list->api, "sort");
    struct str tail;
    list->sort_at = -1;
    list->sorted = name.n > 0;
    list->descending = api_number(list->api, "desc", 0) != 0;
    if (name.n == 0 || str_eq(name, STR("title")))
        return ERR_OK;
    list->sort_at = field_at(list->table, name, &tail);
    if (list->sort_at < 0 || tail.n > 0)
        return note_set(&list->api->why, ERR_INVALID, N_("tri inconnu"));
    return ERR_OK;
}

/* ---- which rows ---- */

static bool in_ranges(const struct listing *list, const struct row *row)
{
    for (size_t i = 0; i < list->ranges_n; i++) {
        const struct range *range = &list->ranges[i];
        const struct value *v = &row->values[schema_field_index(list->table, range->field->id)];
        if (v->type != VALUE_INT || (range->from ? v->i < range->value : v->i > range->value))
            return false;
    }
    return true;
}

/* Every word must begin a word of some text of the row. */
static bool has_words(struct listing *list, const struct row *row)
{
    if (list->words_n == 0)
        return true;
    buf_clear(&list->text);
    buf_u8(&list->text, ' ');
    for (uint16_t i = 0; i < list->table->field_count; i++) {
        const struct field *field = &list->table->fields[i];
        if (row->values[i].type != VALUE_TEXT || field->kind != KIND_TEXT || field->masked)
            continue;
        fold_text(row->values[i].s, &list->text);
        buf_u8(&list->text, ' ');
    }
    for (size_t i = 0; i < list->words_n; i++) {
        struct str word = list->words[i];
        const char *at = list->text.err == ERR_OK
                             ? memmem(list->text.p, list->text.n, word.p, word.n)
                             : NULL;
        while (at != NULL && at[-1] != ' ')
            at = memmem(at + 1, list->text.n - (size_t)(at + 1 - (const char *)list->text.p),
                        word.p, word.n);
        if (at == NULL)
            return false;
    }
    return true;
}

static enum err sort_key(struct listing *list, const struct row *row, struct hit *hit)
{
    if (!list->sorted)
        return ERR_OK;
    struct str text = {NULL, 0};
    buf_clear(&list->text);
    if (list->sort_at < 0) {
        names_title(list->table, row, &list->text);
        text = buf_str(&list->text);
    } else {
        const struct value *v = &row->values[list->sort_at];
        hit->empty = v->type == VALUE_NULL;
        hit->number = v->type == VALUE_INT ? (double)v->i : v->type == VALUE_REAL ? v->r : 0;
        text = v->type == VALUE_TEXT ? v->s : text;
    }
    struct buf folded = {0};
    fold_text(text, &folded);
    hit->key = (struct str){arena_copy(&list->api->arena, folded.p, folded.n), folded.n};
    enum err err = hit->key.p == NULL ? ERR_NOMEM : folded.err;
    buf_done(&folded);
    return err == ERR_OK ? list->text.err : err;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct listing *list = ctx;
    if (!in_ranges(list, row) || !has_words(list, row))
        return ERR_OK;
    if (list->hits_n == list->hits_room) {
        size_t room = list->hits_room == 0 ? 256 : 2 * list->hits_room;
        struct hit *more =
            room > LIST_MAX ? NULL : mem_grow(list->hits, room * sizeof *list->hits);
        if (more == NULL)
            return room > LIST_MAX ? ERR_LIMIT : ERR_NOMEM;
        list->hits = more;
        list->hits_room = room;
    }
    struct hit *hit = &list->hits[list->hits_n++];
    *hit = (struct hit){.rid = row->rid};
    return sort_key(list, row, hit);
}

static int compare_up(const void *a, const void *b)
{
    const struct hit *x = a;
    const struct hit *y = b;
    if (x->empty != y->empty)
        return x->empty ? 1 : -1;
    if (x->number < y->number || x->number > y->number)
        return x->number < y->number ? -1 : 1;
    int c = str_cmp(x->key, y->key);
    return c != 0 ? c : (x->rid > y->rid) - (x->rid < y->rid);
}

static int compare_down(const void *a, const void *b)
{
    const struct hit *x = a;
    const struct hit *y = b;
    return x->empty != y->empty ? compare_up(a, b) : compare_up(b, a);
}

/* Without words the engine finds the page; words are looked for in each row. */
static enum err pick(struct listing *list, const struct filter *filters, size_t count,
                     bool deleted)
{
    const struct rows_pick pick = {
        .filters = filters,
        .count = count,
        .ranges = list->ranges,
        .ranges_n = list->ranges_n,
        .deleted = deleted,
        .by_title = list->sorted,
        .by = list->sort_at < 0 ? NULL : &list->table->fields[list->sort_at],
        .descending = list->descending,
        .offset = list->offset,
        .limit = list->limit};
    return rows_pick(list->api->store, list->table, &pick, list->rids, &list->n, &list->total);
}

static enum err find(struct listing *list)
{
    struct filter *widened = NULL;
    size_t count = 0;
    bool deleted = api_number(list->api, "deleted", 0) != 0;
    ties_hide(list->table, list->filters, &list->count);
    enum err err = ties_widen(list->api->store, list->filters, list->count, &list->api->arena,
                              &widened, &count);
    if (err == ERR_OK && list->words_n == 0)
        return pick(list, widened, count, deleted);
    if (err == ERR_OK)
        err =
            rows_list(list->api->store, list->table, widened, count, deleted, 0, on_row, list);
    if (err == ERR_OK && list->sorted && list->hits_n > 1)
        qsort(list->hits, list->hits_n, sizeof *list->hits,
              list->descending ? compare_down : compare_up);
    list->total = list->hits_n;
    for (uint64_t i = list->offset; i < list->hits_n && list->n < list->limit; i++)
        list->rids[list->n++] = list->hits[i].rid;
    return err;
}

/* ---- the answer ---- */

static enum err print_hits(struct listing *list)
{
    struct api *api = list->api;
    struct api_names *names = api_names_new(api);
    struct row *row = arena_new(&api->arena, sizeof *row);
    enum err err = names == NULL || row == NULL ? ERR_NOMEM : ERR_OK;
    buf_printf(&api->out, "{\"total\":%llu,\"rows\":[", (unsigned long long)list->total);
    for (size_t i = 0; i < list->n && err == ERR_OK; i++) {
        struct arena arena = {0};
        buf_text(&api->out, i == 0 ? "\n" : ",\n");
        *row = (struct row){.rid = 0};
        err = rows_at(api->store, list->table, list->rids[i], &arena, row);
        if (err == ERR_OK && api->reason.n > 0)
            err = access_taken(&api->access, api->store, list->table, row);
        else if (err == ERR_OK)
            err = access_listed(&api->access, api->store, list->table, row);
        if (err == ERR_OK) {
            api_row(api, list->table, row, false);
            api_names_row(names, list->table, row);
        }
        arena_done(&arena);
    }
    buf_u8(&api->out, ']');
    if (err == ERR_OK)
        api_names_print(names);
    buf_text(&api->out, "}\n");
    return err;
}

void api_rows(struct api *api)
{
    struct listing *list = arena_new(&api->arena, sizeof *list);
    const struct table *table = api_table(api, api->part[1]);
    if (table == NULL)
        return;
    enum err err = list == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK) {
        list->api = api;
        list->table = table;
        err = read_filters(list);
    }
    if (err == ERR_OK)
        err = read_words(list);
    if (err == ERR_OK)
        err = read_sort(list);
    if (err == ERR_OK) {
        api->reason = api_param(api, "export");
        list->offset = api_number(api, "offset", 0);
        list->limit = api_number(api, "limit", ROWS_DEFAULT);
        list->limit = list->limit > API_ROWS_MAX ? API_ROWS_MAX : list->limit;
        err = find(list);
    }
    if (err == ERR_OK)
        err = print_hits(list);
    if (list != NULL) {
        mem_free(list->hits);
        buf_done(&list->text);
    }
    if (err != ERR_OK)
        api_fail(api, err);
}

void api_show(struct api *api)
{
    struct id id;
    struct row *row = arena_new(&api->arena, sizeof *row);
    struct api_names *names = api_names_new(api);
    const struct table *table = api_table(api, api->part[1]);
    if (table == NULL || !api_id(api, api->part[2], &id))
        return;
    enum err err = row == NULL || names == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = rows_find(api->store, table, &id, &api->arena, row);
    if (err == ERR_NOTFOUND)
        err = note_set(&api->why, err, N_("cette fiche n'est pas sur cet appareil"));
    if (err == ERR_OK)
        err = access_shown(&api->access, api->store, table, row);
    if (err != ERR_OK) {
        api_fail(api, err);
        return;
    }
    api_row(api, table, row, true);
    api->out.n--; /* the closing brace: more follows */
    api_names_row(names, table, row);
    api_names_print(names);
    buf_text(&api->out, "}\n");
}
