/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl TABLE show --history: how a row was made and every change since. */
#include "server/ctl.h"
#include "store/history.h"
#include "store/rows_json.h"

struct history {
    struct ctl *c;
    uint64_t moments;
    bool first; /* of the present moment's changes */
};

static void time_json(const char *key, int64_t ms, struct buf *out)
{
    static const struct field instant = {.name = "at", .kind = KIND_INSTANT};
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&instant, &v, out);
}

static void moment_json(struct history *h, const struct history_moment *m)
{
    static const struct field identity = {.name = "by", .kind = KIND_ID};
    struct buf *out = &h->c->out;
    struct value by = id_is_null(&m->actor) ? VALUE_NONE : value_id(&m->actor);
    buf_text(out, h->moments == 0 ? "" : "]},");
    buf_printf(out, "{\"kind\":\"%s\"", m->made ? "insert" : "update");
    time_json("at", m->edit_ms, out);
    time_json("received", m->recv_ms, out);
    buf_text(out, ",\"by\":");
    rows_json_value(&identity, &by, out);
    buf_printf(out, ",\"device\":%u,\"device_name\":", (unsigned)m->device);
    rows_json_text(m->name, out);
    buf_printf(out, ",\"origin\":%u,\"changes\":[", (unsigned)m->stamp.origin);
}

/* Device 0 is the server itself; not every device was given a name. */
static void print_device(struct ctl *c, const struct history_moment *m)
{
    if (m->device == 0)
        buf_text(&c->out, T("  sur le serveur"));
    else
        buf_printf(&c->out, T("  appareil %u"), (unsigned)m->device);
    if (m->name.n == 0)
        return;
    buf_text(&c->out, " (");
    ctl_print_text(c, m->name);
    buf_u8(&c->out, ')');
}

static enum err on_moment(void *ctx, const struct history_moment *m)
{
    struct history *h = ctx;
    struct ctl *c = h->c;
    if (c->json) {
        moment_json(h, m);
    } else {
        ctl_print_time(c, m->edit_ms);
        buf_text(&c->out, "  ");
        ctl_print_staff(c, &m->actor);
        print_device(c, m);
        buf_text(&c->out, T(", reçu "));
        ctl_print_time(c, m->recv_ms);
        buf_text(&c->out, m->made ? T(" : création\n") : "\n");
    }
    h->moments++;
    h->first = true;
    return c->out.err;
}

static enum err on_change(void *ctx, const struct field *field, const struct value *before,
                          const struct value *after)
{
    struct history *h = ctx;
    struct buf *out = &h->c->out;
    if (h->c->json) {
        buf_text(out, h->first ? "{\"field\":" : ",{\"field\":");
        rows_json_text(str_of(field->name), out);
        buf_text(out, ",\"before\":");
        rows_json_value(field, before, out);
        buf_text(out, ",\"after\":");
        rows_json_value(field, after, out);
        buf_u8(out, '}');
    } else {
        buf_printf(out, "    %s : ", say_text(field->label));
        if (before->type != VALUE_NULL || h->moments > 1) {
            ctl_print_value(h->c, field, before);
            buf_text(out, " → ");
        }
        ctl_print_value(h->c, field, after);
        buf_u8(out, '\n');
    }
    h->first = false;
    return out->err;
}

enum err ctl_print_history(struct ctl *c, const struct table *table, const struct row *row,
                           const struct field *only)
{
    struct history h = {.c = c};
    struct history_tell tell = {&h, on_moment, on_change};
    buf_text(&c->out, c->json ? ",\"history\":[" : "");
    enum err err = history_tell(c->store, table, row, only, &tell);
    if (c->json)
        buf_text(&c->out, h.moments == 0 ? "]" : "]}]");
    return err;
}
