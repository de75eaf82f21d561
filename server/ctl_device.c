/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl device list, revoke, wipe. */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/rows_json.h"

#include <stdlib.h>

static const char *state_word(enum device_state state)
{
    switch (state) {
    case DEVICE_ACTIVE:
        return "active";
    case DEVICE_REVOKED:
        return "revoked";
    case DEVICE_WIPE:
        return "wipe";
    case DEVICE_WIPED:
        return "wiped";
    }
    return "";
}

static const char *state_text(enum device_state state)
{
    switch (state) {
    case DEVICE_ACTIVE:
        return T("actif");
    case DEVICE_REVOKED:
        return T("révoqué");
    case DEVICE_WIPE:
        return T("à effacer");
    case DEVICE_WIPED:
        return T("effacé");
    }
    return "";
}

struct list {
    struct ctl *c;
    struct grid grid;
    uint64_t count;
};

static void instant(int64_t ms, struct buf *out)
{
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    value_print(KIND_INSTANT, &v, out);
}

static void instant_json(const char *key, int64_t ms, struct buf *out)
{
    static const struct field field = {.name = "at", .kind = KIND_INSTANT};
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&field, &v, out);
}

static enum err on_json(struct list *list, const struct serve_device_info *d)
{
    struct buf *out = &list->c->out;
    char staff[ID_TEXT_BYTES];
    id_print(&d->staff, staff);
    buf_printf(out, "%s\n{\"device\":%u,\"staff\":\"%s\",\"name\":", list->count > 1 ? "," : "",
               (unsigned)d->device, staff);
    rows_json_text(d->name, out);
    buf_printf(out, ",\"state\":\"%s\",\"epoch\":%u,\"schema\":%u,\"forks\":%u",
               state_word(d->state), (unsigned)d->epoch, (unsigned)d->schema,
               (unsigned)d->forks);
    instant_json("enrolled", d->enrolled_ms, out);
    instant_json("seen", d->seen_ms, out);
    buf_printf(out, ",\"skew_ms\":%lld,\"pulled\":%llu}", (long long)d->skew_ms,
               (unsigned long long)d->pulled);
    return out->err;
}

static enum err on_device(void *ctx, const struct serve_device_info *d)
{
    struct list *list = ctx;
    if (d->device == 0) /* the server itself */
        return ERR_OK;
    list->count++;
    if (list->c->json)
        return on_json(list, d);
    struct buf text = {0};
    struct id structure;
    enum err err = serve_staff(list->c->store, &d->staff, &structure, &text);
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    struct buf cell = {0};
    buf_printf(&cell, "%u", (unsigned)d->device);
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
    grid_cell(&list->grid, buf_str(&text), GRID_PLAIN);
    grid_cell(&list->grid, str_of(state_text(d->state)), GRID_PLAIN);
    buf_clear(&cell);
    instant(d->seen_ms, &cell);
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
    buf_clear(&cell);
    buf_printf(&cell, "%lld", (long long)(d->skew_ms / 1000));
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
    buf_clear(&cell);
    buf_printf(&cell, "%u", (unsigned)d->forks);
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
    buf_done(&cell);
    buf_done(&text);
    return err;
}

int ctl_device_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    const struct grid_column columns[] = {
        {T("n°"), true, 0},
        {T("agent"), false, 32},
        {T("état"), false, 0},
        {T("vu le"), false, 0},
        {T("écart d'horloge (s)"), true, 0},
        {T("copies vues"), true, 0},
    };
    struct list list = {.c = c};
    (void)args;
    grid_init(&list.grid, columns, sizeof columns / sizeof *columns);
    if (c->json)
        buf_u8(&c->out, '[');
    enum err err = serve_devices(c->store, on_device, &list);
    if (c->json)
        buf_text(&c->out, list.count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        err = grid_print(&list.grid, false, &c->out);
    grid_done(&list.grid);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

static int set_state(struct ctl *c, const struct args *args, enum device_state state)
{
    struct note why = {""};
    char *end = NULL;
    unsigned long long number = strtoull(args->word[0], &end, 10);
    if (*end != '\0' || number == 0 || number > UINT32_MAX || args->word[0][0] == '-') {
        note_write(&why, N_("« %s » n'est pas un numéro d'appareil"), args->word[0]);
        return ctl_fail(c, ERR_USAGE, &why);
    }
    enum err err = serve_device_state(c->store, (uint32_t)number, state);
    if (err == ERR_NOTFOUND)
        note_write(&why, N_("aucun appareil n° %s"), args->word[0]);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    c->device = (uint32_t)number;
    c->state = state;
    if (c->json)
        buf_printf(&c->out, "{\"device\":%u,\"state\":\"%s\"}\n", (unsigned)number,
                   state_word(state));
    else
        ctl_say(c, T("appareil %u : %s"), (unsigned)number, state_text(state));
    return CTL_DONE;
}

int ctl_device_revoke(void *program, const struct args *args)
{
    return set_state(program, args, DEVICE_REVOKED);
}

int ctl_device_wipe(void *program, const struct args *args)
{
    return set_state(program, args, DEVICE_WIPE);
}
