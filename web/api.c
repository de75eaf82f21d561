/* SPDX-License-Identifier: Apache-2.0 */
#include "web/api.h"

#include "io/json.h"
#include "store/content.h"
#include "store/lease.h"
#include "store/page.h"
#include "store/rows_json.h"
#include "web/words.h"

enum { IMPORT_BYTES_MAX = 32 * 1024 * 1024 };

static const struct api_route routes[] = {
    {"schema", false, 1, 0, false, 0, api_schema},
    {"status", false, 1, 0, false, 0, api_state},
    {"rows", false, 2, 0, true, 0, api_rows},
    {"search", false, 1, 0, true, 0, api_search},
    {"row", false, 3, 0, true, 0, api_show},
    {"history", false, 3, 1, true, 0, api_history},
    {"inbox", false, 1, 0, true, 0, api_inbox},
    {"conflicts", false, 1, 0, true, 0, api_conflicts},
    {"duplicates", false, 1, 0, true, 0, api_duplicates},
    {"today", false, 1, 0, true, 0, api_today},
    {"overlaps", false, 2, 0, true, 0, api_overlaps},
    {"candidates", false, 2, 0, true, 0, api_candidates},
    {"reports", false, 1, 0, false, 0, api_reports},
    {"report", false, 2, 0, true, 0, api_report},
    {"team", false, 1, 0, true, 0, api_team},
    {"refused", false, 3, 0, true, 0, api_refused},
    {"document", false, 2, 0, true, 0, api_document},
    {"content", false, 2, 0, true, 0, api_content},
    {"save", true, 1, 0, false, 0, api_save},
    {"delete", true, 1, 0, false, 0, api_remove},
    {"resolve", true, 1, 0, true, 0, api_resolve},
    {"resubmit", true, 1, 0, true, 0, api_resubmit},
    {"discard", true, 1, 0, true, 0, api_discard},
    {"duplicate", true, 1, 0, true, 0, api_duplicate},
    {"attach", true, 3, 0, false, CONTENT_BYTES_MAX, api_attach},
    {"accept", true, 1, 0, true, 0, api_accept},
    {"sheet", true, 1, 0, true, JSON_BYTES_MAX, api_sheet},
    {"import", true, 2, 0, true, IMPORT_BYTES_MAX, api_import},
    {"undo", true, 1, 0, true, 0, api_undo},
    {"sign", true, 1, 0, false, 0, api_sign},
    {"fetch", true, 2, 0, true, 0, api_fetch},
    {"enrol", true, 1, 0, false, 0, api_enrol},
    {"settings", false, 1, 0, false, 0, api_settings},
    {"settings", true, 1, 0, false, 0, api_settle},
    {"agenda", false, 1, 0, true, 0, api_agenda},
    {"example", true, 1, 0, false, 0, api_example},
};

bool api_path(struct api *api, struct str path)
{
    struct str head = STR("/api/");
    if (path.n <= head.n || memcmp(path.p, head.p, head.n) != 0)
        return false;
    path = (struct str){path.p + head.n, path.n - head.n};
    while (path.n > 0 && api->parts < API_PARTS_MAX) {
        const char *slash = memchr(path.p, '/', path.n);
        size_t n = slash == NULL ? path.n : (size_t)(slash - path.p);
        api->part[api->parts++] = (struct str){path.p, n};
        n += slash == NULL ? 0 : 1;
        path = (struct str){path.p + n, path.n - n};
    }
    return path.n == 0;
}

const struct api_route *api_find(const struct api *api, bool post, bool *other)
{
    *other = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct api_route *route = &routes[i];
        if (!str_eq(api->part[0], str_of(route->name)) || api->parts < route->parts ||
            api->parts > route->parts + route->more)
            continue;
        if (route->post == post)
            return route;
        *other = true;
    }
    return NULL;
}

size_t api_body_max(const struct api_route *route)
{
    return route->body > 0 ? route->body : API_BODY_BYTES_MAX;
}

