/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl erasure orders, ids: what was erased, and who has not said so yet. Orders are given
 * by two people on their devices, not here. */
#include "server/ctl.h"
#include "store/erase.h"
#include "store/rows_json.h"

struct listing {
    struct ctl *c;
    uint64_t count, devices; /* of the orders; of the order in hand */
};

static void time_json(const char *key, int64_t ms, struct buf *out)
{
    static const struct field field = {.name = "at", .kind = KIND_INSTANT};
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&field, &v, out);
}

/* Why a device has not confirmed. */
static const char *waits_text(const struct erase_device *d)
{
    if (d->state != DEVICE_ACTIVE)
        return T("pas confirmé : appareil sans accès");
    if (d->schema < MESSAGE_ERASE_SCHEMA)
        return T("pas confirmé : version trop ancienne pour le dire");
    return T("pas confirmé");
}

static enum err device_json(struct listing *l, const struct erase_device *d)
{
    struct buf *out = &l->c->out;
    char staff[ID_TEXT_BYTES];
    id_print(&d->staff, staff);
    buf_printf(out, "%s{\"device\":%u,\"staff\":\"%s\",\"schema\":%u",
               l->devices > 1 ? "," : "", (unsigned)d->device, staff, (unsigned)d->schema);
    time_json("seen", d->seen_ms, out);
    time_json("confirmed", d->acked_ms, out);
    buf_u8(out, '}');
    return out->err;
}

static enum err on_device(void *ctx, const struct erase_device *d)
{
    struct listing *l = ctx;
    struct buf *out = &l->c->out;
    l->devices++;
    if (l->c->json)
        return device_json(l, d);
    buf_printf(out, "  %u  ", (unsigned)d->device);
    ctl_print_staff(l->c, &d->staff);
    buf_text(out, "  ");
    if (d->acked_ms == 0)
        buf_text(out, waits_text(d));
    else {
        buf_text(out, T("confirmé le "));
        ctl_print_time(l->c, d->acked_ms);
    }
    buf_text(out, T(", vu le "));
    ctl_print_time(l->c, d->seen_ms);
    buf_u8(out, '\n');
    return out->err;
}

static void order_head(struct listing *l, const struct erase_info *info)
{
    struct buf *out = &l->c->out;
    char id[ID_TEXT_BYTES];
    id_print(&info->dossier, id);
    if (l->c->json) {
        buf_printf(out, "%s\n{\"order\":%llu,\"dossier\":\"%s\"", l->count > 1 ? "," : "",
                   (unsigned long long)info->no, id);
        time_json("ordered", info->at_ms, out);
        time_json("done", info->done_ms, out);
        buf_text(out, ",\"devices\":[");
        return;
    }
    buf_printf(out, "%llu  %s  ", (unsigned long long)info->no, id);
    ctl_print_time(l->c, info->done_ms);
    buf_printf(out, "  %llu/%llu\n", (unsigned long long)info->acked,
               (unsigned long long)info->devices);
}

/* The numbers first: one statement is walked at a time. */
static enum err collect(void *ctx, const struct erase_info *info)
{
    struct buf *list = ctx;
    buf_add(list, info, sizeof *info);
    return list->err;
}

int ctl_erasure_orders(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct listing l = {.c = c};
    struct buf list = {0};
    (void)args;
    enum err err = erase_due(c->store);
    if (err == ERR_OK)
        err = erase_orders(c->store, collect, &list);
    if (c->json)
        buf_u8(&c->out, '[');
    for (size_t at = 0; at < list.n && err == ERR_OK; at += sizeof(struct erase_info)) {
        struct erase_info info;
        memcpy(&info, list.p + at, sizeof info);
        l.count++;
        l.devices = 0;
        order_head(&l, &info);
        err = erase_devices(c->store, info.no, on_device, &l);
        if (c->json)
            buf_text(&c->out, "]}");
    }
    if (c->json)
        buf_text(&c->out, l.count == 0 ? "]\n" : "\n]\n");
    buf_done(&list);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

static enum err on_id(void *ctx, const struct erase_info *info)
{
    ctl_print_id(ctx, &info->dossier);
    return ERR_OK;
}

int ctl_erasure_ids(void *program, const struct args *args)
{
    struct ctl *c = program;
    (void)args;
    c->json = false; /* the file jalonctl restore reads */
    enum err err = erase_orders(c->store, on_id, c);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}
