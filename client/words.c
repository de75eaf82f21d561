/* SPDX-License-Identifier: Apache-2.0 */
#include "client/words.h"

#include "io/clock.h"
#include "io/grid.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, MINUTE_MS = 60 * 1000 };

static void print_day(int64_t days, struct buf *out)
{
    int year = 0;
    int month = 0;
    int day = 0;
    date_split((int32_t)days, &year, &month, &day);
    buf_printf(out, "%02d/%02d/%04d", day, month, year);
}

void words_time(int64_t wall_ms, struct buf *out)
{
    if (wall_ms <= 0) {
        buf_text(out, T("jamais"));
        return;
    }
    int64_t here = wall_ms + (int64_t)clock_offset_min(wall_ms) * MINUTE_MS;
    int minutes = (int)(here % DAY_MS / MINUTE_MS);
    print_day(here / DAY_MS, out);
    buf_printf(out, " %02d:%02d", minutes / 60, minutes % 60);
}

void words_time_json(struct json_out *json, const char *key, int64_t wall_ms)
{
    struct buf at = {0};
    struct value v = value_int(wall_ms);
    json_key(json, key);
    if (wall_ms != 0) {
        value_print(KIND_INSTANT, &v, &at);
        json_str(json, buf_str(&at));
    } else {
        json_null(json);
    }
    buf_done(&at);
}

void words_span(int64_t ms, struct buf *out)
{
    uint64_t s = (uint64_t)(ms < 0 ? -ms : ms) / 1000;
    if (s < 120)
        buf_printf(out, T("%llu s"), (unsigned long long)s);
    else if (s < 2 * 60 * 60)
        buf_printf(out, T("%llu min"), (unsigned long long)s / 60);
    else if (s < 2 * 24 * 60 * 60)
        buf_printf(out, T("%llu h"), (unsigned long long)s / 3600);
    else
        buf_printf(out, T("%llu jours"), (unsigned long long)s / 86400);
}

void words_row(struct cmd *c, const struct table *table, const struct id *id, struct buf *out)
{
    struct buf title = {0};
    names_row(c->store, table, id, &title);
    grid_clean(out, buf_str(&title));
    if (title.err != ERR_OK)
        out->err = title.err;
    buf_done(&title);
}

void words_staff(struct cmd *c, const struct id *id, struct buf *out)
{
    const struct table *staff = schema_table(store_schema(c->store), TABLE_STAFF);
    if (id_is_null(id) || staff == NULL)
        buf_text(out, T("le programme"));
    else
        words_row(c, staff, id, out);
}

static void print_real(const struct value *v, struct buf *out)
{
    size_t at = out->n;
    value_print(KIND_REAL, v, out);
    for (; at < out->n; at++) {
        if (out->p[at] == '.')
            out->p[at] = ',';
    }
}

void words_value(struct cmd *c, const struct field *field, const struct value *v,
                 struct buf *out)
{
    if (v->type == VALUE_NULL) {
        buf_text(out, T("(vide)"));
        return;
    }
    switch (field->kind) {
    case KIND_DATE:
        print_day(v->i, out);
        return;
    case KIND_INSTANT:
        words_time(v->i, out);
        return;
    case KIND_BOOL:
        buf_text(out, v->i != 0 ? T("oui") : T("non"));
        return;
    case KIND_REAL:
        print_real(v, out);
        return;
    case KIND_REF: {
        struct id id;
        memcpy(id.b, v->s.p, ID_BYTES);
        words_row(c, schema_table(store_schema(c->store), field->ref), &id, out);
        return;
    }
    case KIND_TEXT:
        if (field->masked)
            value_show(field, v, out);
        else
            grid_clean(out, v->s);
        return;
    case KIND_ENUM:
        grid_clean(out, v->s);
        return;
    case KIND_INT:
    case KIND_TIME:
    case KIND_ID:
    case KIND_RAW:
        value_print(field->kind, v, out);
        return;
    }
}
