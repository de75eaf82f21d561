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
    buf_printf(out, "%s\n{\"device\":%u,\"kind\":\"%s\",\"%s\":\"%s\",\"name\":",
               list->count > 1 ? "," : "", (unsigned)d->device, d->relay ? "relay" : "device",
               d->relay ? "structure" : "staff", staff);
    rows_json_text(d->name, out);
    buf_printf(out, ",\"state\":\"%s\",\"epoch\":%u,\"schema\":%u,\"forks\":%u",
               state_word(d->state), (unsigned)d->epoch, (unsigned)d->schema,
               (unsigned)d->forks);
    instant_json("enrolled", d->enrolled_ms, out);
    instant_json("seen", d->seen_ms, out);
    instant_json("wipe_heard", d->told_ms, out);
    instant_json("wiped", d->wiped_ms, out);
    buf_printf(out, ",\"skew_ms\":%lld,\"pulled\":%llu}", (long long)d->skew_ms,
               (unsigned long long)d->pulled);
    return out->err;
}

/* Whose it is: its staff member, or for a relay what it is called. */
static enum err holder(struct ctl *c, const struct serve_device_info *d, struct buf *out)
{
    struct id structure;
    if (d->relay) {
        buf_text(out, T("relais : "));
        buf_add(out, d->name.p, d->name.n);
        return out->err;
    }
    enum err err = serve_staff(c->store, &d->staff, &structure, out);
    return err == ERR_NOTFOUND ? ERR_OK : err;
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
    enum err err = holder(list->c, d, &text);
    struct buf cell = {0};
    buf_printf(&cell, "%u", (unsigned)d->device);
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
    grid_cell(&list->grid, buf_str(&text), GRID_PLAIN);
    buf_clear(&cell);
    buf_text(&cell, state_text(d->state));
    if (d->state == DEVICE_WIPED && d->wiped_ms != 0) {
        buf_text(&cell, T(" le "));
        instant(d->wiped_ms, &cell);
    }
    grid_cell(&list->grid, buf_str(&cell), GRID_PLAIN);
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

static enum err read_number(const struct args *args, unsigned long long *out, struct note *why)
{
    char *end = NULL;
    *out = strtoull(args->word[0], &end, 10);
    if (*end != '\0' || *out == 0 || *out > UINT32_MAX || args->word[0][0] == '-')
        return note_set(why, ERR_USAGE, N_("« %s » n'est pas un numéro d'appareil"),
                        args->word[0]);
    return ERR_OK;
}

/* One device in words. */
struct portrait {
    struct ctl *c;
    uint32_t device;
    bool found;
};

static void time_line(struct ctl *c, const char *label, int64_t ms)
{
    buf_text(&c->out, label);
    ctl_print_time(c, ms);
    buf_u8(&c->out, '\n');
}

static enum err on_shown(void *ctx, const struct serve_device_info *d)
{
    struct portrait *p = ctx;
    struct ctl *c = p->c;
    if (d->device != p->device)
        return ERR_OK;
    p->found = true;
    if (c->json) {
        struct list one = {.c = c, .count = 1};
        enum err err = on_json(&one, d);
        buf_u8(&c->out, '\n');
        return err;
    }
    buf_printf(&c->out, T("appareil %u : %s"), (unsigned)d->device, state_text(d->state));
    buf_text(&c->out, "\n  ");
    if (d->relay) {
        buf_text(&c->out, T("relais : "));
        ctl_print_text(c, d->name);
    } else {
        ctl_print_staff(c, &d->staff);
    }
    buf_u8(&c->out, '\n');
    time_line(c, T("  inscrit le "), d->enrolled_ms);
    time_line(c, T("  vu le "), d->seen_ms);
    if (d->state == DEVICE_WIPE || d->told_ms != 0)
        time_line(c, T("  a entendu l'ordre d'effacer le "), d->told_ms);
    if (d->state == DEVICE_WIPE || d->wiped_ms != 0)
        time_line(c, T("  a confirmé l'effacement le "), d->wiped_ms);
    return c->out.err;
}

int ctl_device_show(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    unsigned long long number = 0;
    enum err err = read_number(args, &number, &why);
    struct portrait p = {.c = c, .device = (uint32_t)number};
    if (err == ERR_OK)
        err = serve_devices(c->store, on_shown, &p);
    if (err == ERR_OK && !p.found)
        err = note_set(&why, ERR_NOTFOUND, N_("aucun appareil n° %s"), args->word[0]);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, &why);
}

struct kind_of {
    uint32_t device;
    bool relay;
};

static enum err find_kind(void *ctx, const struct serve_device_info *d)
{
    struct kind_of *kind = ctx;
    kind->relay = kind->relay || (d->device == kind->device && d->relay);
    return ERR_OK;
}

static int set_state(struct ctl *c, const struct args *args, enum device_state state)
{
    struct note why = {""};
    unsigned long long number = 0;
    enum err err = read_number(args, &number, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    struct kind_of kind = {.device = (uint32_t)number};
    err = serve_devices(c->store, find_kind, &kind);
    if (err == ERR_OK && kind.relay && state == DEVICE_WIPE)
        err = note_set(&why, ERR_USAGE,
                       N_("un relais ne garde rien de lisible : il n'y a rien à effacer ; "
                          "jalonctl device revoke"));
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    err = serve_device_state(c->store, (uint32_t)number, state);
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
