/* SPDX-License-Identifier: Apache-2.0 */
/* Erasure: what was ordered is carried out and confirmed, and of those dossiers nothing is left
 * in any file of the server or of a device. */
#include "tests/e2e/crucible/crucible.h"

#include "store/erase.h"
#include "store/inside.h"
#include "tests/support/dump.h"

#include <stdio.h>

struct order {
    const struct comparison *k;
    struct erase_info info;
};

static const struct device *device_numbered(const struct crucible *c, unsigned number)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        if (c->devices[i].present && c->devices[i].number == number)
            return &c->devices[i];
    return NULL;
}

static enum err on_device(void *ctx, const struct erase_device *device)
{
    const struct order *o = ctx;
    const struct device *d = device_numbered(o->k->c, device->device);
    if (d != NULL && device->state == DEVICE_ACTIVE && device->acked_ms == 0)
        crucible_fail(o->k->c, "device %u never confirmed order %llu", d->at,
                      (unsigned long long)o->info.no);
    return ERR_OK;
}

struct orders {
    const struct comparison *k;
    struct erase_info all[CRUCIBLE_DEVICES];
    size_t n;
};

static enum err on_order(void *ctx, const struct erase_info *info)
{
    struct orders *orders = ctx;
    must(orders->n < sizeof orders->all / sizeof *orders->all);
    orders->all[orders->n++] = *info;
    return ERR_OK;
}

static void note_order(const struct comparison *k, const struct erase_info *info)
{
    struct crucible *c = k->c;
    struct order order = {k, *info};
    char id[ID_TEXT_BYTES];
    id_print(&info->dossier, id);
    c->erased++;
    if (info->done_ms == 0)
        crucible_fail(c, "order %llu was never carried out", (unsigned long long)info->no);
    if (line_of(buf_str(&k->all), "person", str_of(id)).n > 0)
        crucible_fail(c, "dossier %s is erased, and on the server", id);
    if (erase_devices(k->server, info->no, on_device, &order) != ERR_OK)
        crucible_fail(c, "who has erased %s cannot be read", id);
    for (uint32_t i = 0; i < c->marks_n; i++)
        c->marks[i].erased = c->marks[i].erased || strcmp(c->marks[i].person, id) == 0;
}

static bool is_ordered(const struct orders *orders, struct str dossier)
{
    struct id id;
    if (id_parse(dossier, &id) != ERR_OK)
        return false;
    for (size_t i = 0; i < orders->n; i++)
        if (id_eq(&orders->all[i].dossier, &id))
            return true;
    return false;
}

void traces_orders(const struct comparison *k)
{
    struct orders orders = {.k = k};
    struct str rest = buf_str(&k->all);
    if (erase_orders(k->server, on_order, &orders) != ERR_OK)
        crucible_fail(k->c, "the orders cannot be read");
    for (size_t i = 0; i < orders.n; i++)
        note_order(k, &orders.all[i]);
    while (rest.n > 0) {
        struct str line = dump_line(&rest);
        if (line_is(line, "erasure") && str_eq(line_field(line, "state"), STR("confirmed")) &&
            !is_ordered(&orders, line_field(line, "dossier")))
            crucible_fail(k->c, "an erasure was confirmed, and not ordered: %.*s", (int)line.n,
                          line.p);
    }
}

static void on_trace(struct crucible *c, struct mark *mark, void *arg)
{
    if (mark->erased)
        crucible_fail(c, "mk%06u. of an erased dossier is still in %s",
                      (unsigned)(mark - c->marks), (const char *)arg);
}

static void on_any(struct crucible *c, struct mark *mark, void *arg)
{
    crucible_fail(c, "mk%06u. is still in %s, which was wiped", (unsigned)(mark - c->marks),
                  (const char *)arg);
}

void traces_compare(const struct comparison *k)
{
    struct crucible *c = k->c;
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%.80s/server", c->dir);
    marks_scan_files(c, dir, on_trace, dir);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES && !c->failed; i++) {
        struct device *d = &c->devices[i];
        if (d->present)
            marks_scan_files(c, d->dir, on_trace, d->dir);
        if (d->left[0] != '\0' && d->wipe)
            marks_scan_files(c, d->left, on_any, d->left);
    }
}