int api_status(enum err err)
{
    switch (err) {
    case ERR_OK:
        return 200;
    case ERR_NOTFOUND:
        return 404;
    case ERR_EXISTS:
    case ERR_CONFLICT:
        return 409;
    case ERR_USAGE:
    case ERR_INVALID:
    case ERR_FORMAT:
    case ERR_LIMIT:
    case ERR_FROZEN:
        return 422;
    case ERR_REFUSED:
    case ERR_REVOKED:
    case ERR_IDENTITY:
        return 403;
    case ERR_NOMEM:
    case ERR_FULL:
    case ERR_BUSY:
    case ERR_OFFLINE:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_LATER:
        return 503;
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR_PROTOCOL:
    case ERR_VERSION:
    case ERR_FORK:
    case ERR_COUNT:
        break;
    }
    return 500;
}

void api_fail(struct api *api, enum err err)
{
    struct json_out json;
    must(err != ERR_OK);
    api->status = api_status(err);
    api->bytes = false;
    buf_clear(&api->out);
    json_out_init(&json, &api->out);
    json_object(&json);
    json_key(&json, "error");
    json_text(&json, err_name(err));
    json_key(&json, "text");
    json_text(&json, api->why.text);
    json_object_end(&json);
}

/* While the lease has ended nothing is shown; work can still be saved. */
static enum err check_lease(struct api *api)
{
    struct lease lease;
    enum err err = lease_look(api->store, &lease);
    if (err != ERR_OK || !lease.locked)
        return err;
    return note_set(&api->why, ERR_REFUSED,
                    N_("plus de %lld jours sans contact avec le serveur : les données de cet "
                       "appareil sont verrouillées jusqu'à la prochaine synchronisation ; rien "
                       "n'est perdu, et ce qui n'est pas envoyé le sera"),
                    (long long)lease.days);
}

void api_run(struct api *api, const struct api_route *route)
{
    const struct id own = {{0}};
    api->status = 200;
    api->out.max = API_ANSWER_BYTES_MAX;
    enum err err = route->shows ? check_lease(api) : ERR_OK;
    if (err == ERR_OK)
        route->run(api);
    /* Who may look may look while the disk is full, too. */
    if (err == ERR_OK && api->access.list.n > 0)
        err = access_save(&api->access, api->store, &own, api->reason, NULL);
    access_done(&api->access);
    if (err != ERR_OK && err != ERR_FULL)
        api_fail(api, err);
    if (api->out.err != ERR_OK)
        api_fail(api, api->out.err);
}

/* ---- what the routes share ---- */

const struct table *api_table(struct api *api, struct str name)
{
    const struct table *table = schema_table_named(store_schema(api->store), name);
    if (table == NULL)
        api_fail(api, note_set(&api->why, ERR_NOTFOUND, N_("il n'y a pas de telle table")));
    return table;
}

bool api_id(struct api *api, struct str text, struct id *out)
{
    if (id_parse(text, out) == ERR_OK)
        return true;
    api_fail(api, note_set(&api->why, ERR_INVALID, N_("ce n'est pas un identifiant")));
    return false;
}

struct str api_param(struct api *api, const char *name)
{
    struct str rest = api->query;
    struct str key;
    struct str value;
    struct str found = {NULL, 0};
    while (found.p == NULL && http_pair(&rest, &key, &value)) {
        struct buf text = {0};
        if (!str_eq(key, str_of(name)) || http_decode(value, true, &text) != ERR_OK) {
            buf_done(&text);
            continue;
        }
        found = (struct str){arena_copy(&api->arena, text.p, text.n), text.n};
        buf_done(&text);
    }
    return found;
}

uint64_t api_number(struct api *api, const char *name, uint64_t fallback)
{
    struct str text = api_param(api, name);
    uint64_t n = 0;
    if (text.n == 0 || text.n > 9)
        return fallback;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return fallback;
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    }
    return n;
}

/* ---- rows ---- */

enum { NAMES_SLOTS = 8192 };

