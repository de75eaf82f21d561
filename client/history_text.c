/* SPDX-License-Identifier: Apache-2.0 */
#include "client/history_text.h"

#include "client/words.h"
#include "io/grid.h"
#include "store/history.h"
#include "store/rows_json.h"
#include "store/ties.h"

static const struct field instant = {.name = "at", .kind = KIND_INSTANT};
static const struct field identity = {.name = "by", .kind = KIND_ID};

static void time_json(const char *key, int64_t ms, struct buf *out)
{
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&instant, &v, out);
}

/* ---- history ---- */

struct history {
    struct cmd *c;
    uint64_t moments;
    bool first; /* of the present moment's changes */
};

static void moment_json(struct history *h, const struct history_moment *m)
{
    struct buf *out = &h->c->out;
    struct value by = id_is_null(&m->actor) ? VALUE_NONE : value_id(&m->actor);
    buf_text(out, h->moments == 0 ? "" : "]},");
    buf_printf(out, "{\"kind\":\"%s\"", m->made ? "insert" : "update");
    time_json("at", m->edit_ms, out);
    time_json("received_here", m->recv_ms, out);
    buf_text(out, ",\"by\":");
    rows_json_value(&identity, &by, out);
    buf_printf(out, ",\"device\":%u,\"origin\":%u,\"own\":%s,\"sent\":%s,\"changes\":[",
               (unsigned)m->device, (unsigned)m->stamp.origin, m->own ? "true" : "false",
               m->pending ? "false" : "true");
}

static void moment_words(struct history *h, const struct history_moment *m)
{
    struct cmd *c = h->c;
    buf_text(&c->out, "  ");
    words_time(m->edit_ms, &c->out);
    buf_text(&c->out, ", ");
    words_staff(c, &m->actor, &c->out);
    if (m->own)
        buf_text(&c->out, T(", cet appareil"));
    else if (m->device != 0)
        buf_printf(&c->out, T(", appareil %u"), (unsigned)m->device);
    if (m->pending)
        buf_text(&c->out, T(", pas encore envoyé"));
    if (m->recv_ms != 0) {
        buf_text(&c->out, T(", reçu ici le "));
        words_time(m->recv_ms, &c->out);
    }
    if (m->made)
        buf_text(&c->out,
                 m->as_received ? T(" : création, telle que reçue ici") : T(" : création"));
    buf_u8(&c->out, '\n');
}

static enum err on_moment(void *ctx, const struct history_moment *m)
{
    struct history *h = ctx;
    if (h->c->json)
        moment_json(h, m);
    else
        moment_words(h, m);
    h->moments++;
    h->first = true;
    return cmd_flush_some(h->c);
}

static enum err on_change(void *ctx, const struct field *field, const struct value *before,
                          const struct value *after)
{
    struct history *h = ctx;
    struct cmd *c = h->c;
    if (c->json) {
        buf_text(&c->out, h->first ? "{\"field\":" : ",{\"field\":");
        rows_json_text(str_of(field->name), &c->out);
        buf_text(&c->out, ",\"before\":");
        rows_json_value(field, before, &c->out);
        buf_text(&c->out, ",\"after\":");
        rows_json_value(field, after, &c->out);
        buf_u8(&c->out, '}');
    } else {
        buf_printf(&c->out, "    %s : ", say_text(field->label));
        if (before->type != VALUE_NULL || h->moments > 1) {
            words_value(c, field, before, &c->out);
            buf_text(&c->out, " → ");
        }
        words_value(c, field, after, &c->out);
        buf_u8(&c->out, '\n');
    }
    h->first = false;
    return c->out.err;
}

enum err history_print(struct cmd *c, const struct table *table, const struct row *row,
                       const struct field *only)
{
    struct history h = {.c = c};
    struct history_tell tell = {&h, on_moment, on_change};
    if (c->json)
        buf_text(&c->out, ",\"history\":[");
    else
        buf_printf(&c->out, "%s\n", T("Historique"));
    enum err err = history_tell(c->store, table, row, only, &tell);
    if (c->json)
        buf_text(&c->out, h.moments == 0 ? "]" : "]}]");
    return err;
}

/* ---- what belongs to it ---- */

struct related {
    struct cmd *c;
    uint64_t fields; /* told so far */
    bool open;       /* JSON: the rows of the last one are not closed yet */
};

static void relation_json(struct related *r, const struct ties_relation *rel)
{
    struct buf *out = &r->c->out;
    char id[ID_TEXT_BYTES];
    struct buf title = {0};
    bool begins = rel->shown == 1;
    id_print(&rel->row->id, id);
    names_title(rel->table, rel->row, &title);
    if (begins)
        buf_printf(out, "%s{\"table\":\"%s\",\"field\":\"%s\",\"count\":%llu,\"rows\":[",
                   r->open ? "]}," : "", rel->table->name, rel->field->name,
                   (unsigned long long)rel->count);
    buf_printf(out, "%s{\"id\":\"%s\",\"title\":", begins ? "" : ",", id);
    rows_json_text(buf_str(&title), out);
    buf_u8(out, '}');
    r->open = true;
    buf_done(&title);
}

static void relation_words(struct related *r, const struct ties_relation *rel)
{
    struct cmd *c = r->c;
    char id[ID_TEXT_BYTES];
    struct buf title = {0};
    id_print(&rel->row->id, id);
    names_title(rel->table, rel->row, &title);
    if (rel->shown == 1) {
        buf_printf(&c->out, "  %s (%llu)", say_text(rel->table->label),
                   (unsigned long long)rel->count);
        if (rel->count > TIES_SHOWN_MAX)
            buf_printf(&c->out, T(", dont les %u derniers"), (unsigned)TIES_SHOWN_MAX);
        buf_u8(&c->out, '\n');
    }
    buf_text(&c->out, "    ");
    grid_clean(&c->out, buf_str(&title));
    buf_printf(&c->out, "  %s\n", id);
    buf_done(&title);
}

static enum err on_relation(void *ctx, const struct ties_relation *rel)
{
    struct related *r = ctx;
    if (r->c->json)
        relation_json(r, rel);
    else
        relation_words(r, rel);
    r->fields++;
    enum err err = access_shown(&r->c->access, r->c->store, rel->table, rel->row);
    return err == ERR_OK ? cmd_flush_some(r->c) : err;
}

/* The others that are the same. */
static void print_same(struct cmd *c, const struct table *table, const struct id *same,
                       size_t n)
{
    for (size_t i = 1; i < n; i++) {
        char id[ID_TEXT_BYTES];
        id_print(&same[i], id);
        if (c->json)
            buf_printf(&c->out, "%s\"%s\"", i == 1 ? "" : ",", id);
        else
            buf_printf(&c->out, T("  réunie avec %s ; tout voir : jalon show %s %s\n"), id,
                       table->name, id);
    }
}

enum err related_print(struct cmd *c, const struct table *table, const struct row *row)
{
    struct related r = {.c = c};
    struct id same[TIES_ROWS_MAX];
    size_t n = 0;
    enum err err = ties_all(c->store, table, &row->id, same, &n);
    if (err != ERR_OK)
        return err;
    buf_text(&c->out, c->json ? ",\"same\":[" : "");
    print_same(c, table, same, n);
    buf_text(&c->out, c->json ? "],\"related\":[" : "");
    err = ties_related(c->store, table, &row->id, on_relation, &r);
    if (c->json)
        buf_text(&c->out, r.open ? "]}]" : "]");
    return err;
}
