/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/rows/TABLE: filtered, searched, sorted and in pages; GET /api/row/TABLE/ID; GET
 * /api/search. */
#include "store/search.h"
#include "store/sorted.h"
#include "store/ties.h"
#include "web/api.h"

enum { ROWS_DEFAULT = 100, SEARCH_DEFAULT = 30 };

struct listing {
    struct api *api;
    const struct table *table;
    struct filter filters[SCHEMA_FIELDS_MAX + 1];
    size_t count; /* of filters */
    struct range ranges[SCHEMA_FIELDS_MAX];
    size_t ranges_n;
    struct buf match; /* words, as the index is asked for them */
    int sort_at;      /* position of the field, -1: the title */
    bool sorted, descending;
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
    search_match(api_param(list->api, "q"), &list->match);
    if (list->match.err != ERR_OK || list->match.n == 0)
        return list->match.err;
    return search_complete(list->api->store);
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

static enum err pick(struct listing *list, const struct filter *filters, size_t count,
                     bool deleted)
{
    const struct rows_pick pick = {
        .filters = filters,
        .count = count,
        .ranges = list->ranges,
        .ranges_n = list->ranges_n,
        .match = buf_str(&list->match),
        .deleted = deleted,
        .by_title = list->sorted,
        .by = list->sort_at < 0 ? NULL : &list->table->fields[list->sort_at],
        .descending = list->descending,
        .offset = list->offset,
        .limit = list->limit};
    enum err err = sorted_want(list->api->store, list->table, &pick);
    if (err != ERR_OK)
        return err;
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
    return err == ERR_OK ? pick(list, widened, count, deleted) : err;
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
    if (list != NULL)
        buf_done(&list->match);
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

/* ---- words in all tables ---- */

struct searching {
    struct api *api;
    struct api_names *names;
    size_t count;
};

static enum err on_hit(void *ctx, const struct search_hit *hit)
{
    struct searching *search = ctx;
    struct api *api = search->api;
    enum err err = access_listed(&api->access, api->store, hit->table, hit->row);
    if (err != ERR_OK)
        return err;
    buf_printf(&api->out, "%s{\"table\":\"%s\",\"sounds\":%s,\"found\":",
               search->count++ == 0 ? "\n" : ",\n", hit->table->name,
               hit->sounds ? "true" : "false");
    api_row(api, hit->table, hit->row, false);
    buf_u8(&api->out, '}');
    api_names_row(search->names, hit->table, hit->row);
    return api->out.err;
}

void api_search(struct api *api)
{
    struct searching search = {.api = api, .names = api_names_new(api)};
    uint64_t limit = api_number(api, "limit", SEARCH_DEFAULT);
    limit = limit > API_ROWS_MAX ? API_ROWS_MAX : limit;
    buf_text(&api->out, "{\"rows\":[");
    enum err err = search.names == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = search_rows(api->store, api_param(api, "q"), limit, on_hit, &search);
    if (err != ERR_OK) {
        api_fail(api, err);
        return;
    }
    buf_u8(&api->out, ']');
    api_names_print(search.names);
    buf_text(&api->out, "}\n");
}