struct api_names {
    struct api *api;
    size_t count;
    struct name_slot {
        const struct table *table; /* NULL: free */
        struct id id;
    } slot[NAMES_SLOTS];
};

struct api_names *api_names_new(struct api *api)
{
    struct api_names *names = arena_new(&api->arena, sizeof *names);
    if (names != NULL)
        names->api = api;
    return names;
}

static void add_name(struct api_names *names, const struct table *table, const struct id *id)
{
    uint64_t at = 0;
    memcpy(&at, id->b + ID_BYTES - sizeof at, sizeof at); /* the random end of it */
    if (names->count >= NAMES_SLOTS / 2)
        return; /* a page shows the id then */
    for (;; at++) {
        struct name_slot *slot = &names->slot[at % NAMES_SLOTS];
        if (slot->table != NULL && id_cmp(&slot->id, id) == 0)
            return;
        if (slot->table != NULL)
            continue;
        *slot = (struct name_slot){table, *id};
        names->count++;
        return;
    }
}

void api_names_row(struct api_names *names, const struct table *table, const struct row *row)
{
    const struct schema *schema = store_schema(names->api->store);
    const struct table *staff = schema_table(schema, TABLE_STAFF);
    for (uint16_t i = 0; i < table->field_count; i++) {
        struct id id;
        if (table->fields[i].kind != KIND_REF || row->values[i].type != VALUE_BYTES)
            continue;
        memcpy(id.b, row->values[i].s.p, ID_BYTES);
        add_name(names, schema_table(schema, table->fields[i].ref), &id);
    }
    if (staff != NULL && !id_is_null(&row->by))
        add_name(names, staff, &row->by);
}

void api_names_print(struct api_names *names)
{
    struct buf *out = &names->api->out;
    struct buf title = {0};
    bool more = false;
    buf_text(out, ",\"names\":{");
    for (size_t i = 0; i < NAMES_SLOTS; i++) {
        const struct name_slot *slot = &names->slot[i];
        char text[ID_TEXT_BYTES];
        if (slot->table == NULL)
            continue;
        buf_clear(&title);
        words_titled(names->api->store, slot->table, &slot->id, &title);
        id_print(&slot->id, text);
        buf_printf(out, "%s\"%s\":", more ? "," : "", text);
        rows_json_text(buf_str(&title), out);
        more = true;
    }
    buf_u8(out, '}');
    if (title.err != ERR_OK)
        out->err = title.err;
    buf_done(&title);
}

static bool row_unsent(const struct api *api, const struct row *row)
{
    if (page_is_pending(api->store, row->stamp))
        return true;
    for (uint32_t i = 0; i < row->versions.count; i++)
        if (page_is_pending(api->store, row->versions.list[i].stamp))
            return true;
    return false;
}

/* Versions as the page gives them back: opaque words, equal when the versions are. */
static void print_versions(const struct table *table, const struct row *row, struct buf *out)
{
    buf_text(out, ",\"versions\":{");
    for (uint16_t i = 0; i < table->field_count; i++) {
        struct stamp stamp = row_stamp(row, table->fields[i].id);
        buf_printf(out, "%s\"%s\":\"%llx-%x\"", i == 0 ? "" : ",", table->fields[i].name,
                   (unsigned long long)stamp.hlc, (unsigned)stamp.origin);
    }
    buf_u8(out, '}');
}

void api_row(struct api *api, const struct table *table, const struct row *row, bool versions)
{
    struct buf *out = &api->out;
    struct buf title = {0};
    words_title(api->store, table, row, &api->arena, &title);
    buf_text(out, "{\"title\":");
    rows_json_text(buf_str(&title), out);
    buf_printf(out, ",\"unsent\":%s,\"row\":", row_unsent(api, row) ? "true" : "false");
    rows_json(store_schema(api->store), table, row, out);
    if (versions)
        print_versions(table, row, out);
    buf_u8(out, '}');
    if (title.err != ERR_OK)
        out->err = title.err;
    buf_done(&title);
}
